//! How hard a copy may work a database.

use std::time::Duration;

/// How hard the copy of tables may work its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopySettings {
    /// Sessions that read at once.
    pub sessions: usize,
    /// How long one transaction of a copy should take at most; it reads as much as fits.
    pub chunk_time: Duration,
    /// Bytes in a second, all sessions together; `None`: as fast as it goes.
    pub rate: Option<u64>,
}

impl Default for CopySettings {
    /// Enough sessions to keep the server's disk and our decoding busy, few enough for a small server.
    fn default() -> Self {
        Self { sessions: 3, chunk_time: Duration::from_secs(1), rate: None }
    }
}
