//! Messages of the log become whole transactions.
//!
//! ```text
//! message ─▶ decoder ─┬─ of a whole transaction ───────────────────▶ changes ─▶ Transaction at its commit
//!                     └─ of a chunk of an open one ─▶ kept ─ commit ─▶ replay ─▶ Transaction
//!                                                      └─ rollback ─▶ nothing
//! ```

use std::sync::Arc;

use super::changes::Changes;
use super::logical_messages::LogicalMessage;
use super::pgoutput::{Decoder, Message};
use super::relation_map::KnownTable;
use super::replay::Replay;
use super::spill::Spill;
use super::streamed::Streamed;
use crate::change::{Change, Transaction};
use crate::open_transactions::OpenTransactionsSender;
use crate::position::{Lsn, Position};
use crate::schema::TableSchema;
use crate::source::{SourceError, TableChange};

/// Builds transactions. A new one is made for each connection: relations must be announced again, and open transactions are
/// sent from their beginning.
#[derive(Debug)]
pub(super) struct Assembler {
    source_name: String,
    proto_version: u32,
    decoder: Decoder,
    changes: Changes,
    /// `None` when transactions in progress were not asked for.
    streamed: Option<Streamed>,
    replay: Option<Replay>,
    /// The server's clock when it sent the message that is taken, microseconds since 2000-01-01 UTC: the time of what has none of its own.
    pub(super) sent_at: i64,
}

/// What a message completed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completed {
    /// Nothing yet.
    Nothing,
    /// A transaction with changes.
    Transaction(Transaction),
    /// A transaction without changes of ours, ending here.
    Empty(Lsn),
}

impl Completed {
    fn transaction(changes: Vec<Change>, end_lsn: Lsn, committed_at: i64) -> Self {
        match changes.is_empty() {
            true => Self::Empty(end_lsn),
            false => Self::Transaction(Transaction { position: Position::Lsn(end_lsn), committed_at, changes }),
        }
    }
}

impl Assembler {
    pub(super) fn new(source_name: String, proto_version: u32, tables: Vec<KnownTable>) -> Self {
        let (decoder, changes) = (Decoder::new(proto_version), Changes::new(source_name.clone(), tables));
        Self { source_name, proto_version, decoder, changes, streamed: None, replay: None, sent_at: 0 }
    }

    /// The same with logical messages as rows of this table.
    pub(super) fn following_messages(mut self, table: Option<Arc<TableSchema>>) -> Self {
        self.changes.follow_messages(table);
        self
    }

    /// The same where the server was asked for transactions in progress.
    pub(super) fn streaming_into(mut self, spill: Spill, told: OpenTransactionsSender) -> Self {
        self.streamed = Some(Streamed::new(self.source_name.clone(), spill, told));
        self
    }

    /// Whether a position now may be in the middle of something: a transaction has begun and not ended, a chunk of an open one is
    /// being read, or one that has committed is not complete yet.
    ///
    /// Between its chunks an open streamed transaction is in nobody's way. Its commit is still to come, so it lies behind every
    /// position that is reported meanwhile. The server decides by the place of the commit what it sends: from any such position it
    /// sends the transaction again, from its beginning, which `restart_lsn` keeps in the log for as long as it is open. What
    /// has been kept of it here is then worth nothing and is removed at the start of a run.
    pub(super) fn is_open(&self) -> bool {
        self.changes.is_open() || self.is_in_chunk() || self.is_replaying()
    }

    /// Whether the server was asked for transactions in progress.
    pub(super) fn takes_open(&self) -> bool {
        self.streamed.is_some()
    }

    /// Whether messages are only kept for now.
    pub(super) fn is_in_chunk(&self) -> bool {
        self.streamed.as_ref().is_some_and(Streamed::is_in_chunk)
    }

    /// Whether a streamed transaction has committed and [`Self::replay`] is to be called until it is complete; no message is taken
    /// before.
    pub(super) fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// Takes one message.
    pub(super) fn accept(&mut self, payload: &[u8]) -> Result<Completed, SourceError> {
        assert!(self.replay.is_none(), "transactions are completed in the order of their commits");
        let message = self.decoder.decode(payload).map_err(|error| self.protocol(&error.to_string()))?;
        match (message, &mut self.streamed) {
            (Message::StreamCommit { xid, end_lsn, committed_at, .. }, Some(streamed)) => {
                let committed = streamed.commit(xid)?;
                let decoder = Decoder::of_streamed(self.proto_version, xid);
                let replay = Replay::new(committed, (decoder, self.changes.of_streamed()), (end_lsn, committed_at));
                streamed.tell(Some(self.replay.insert(replay).messages()));
            }
            (Message::StreamStart { xid, first }, Some(streamed)) => streamed.start(xid, first)?,
            (Message::StreamStop, Some(streamed)) => {
                streamed.stop();
                streamed.tell(None);
            }
            (Message::StreamAbort { xid, subxid, .. }, Some(streamed)) => {
                streamed.roll_back(xid, subxid);
                streamed.tell(None);
            }
            // It belongs to no transaction, whatever is open.
            (Message::Logical { transactional: false, lsn, prefix, content, .. }, _) => {
                let message = LogicalMessage { lsn, transactional: false, prefix, content };
                let changes: Vec<Change> = self.changes.message(message).into_iter().collect();
                return Ok(match changes.is_empty() {
                    true => Completed::Nothing,
                    false => Completed::transaction(changes, message.end(), self.sent_at),
                });
            }
            (message, Some(streamed)) if streamed.is_in_chunk() => {
                streamed.keep(&message, payload, &mut self.changes)?
            }
            (Message::Begin { .. }, _) => self.changes.begin(),
            (Message::Commit { end_lsn, committed_at, .. }, _) => {
                return Ok(Completed::transaction(self.changes.end()?, end_lsn, committed_at));
            }
            (message, _) => self.changes.accept(message)?,
        }
        Ok(Completed::Nothing)
    }

    /// What became of tables by the transactions completed since this was asked last. To be asked at each.
    pub(super) fn take_changed(&mut self) -> Vec<TableChange> {
        self.changes.take_changed()
    }

    /// Goes on with the streamed transaction that has committed, by a piece that takes little time. Answers what is complete now and
    /// how many bytes of messages were read.
    pub(super) fn replay(&mut self) -> Result<(Completed, usize), SourceError> {
        let Some(replay) = &mut self.replay else { return Ok((Completed::Nothing, 0)) };
        let piece = replay.read_piece(&self.source_name)?;
        if !piece.is_last {
            return Ok((Completed::Nothing, piece.bytes));
        }
        let replay = self.replay.take().expect("it is there");
        let (end_lsn, committed_at) = replay.end();
        let changes = replay.finish(&mut self.changes)?;
        if let Some(streamed) = &mut self.streamed {
            streamed.tell(None);
        }
        Ok((Completed::transaction(changes, end_lsn, committed_at), piece.bytes))
    }

    fn protocol(&self, message: &str) -> SourceError {
        SourceError::Protocol { source_name: self.source_name.clone(), message: message.to_owned() }
    }
}

#[cfg(test)]
#[path = "assembler_tests.rs"]
pub(super) mod tests;
