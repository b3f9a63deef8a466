//! What one connection has said so far, and the way from a request to its answer.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use tailwater_connectors::{Row, Value, ViewSchema};
use tracing::error;

use super::super::generation::{Generation, ReadError};
use super::super::key::parse_key;
use super::arguments::Arguments;
use super::commands::{Command, Spec, find};
use super::reply::{Protocol, Reply};
use super::server::Shared;
use super::tailwater::PositionWait;
use super::transaction::Transaction;
use crate::state::{Reader, StateError};

/// Words and bytes of an unknown command that are repeated in the error.
const REPEATED_BYTES_MAX: usize = 128;

/// What the commands of one turn see.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) generation: &'a Generation,
    /// The pinned checkpoint.
    pub(super) reader: &'a Reader<'a>,
}

/// What the connection does after a command.
pub(super) enum Outcome {
    /// The next command.
    Next,
    /// Nothing more until a position is reached.
    Wait(PositionWait),
    /// Ends.
    Close,
}

/// An error as it is answered, code first.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn syntax() -> Self {
        Self::new("ERR syntax error")
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let text = format!("ERR {error}");
        match error {
            ReadError::Unknown { hint, .. } => Self(format!("{text} ({hint})")),
            ReadError::NotLive { reason: Some(reason), .. } => Self(format!("{text}: {reason}")),
            ReadError::State(StateError::Key { .. }) => Self(text),
            ReadError::State(error) => {
                error!(%error, "a Redis protocol read failed");
                Self(text)
            }
            _ => Self(text),
        }
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        ReadError::from(error).into()
    }
}

