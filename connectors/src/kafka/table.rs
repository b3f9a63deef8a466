//! A table over a topic: its shape, and messages as changes of it.
//!
//! Behind the declared columns every table has those of the message itself: `_partition`, `_offset`, `_timestamp`, `_timestamp_type`,
//! `_key` and `_headers`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rdkafka::Timestamp;
use rdkafka::message::{Headers, Message};
use smol_str::SmolStr;

use super::config::{KafkaTable, Mode, SCHEMA};
use super::format::{BadMessage, DecodeError, Format, FormatError, MessageRow, MessageRows, MessageTable};
use crate::change::Change;
use crate::json::print_string;
use crate::row::Row;
use crate::schema::{Column, ReplicaIdentity, TableName, TableSchema};
use crate::sql_type::SqlType;
use crate::value::Value;

/// Microseconds from 1970 to 2000, where moments begin to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// Names of the columns that every table has.
pub const METADATA_COLUMNS: [&str; 6] = ["_partition", "_offset", "_timestamp", "_timestamp_type", "_key", "_headers"];

fn name(source: &SmolStr, table: &str) -> TableName {
    TableName { source: source.clone(), schema: SCHEMA.into(), table: table.into() }
}

/// Shapes of a table, and of that of its bad messages.
pub(super) fn schemas(source: &SmolStr, table: &KafkaTable) -> Vec<TableSchema> {
    let bad = table.messages.bad_table().map(|name| bad_schema(source, &name));
    std::iter::once(schema(source, table)).chain(bad).collect()
}

/// Whether rows of the one are rows of the other.
pub(super) fn same_shape(a: &TableSchema, b: &TableSchema) -> bool {
    a.key == b.key && a.columns == b.columns
}

/// Shape of a table.
fn schema(source: &SmolStr, table: &KafkaTable) -> TableSchema {
    let MessageTable { columns, key, mode, .. } = &table.messages;
    let mut columns = columns.clone();
    for place in key {
        columns[*place].nullable = false;
    }
    let declared = columns.len();
    columns.extend(metadata(table));
    let key = match mode {
        Mode::Append => vec![declared, declared + 1],
        Mode::Upsert => key.clone(),
    };
    TableSchema { name: name(source, table.name()), id: 0, columns, key, identity: ReplicaIdentity::Default }
}

fn metadata(table: &KafkaTable) -> Vec<Column> {
    let types = [
        (SqlType::Int4, false),
        (SqlType::Int8, false),
        (SqlType::Timestamptz, true),
        (SqlType::Text, true),
        (key_type(table), true),
        (SqlType::Jsonb, false),
    ];
    METADATA_COLUMNS.into_iter().zip(types).map(|(name, (kind, nullable))| Column::new(name, kind, nullable)).collect()
}

/// Keys that are read as text are shown as text.
fn key_type(table: &KafkaTable) -> SqlType {
    match table.messages.key_format {
        Format::Json | Format::Debezium | Format::Csv | Format::String => SqlType::Text,
        _ => SqlType::Bytea,
    }
}

/// Shape of the table of bad messages.
fn bad_schema(source: &SmolStr, table: &str) -> TableSchema {
    let columns = [
        ("_partition", SqlType::Int4, false),
        ("_offset", SqlType::Int8, false),
        ("_timestamp", SqlType::Timestamptz, true),
        ("reason", SqlType::Text, false),
        ("key", SqlType::Bytea, true),
        ("value", SqlType::Bytea, true),
    ];
    let columns = columns.into_iter().map(|(name, kind, nullable)| Column::new(name, kind, nullable)).collect();
    TableSchema { name: name(source, table), id: 0, columns, key: vec![0, 1], identity: ReplicaIdentity::Default }
}

/// Reads the messages of one topic.
pub(super) struct TableReader {
    pub(super) table: Arc<KafkaTable>,
    pub(super) schema: Arc<TableSchema>,
    pub(super) bad: Option<Arc<TableSchema>>,
    pub(super) rows: MessageRows,
}

impl TableReader {
    pub(super) fn new(source: &SmolStr, table: Arc<KafkaTable>) -> Result<Self, FormatError> {
        let rows = MessageRows::new(&table.messages)?;
        let schema = Arc::new(schema(source, &table));
        let bad = table.messages.bad_table().map(|name| Arc::new(bad_schema(source, &name)));
        Ok(Self { table, schema, bad, rows })
    }

