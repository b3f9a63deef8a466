//! A table over a stream: its shape, and records as changes of it.
//!
//! Behind the declared columns every table has those of the record itself: `_shard`, `_sequence`, `_timestamp` and `_key`.

use std::sync::Arc;

use smol_str::SmolStr;

use super::answer::Record;
use super::config::{KinesisTable, SCHEMA};
use super::sequence::{Sequence, ShardId};
use crate::change::Change;
use crate::kafka::config::Mode;
use crate::kafka::format::{BadMessage, DecodeError, FormatError, MessageRow, MessageRows};
use crate::kafka::micros;
use crate::row::Row;
use crate::schema::{Column, ReplicaIdentity, TableName, TableSchema};
use crate::sql_type::SqlType;
use crate::text::parse_text;
use crate::value::Value;

/// Names of the columns that every table has.
pub const METADATA_COLUMNS: [&str; 4] = ["_shard", "_sequence", "_timestamp", "_key"];
/// In front of records that the Kinesis Producer Library packed together.
/// <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>
const AGGREGATE: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

fn name(source: &SmolStr, table: &str) -> TableName {
    TableName { source: source.clone(), schema: SCHEMA.into(), table: table.into() }
}

/// Shapes of a table, and of that of its bad records.
pub(super) fn schemas(source: &SmolStr, table: &KinesisTable) -> Vec<TableSchema> {
    let bad = table.messages.bad_table().map(|name| bad_schema(source, &name));
    std::iter::once(schema(source, table)).chain(bad).collect()
}

/// Whether rows of the one are rows of the other.
pub(super) fn same_shape(a: &TableSchema, b: &TableSchema) -> bool {
    a.key == b.key && a.columns == b.columns
}

/// Shape of a table.
fn schema(source: &SmolStr, table: &KinesisTable) -> TableSchema {
    let messages = &table.messages;
    let mut columns = messages.columns.clone();
    for place in &messages.key {
        columns[*place].nullable = false;
    }
    let declared = columns.len();
    let types =
        [(SqlType::Text, false), (SqlType::Numeric(None), false), (SqlType::Timestamptz, true), (SqlType::Text, false)];
    columns.extend(METADATA_COLUMNS.into_iter().zip(types).map(|(name, (kind, null))| Column::new(name, kind, null)));
    let key = match messages.mode {
        Mode::Append => vec![declared, declared + 1],
        Mode::Upsert => messages.key.clone(),
    };
    TableSchema { name: name(source, &messages.name), id: 0, columns, key, identity: ReplicaIdentity::Default }
}

/// Shape of the table of bad records.
fn bad_schema(source: &SmolStr, table: &str) -> TableSchema {
    let columns = [
        ("_shard", SqlType::Text, false),
        ("_sequence", SqlType::Numeric(None), false),
        ("_timestamp", SqlType::Timestamptz, true),
        ("reason", SqlType::Text, false),
        ("key", SqlType::Bytea, false),
        ("value", SqlType::Bytea, false),
    ];
    let columns = columns.into_iter().map(|(name, kind, nullable)| Column::new(name, kind, nullable)).collect();
    TableSchema { name: name(source, table), id: 0, columns, key: vec![0, 1], identity: ReplicaIdentity::Default }
}

/// Reads the records of one stream.
pub(super) struct TableReader {
    pub(super) table: Arc<KinesisTable>,
    pub(super) schema: Arc<TableSchema>,
    pub(super) bad: Option<Arc<TableSchema>>,
    rows: MessageRows,
}

impl TableReader {
    pub(super) fn new(source: &SmolStr, table: Arc<KinesisTable>) -> Result<Self, FormatError> {
        let rows = MessageRows::new(&table.messages)?;
        let schema = Arc::new(schema(source, &table));
        let bad = table.messages.bad_table().map(|name| Arc::new(bad_schema(source, &name)));
        Ok(Self { table, schema, bad, rows })
    }

    /// The table, and that of its bad records.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<TableSchema>> {
        std::iter::once(&self.schema).chain(&self.bad)
    }

    /// What a record of this shard changes.
    pub(super) fn read(&mut self, shard: ShardId, record: &Record) -> Result<Change, DecodeError> {
        let table = self.schema.clone();
        let mut values = match self.rows.read(Some(record.key.as_bytes()), value(&record.data)) {
            Ok(MessageRow::Row(values)) => values,
            Ok(MessageRow::Gone(values)) => return Ok(Change::Remove { table, key: self.key_row(&values) }),
            Err(DecodeError::Bad(bad)) if record.data.starts_with(&AGGREGATE) => {
                let reason =
                    format!("{}; it is an aggregate of the Kinesis Producer Library, which is not read", bad.reason);
                return Err(BadMessage::new(reason).into());
            }
            Err(error) => return Err(error),
        };
        if record.key.contains('\0') {
            return Err(BadMessage::new("has a partition key that text cannot hold (U+0000)").into());
        }
        values.extend([shard_text(shard), number(&record.sequence), moment(record), Value::text(record.key.as_str())]);
        let new = values.into();
        Ok(match self.table.messages.mode {
            Mode::Append => Change::Insert { table, new },
            Mode::Upsert => Change::Upsert { table, new },
        })
    }

    fn key_row(&self, values: &[Value]) -> Row {
        let key = &self.table.messages.key;
        let of_key = |place: usize| if key.contains(&place) { values[place].clone() } else { Value::Null };
        (0..self.schema.columns.len()).map(of_key).collect()
    }

    /// The row of a bad record, where the configuration wants it kept.
    pub(super) fn bad_row(&self, shard: ShardId, record: &Record, bad: &BadMessage) -> Option<Change> {
        let table = self.bad.clone()?;
        let new = vec![
            shard_text(shard),
            number(&record.sequence),
            moment(record),
            Value::text(bad.reason.as_str()),
            Value::Bytes(record.key.as_bytes().into()),
            Value::Bytes(record.data.as_slice().into()),
        ];
        Some(Change::Insert { table, new: new.into() })
    }
}

