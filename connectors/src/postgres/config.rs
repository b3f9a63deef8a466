//! Checked configuration of a Postgres source.

use std::time::Duration;

use smol_str::SmolStr;

pub use crate::copy_settings::CopySettings;

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

/// Default of `slot`: one slot per daemon is the usual case.
pub const DEFAULT_SLOT: &str = "tailwater";
/// Default of `timeout`: a server that decodes a large transaction of which nothing is ours may be silent for a minute.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
/// Default of `publication`.
pub const DEFAULT_PUBLICATION: &str = "tailwater";
