//! `[source.NAME]`: how a database is reached, and how it is treated.

use std::time::Duration;

use tailwater_connectors::TableName;
use tailwater_connectors::postgres::config::{
    self as postgres, CopySettings, DEFAULT_PUBLICATION, DEFAULT_SLOT, PostgresSourceConfig,
};

use super::checked::{check_name, timeout};
use super::section::Section;

/// Default of `wal_warn`: a disk that was planned for its database has that much to spare.
const DEFAULT_LOG_WARN_BYTES: u64 = 1 << 30;

/// `[source.NAME]`.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// How to reach it.
    pub postgres: PostgresSourceConfig,
    /// Tables to replicate; `None`: those that the views read.
    pub tables: Option<Vec<TableName>>,
    /// Log that the server may keep for us before the status warns.
    pub log_warn_bytes: u64,
}

/// More sessions than this harm any server.
const COPY_SESSIONS_MAX: u64 = 32;
/// A transaction for less is not worth its beginning.
const COPY_CHUNK_TIME_MIN: Duration = Duration::from_millis(10);

/// Reads the section; `None` where it has no url.
pub(super) fn read(name: &str, section: Section<'_>) -> Option<SourceConfig> {
    check_name(name, &section);
    let kind = section.required("type", "write type = \"postgres\"");
    if let Some(kind) = kind.filter(|kind| kind != "postgres") {
        section.report("type", format!("source type \"{kind}\" is not there yet"), Some("known types: postgres"));
    }
    let url = section.required("url", "write url = \"${DATABASE_URL}\"");
    let slot = section.string("slot").unwrap_or_else(|| DEFAULT_SLOT.into());
    if slot.is_empty() || !slot.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) || slot.len() > 63
    {
        section.report("slot", "is not a slot name", Some("use up to 63 lower-case letters, digits and underscores"));
    }
    let publication = section.string("publication").unwrap_or_else(|| DEFAULT_PUBLICATION.into());
    let tables = section.strings("tables");
    let tables = tables.map(|texts| texts.iter().filter_map(|text| table_name(name, text, &section)).collect());
    let heartbeat = section.boolean("heartbeat").unwrap_or(true);
    let log_warn_bytes = section.bytes("wal_warn").map_or(DEFAULT_LOG_WARN_BYTES, |bytes| bytes as u64);
    let timeout = timeout(&section, postgres::DEFAULT_TIMEOUT);
    let copy = copy(&section);
    section.finish();
    let name = name.into();
    let postgres = PostgresSourceConfig { name, url: url?, slot, publication, heartbeat, timeout, copy };
    Some(SourceConfig { postgres, tables, log_warn_bytes })
}

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

fn table_name(source: &str, text: &str, section: &Section<'_>) -> Option<TableName> {
    let name =
        |schema: &str, table: &str| TableName { source: source.into(), schema: schema.into(), table: table.into() };
    match text.split('.').collect::<Vec<_>>()[..] {
        [table] => Some(name("public", table)),
        [schema, table] => Some(name(schema, table)),
        [first, schema, table] if first == source => Some(name(schema, table)),
        _ => {
            section.report(
                "tables",
                format!("\"{text}\" is not a table name"),
                Some("write \"table\" or \"schema.table\""),
            );
            None
        }
    }
}
