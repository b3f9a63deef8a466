//! Checked configuration of a Kafka sink.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::kafka::KafkaConnection;
use crate::kafka::registry::{RegistryConfig, SchemaKind};
use crate::schema::TableName;

pub use super::debezium::style::{DebeziumStyle, Decimals, Intervals};

/// Default of `cursor_topic`.
pub const DEFAULT_CURSOR_TOPIC: &str = "tailwater.cursors";

/// `[sink.NAME]` with `type = "kafka"`.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSinkConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// View it holds.
    pub view: SmolStr,
    /// The table that the view is, where it is one of a source as it is.
    pub origin: Option<Origin>,
    /// How brokers are reached.
    pub connection: KafkaConnection,
    /// The topic. It belongs to this sink: a rebuild takes back what others wrote there.
    pub topic: String,
    /// How rows are written.
    pub format: KafkaFormat,
    /// How Debezium's envelopes look, where they are the format.
    pub debezium: DebeziumStyle,
    /// Where schemas are registered, for formats that have them.
    pub registry: Option<RegistryConfig>,
    /// What a message stands for.
    pub mode: KafkaMode,
    /// Columns of the message key; they must be the view's key, in any order. `None`: the view's key.
    pub key: Option<Vec<SmolStr>>,
    /// Columns of the key that place a message; `None`: the whole key.
    pub partition_by: Option<Vec<SmolStr>>,
    /// Partitions of a topic that is made, and of one that is there; `None`: as the brokers say.
    pub partitions: Option<u32>,
    /// Copies of each partition of a topic that is made; `None`: as the brokers say.
    pub replication: Option<u32>,
    /// More settings of the topic.
    pub topic_config: Vec<(String, String)>,
    /// Whoever writes under this name is the only one.
    pub transactional_id: String,
    /// Topic that holds the cursors of sinks.
    pub cursor_topic: String,
    /// Compression of batches.
    pub compression: Compression,
}

/// A table of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Name of the source in the configuration.
    pub source: SmolStr,
    /// The database, where it is known.
    pub database: Option<SmolStr>,
    /// The schema, where there are schemas.
    pub schema: Option<SmolStr>,
    /// The table.
    pub table: SmolStr,
    /// What its source is.
    pub kind: OriginKind,
    /// Columns with the types that the source declares, in its words.
    pub declared: BTreeMap<SmolStr, SmolStr>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// Postgres
    Postgres,
    /// MySQL or MariaDB
    Mysql,
    /// A log of messages: Kafka, Kinesis
    Messages,
}

impl Origin {
    /// Whether this is the table.
    pub fn is(&self, name: &TableName) -> bool {
        // A database of MySQL is where Postgres has a schema.
        let schema = self.schema.as_ref().or(self.database.as_ref());
        (&self.source, &self.table) == (&name.source, &name.table) && schema == Some(&name.schema)
    }

    /// Debezium's name of the connector that there is for such a source.
    pub(super) fn connector(&self) -> Option<&'static str> {
        match self.kind {
            OriginKind::Postgres => Some("postgresql"),
            OriginKind::Mysql => Some("mysql"),
            OriginKind::Messages => None,
        }
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaFormat {
    /// JSON objects.
    Json,
    /// Debezium's envelope, as JSON.
    Debezium,
    /// Rows behind the id of their schema, which is registered.
    Schema(SchemaKind),
}

impl KafkaFormat {
    /// As it is written in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Debezium => "debezium",
            Self::Schema(kind) => kind.format_name(),
        }
    }
}

/// What a message stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaMode {
    /// A row as it is now, or that it is gone: the last message of every key is the view.
    Upsert,
    /// What happened to a row.
    Append,
}

impl KafkaMode {
    /// As it is written in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Append => "append",
        }
    }

    /// The `cleanup.policy` that its topic must have.
    pub fn cleanup_policy(self) -> &'static str {
        match self {
            Self::Upsert => "compact",
            Self::Append => "delete",
        }
    }
}

/// Compression of batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// None.
    None,
    /// gzip
    Gzip,
    /// LZ4: hardly costs time.
    #[default]
    Lz4,
    /// Zstandard
    Zstd,
}

impl Compression {
    /// All of them with their names.
    pub const ALL: [(Self, &str); 4] =
        [(Self::None, "none"), (Self::Gzip, "gzip"), (Self::Lz4, "lz4"), (Self::Zstd, "zstd")];

    /// As it is written in the configuration, which is Kafka's word too.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(compression, _)| *compression == self).map_or("none", |(_, name)| name)
    }
}
