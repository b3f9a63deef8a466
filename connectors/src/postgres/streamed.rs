//! Transactions that the server sends in chunks while they are open: what has come of each, and what has been rolled back in it.
//! Everything that may not come at its place is an error.

use std::collections::{HashMap, HashSet};

use super::changes::Changes;
use super::pgoutput::Message;
use super::spill::{KeptMessages, Spill, SpillError};
use crate::source::SourceError;

/// All that are open.
#[derive(Debug)]
pub(super) struct Streamed {
    source_name: String,
    spill: Spill,
    /// By top-level transaction id.
    open: HashMap<u32, OpenTransaction>,
    /// Whose chunk is being read.
    chunk: Option<u32>,
}

/// What is known of one beside its messages.
#[derive(Debug, Default)]
struct OpenTransaction {
    /// Subtransactions whose messages are left out at the end.
    rolled_back: HashSet<u32>,
    announced: HashMap<u32, u64>,
}

/// One that has committed.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) messages: KeptMessages,
    pub(super) rolled_back: HashSet<u32>,
    /// Relations that the server takes as announced to everybody from the commit on, with the numbers of their announcements.
    /// It forgets what a streamed transaction announced at any rollback in it, and announces anew.
    pub(super) announced: HashMap<u32, u64>,
}

impl Streamed {
    pub(super) fn new(source_name: String, spill: Spill) -> Self {
        Self { source_name, spill, open: HashMap::new(), chunk: None }
    }

    pub(super) fn is_in_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// A chunk begins.
    pub(super) fn start(&mut self, xid: u32, first: bool) -> Result<(), SourceError> {
        match (first, self.open.contains_key(&xid)) {
            (true, true) => return Err(self.protocol(format!("transaction {xid} begins for the second time"))),
            (false, false) => return Err(self.unknown("a chunk", xid)),
            (true, false) => drop(self.open.insert(xid, OpenTransaction::default())),
            (false, true) => {}
        }
        self.chunk = Some(xid);
        Ok(())
    }

    /// The chunk ends.
    pub(super) fn stop(&mut self) {
        self.chunk = None;
    }

    /// Keeps a message of the chunk, if it can matter to anybody.
    pub(super) fn keep(
        &mut self,
        message: &Message<'_>,
        payload: &[u8],
        changes: &mut Changes,
    ) -> Result<(), SourceError> {
        let open = self.chunk.and_then(|xid| Some((xid, self.open.get_mut(&xid)?)));
        let Some((xid, transaction)) = open else { return Err(self.protocol("a change outside a chunk".into())) };
        match message {
            Message::Relation(relation) => {
                transaction.announced.insert(relation.id, changes.next_announcement());
            }
            Message::Insert { relation, .. } | Message::Update { relation, .. } | Message::Delete { relation, .. }
                if !changes.is_followed(*relation) =>
            {
                return Ok(());
            }
            Message::Origin { .. } | Message::Type { .. } | Message::Logical { .. } => return Ok(()),
            _ => {}
        }
        self.spill.push(xid, payload).map_err(|error| unavailable(&self.source_name, &error))
    }

    /// The whole transaction is rolled back, or one of its subtransactions.
    pub(super) fn roll_back(&mut self, xid: u32, subxid: u32) -> Result<(), SourceError> {
        let Some(transaction) = self.open.get_mut(&xid) else { return Err(self.unknown("a rollback", xid)) };
        if xid == subxid {
            self.open.remove(&xid);
            self.spill.remove(xid);
        } else {
            transaction.rolled_back.insert(subxid);
            transaction.announced.clear();
        }
        Ok(())
    }

    /// The transaction commits.
    pub(super) fn commit(&mut self, xid: u32) -> Result<Committed, SourceError> {
        let Some(OpenTransaction { rolled_back, announced }) = self.open.remove(&xid) else {
            return Err(self.unknown("a commit", xid));
        };
        Ok(Committed { messages: self.spill.take(xid), rolled_back, announced })
    }

    fn unknown(&self, what: &str, xid: u32) -> SourceError {
        self.protocol(format!("{what} of streamed transaction {xid}, which did not begin"))
    }

    fn protocol(&self, message: String) -> SourceError {
        SourceError::Protocol { source_name: self.source_name.clone(), message }
    }
}

/// The server has all of it: reading the stream again heals.
pub(super) fn unavailable(source_name: &str, error: &SpillError) -> SourceError {
    SourceError::Unavailable { source_name: source_name.to_owned(), message: error.to_string() }
}

#[cfg(test)]
#[path = "streamed_tests.rs"]
mod tests;
