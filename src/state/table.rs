//! Names of what a step reads and writes.

use serde::{Deserialize, Serialize};

/// An ordered table of keys and rows. Whoever hands out ids never gives one to two tables of one state
/// directory, and never `u32::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableId(pub u32);

impl TableId {
    /// The key under which RocksDB holds `key` of this table.
    pub(super) fn stored_key(self, key: &[u8]) -> Vec<u8> {
        let mut stored = Vec::with_capacity(TABLE_ID_BYTES + key.len());
        stored.extend(self.0.to_be_bytes());
        stored.extend_from_slice(key);
        stored
    }
}

/// Length of the table's id before each key.
pub(super) const TABLE_ID_BYTES: usize = 4;

/// Which of the two states during a step is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// Committed before this step.
    Old,
    /// Old, plus what this step wrote so far.
    New,
}
