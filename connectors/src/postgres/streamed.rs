//! Transactions that the server sends in chunks while they are open: what has come of each, and what has been rolled back in it.
//! Everything that may not come at its place is an error.

use std::collections::{HashMap, HashSet};

use super::changes::Changes;
use super::pgoutput::Message;
use super::spill::{KeptMessages, Spill, SpillError};
use crate::open_transactions::{OpenTransactions, OpenTransactionsSender};
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
    told: OpenTransactionsSender,
    /// How much of what was written to disk has been told.
    told_spilled_bytes: u64,
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
    pub(super) fn new(source_name: String, spill: Spill, told: OpenTransactionsSender) -> Self {
        Self { source_name, spill, open: HashMap::new(), chunk: None, told, told_spilled_bytes: 0 }
    }

    /// Tells what is held, with that which has committed and is being read back.
    pub(super) fn tell(&mut self, reading_back: Option<&KeptMessages>) {
        let spilled_bytes = self.spill.spilled_bytes() - self.told_spilled_bytes;
        self.told_spilled_bytes += spilled_bytes;
        tell(
            &self.told,
            OpenTransactions {
                open: self.open.len() as u64,
                memory_bytes: self.spill.memory_bytes(),
                disk_bytes: self.spill.disk_bytes() + reading_back.map_or(0, KeptMessages::disk_bytes),
                reading_back: reading_back.is_some(),
                spilled_bytes,
            },
        );
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
        self.spill.push(xid, payload).map_err(|error| not_kept(&self.source_name, &error))
    }

    /// The whole transaction is rolled back, or one of its subtransactions. Postgres 18 also says so where it sent nothing of it: a
    /// transaction that it found rolled back before its first chunk.
    pub(super) fn roll_back(&mut self, xid: u32, subxid: u32) {
        let Some(transaction) = self.open.get_mut(&xid) else { return };
        if xid == subxid {
            self.open.remove(&xid);
            self.spill.remove(xid);
        } else {
            transaction.rolled_back.insert(subxid);
            transaction.announced.clear();
        }
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

impl Drop for Streamed {
    /// What an ended run held is gone.
    fn drop(&mut self) {
        tell(&self.told, OpenTransactions::default());
    }
}

/// Tells what is held now; bytes written to disk are added.
fn tell(told: &OpenTransactionsSender, now: OpenTransactions) {
    told.send_if_modified(|before| {
        let now = OpenTransactions { spilled_bytes: before.spilled_bytes + now.spilled_bytes, ..now };
        std::mem::replace(before, now) != now
    });
}

/// The server has all of it: reading the stream again heals.
pub(super) fn not_kept(source_name: &str, error: &SpillError) -> SourceError {
    SourceError::NotKept {
        source_name: source_name.to_owned(),
        message: error.to_string(),
        hint: error.hint().to_owned(),
    }
}

#[cfg(test)]
#[path = "streamed_tests.rs"]
pub(super) mod tests;
