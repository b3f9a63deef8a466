//! Checked configuration of a Postgres source.

use std::time::Duration;

use smol_str::SmolStr;

/// `[source.NAME]` with `type = "postgres"`.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresSourceConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// Connection URL or key=value string as libpq reads it (`sslmode`, `sslrootcert`, `sslcert`, `sslkey` included).
    pub url: String,
    /// Name of the replication slot.
    pub slot: String,
    /// Name of the publication.
    pub publication: String,
    /// Whether a small message is written to the log from time to time, so that the way to the views is known to be open.
    pub heartbeat: bool,
    /// Silence of the server after which a connection is given up and made again.
    pub timeout: Duration,
    /// How hard a copy may work the server.
    pub copy: CopySettings,
}

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

/// Default of `slot`: one slot per daemon is the usual case.
pub const DEFAULT_SLOT: &str = "tailwater";
/// Default of `timeout`: a server that decodes a large transaction of which nothing is ours may be silent for a minute.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
/// Default of `publication`.
pub const DEFAULT_PUBLICATION: &str = "tailwater";
