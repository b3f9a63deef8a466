//! Any value to text.

use std::fmt::{self, Write};

use crate::sql_type::SqlType;
use crate::value::Value;

use super::{array, bytea, datetime, float, interval};

/// Appends the value as Postgres' output function prints it. Null prints nothing; callers decide what null looks like.
pub fn write_text(out: &mut String, sql_type: &SqlType, value: &Value) {
    write_value(out, sql_type, value).expect("writing to a string does not fail");
}

/// The same to any writer.
pub(crate) fn write_value<W: Write>(out: &mut W, sql_type: &SqlType, value: &Value) -> fmt::Result {
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => out.write_char(if *value { 't' } else { 'f' }),
        Value::Int(value) => write_integer(out, *value),
        Value::Float(value) if *sql_type == SqlType::Float4 => float::write_float4(out, *value as f32),
        Value::Float(value) => float::write_float8(out, *value),
        Value::Numeric(value) => write!(out, "{value}"),
        Value::Text(text) => out.write_str(text),
        Value::Bytes(bytes) => bytea::write_hex(out, bytes),
        Value::Date(days) => datetime::write_date(out, *days),
        Value::Time(micros) => datetime::write_time(out, *micros),
        Value::Timestamp(micros) => datetime::write_timestamp(out, *micros, datetime::DateStyle::SPACE),
        Value::Timestamptz(micros) => datetime::write_timestamp(out, *micros, datetime::DateStyle::SPACE_UTC),
        Value::Interval(value) => interval::write_interval(out, *value),
        Value::Uuid(value) => write_uuid(out, *value),
        Value::Array(value) => array::write_array(out, sql_type, value),
    }
}

/// Decimal digits without the machinery of `format!`.
pub(super) fn write_integer<W: Write>(out: &mut W, value: i64) -> fmt::Result {
    if value < 0 {
        out.write_char('-')?;
    }
    write_digits(out, value.unsigned_abs(), 1)
}

/// Digits, filled up with zeros on the left.
pub(super) fn write_digits<W: Write>(out: &mut W, mut value: u64, width: usize) -> fmt::Result {
    let mut buffer = [b'0'; 20];
    let mut start = buffer.len();
    while value > 0 {
        start -= 1;
        buffer[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let start = start.min(buffer.len() - width);
    out.write_str(ascii(&buffer[start..]))
}

pub(super) fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("only ASCII was put in")
}

fn write_uuid<W: Write>(out: &mut W, value: u128) -> fmt::Result {
    let mut buffer = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in value.to_be_bytes().into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        buffer[at..at + 2].copy_from_slice(&bytea::hex_pair(byte));
        at += 2;
    }
    out.write_str(ascii(&buffer))
}
