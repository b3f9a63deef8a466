//! The loop that tails the slot: bytes in, transactions out, status updates back.
//!
//! ```text
//!  socket ──▶ frames ──▶ assembler ──▶ pending ──(one send per batch)──▶ pipeline
//!     ▲                                    │ handed over                     │ durable
//!     └────────── status update ◀── feedback ◀──────────────────────────────┘
//! ```
//!
//! While the pipeline takes nothing, reading goes on until a bound, so that requests for a reply are seen at once; past the
//! bound the socket is left alone and status updates go out by the clock, which keeps the server content. The same holds while a
//! streamed transaction that has committed is read back: piece by piece, between which updates go out and a stop is seen.

use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::assembler::{Assembler, Completed};
use super::connection::Connection;
use super::feedback::{Due, Feedback};
use super::pending::Pending;
use super::replication::{Incoming, write_status};
use super::server_error::{ConnectionError, Scene};
use crate::position::{Lsn, Position};
use crate::source::{DurablePosition, SourceError, SourceMessage, TransactionSender};

/// Reads between two status updates: what is kept of open transactions fills no hand-over, and may come for hours.
const READS_MAX: usize = 32;
/// A confirmed position that moved is sent no more often than this: the server may write its slot to disk for each.
const CONFIRM_INTERVAL: Duration = Duration::from_millis(500);
/// Progress is reported no more often than this: on a busy server with quiet tables keepalives come by the thousand, and
/// each report is a commit of the pipeline.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(10);
/// Sign of life; well below the `wal_sender_timeout` that our session sets.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);
/// Signs of life within the longest silence: the server answers every one that asks for it.
const STATUS_UPDATES_MIN: u32 = 4;
/// How long to wait for the server to leave the stream on stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// One run of the loop.
pub(super) struct Stream {
    pub(super) scene: Scene,
    pub(super) connection: Connection,
    pub(super) assembler: Assembler,
    pub(super) feedback: Feedback,
    pub(super) out: TransactionSender,
    pub(super) durable: DurablePosition,
    /// False when the pipeline dropped its end: nothing will become durable any more.
    durable_lives: bool,
    pending: Pending,
    /// How far it has handed over.
    passed: watch::Sender<Lsn>,
    /// Earliest time of the next progress.
    progress_at: Instant,
    sent_at: Instant,
    heard_at: Instant,
    /// Silence after which the connection is given up.
    silence_max: Duration,
}

/// What the loop waits for.
enum Happened {
    Closed,
    Durable,
    Room,
    Replay,
    Read(Result<(), ConnectionError>),
    Clock,
}

/// What a stream is made of; the connection is in CopyBoth already.
pub(super) struct StreamParts {
    pub(super) scene: Scene,
    pub(super) connection: Connection,
    pub(super) assembler: Assembler,
    pub(super) start: Lsn,
    pub(super) silence_max: Duration,
}

impl Stream {
    pub(super) fn new(parts: StreamParts, out: TransactionSender, durable: DurablePosition) -> Self {
        let StreamParts { scene, connection, assembler, start, silence_max } = parts;
        let confirmed = durable.borrow().as_ref().and_then(Position::lsn);
        let (feedback, now) = (Feedback::new(start, confirmed), Instant::now());
        Self {
            scene,
            connection,
            assembler,
            feedback,
            out,
            durable,
            durable_lives: true,
            pending: Pending::default(),
            passed: watch::Sender::new(start),
            progress_at: now,
            sent_at: now,
            heard_at: now,
            silence_max,
        }
    }

    /// Follows how far it has handed over.
    pub(super) fn passed(&self) -> watch::Receiver<Lsn> {
        self.passed.subscribe()
    }

    /// Runs until `out` is closed (`Ok`) or something fails.
    pub(super) async fn run(mut self) -> Result<(), SourceError> {
        loop {
            self.take_frames()?;
            if !self.offer() {
                return self.stop().await;
            }
            self.send_status().await?;
            match self.wait().await {
                Happened::Closed => return self.stop().await,
                Happened::Durable => self.note_durable(),
                Happened::Read(read) => {
                    read.map_err(|error| self.scene.error(error))?;
                    self.heard_at = Instant::now();
                    self.read_what_is_there()?;
                }
                Happened::Room | Happened::Replay | Happened::Clock => {}
            }
        }
    }