/// State of one connection.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    pub(super) address: String,
    pub(super) opened: Instant,
    pub(super) name: String,
    pub(super) library: String,
    pub(super) protocol: Protocol,
    pub(super) authenticated: bool,
    pub(super) transaction: Option<Transaction>,
    /// Reused for documents and texts of values.
    pub(super) document: Vec<u8>,
    pub(super) text: String,
    /// Views that were live before the checkpoint in use was pinned, by their places in the generation of this number.
    live: (u64, Vec<Cell<bool>>),
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, id: u64, address: String) -> Self {
        Self {
            id,
            address,
            opened: Instant::now(),
            name: String::new(),
            library: String::new(),
            protocol: Protocol::Two,
            authenticated: shared.password.is_none(),
            transaction: None,
            document: Vec::new(),
            text: String::new(),
            live: Default::default(),
            shared,
        }
    }

    /// Notes which views are live; to be called before a checkpoint is pinned. A view that was live once is asked about again
    /// only when it is read, so this costs nothing when all are.
    pub(super) fn look(&mut self, generation: &Generation) {
        let views = &generation.projections.views;
        if self.live.0 != generation.number {
            self.live = (generation.number, views.iter().map(|_| Cell::new(false)).collect());
        }
        for (view, live) in views.iter().zip(&self.live.1).filter(|(_, live)| !live.get()) {
            live.set(generation.is_live(view));
        }
    }

    /// Fails when the view at `index` was not live before the pin or is not now.
    pub(super) fn check_live<'m>(&self, moment: Moment<'m>, index: usize) -> Result<&'m ViewSchema, ReadError> {
        let view = &moment.generation.projections.views[index];
        let live = &self.live.1[index];
        if live.get() && moment.generation.is_live(view) {
            return Ok(view);
        }
        live.set(false);
        Err(moment.generation.not_live(view))
    }

    /// Whether the request may read many rows.
    pub(super) fn is_heavy(&self, arguments: Arguments<'_>) -> bool {
        match find(arguments.get(0)) {
            Some((_, spec)) if spec.command == Command::Exec => {
                self.transaction.as_ref().is_some_and(|transaction| transaction.heavy)
            }
            Some((_, spec)) => spec.heavy,
            None => false,
        }
    }

    /// Answers one request on the pinned checkpoint.
    pub(super) fn execute(&mut self, moment: Moment<'_>, arguments: Arguments<'_>, out: &mut Vec<u8>) -> Outcome {
        let start = out.len();
        let answered = self.check(arguments).and_then(|spec| match spec {
            None => Ok(Outcome::Close),
            Some(spec) if self.queues(spec) => self.queue(spec, arguments, out),
            Some(spec) => self.answer(moment, (spec, arguments), out),
        });
        answered.unwrap_or_else(|refusal| {
            if let Some(transaction) = &mut self.transaction {
                transaction.broken = true;
            }
            self.refuse(&refusal, out, start);
            Outcome::Next
        })
    }

    /// Takes back what was written since `start` and answers with the error.
    pub(super) fn refuse(&self, refusal: &Refusal, out: &mut Vec<u8>, start: usize) {
        self.shared.counters.redis_errors.inc();
        out.truncate(start);
        Reply { out, protocol: self.protocol }.error(&refusal.0);
    }

    /// The command, when it is known, its words fit and it is allowed. `None`: not a Redis client at all.
    fn check(&self, arguments: Arguments<'_>) -> Result<Option<&'static Spec>, Refusal> {
        let Some((index, spec)) = find(arguments.get(0)) else {
            // A browser was made to send an HTTP request here.
            let http = arguments.is(0, "post") || arguments.is(0, "host:");
            return if http { Ok(None) } else { Err(unknown(arguments)) };
        };
        let counter = index.map_or(self.shared.commands.last(), |index| self.shared.commands.get(index));
        if let Some(counter) = counter {
            counter.inc();
        }
        if !spec.fits(arguments.len()) {
            return Err(Refusal(format!("ERR wrong number of arguments for '{}' command", spec.name)));
        }
        let open = matches!(spec.command, Command::Auth | Command::Hello | Command::Quit | Command::Reset);
        if !self.authenticated && !open {
            return Err(Refusal::new("NOAUTH Authentication required."));
        }
        if spec.command == Command::Write {
            return Err(Refusal::new("READONLY You can't write against a read only replica."));
        }
        Ok(Some(spec))
    }

    /// Runs one command.
    pub(super) fn answer(
        &mut self,
        moment: Moment<'_>,
        (spec, arguments): (&Spec, Arguments<'_>),
        out: &mut Vec<u8>,
    ) -> Result<Outcome, Refusal> {
        let protocol = self.protocol;
        let reply = &mut Reply { out, protocol };
        match spec.command {
            Command::Get | Command::Mget | Command::Strlen => {
                self.documents(moment, (spec.command, arguments), reply)?
            }
            Command::Hget | Command::Hmget | Command::Hexists | Command::Hstrlen => {
                self.fields(moment, (spec.command, arguments), reply)?;
            }
            Command::HgetAll | Command::Hkeys | Command::Hvals | Command::Hlen | Command::Hscan => {
                self.whole_hash(moment, (spec.command, arguments), reply)?;
            }
            Command::Exists | Command::Type | Command::ExpireTime => {
                self.presence(moment, (spec.command, arguments), reply)?;
            }
            Command::Scan => self.scan(moment, arguments, reply)?,
            Command::Keys => self.keys(moment, arguments, reply)?,
            Command::Dbsize => self.dbsize(moment, reply)?,
            Command::Multi => self.multi(reply)?,
            Command::Exec => return self.exec(moment, out),
            Command::Discard => self.discard(reply)?,
            Command::Unwatch => reply.simple("OK"),
            Command::Watch => {
                return Err(Refusal::new("ERR WATCH is not needed: what MULTI/EXEC reads is of one checkpoint"));
            }
            Command::Tailwater => return self.tailwater(moment, arguments, reply),
            Command::Quit => {
                reply.simple("OK");
                return Ok(Outcome::Close);
            }
            Command::Info => reply.verbatim(&self.info(moment.generation, arguments)),
            _ => self.handshake((spec.command, arguments), reply)?,
        }
        Ok(Outcome::Next)
    }

    /// The view and key values that a key stands for.
    pub(super) fn locate<'m>(&self, moment: Moment<'m>, key: &[u8]) -> Result<(&'m ViewSchema, Vec<Value>), Refusal> {
        let key = std::str::from_utf8(key).map_err(|_| Refusal::new("ERR the key is not UTF-8 text"))?;
        let (view, key) = key.split_once(':').unwrap_or((key, ""));
        let (index, _) = moment.generation.view(view)?;
        let view = self.check_live(moment, index)?;
        let key = parse_key(view, key, ':').map_err(ReadError::from)?;
        Ok((view, key))
    }

    /// The row of a key.
    pub(super) fn row<'m>(&self, moment: Moment<'m>, key: &[u8]) -> Result<Option<(&'m ViewSchema, Row)>, Refusal> {
        let (view, key) = self.locate(moment, key)?;
        Ok(moment.reader.view_row(&view.name, &key)?.map(|row| (view, row)))
    }
}

fn unknown(arguments: Arguments<'_>) -> Refusal {
    let clean = |bytes: &[u8]| {
        let short = &bytes[..bytes.len().min(REPEATED_BYTES_MAX)];
        String::from_utf8_lossy(short).replace(['\r', '\n', '\''], " ")
    };
    let mut text = format!("ERR unknown command '{}', with args beginning with: ", clean(arguments.get(0)));
    for argument in arguments.from(1).iter() {
        if text.len() >= 2 * REPEATED_BYTES_MAX {
            break;
        }
        text.push_str(&format!("'{}' ", clean(argument)));
    }
    Refusal(text)
}
