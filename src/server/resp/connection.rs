//! One connection: reads, answers what is buffered, writes.
//!
//! Reading goes on while answers wait to be written, so a client may send a long pipeline before it reads the first answer. Both
//! buffers are bounded; a client that fills both and reads nothing loses the connection. All commands that are answered in
//! one turn see the projections and the checkpoint that were newest when the turn began, after they were sent.

use std::io;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{block_in_place, yield_now};
use tokio::time::timeout;

use super::reply::{Protocol, Reply};
use super::request::RequestParser;
use super::session::{Moment, Outcome, Session};
use super::tailwater::PositionWait;

/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;
/// Most bytes that wait to be answered; more than the longest request.
const INPUT_BYTES_MAX: usize = 32 << 20;
/// With so many bytes waiting to be written nothing more is answered.
const OUTPUT_BYTES_MAX: usize = 32 << 20;
/// A buffer that grew beyond this is given back when it is empty.
const BUFFER_BYTES_KEPT: usize = 1 << 20;
/// Commands of one turn, before other tasks get theirs.
const COMMANDS_PER_TURN_MAX: usize = 4_096;
/// Longest time a client may take none of its answers.
const STALL_MAX: Duration = Duration::from_secs(60);

/// How a turn ended.
enum Turn {
    /// Everything that was sent is answered.
    Idle,
    /// There is more to answer.
    More,
    /// The next command may read much and needs a thread of its own.
    Heavy,
    /// Too many answers wait.
    Full,
    /// The client must wait for a position.
    Wait(PositionWait),
    /// The answers that wait are the last.
    Close,
}

/// A connection and its buffers.
pub(super) struct Connection {
    socket: TcpStream,
    session: Session,
    parser: RequestParser,
    input: Vec<u8>,
    /// Where the next request starts in `input`.
    start: usize,
    output: Vec<u8>,
    /// Bytes of `output` that are sent.
    sent: usize,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, session: Session) -> Self {
        let (parser, input, output) = (RequestParser::default(), Vec::new(), Vec::new());
        Self { socket, session, parser, input, start: 0, output, sent: 0 }
    }

    /// Serves until the client goes, breaks the protocol or the server stops.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let stop = self.session.shared.reads.stop.clone();
        loop {
            let turn = self.turn();
            self.write_some()?;
            match turn {
                Turn::More | Turn::Heavy => {
                    yield_now().await;
                    continue;
                }
                Turn::Wait(wait) => {
                    self.flush().await?;
                    let answer = wait.run(&self.session.shared.reads).await;
                    answer.write(&mut Reply { out: &mut self.output, protocol: self.session.protocol });
                    continue;
                }
                Turn::Close => return self.flush().await,
                Turn::Idle | Turn::Full => {}
            }
            let ready = tokio::select! {
                ready = self.ready() => ready?,
                () = stop.cancelled() => return self.flush().await,
            };
            if ready.is_readable() && !self.read_some()? {
                return self.flush().await;
            }
        }
    }

    /// Waits until there is something to read, and room for it, or something can be written.
    async fn ready(&mut self) -> io::Result<tokio::io::Ready> {
        let room = self.input.len() - self.start < INPUT_BYTES_MAX;
        match (room, self.waiting() > 0) {
            (_, false) => self.socket.ready(Interest::READABLE).await,
            (true, true) => stalled(self.socket.ready(Interest::READABLE | Interest::WRITABLE)).await,
            (false, true) => stalled(self.socket.ready(Interest::WRITABLE)).await,
        }
    }

    fn waiting(&self) -> usize {
        self.output.len() - self.sent
    }

    /// False at the end of what the client sends.
    fn read_some(&mut self) -> io::Result<bool> {
        self.input.reserve(READ_BYTES);
        match self.socket.try_read_buf(&mut self.input) {
            Ok(0) => Ok(false),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(true),
        }
    }

    fn write_some(&mut self) -> io::Result<()> {
        while self.waiting() > 0 {
            match self.socket.try_write(&self.output[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.sent = 0;
        if self.output.capacity() > BUFFER_BYTES_KEPT {
            self.output = Vec::new();
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.write_some()?;
        while self.waiting() > 0 {
            stalled(self.socket.writable()).await?;
            self.write_some()?;
        }
        Ok(())
    }

    /// Answers what is buffered.
    fn turn(&mut self) -> Turn {
        let turn = match self.batch(false) {
            Turn::Heavy if may_block() => block_in_place(|| self.batch(true)),
            Turn::Heavy => self.batch(true),
            turn => turn,
        };
        self.forget_answered();
        turn
    }

    fn batch(&mut self, heavy: bool) -> Turn {
        // Looked at before the pin: see `Session::look`.
        if matches!(self.parser.parse(&self.input[self.start..]), Ok(None)) {
            return Turn::Idle;
        }
        // Held for this turn only: an idle connection must not hold files of a state that is gone.
        let generation = self.session.shared.reads.now();
        self.session.look(&generation);
        generation.projections.state.read(|reader| {
            let moment = Moment { generation: &generation, reader };
            for _ in 0..COMMANDS_PER_TURN_MAX {
                if self.waiting() >= OUTPUT_BYTES_MAX {
                    return Turn::Full;
                }
                if let Some(turn) = self.answer_next(moment, heavy) {
                    return turn;
                }
            }
            Turn::More
        })
    }

    /// Answers one request; says how the turn ends, when it does.
    fn answer_next(&mut self, moment: Moment<'_>, heavy: bool) -> Option<Turn> {
        let buffer = &self.input[self.start..];
        let length = match self.parser.parse(buffer) {
            Ok(Some(length)) => length,
            Ok(None) => return Some(Turn::Idle),
            Err(error) => {
                let mut reply = Reply { out: &mut self.output, protocol: Protocol::Two };
                reply.error(&format!("ERR Protocol error: {error}"));
                return Some(Turn::Close);
            }
        };
        let arguments = self.parser.arguments(buffer);
        if !heavy && self.session.is_heavy(arguments) {
            return Some(Turn::Heavy);
        }
        let outcome = if arguments.is_empty() {
            Outcome::Next
        } else {
            self.session.execute(moment, arguments, &mut self.output)
        };
        self.parser.finish();
        self.parser.trusted = self.session.authenticated;
        self.start += length;
        match outcome {
            Outcome::Next => None,
            Outcome::Wait(wait) => Some(Turn::Wait(wait)),
            Outcome::Close => Some(Turn::Close),
        }
    }

    fn forget_answered(&mut self) {
        if self.start == self.input.len() {
            self.input.clear();
            self.start = 0;
            if self.input.capacity() > BUFFER_BYTES_KEPT {
                self.input = Vec::new();
            }
        } else if self.start >= READ_BYTES.max(self.input.len() / 2) {
            self.input.drain(..self.start);
            self.start = 0;
        }
    }
}

async fn stalled<T>(ready: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(STALL_MAX, ready).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn may_block() -> bool {
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}
