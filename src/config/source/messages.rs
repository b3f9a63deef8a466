//! Tables that are declared over messages: what sources of Kafka and of Kinesis have in common.

use smol_str::SmolStr;
use tailwater_connectors::kafka::column::{COLUMN_TYPES, read_column_type};
use tailwater_connectors::kafka::config::{BAD_SUFFIX, BadMessages, Mode};
use tailwater_connectors::kafka::format::{Format, MessageTable, SchemaFormat, SchemaFrom, TimeUnit};
use tailwater_connectors::kafka::registry::RegistryConfig;
use tailwater_connectors::{Column, SqlType};

use crate::config::checked::check_name;
use crate::config::schemas::{self, PartKeys};
use crate::config::section::Section;

const FORMATS: &str = "known formats: json, debezium, csv, string, bytes, avro, protobuf, json_schema";

/// One of a few words; the first of them where none is written.
pub(super) fn word<T: Copy>(section: &Section<'_>, name: &'static str, known: &[(&str, T)]) -> T {
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

/// What messages are in: topics or streams.
pub(super) struct Log {
    /// What one is called, which is the key that names it.
    pub(super) word: &'static str,
    /// Whether this can be the name of one.
    pub(super) is_name: fn(&str) -> bool,
    /// Names of columns that every table over one has.
    pub(super) columns: &'static [&'static str],
}

/// Reads `[source.NAME.table.NAME]`: what each table is over, and what is declared of its messages.
pub(super) fn tables(section: &Section<'_>, log: &Log) -> Vec<(SmolStr, MessageTable)> {
    let (registry, sections) = (schemas::registry(section), section.named("table"));
    if sections.is_empty() {
        section.report(
            "table",
            "no table is declared",
            Some("add [source.NAME.table.NAME] with mode, format and columns"),
        );
    }
    let word = log.word;
    let mut tables: Vec<(SmolStr, MessageTable)> = Vec::new();
    for (name, section) in sections {
        check_name(&name, &section);
        let over: SmolStr = section.string(word).unwrap_or_else(|| name.clone()).into();
        if !(log.is_name)(&over) {
            let message = format!("is not a {word}'s name");
            section.report(word, message, Some("letters, digits, \".\", \"_\" and \"-\""));
        }
        if let Some(table) = table(&name, &section, (registry.as_ref(), log.columns)) {
            if let Some((_, other)) = tables.iter().find(|(other, _)| *other == over) {
                let message = format!("{word} \"{over}\" is read by table \"{}\" already", other.name);
                section.report(word, message, Some("read it once, or declare it in another source, too"));
            }
            let clashes = |one: &MessageTable, other: &MessageTable| one.bad_table().as_ref() == Some(&other.name);
            if tables.iter().any(|(_, other)| clashes(other, &table) || clashes(&table, other)) {
                let message =
                    format!("\"{BAD_SUFFIX}\" ends the name of a table of bad messages that is there already");
                section.report("bad_messages", message, Some("name one of the tables otherwise"));
            }
            tables.push((over, table));
        }
        section.finish();
    }
    tables
}

/// Reads a table that is declared over messages; `taken` are names of columns that it has anyway.
fn table(
    name: &str,
    section: &Section<'_>,
    (registry, taken): (Option<&RegistryConfig>, &[&str]),
) -> Option<MessageTable> {
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
    let columns = columns(section, taken);
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
    let table = MessageTable { name, mode, format, key_format, columns, key, unit, bad_messages };
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

fn columns(section: &Section<'_>, taken: &[&str]) -> Vec<Column> {
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
        if taken.contains(&name.as_str()) {
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