/// A record without data is what a message without a value is elsewhere.
fn value(data: &[u8]) -> Option<&[u8]> {
    (!data.is_empty()).then_some(data)
}

fn shard_text(shard: ShardId) -> Value {
    Value::text(shard.to_string().as_str())
}

fn number(sequence: &Sequence) -> Value {
    parse_text(&SqlType::Numeric(None), sequence.as_str()).expect("digits are a number")
}

fn moment(record: &Record) -> Value {
    record.arrived.map_or(Value::Null, |millis| Value::Timestamptz(micros(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::column::read_column_type;
    use crate::kafka::config::BadMessages;
    use crate::kafka::format::{Format, MessageTable, TimeUnit};

    fn reader(mode: Mode, columns: &[(&str, &str)], key: &[usize]) -> TableReader {
        let column = |(name, kind): &(&str, &str)| Column::new(*name, read_column_type(kind).expect("a type"), true);
        let messages = MessageTable {
            name: "t".into(),
            mode,
            format: Format::Json,
            key_format: Format::Json,
            columns: columns.iter().map(column).collect(),
            key: key.to_vec(),
            unit: TimeUnit::default(),
            bad_messages: BadMessages::Table,
        };
        let table = KinesisTable { stream: "stream".into(), messages };
        TableReader::new(&"s".into(), Arc::new(table)).expect("columns that fit")
    }

    fn record(key: &str, data: &[u8]) -> Record {
        let sequence = Sequence::read("49543463076548007577105092703039560359975228518395019266").expect("digits");
        Record { sequence, key: key.into(), data: data.to_vec(), arrived: Some(946_684_801_250) }
    }

    #[test]
    fn a_record_of_an_append_table_is_a_row_with_where_it_stood() {
        let mut reader = reader(Mode::Append, &[("id", "bigint")], &[]);
        let found = reader.read(ShardId(3), &record("k", b"{\"id\":5}"));
        let Ok(Change::Insert { table, new }) = found else { panic!("{found:?}") };
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(
            (&names[..], &table.key[..]),
            (&["id", "_shard", "_sequence", "_timestamp", "_key"][..], &[1, 2][..])
        );
        let Value::Numeric(sequence) = &new[2] else { panic!("{new:?}") };
        assert_eq!(sequence.to_string(), "49543463076548007577105092703039560359975228518395019266");
        assert_eq!(new[..2], [Value::Int(5), Value::text("shardId-000000000003")]);
        assert_eq!(new[3..], [Value::Timestamptz(1_250_000), Value::text("k")]);
    }

    #[test]
    fn a_record_of_an_upsert_table_replaces_the_row_of_its_partition_key_and_one_without_data_takes_it_away() {
        let mut reader = reader(Mode::Upsert, &[("v", "text"), ("id", "bigint")], &[1]);
        let Ok(Change::Upsert { new, .. }) = reader.read(ShardId(0), &record("7", b"{\"v\":\"a\"}")) else {
            panic!("an upsert")
        };
        assert_eq!(new[..2], [Value::text("a"), Value::Int(7)]);
        let Ok(Change::Remove { key, .. }) = reader.read(ShardId(0), &record("7", b"")) else { panic!("a removal") };
        assert_eq!(key[..2], [Value::Null, Value::Int(7)]);
    }

    #[test]
    fn a_bad_record_is_a_row_of_its_own_table_as_it_came_and_an_aggregate_is_called_one() {
        let mut reader = reader(Mode::Append, &[("id", "bigint")], &[]);
        let packed = record("k", &[&AGGREGATE[..], b"more"].concat());
        let Err(DecodeError::Bad(bad)) = reader.read(ShardId(1), &packed) else { panic!("a bad record") };
        assert!(bad.reason.contains("Kinesis Producer Library"), "{}", bad.reason);
        let Some(Change::Insert { table, new }) = reader.bad_row(ShardId(1), &packed, &bad) else { panic!("a row") };
        assert_eq!((table.name.to_string().as_str(), new.len()), ("s.public.t_bad", 6));
        assert_eq!(new[4..], [Value::Bytes(b"k".as_slice().into()), Value::Bytes(packed.data.as_slice().into())]);
    }
}
