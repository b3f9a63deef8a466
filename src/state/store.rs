//! The state directory, opened.

use std::path::Path;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Row, RowChange, Value};
use thiserror::Error;

use super::Checkpoint;

/// One page of view rows in key order.
pub struct RowPage {
    /// Rows.
    pub rows: Vec<Row>,
    /// Token for the page after this one; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// An open state directory.
pub struct State {}

/// One pinned checkpoint; everything read through it belongs together.
pub struct Reader<'a> {
    state: &'a State,
}

/// Why state could not be read or written.
#[derive(Debug, Error)]
pub enum StateError {
    /// The storage engine failed.
    #[error("state directory failed: {message}")]
    Storage {
        /// What it said.
        message: String,
    },
    /// Stored bytes are not what was written.
    #[error("state directory holds damaged data in {place}")]
    Damaged {
        /// Where.
        place: String,
    },
}

impl State {
    /// Opens or makes the directory; one process at a time.
    pub fn open(_directory: &Path, _memory_bytes: usize) -> Result<Arc<Self>, StateError> {
        Ok(Arc::new(Self {}))
    }

    /// Id of this life of the state, made with the directory.
    pub fn id(&self) -> &str {
        ""
    }

    /// Runs `read` on the newest committed checkpoint, pinned.
    pub fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> T) -> T {
        read(&Reader { state: self })
    }

    /// Makes everything committed before the call survive a power cut.
    pub fn flush(&self) -> Result<(), StateError> {
        Ok(())
    }
}

impl Reader<'_> {
    /// The pinned checkpoint.
    pub fn checkpoint(&self) -> Result<Checkpoint, StateError> {
        Ok(Checkpoint::default())
    }

    /// The row of `view` with these key values (in key order).
    pub fn view_row(&self, _view: &str, _key: &[Value]) -> Result<Option<Row>, StateError> {
        let _ = self.state;
        Ok(None)
    }

    /// Up to `limit` rows of `view` after the token of an earlier page.
    pub fn view_rows(&self, _view: &str, _after: Option<&[u8]>, _limit: usize) -> Result<RowPage, StateError> {
        Ok(RowPage { rows: Vec::new(), next: None })
    }

    /// Changes of `view` in steps after `after`, oldest first, whole steps, until about `bytes_max` are gathered; with the
    /// step each belongs to.
    pub fn changelog(
        &self,
        _view: &SmolStr,
        _after: u64,
        _bytes_max: usize,
    ) -> Result<Vec<(Checkpoint, Vec<RowChange>)>, StateError> {
        Ok(Vec::new())
    }
}
