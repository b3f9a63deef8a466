//! What a stream has read and not handed over yet, and how much of it there may be.

use std::collections::VecDeque;

use crate::change::Transaction;
use crate::source::TableChange;

/// Changes in one hand-over, beyond which nothing is added to it.
const BATCH_CHANGES_MAX: usize = 2_000;
/// Bytes of the log in one hand-over.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Bytes read ahead while the pipeline takes nothing.
const AHEAD_BYTES_MAX: usize = 16 << 20;

/// What waits to be handed over.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) transactions: Vec<Transaction>,
    pub(super) changes: usize,
    pub(super) bytes: usize,
    /// What became of tables, behind those transactions.
    pub(super) changed: VecDeque<TableChange>,
    /// The transaction behind that.
    pub(super) after: Option<Transaction>,
}

impl Pending {
    pub(super) fn is_batch(&self) -> bool {
        self.changes >= BATCH_CHANGES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transactions.is_empty() && self.changed.is_empty()
    }

    pub(super) fn add(&mut self, transaction: Transaction) {
        self.changes += transaction.changes.len();
        self.transactions.push(transaction);
    }

    /// A transaction in the middle is read to its end whatever its size: half of one cannot be handed over.
    pub(super) fn may_read(&self) -> bool {
        self.changed.is_empty() && (self.transactions.is_empty() || self.bytes < AHEAD_BYTES_MAX)
    }
}