    /// The table, and that of its bad messages.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<TableSchema>> {
        std::iter::once(&self.schema).chain(&self.bad)
    }

    /// What the message changes; `None`: nothing.
    pub(super) fn read(&mut self, message: &impl Message) -> Result<Option<Change>, DecodeError> {
        let table = self.schema.clone();
        let mut values = match self.rows.read(message.key(), message.payload())? {
            MessageRow::Gone(values) => return Ok(Some(Change::Remove { table, key: self.key_row(&values) })),
            MessageRow::Row(values) => values,
        };
        values.extend(self.metadata(message)?);
        let new = values.into();
        Ok(Some(match self.table.messages.mode {
            Mode::Append => Change::Insert { table, new },
            Mode::Upsert => Change::Upsert { table, new },
        }))
    }

    fn key_row(&self, values: &[Value]) -> Row {
        let width = self.schema.columns.len();
        let of_key =
            |place: usize| if self.table.messages.key.contains(&place) { values[place].clone() } else { Value::Null };
        (0..width).map(of_key).collect()
    }

    fn metadata(&self, message: &impl Message) -> Result<[Value; 6], BadMessage> {
        let (moment, kind) = match message.timestamp() {
            Timestamp::NotAvailable => (Value::Null, Value::Null),
            Timestamp::CreateTime(millis) => (moment(millis), Value::text("create")),
            Timestamp::LogAppendTime(millis) => (moment(millis), Value::text("append")),
        };
        let key = match (message.key(), key_type(&self.table)) {
            (None, _) => Value::Null,
            (Some(key), SqlType::Text) => match std::str::from_utf8(key) {
                Ok(text) if !text.contains('\0') => Value::text(text),
                _ => return Err(BadMessage::new("has a key that is no text")),
            },
            (Some(key), _) => Value::Bytes(key.into()),
        };
        let headers =
            Value::text(headers(message).ok_or_else(|| BadMessage::new("has a header whose name is no text"))?);
        Ok([Value::Int(message.partition().into()), Value::Int(message.offset()), moment, kind, key, headers])
    }

    /// The row of a bad message, where the configuration wants it kept.
    pub(super) fn bad_row(&self, message: &impl Message, bad: &BadMessage) -> Option<Change> {
        let table = self.bad.clone()?;
        let bytes = |part: Option<&[u8]>| part.map_or(Value::Null, |part| Value::Bytes(part.into()));
        let new = vec![
            Value::Int(message.partition().into()),
            Value::Int(message.offset()),
            message.timestamp().to_millis().map_or(Value::Null, moment),
            Value::text(bad.reason.as_str()),
            bytes(message.key()),
            bytes(message.payload()),
        ];
        Some(Change::Insert { table, new: new.into() })
    }
}

/// Microseconds since 2000, of milliseconds since 1970.
pub(crate) fn micros(millis: i64) -> i64 {
    millis.saturating_mul(1_000).saturating_sub(EPOCH_MICROS)
}

fn moment(millis: i64) -> Value {
    Value::Timestamptz(micros(millis))
}

/// `[{"key": ..., "value": ...}]` as Postgres prints it; a value that is no text stands under `hex`.
fn headers(message: &impl Message) -> Option<String> {
    if message.headers().is_none() {
        return Some("[]".into());
    }
    // The client library expects names to be text, which brokers do not.
    catch_unwind(AssertUnwindSafe(|| print_headers(message))).ok()
}

