//! What a source's server keeps for us: the harm we could do to it, and how near the end of its patience is.

use serde::{Deserialize, Serialize};

/// How safe the log is that we still need. Postgres: `pg_replication_slots.wal_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogRetention {
    /// Within what the server keeps anyway.
    Reserved,
    /// More than it would keep without us.
    Extended,
    /// Past the server's bound: it may be removed at the next checkpoint. MySQL and MariaDB: soon.
    Unreserved,
    /// Removed: what we hold cannot be continued.
    Lost,
}

/// One look at the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// How safe the log is.
    pub retention: LogRetention,
    /// Bytes of log that the server keeps for us, from the oldest that it may have to read again. Postgres: since `restart_lsn`.
    pub log_kept_bytes: u64,
    /// Bytes of log written since what we confirmed. Postgres: since `confirmed_flush_lsn`.
    pub unconfirmed_bytes: u64,
    /// Bytes that may be written until the server may remove log that we need; `None`: without a bound. Postgres: `safe_wal_size`.
    pub log_left_bytes: Option<u64>,
    /// Seconds until the server may remove log that we need, where it goes by its clock; `None`: it does not, or not at all. MySQL and MariaDB:
    /// `binlog_expire_logs_seconds`.
    #[serde(default)]
    pub log_left_seconds: Option<u64>,
    /// Why no heartbeat is written, where one is wanted and the server does not take it.
    pub no_heartbeat: Option<String>,
}
