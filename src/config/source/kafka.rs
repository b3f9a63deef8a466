//! `type = "kafka"`.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::kafka::column::{COLUMN_TYPES, read_column_type};
use tailwater_connectors::kafka::config::{
    BAD_SUFFIX, BadMessages, Isolation, KafkaSourceConfig, KafkaTable, Mode, OnLost, SCHEMA,
};
use tailwater_connectors::kafka::format::{Format, SchemaFormat, SchemaFrom, TimeUnit};
use tailwater_connectors::kafka::registry::RegistryConfig;
use tailwater_connectors::kafka::{METADATA_COLUMNS, is_topic_name};
use tailwater_connectors::{Column, SqlType, TableName};

use super::{SourceConfig, SourceDifference, SourceKind};
use crate::config::checked::check_name;
use crate::config::kafka::connection;
use crate::config::schemas::{self, PartKeys};
use crate::config::section::Section;

/// Brokers keep messages by their own clock and not for us, so there is nothing to warn of.
const LOG_WARN_BYTES: u64 = u64::MAX;
/// Group without which offsets are shown under none.
const NO_GROUP: &str = "off";
const FORMATS: &str = "known formats: json, debezium, csv, string, bytes, avro, protobuf, json_schema";

/// Reads the section; `None` where it names no broker.
pub(super) fn read(name: &str, section: &Section<'_>) -> Option<SourceConfig> {
    let connection = connection(section);
    let isolation = word(
        section,
        "isolation",
        &[("read_committed", Isolation::Committed), ("read_uncommitted", Isolation::Uncommitted)],
    );
    let on_lost = word(section, "on_lost", &[("stop", OnLost::Stop), ("skip", OnLost::Skip)]);
    let group = match section.string("group") {
        None => Some(format!("tailwater-{name}").into()),
        Some(group) if group == NO_GROUP => None,
        Some(group) => Some(group.into()),
    };
    let tables = tables(section, schemas::registry(section).as_ref());
    let names = tables.iter().flat_map(|table| std::iter::once(table.name.clone()).chain(table.bad_table()));
    let table_name = |table: SmolStr| TableName { source: name.into(), schema: SCHEMA.into(), table };
    let declared = Some(names.map(table_name).collect());
    let kafka = KafkaSourceConfig { name: name.into(), connection: connection?, isolation, group, on_lost, tables };
    Some(SourceConfig {
        kind: SourceKind::Kafka(kafka),
        tables: declared,
        log_warn_bytes: LOG_WARN_BYTES,
        log_limit: None,
    })
}

/// One of a few words; the first of them where none is written.
fn word<T: Copy>(section: &Section<'_>, name: &'static str, known: &[(&str, T)]) -> T {
    let (_, default) = known[0];
    let Some(written) = section.string(name) else { return default };
    let found = known.iter().find(|(word, _)| *word == written);
    found.map_or_else(
        || {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let hint = format!("known: {}", words.join(", "));
            section.report(name, format!("\"{written}\" is not known here"), Some(&hint));
            default
        },
        |(_, value)| *value,
    )
}

fn tables(section: &Section<'_>, registry: Option<&RegistryConfig>) -> Vec<Arc<KafkaTable>> {
    let sections = section.named("table");
    if sections.is_empty() {
        section.report(
            "table",
            "no table is declared",
            Some("add [source.NAME.table.NAME] with mode, format and columns"),
        );
    }
    let mut tables: Vec<Arc<KafkaTable>> = Vec::new();
    for (name, section) in sections {
        check_name(&name, &section);
        let table = table(&name, &section, registry);
        if let Some(table) = table {
            let taken = tables.iter().find(|other| other.topic == table.topic);
            if let Some(other) = taken {
                let message = format!("topic \"{}\" is read by table \"{}\" already", table.topic, other.name);
                section.report("topic", message, Some("read it once, or declare it in another source, too"));
            }
            let clashes = |one: &KafkaTable, other: &KafkaTable| one.bad_table().as_ref() == Some(&other.name);
            if tables.iter().any(|other| clashes(other, &table) || clashes(&table, other)) {
                let message =
                    format!("\"{BAD_SUFFIX}\" ends the name of a table of bad messages that is there already");
                section.report("bad_messages", message, Some("name one of the tables otherwise"));
            }
            tables.push(Arc::new(table));
        }
        section.finish();
    }
    tables
}

