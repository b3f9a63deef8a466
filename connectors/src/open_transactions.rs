//! What a source holds of transactions that have not committed yet.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Held now, and written since the daemon's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTransactions {
    /// Transactions of which the server has sent something and not yet the end.
    pub open: u64,
    /// Bytes of their messages in memory; bounded over all of them.
    pub memory_bytes: u64,
    /// Bytes of their messages on disk.
    pub disk_bytes: u64,
    /// Whether one has committed and is being read back.
    pub reading_back: bool,
    /// Bytes written to disk since the daemon's start.
    pub spilled_bytes: u64,
}

/// Told by a running source whenever it changes.
pub type OpenTransactionsSender = watch::Sender<OpenTransactions>;
