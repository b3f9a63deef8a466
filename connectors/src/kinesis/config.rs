//! Checked configuration of a Kinesis source.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use super::table::{same_shape, schemas};
use crate::kafka::config::OnLost;
use crate::kafka::format::MessageTable;
use crate::schema::{TableName, TableSchema};

/// Schema in which a source's tables stand.
pub const SCHEMA: &str = "public";
/// Default of `timeout`: an answer takes less than a second, unless something is wrong.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Default of `read_interval`: of the five reads of a shard in a second that Kinesis answers, one is left to others.
pub const DEFAULT_READ_INTERVAL: Duration = Duration::from_millis(250);

/// `[source.NAME]` with `type = "kinesis"`.
#[derive(Clone, PartialEq, Eq)]
pub struct KinesisSourceConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// How Kinesis is reached.
    pub connection: KinesisConnection,
    /// From one read of a shard to the next.
    pub read_interval: Duration,
    /// What becomes of a source whose records were removed before they were read.
    pub on_lost: OnLost,
    /// Its tables, each over a stream of its own.
    pub tables: Vec<Arc<KinesisTable>>,
}

/// How Kinesis is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct KinesisConnection {
    /// `eu-central-1`.
    pub region: String,
    /// `https://host` or `http://host:port`, without a path; `None`: that of AWS in the region.
    pub endpoint: Option<String>,
    /// Who we are.
    pub credentials: Credentials,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Keys of AWS.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `access_key`
    pub access_key: String,
    /// `secret_key`
    pub secret_key: String,
    /// `session_token`, which belongs to keys that expire.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// `[source.NAME.table.NAME]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KinesisTable {
    /// The stream.
    pub stream: SmolStr,
    /// What its records are.
    pub messages: MessageTable,
}

impl KinesisTable {
    /// Name of the table.
    pub fn name(&self) -> &SmolStr {
        &self.messages.name
    }
}

impl KinesisSourceConfig {
    /// Tables, of those that are known, which are declared in another shape now.
    pub fn redeclared(&self, known: &[Arc<TableSchema>]) -> Vec<TableName> {
        let shapes: Vec<TableSchema> = self.tables.iter().flat_map(|table| schemas(&self.name, table)).collect();
        let differs = |known: &&Arc<TableSchema>| {
            shapes.iter().any(|shape| shape.name == known.name && !same_shape(shape, known))
        };
        known.iter().filter(differs).map(|known| known.name.clone()).collect()
    }
}
