//! The message type of a view's rows, and rows as its bytes.
//!
//! | column | Protobuf |
//! |---|---|
//! | `boolean`, `real`, `double precision`, `bytea` | `bool`, `float`, `double`, `bytes` |
//! | `smallint`, `integer`; `bigint`; `oid` | `int32`; `int64`; `uint32` |
//! | `timestamptz` | `google.protobuf.Timestamp` |
//! | arrays | `repeated` of what the elements are |
//! | all others | `string`, as Postgres prints it |
//!
//! Field numbers are the columns' places, from 1. A column that may be null is `optional`.

use super::super::encode_error::{EncodeError, INFINITE, NESTED, NULL, NULL_ELEMENT, OUT_OF_RANGE};
use super::super::names::{identifier, sanitised};
use crate::kafka::varint;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::calendar::UNIX_EPOCH_MICROS;
use crate::text::write_text;
use crate::value::{Array, Value};

const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const PREFIXED: u64 = 2;
const FOUR_BYTES: u64 = 5;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// Moments of `google.protobuf.Timestamp`, in seconds since 1970: the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Writes rows of these columns.
#[derive(Clone, Debug)]
pub struct ProtobufRows {
    columns: Vec<Column>,
    schema: String,
}

impl ProtobufRows {
    /// For rows of `columns`; `name` is that of the message type, with its package in front where it has dots.
    pub fn new(name: &str, columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), schema: proto(name, columns) }
    }

    /// The `.proto` text.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Appends a row without anything in front of it; `values` in the order of the columns.
    pub fn write<'v>(&self, out: &mut Vec<u8>, values: impl IntoIterator<Item = &'v Value>) -> Result<(), EncodeError> {
        for ((column, value), number) in self.columns.iter().zip(values).zip(1..) {
            let failed = |reason| EncodeError { column: column.name.clone(), reason };
            match value {
                Value::Null if column.nullable => {}
                Value::Null => return Err(failed(NULL)),
                Value::Array(array) => put_array(out, number, (&column.sql_type, array)).map_err(failed)?,
                value if !column.nullable && is_zero(value) => {}
                value => put(out, number, &column.sql_type, value).map_err(failed)?,
            }
        }
        Ok(())
    }
}

fn proto(name: &str, columns: &[Column]) -> String {
    let (package, name) = name.rsplit_once('.').unwrap_or(("", name));
    let package: Vec<String> = package.split('.').filter(|part| !part.is_empty()).map(identifier).collect();
    let mut text = String::from("syntax = \"proto3\";\n");
    if !package.is_empty() {
        text.push_str(&format!("package {};\n", package.join(".")));
    }
    let has_moment = |column: &Column| proto_type(&column.sql_type).contains(TIMESTAMP);
    if columns.iter().any(has_moment) {
        text.push_str("import \"google/protobuf/timestamp.proto\";\n");
    }
    text.push_str(&format!("\nmessage {} {{\n", identifier(name)));
    for ((column, name), number) in columns.iter().zip(sanitised(columns)).zip(1..) {
        let written = proto_type(&column.sql_type);
        let optional = column.nullable && !matches!(column.sql_type, SqlType::Array(_)) && written != TIMESTAMP;
        text.push_str(&format!("  {}{written} {name} = {number};\n", if optional { "optional " } else { "" }));
    }
    text.push_str("}\n");
    text
}

const TIMESTAMP: &str = "google.protobuf.Timestamp";

fn proto_type(sql_type: &SqlType) -> String {
    match sql_type {
        SqlType::Bool => "bool".into(),
        SqlType::Int2 | SqlType::Int4 => "int32".into(),
        SqlType::Int8 => "int64".into(),
        SqlType::Oid => "uint32".into(),
        SqlType::Float4 => "float".into(),
        SqlType::Float8 => "double".into(),
        SqlType::Bytea => "bytes".into(),
        SqlType::Timestamptz => TIMESTAMP.into(),
        SqlType::Array(element) => format!("repeated {}", proto_type(element)),
        _ => "string".into(),
    }
}

fn put(out: &mut Vec<u8>, number: u64, sql_type: &SqlType, value: &Value) -> Result<(), &'static str> {
    varint::put(out, number << 3 | wire_type(sql_type));
    put_value(out, sql_type, value)
}

/// Numbers stand in one piece, all else one by one.
fn put_array(out: &mut Vec<u8>, number: u64, (sql_type, array): (&SqlType, &Array)) -> Result<(), &'static str> {
    let SqlType::Array(element) = sql_type else { return Err(NESTED) };
    if !matches!(array.dimensions[..], [] | [(_, 1)]) {
        return Err(NESTED);
    }
    if wire_type(element) == PREFIXED || array.elements.is_empty() {
        return array.elements.iter().try_for_each(|value| put(out, number, element, value));
    }
    let mut packed = Vec::new();
    array.elements.iter().try_for_each(|value| put_value(&mut packed, element, value))?;
    varint::put(out, number << 3 | PREFIXED);
    put_bytes(out, &packed);
    Ok(())
}

fn wire_type(sql_type: &SqlType) -> u64 {
    match sql_type {
        SqlType::Bool | SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid => VARINT,
        SqlType::Float4 => FOUR_BYTES,
        SqlType::Float8 => EIGHT_BYTES,
        _ => PREFIXED,
    }
}

fn put_value(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Null => return Err(NULL_ELEMENT),
        Value::Array(_) => return Err(NESTED),
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::Int(value) => varint::put(out, *value as u64),
        Value::Float(value) if *sql_type == SqlType::Float4 => out.extend((*value as f32).to_le_bytes()),
        Value::Float(value) => out.extend(value.to_le_bytes()),
        Value::Timestamptz(micros) => put_bytes(out, &timestamp(*micros)?),
        Value::Bytes(bytes) => put_bytes(out, bytes),
        other => {
            let mut text = String::new();
            write_text(&mut text, sql_type, other);
            put_bytes(out, text.as_bytes());
        }
    }
    Ok(())
}

/// What a field that is not there says where it cannot be null.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Float(value) => value.to_bits() == 0,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        _ => false,
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Seconds and nanoseconds, which are counted upwards also before 1970.
fn timestamp(micros: i64) -> Result<Vec<u8>, &'static str> {
    if matches!(micros, i64::MIN | i64::MAX) {
        return Err(INFINITE);
    }
    let micros = micros.checked_add(UNIX_EPOCH_MICROS).ok_or(OUT_OF_RANGE)?;
    let (seconds, rest) = (micros.div_euclid(MICROS_PER_SECOND), micros.rem_euclid(MICROS_PER_SECOND));
    if !SECONDS.contains(&seconds) {
        return Err(OUT_OF_RANGE);
    }
    let mut out = Vec::new();
    for (number, part) in [(1, seconds), (2, rest * 1_000)] {
        if part != 0 {
            varint::put(&mut out, number << 3 | VARINT);
            varint::put(&mut out, part as u64);
        }
    }
    Ok(out)
}
