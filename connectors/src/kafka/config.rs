//! Checked configuration of a Kafka source.

use std::sync::Arc;

use smol_str::SmolStr;

use super::connection::KafkaConnection;
use super::format::MessageTable;
use super::table::{same_shape, schemas};
use crate::schema::{TableName, TableSchema};

/// Schema in which a source's tables stand.
pub const SCHEMA: &str = "public";
/// Behind the name of a table, that of the one which holds its bad messages.
pub const BAD_SUFFIX: &str = "_bad";

/// `[source.NAME]` with `type = "kafka"`.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSourceConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// How brokers are reached.
    pub connection: KafkaConnection,
    /// Whether messages of open and aborted transactions are read.
    pub isolation: Isolation,
    /// Consumer group under which our offsets are shown to tools that watch lag; `None`: under none.
    pub group: Option<SmolStr>,
    /// What becomes of a source whose messages were removed before they were read.
    pub on_lost: OnLost,
    /// Its tables, each over a topic of its own.
    pub tables: Vec<Arc<KafkaTable>>,
}

/// `isolation`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// `"read_committed"`
    #[default]
    Committed,
    /// `"read_uncommitted"`
    Uncommitted,
}

/// `on_lost`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLost {
    /// `"stop"`
    #[default]
    Stop,
    /// `"skip"`: it goes on with what there is, and says what it lacks.
    Skip,
}

/// `[source.NAME.table.NAME]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaTable {
    /// The topic.
    pub topic: SmolStr,
    /// What its messages are.
    pub messages: MessageTable,
}

/// `mode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `"append"`: every message is a row.
    Append,
    /// `"upsert"`: a message is the row of its key now, and one without a value says that there is none.
    Upsert,
}

/// `bad_messages`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadMessages {
    /// `"stop"`
    #[default]
    Stop,
    /// `"table"`: they are rows of the table `NAME_bad`.
    Table,
}

impl KafkaSourceConfig {
    /// Tables, of those that are known, which are declared in another shape now.
    pub fn redeclared(&self, known: &[Arc<TableSchema>]) -> Vec<TableName> {
        let shapes: Vec<TableSchema> = self.tables.iter().flat_map(|table| schemas(&self.name, table)).collect();
        let differs = |known: &&Arc<TableSchema>| {
            shapes.iter().any(|shape| shape.name == known.name && !same_shape(shape, known))
        };
        known.iter().filter(differs).map(|known| known.name.clone()).collect()
    }
}

impl KafkaTable {
    /// Name of the table.
    pub fn name(&self) -> &SmolStr {
        &self.messages.name
    }
}
