//! `[source.NAME]`: how a database is reached, and how it is treated.

mod kafka;
mod kinesis;
mod messages;
mod mysql;
mod postgres;

use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::kafka::config::{KafkaSourceConfig, SCHEMA as KAFKA_SCHEMA};
use tailwater_connectors::kinesis::config::{KinesisSourceConfig, SCHEMA as KINESIS_SCHEMA};
use tailwater_connectors::mysql::config::MysqlSourceConfig;
use tailwater_connectors::postgres::config::PostgresSourceConfig;
use tailwater_connectors::{CopySettings, TableName, TableSchema};

use super::checked::check_name;
use super::section::Section;

/// `[source.NAME]`.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// How to reach it.
    pub kind: SourceKind,
    /// Tables to replicate; `None`: those that the views read.
    pub tables: Option<Vec<TableName>>,
    /// Log that the server may keep for us before the status warns.
    pub log_warn_bytes: u64,
    /// Log that it may keep for us at all.
    pub log_limit: Option<LogLimit>,
}

/// `wal_limit`: a bound of the log that a server keeps for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimit {
    /// Bytes.
    pub bytes: u64,
    /// `on_wal_limit = "release"`: beyond them the server is let go, and the source rebuilt after this time. `None`: it is warned of.
    pub release: Option<Duration>,
}

/// `type` of a source, with what only this type has.
#[derive(Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// `type = "postgres"`
    Postgres(PostgresSourceConfig),
    /// `type = "mysql"`
    Mysql(MysqlSourceConfig),
    /// `type = "kafka"`
    Kafka(KafkaSourceConfig),
    /// `type = "kinesis"`
    Kinesis(KinesisSourceConfig),
}

/// More sessions than this harm any server.
const COPY_SESSIONS_MAX: u64 = 32;
/// A transaction for less is not worth its beginning.
const COPY_CHUNK_TIME_MIN: Duration = Duration::from_millis(10);

/// Settings that differ between two configurations of one source, as they are written in the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SourceDifference {
    /// Those that only a restart can change.
    pub at_restart: Vec<&'static str>,
    /// Those that a running daemon takes up.
    pub while_running: Vec<&'static str>,
}

impl SourceConfig {
    /// Its name.
    pub fn name(&self) -> &SmolStr {
        match &self.kind {
            SourceKind::Postgres(config) => &config.name,
            SourceKind::Mysql(config) => &config.name,
            SourceKind::Kafka(config) => &config.name,
            SourceKind::Kinesis(config) => &config.name,
        }
    }

    /// Schema of tables that are named without one.
    pub fn default_schema(&self) -> &str {
        match &self.kind {
            SourceKind::Postgres(_) => "public",
            SourceKind::Mysql(config) => &config.database,
            SourceKind::Kafka(_) => KAFKA_SCHEMA,
            SourceKind::Kinesis(_) => KINESIS_SCHEMA,
        }
    }

    /// Tables, of those that are known, which the configuration itself declares in another shape now.
    pub fn redeclared(&self, known: &[Arc<TableSchema>]) -> Vec<TableName> {
        match &self.kind {
            SourceKind::Postgres(_) | SourceKind::Mysql(_) => Vec::new(),
            SourceKind::Kafka(config) => config.redeclared(known),
            SourceKind::Kinesis(config) => config.redeclared(known),
        }
    }

    /// How it differs from `old`, which has its name; `tables` apart.
    pub fn difference(&self, old: &Self) -> SourceDifference {
        let mut difference = match (&old.kind, &self.kind) {
            (SourceKind::Postgres(old), SourceKind::Postgres(new)) => postgres::difference(old, new),
            (SourceKind::Mysql(old), SourceKind::Mysql(new)) => mysql::difference(old, new),
            (SourceKind::Kafka(old), SourceKind::Kafka(new)) => kafka::difference(old, new),
            (SourceKind::Kinesis(old), SourceKind::Kinesis(new)) => kinesis::difference(old, new),
            _ => SourceDifference { at_restart: vec!["type"], while_running: Vec::new() },
        };
        if self.log_warn_bytes != old.log_warn_bytes {
            difference.while_running.push("wal_warn");
        }
        if self.log_limit != old.log_limit {
            difference.while_running.push("wal_limit");
        }
        difference
    }
}

/// Reads the section; `None` where what must be there is not.
pub(super) fn read(name: &str, section: Section<'_>) -> Option<SourceConfig> {
    check_name(name, &section);
    let source =
        match section.required("type", "write type = \"postgres\", \"mysql\", \"kafka\" or \"kinesis\"").as_deref() {
            Some("postgres") => postgres::read(name, &section),
            Some("mysql") => mysql::read(name, &section),
            Some("kafka") => kafka::read(name, &section),
            Some("kinesis") => kinesis::read(name, &section),
            Some(kind) => {
                section.report(
                    "type",
                    format!("source type \"{kind}\" is not there yet"),
                    Some("known types: postgres, mysql, kafka, kinesis"),
                );
                return None;
            }
            None => return None,
        };
    section.finish();
    source
}

/// `tables`: names of `source`, in `default_schema` where none is written.
fn tables(source: &str, default_schema: &str, section: &Section<'_>) -> Option<Vec<TableName>> {
    let texts = section.strings("tables")?;
    Some(texts.iter().filter_map(|text| table_name(source, default_schema, ("tables", text), section)).collect())
}

/// The table that `text`, the value of `key`, names.
pub(super) fn table_name(
    source: &str,
    default_schema: &str,
    (key, text): (&'static str, &str),
    section: &Section<'_>,
) -> Option<TableName> {
    let name =
        |schema: &str, table: &str| TableName { source: source.into(), schema: schema.into(), table: table.into() };
    match text.split('.').collect::<Vec<_>>()[..] {
        [table] => Some(name(default_schema, table)),
        [schema, table] => Some(name(schema, table)),
        [first, schema, table] if first == source => Some(name(schema, table)),
        _ => {
            section.report(key, format!("\"{text}\" is not a table name"), Some("write \"table\" or \"schema.table\""));
            None
        }
    }
}

/// `copy_*`: how hard a copy may work the server.
fn copy(section: &Section<'_>) -> CopySettings {
    let defaults = CopySettings::default();
    let sessions = section.number("copy_sessions").unwrap_or(defaults.sessions as u64);
    if !(1..=COPY_SESSIONS_MAX).contains(&sessions) {
        section.report("copy_sessions", "must be from 1 to 32", None);
    }
    let chunk_time = section.duration("copy_chunk_time").unwrap_or(defaults.chunk_time);
    if chunk_time < COPY_CHUNK_TIME_MIN {
        section.report("copy_chunk_time", "is too short", Some("give at least \"10ms\""));
    }
    let rate = section.bytes("copy_rate").map(|bytes| bytes as u64);
    if rate == Some(0) {
        section.report("copy_rate", "must not be zero", Some("leave it out to copy as fast as it goes"));
    }
    CopySettings { sessions: sessions as usize, chunk_time, rate }
}