fn table(name: &str, section: &Section<'_>, registry: Option<&RegistryConfig>) -> Option<KafkaTable> {
    let topic: SmolStr = section.string("topic").unwrap_or_else(|| name.into()).into();
    if !is_topic_name(&topic) {
        section.report("topic", "is not a topic's name", Some("letters, digits, \".\", \"_\" and \"-\""));
    }
    let mode = match section.required("mode", "write mode = \"append\" or \"upsert\"").as_deref() {
        Some("append") => Some(Mode::Append),
        Some("upsert") => Some(Mode::Upsert),
        Some(other) => {
            section.report("mode", format!("\"{other}\" is no mode"), Some("known modes: append, upsert"));
            None
        }
        None => None,
    };
    let format = format(section, &schemas::VALUE, registry).unwrap_or(Format::Json);
    let key_format = format_of_key(section, mode, (&format, registry));
    let columns = columns(section);
    let key = key(section, mode, &columns);
    let unit = word(
        section,
        "time_unit",
        &[
            ("ms", TimeUnit::Milliseconds),
            ("s", TimeUnit::Seconds),
            ("us", TimeUnit::Microseconds),
            ("ns", TimeUnit::Nanoseconds),
        ],
    );
    let bad_messages = word(section, "bad_messages", &[("stop", BadMessages::Stop), ("table", BadMessages::Table)]);
    if mode == Some(Mode::Append) && format.is_envelope() {
        let hint = "write mode = \"upsert\", with the key's columns in \"key\"";
        section.report("format", "\"debezium\" says what a row is now, which no row of an append table is", Some(hint));
    }
    let (name, mode) = (name.into(), mode?);
    let table = KafkaTable { name, topic, mode, format, key_format, columns, key, unit, bad_messages };
    if let Some(fault) = table.fault() {
        section.report("format", fault, Some("change the table's columns or its format"));
    }
    Some(table)
}

fn format(section: &Section<'_>, keys: &PartKeys, registry: Option<&RegistryConfig>) -> Option<Format> {
    match section.string(keys.format)?.as_str() {
        "json" => Some(Format::Json),
        "debezium" => Some(Format::Debezium),
        "csv" => Some(Format::Csv),
        "string" => Some(Format::String),
        "bytes" => Some(Format::Bytes),
        other => match schemas::kind(other) {
            Some(kind) => Some(Format::Schema(Box::new(schemas::format(section, keys, kind, registry)?))),
            None => {
                section.report(keys.format, format!("\"{other}\" is no format"), Some(FORMATS));
                None
            }
        },
    }
}

/// Keys of append tables are only shown, so they are bytes where nothing is said of them; where values have schemas in a registry, so
/// have keys.
fn format_of_key(
    section: &Section<'_>,
    mode: Option<Mode>,
    (value, registry): (&Format, Option<&RegistryConfig>),
) -> Format {
    format(section, &schemas::KEY, registry).unwrap_or_else(|| match (mode, value) {
        (Some(Mode::Upsert), Format::Debezium) => Format::Debezium,
        (Some(Mode::Upsert), Format::Schema(value)) if matches!(value.from, SchemaFrom::Registry(_)) => {
            Format::Schema(Box::new(SchemaFormat { message: None, envelope: false, ..(**value).clone() }))
        }
        (Some(Mode::Upsert), _) => Format::Json,
        _ => Format::Bytes,
    })
}

fn columns(section: &Section<'_>) -> Vec<Column> {
    let declared = section.string_map("columns");
    if declared.is_empty() {
        section.report(
            "columns",
            "no column is declared",
            Some("write columns = { id = \"bigint\", name = \"text\" }"),
        );
    }
    let mut columns = Vec::new();
    for (name, kind) in declared {
        if METADATA_COLUMNS.contains(&name.as_str()) {
            section.report("columns", format!("\"{name}\" is there anyway"), Some("name the column otherwise"));
        }
        match read_column_type(&kind) {
            Some(kind) => columns.push(Column::new(name, kind, true)),
            None => {
                let hint = format!("known types: {COLUMN_TYPES}");
                section.report("columns", format!("\"{kind}\" of column \"{name}\" is no type"), Some(&hint));
            }
        }
    }
    columns
}

fn key(section: &Section<'_>, mode: Option<Mode>, columns: &[Column]) -> Vec<usize> {
    let named = section.strings("key");
    match (mode, &named) {
        (Some(Mode::Upsert), None) => {
            section.report("key", "is missing", Some("write key = [\"id\"]: the columns that messages' keys fill"));
        }
        (Some(Mode::Append), Some(_)) => {
            section.report("key", "stands in an append table, whose rows are messages", Some("leave it out"));
        }
        _ => {}
    }
    let mut key = Vec::new();
    for name in named.into_iter().flatten() {
        match columns.iter().position(|column| *column.name == name) {
            Some(place) if key.contains(&place) => section.report("key", format!("\"{name}\" stands twice"), None),
            Some(place) if columns[place].sql_type == SqlType::Json => {
                section.report("key", format!("\"{name}\" is json, which has no equality"), Some("declare it jsonb"));
            }
            Some(place) => key.push(place),
            None => section.report("key", format!("there is no column \"{name}\""), Some("declare it in \"columns\"")),
        }
    }
    key
}

/// How `new` differs from `old`. Tables are compared with what is held of them when the source starts.
pub(super) fn difference(old: &KafkaSourceConfig, new: &KafkaSourceConfig) -> SourceDifference {
    let named = |settings: &[(bool, &'static str)]| {
        settings.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect()
    };
    let same = |table: &Arc<KafkaTable>| {
        let before = old.tables.iter().find(|before| before.name == table.name);
        before.is_none_or(|before| before == table)
    };
    SourceDifference {
        at_restart: named(&[(old.isolation != new.isolation, "isolation"), (!new.tables.iter().all(same), "table")]),
        while_running: named(&[
            (old.connection != new.connection, "brokers"),
            (old.group != new.group, "group"),
            (old.on_lost != new.on_lost, "on_lost"),
        ]),
    }
}