    /// Waits for the first thing that needs an answer.
    async fn wait(&mut self) -> Happened {
        let (mut wake_at, mut has_output) = (self.next_status(), !self.pending.is_empty());
        if self.idle_progress().is_some() {
            match self.progress_at > Instant::now() {
                true => wake_at = wake_at.min(self.progress_at),
                false => has_output = true,
            }
        }
        tokio::select! {
            biased;
            () = self.out.closed() => Happened::Closed,
            moved = self.durable.changed(), if self.durable_lives => {
                self.durable_lives = moved.is_ok();
                Happened::Durable
            }
            // The permit is given back: it is taken again for what will be there then.
            _permit = self.out.reserve(), if has_output => Happened::Room,
            // Between two pieces others have their turn.
            () = tokio::task::yield_now(), if self.assembler.is_replaying() && self.pending.may_read() => Happened::Replay,
            read = self.connection.fill(), if self.may_read() => Happened::Read(read),
            () = tokio::time::sleep_until(wake_at) => Happened::Clock,
        }
    }

    fn may_read(&self) -> bool {
        self.pending.may_read() && !self.assembler.is_replaying()
    }

    /// Goes on reading without waiting, as long as it makes a better batch.
    fn read_what_is_there(&mut self) -> Result<(), SourceError> {
        for _ in 0..READS_MAX {
            self.take_frames()?;
            if self.pending.is_batch() || self.assembler.is_replaying() {
                return Ok(());
            }
            match self.connection.fill().now_or_never() {
                Some(read) => read.map_err(|error| self.scene.error(error))?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn take_frames(&mut self) -> Result<(), SourceError> {
        loop {
            if self.assembler.is_replaying() && !self.replay_piece()? {
                return Ok(());
            }
            if !self.pending.changed.is_empty() {
                return Ok(());
            }
            let frame = match self.connection.buffered() {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) if self.assembler.takes_open() => return Err(self.scene.open_error(error)),
                Err(error) => return Err(self.scene.error(error)),
            };
            match frame.tag {
                b'd' => {}
                // The server ends the stream when it shuts down.
                b'c' | b'C' | b'Z' => return Err(self.scene.error(ConnectionError::Closed)),
                tag => {
                    return Err(self
                        .scene
                        .protocol(format!("unexpected message '{}' in the stream", tag.escape_ascii())));
                }
            }
            let body = self.connection.body(&frame);
            match Incoming::parse(body).map_err(|error| self.scene.error(error))? {
                Incoming::Keepalive { wal_end, reply_requested } => {
                    self.feedback.keepalive(wal_end, reply_requested, !self.assembler.is_open());
                }
                Incoming::Data { start, end, sent_at, payload } => {
                    self.feedback.received(start.max(end));
                    self.assembler.sent_at = sent_at;
                    let (completed, bytes) = (self.assembler.accept(payload)?, payload.len());
                    // An open transaction is on its way to the disk: however much comes of it, it must not stop the reading.
                    let is_kept = self.assembler.is_in_chunk();
                    self.note_completed(completed, if is_kept { 0 } else { bytes });
                }
            }
        }
    }

    /// Goes on with a streamed transaction that has committed, unless much waits already. True when it is complete.
    fn replay_piece(&mut self) -> Result<bool, SourceError> {
        if !self.pending.may_read() {
            return Ok(false);
        }
        let (completed, bytes) = self.assembler.replay()?;
        self.note_completed(completed, bytes);
        Ok(!self.assembler.is_replaying())
    }

    fn note_completed(&mut self, completed: Completed, bytes: usize) {
        self.pending.bytes += bytes;
        if completed != Completed::Nothing {
            self.pending.changed.extend(self.assembler.take_changed());
        }
        match completed {
            Completed::Nothing => {}
            Completed::Empty(end_lsn) => self.feedback.empty_transaction(end_lsn),
            Completed::Transaction(transaction) if self.pending.changed.is_empty() => self.pending.add(transaction),
            Completed::Transaction(transaction) => self.pending.after = Some(transaction),
        }
    }

    /// Hands over what is complete, if the channel has room now. False when nobody takes it any more.
    fn offer(&mut self) -> bool {
        if !self.pending.transactions.is_empty() {
            return self.offer_transactions();
        }
        while let Some(change) = self.pending.changed.pop_front() {
            match self.out.try_send(SourceMessage::TableChanged(change)) {
                Ok(()) => {}
                Err(TrySendError::Full(SourceMessage::TableChanged(change))) => {
                    self.pending.changed.push_front(change);
                    return true;
                }
                Err(TrySendError::Full(_)) => return true,
                Err(TrySendError::Closed(_)) => return false,
            }
        }
        if let Some(transaction) = self.pending.after.take() {
            self.pending.add(transaction);
            return self.offer_transactions();
        }
        if !self.assembler.is_open() {
            self.pending.bytes = 0;
        }
        let Some(lsn) = self.idle_progress() else { return true };
        let now = Instant::now();
        if now < self.progress_at {
            return true;
        }
        match self.out.try_send(SourceMessage::Progress { position: Position::Lsn(lsn) }) {
            Ok(()) => {
                self.handed_over(lsn);
                self.progress_at = now + PROGRESS_INTERVAL;
                true
            }
            Err(TrySendError::Full(_)) => true,
            Err(TrySendError::Closed(_)) => false,
        }
    }

    fn offer_transactions(&mut self) -> bool {
        let permit = match self.out.try_reserve() {
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return true,
            Err(TrySendError::Closed(())) => return false,
        };
        let transactions = std::mem::take(&mut self.pending.transactions);
        let end = transactions.last().map(|last| last.position.clone());
        permit.send(SourceMessage::Transactions(transactions));
        if let Some(Position::Lsn(end)) = end {
            self.handed_over(end);
        }
        (self.pending.changes, self.pending.bytes) = (0, 0);
        true
    }

    /// Everything up to there is in the channel, so what is sent from now on comes behind it.
    fn handed_over(&mut self, lsn: Lsn) {
        self.feedback.handed_over(lsn);
        self.passed.send_replace(lsn);
    }

    /// A position to report while nothing of ours is open or waiting.
    fn idle_progress(&self) -> Option<Lsn> {
        let idle = self.pending.is_empty() && !self.assembler.is_open();
        self.feedback.progress().filter(|_| idle)
    }

    fn note_durable(&mut self) {
        let durable = self.durable.borrow_and_update().clone();
        if let Some(Position::Lsn(lsn)) = durable {
            self.feedback.durable(lsn);
        }
    }

    fn next_status(&self) -> Instant {
        match self.feedback.due() {
            Due::Now => self.sent_at,
            Due::Soon => self.sent_at + CONFIRM_INTERVAL,
            Due::Later => self.sent_at + self.status_interval(),
        }
    }

    fn status_interval(&self) -> Duration {
        STATUS_INTERVAL.min(self.silence_max / STATUS_UPDATES_MIN)
    }

    async fn send_status(&mut self) -> Result<(), SourceError> {
        let now = Instant::now();
        if now < self.next_status() {
            return Ok(());
        }
        let is_reading = self.may_read();
        if !is_reading {
            self.heard_at = now;
        }
        let silence = now - self.heard_at;
        if is_reading && silence > self.silence_max {
            return Err(self.scene.error(ConnectionError::Timeout(self.silence_max.as_secs())));
        }
        self.write_status(is_reading && silence >= self.status_interval())
            .await
            .map_err(|error| self.scene.error(error))
    }

    async fn write_status(&mut self, ask: bool) -> Result<(), ConnectionError> {
        write_status(self.connection.outgoing(), self.feedback.status(), ask);
        self.sent_at = Instant::now();
        self.connection.flush().await
    }

    /// Says goodbye: what is durable by now, then the end of the stream, so that the slot is free when this returns. A server
    /// that does not answer holds nobody up.
    async fn stop(mut self) -> Result<(), SourceError> {
        self.note_durable();
        let goodbye = async {
            self.write_status(false).await?;
            postgres_protocol::message::frontend::copy_done(self.connection.outgoing());
            self.connection.flush().await?;
            while !matches!(self.connection.read().await?.tag, b'C' | b'Z') {}
            postgres_protocol::message::frontend::terminate(self.connection.outgoing());
            self.connection.flush().await
        };
        if !matches!(timeout(STOP_TIMEOUT, goodbye).await, Ok(Ok(()))) {
            tracing::debug!(source = %self.scene.source_name, "the server did not confirm the end of the stream");
        }
        Ok(())
    }
}
