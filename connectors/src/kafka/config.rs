//! Checked configuration of a Kafka source.

use std::sync::Arc;

use smol_str::SmolStr;

use super::connection::KafkaConnection;
use super::format::{Format, MessageTable, TimeUnit};
use super::table::{same_shape, schemas};
use crate::schema::{Column, TableName, TableSchema};

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
    /// Name of the table.
    pub name: SmolStr,
    /// The topic.
    pub topic: SmolStr,
    /// What its messages mean.
    pub mode: Mode,
    /// Of the messages' values.
    pub format: Format,
    /// Of the messages' keys, as far as they are columns.
    pub key_format: Format,
    /// Declared columns, in their order.
    pub columns: Vec<Column>,
    /// Columns of the primary key of [`Mode::Upsert`], as positions in `columns`.
    pub key: Vec<usize>,
    /// What numbers count that stand for moments.
    pub unit: TimeUnit,
    /// What becomes of messages that cannot be read.
    pub bad_messages: BadMessages,
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
    /// What is declared of its messages, wherever they come from.
    pub(super) fn messages(&self) -> MessageTable {
        let Self { name, topic: _, mode, format, key_format, columns, key, unit, bad_messages } = self.clone();
        MessageTable { name, mode, format, key_format, columns, key, unit, bad_messages }
    }

    /// Over these messages of a topic.
    pub fn of_topic(topic: SmolStr, messages: MessageTable) -> Self {
        let MessageTable { name, mode, format, key_format, columns, key, unit, bad_messages } = messages;
        Self { name, topic, mode, format, key_format, columns, key, unit, bad_messages }
    }

    /// Name of the table of its bad messages, where there is one.
    pub fn bad_table(&self) -> Option<SmolStr> {
        self.messages().bad_table()
    }
}