fn print_headers(message: &impl Message) -> String {
    let mut out = String::from("[");
    for header in message.headers().into_iter().flat_map(Headers::iter) {
        out.push_str(if out.len() > 1 { ", " } else { "" });
        let is_text = |text: &&str| !text.contains('\0');
        let text = header.value.map(|value| std::str::from_utf8(value).ok().filter(is_text));
        match text {
            Some(None) => {
                // Sorted as jsonb sorts: by length first.
                out.push_str("{\"hex\": ");
                let hex: String = header.value.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
                print_string(&mut out, &hex);
                out.push_str(", \"key\": ");
                print_string(&mut out, header.key);
            }
            Some(Some(text)) => {
                out.push_str("{\"key\": ");
                print_string(&mut out, header.key);
                out.push_str(", \"value\": ");
                print_string(&mut out, text);
            }
            None => {
                out.push_str("{\"key\": ");
                print_string(&mut out, header.key);
                out.push_str(", \"value\": null");
            }
        }
        out.push('}');
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    use super::*;
    use crate::kafka::column::read_column_type;
    use crate::kafka::config::BadMessages;
    use crate::kafka::format::TimeUnit;

    fn table(mode: Mode, format: Format, columns: &[(&str, &str)], key: &[usize]) -> TableReader {
        let column = |(name, kind): &(&str, &str)| Column::new(*name, read_column_type(kind).expect("a type"), true);
        let key_format = match (mode, &format) {
            (Mode::Append, _) => Format::Bytes,
            (Mode::Upsert, Format::Debezium) => Format::Debezium,
            (Mode::Upsert, _) => Format::Json,
        };
        let messages = MessageTable {
            name: "t".into(),
            mode,
            format,
            key_format,
            columns: columns.iter().map(column).collect(),
            key: key.to_vec(),
            unit: TimeUnit::default(),
            bad_messages: BadMessages::Table,
        };
        let table = KafkaTable { topic: "topic".into(), messages };
        TableReader::new(&"s".into(), Arc::new(table)).expect("columns that fit")
    }

    fn message(key: Option<&str>, value: Option<&str>) -> OwnedMessage {
        let bytes = |part: Option<&str>| part.map(|part| part.as_bytes().to_vec());
        OwnedMessage::new(bytes(value), bytes(key), "topic".into(), Timestamp::CreateTime(946_684_801_000), 2, 7, None)
    }

    /// The change as text: what it is, and its values up to the message's own columns.
    fn change(reader: &mut TableReader, key: Option<&str>, value: Option<&str>) -> String {
        let text = |row: &Row, to: usize| format!("{:?}", row[..to].to_vec());
        let to = reader.table.messages.columns.len();
        match reader.read(&message(key, value)) {
            Ok(Some(Change::Insert { new, .. })) => format!("insert {}", text(&new, to)),
            Ok(Some(Change::Upsert { new, .. })) => format!("upsert {}", text(&new, to)),
            Ok(Some(Change::Remove { key, .. })) => format!("remove {}", text(&key, key.len())),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_message_of_an_append_table_is_a_row_with_where_it_stood() {
        let mut reader = table(Mode::Append, Format::Json, &[("id", "bigint")], &[]);
        let headers = OwnedHeaders::new()
            .insert(Header { key: "b", value: Some("x\"") })
            .insert(Header { key: "a", value: Some(&[0xffu8][..]) })
            .insert(Header::<&[u8]> { key: "n", value: None });
        let found = reader.read(&message(Some("k"), Some("{\"id\":5}")).replace_headers(Some(headers)));
        let Ok(Some(Change::Insert { table, new })) = found else { panic!("{found:?}") };
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "_partition", "_offset", "_timestamp", "_timestamp_type", "_key", "_headers"]);
        assert_eq!(table.key, [1, 2]);
        let headers = r#"[{"key": "b", "value": "x\""}, {"hex": "ff", "key": "a"}, {"key": "n", "value": null}]"#;
        let expected = [
            Value::Int(5),
            Value::Int(2),
            Value::Int(7),
            Value::Timestamptz(1_000_000),
            Value::text("create"),
            Value::Bytes(b"k".as_slice().into()),
            Value::text(headers),
        ];
        assert_eq!(new[..], expected);
        assert_eq!(change(&mut reader, None, None), "insert [Null]");
    }

    #[test]
    fn a_message_of_an_upsert_table_replaces_the_row_of_its_key_or_takes_it_away() {
        let mut reader = table(Mode::Upsert, Format::Json, &[("v", "text"), ("id", "bigint")], &[1]);
        assert_eq!(change(&mut reader, Some("7"), Some("{\"v\":\"a\",\"id\":9}")), "upsert [Text(\"a\"), Int(7)]");
        let gone = "remove [Null, Int(7), Null, Null, Null, Null, Null, Null]";
        assert_eq!(change(&mut reader, Some("{\"id\":7}"), None), gone);
        for (key, value, reason) in [
            (None, Some("{}"), "has no key"),
            (Some("null"), Some("{}"), "field \"id\" of the key is null"),
            (Some("x"), Some("{}"), "has a key that is not JSON (line 1, column 1)"),
            (Some("7"), Some("{"), "is not whole JSON (line 1, column 1)"),
        ] {
            assert_eq!(change(&mut reader, key, value), reason);
        }
    }

    #[test]
    fn an_envelope_has_the_key_where_the_message_has_none() {
        let mut reader = table(Mode::Upsert, Format::Debezium, &[("id", "bigint"), ("v", "text")], &[0]);
        let created = r#"{"op":"c","after":{"id":7,"v":"a"}}"#;
        let deleted = r#"{"op":"d","before":{"id":7,"v":"a"}}"#;
        let gone = "remove [Int(7), Null, Null, Null, Null, Null, Null, Null]";
        for key in [Some("{\"id\":7}"), None] {
            assert_eq!(change(&mut reader, key, Some(created)), "upsert [Int(7), Text(\"a\")]");
            assert_eq!(change(&mut reader, key, Some(deleted)), gone);
        }
        assert_eq!(change(&mut reader, Some("{\"payload\":{\"id\":7},\"schema\":{}}"), None), gone);
    }

    #[test]
    fn a_bad_message_is_a_row_of_its_own_table_as_it_came() {
        let reader = table(Mode::Append, Format::Json, &[("id", "bigint")], &[]);
        let row = reader.bad_row(&message(None, Some("x")), &BadMessage::new("is not JSON"));
        let Some(Change::Insert { table, new }) = row else { panic!("{row:?}") };
        assert_eq!(table.name.to_string(), "s.public.t_bad");
        assert_eq!(new[3..], [Value::text("is not JSON"), Value::Null, Value::Bytes(b"x".as_slice().into())]);
    }
}
