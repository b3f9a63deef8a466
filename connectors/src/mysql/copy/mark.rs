//! How far the copy of a table has come, as the state keeps it.

use serde::{Deserialize, Serialize};

use crate::source::CopyMark;

/// Where the next chunk begins, and what it must see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Every chunk sees what is up to this position, as the server prints it.
    pub(super) floor: String,
    /// The last key that was read, as SQL; empty: none.
    pub(super) after: Vec<String>,
    /// Rows that were read.
    pub(super) rows: u64,
}

impl Mark {
    pub(super) fn parse(mark: &CopyMark) -> Option<Self> {
        serde_json::from_str(&mark.document).ok()
    }

    /// With the table's size as the server estimates it: bytes, and bytes of a row.
    pub(super) fn print(&self, (total_bytes, row_bytes): (u64, u64)) -> CopyMark {
        // It is made of text and numbers.
        let document = serde_json::to_string(self).unwrap_or_default();
        let done_bytes = self.rows.saturating_mul(row_bytes).min(total_bytes);
        CopyMark { document, done_bytes, total_bytes }
    }
}
