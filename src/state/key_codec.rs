//! Keys as bytes: comparing the bytes compares the values as SQL does (text by code point, as collation `C`).
//!
//! Values that SQL holds equal (numeric `1.0` and `1.00`, also within jsonb, `-0.0` and `0.0`, intervals of one length,
//! `char(n)` with and without trailing blanks) have one encoding. Nulls come last and equal each other. No encoding of a value is a
//! prefix of another one of its type, so the encodings of several columns are concatenated and compare column by
//! column, and a prefix of key columns is a range of keys. Keys are never decoded: the row is stored beside them.
//! Any change here is a new format of the state directory.

use num_traits::Zero as _;
use tailwater_connectors::{Array, EnumType, Interval, SqlType, Value};

use super::StateError;
use super::key_jsonb::encode_jsonb;
use super::key_numeric::encode_numeric;

const PRESENT: u8 = 0x01;
const NULL: u8 = 0x02;
const ARRAY_END: u8 = 0x00;
const SIGN: u64 = 1 << 63;

/// Appends the key made of `values`, whose types are `types`.
pub fn encode_key(out: &mut Vec<u8>, types: &[SqlType], values: &[Value]) -> Result<(), StateError> {
    if types.len() != values.len() {
        return Err(StateError::key(format!("{} key columns, {} values", types.len(), values.len())));
    }
    types.iter().zip(values).try_for_each(|(sql_type, value)| encode_value(out, sql_type, value))
}

/// Appends the encoding of one key column.
pub fn encode_value(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) -> Result<(), StateError> {
    if value.is_null() {
        out.push(NULL);
        return Ok(());
    }
    out.push(PRESENT);
    match (sql_type, value) {
        (SqlType::Bool, Value::Bool(value)) => out.push(u8::from(*value)),
        (SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid, Value::Int(value)) => encode_i64(out, *value),
        (SqlType::Float4 | SqlType::Float8, Value::Float(value)) => encode_float(out, *value),
        (SqlType::Numeric(_), Value::Numeric(value)) => encode_numeric(out, value),
        (SqlType::Bpchar, Value::Text(value)) => encode_bytes(out, value.trim_end_matches(' ').as_bytes()),
        (SqlType::Enum(enumeration), Value::Text(label)) => encode_label(out, enumeration, label)?,
        (SqlType::Text | SqlType::Json | SqlType::Other(_) | SqlType::Unknown, Value::Text(value)) => {
            encode_bytes(out, value.as_bytes())
        }
        (SqlType::Jsonb, Value::Text(document)) => encode_jsonb(out, document)?,
        (SqlType::Bytea, Value::Bytes(value)) => encode_bytes(out, value),
        (SqlType::Date, Value::Date(days)) => out.extend((*days as u32 ^ 1 << 31).to_be_bytes()),
        (SqlType::Time, Value::Time(micros))
        | (SqlType::Timestamp, Value::Timestamp(micros))
        | (SqlType::Timestamptz, Value::Timestamptz(micros)) => encode_i64(out, *micros),
        (SqlType::Interval, Value::Interval(interval)) => encode_interval(out, interval),
        (SqlType::Uuid, Value::Uuid(value)) => out.extend(value.to_be_bytes()),
        (SqlType::Array(element), Value::Array(array)) => encode_array(out, element, array)?,
        (sql_type, _) => return Err(StateError::key(format!("a value is not of its column's type {sql_type}"))),
    }
    Ok(())
}

fn encode_i64(out: &mut Vec<u8>, value: i64) {
    out.extend((value as u64 ^ SIGN).to_be_bytes());
}

/// All NaN are one and greater than infinity, as in Postgres.
fn encode_float(out: &mut Vec<u8>, value: f64) {
    let bits = match value {
        value if value.is_nan() => u64::MAX >> 1,
        value if value.is_zero() => 0,
        value => value.to_bits(),
    };
    let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    out.extend(ordered.to_be_bytes());
}

/// Zero bytes are followed by 0xFF, the end is two zero bytes: a string sorts before its continuations.
pub(super) fn encode_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    for (index, part) in bytes.split(|&byte| byte == 0).enumerate() {
        if index > 0 {
            out.extend([0x00, 0xFF]);
        }
        out.extend_from_slice(part);
    }
    out.extend([0x00, 0x00]);
}

fn encode_label(out: &mut Vec<u8>, enumeration: &EnumType, label: &str) -> Result<(), StateError> {
    let position = enumeration.labels.iter().position(|known| known == label).ok_or_else(|| {
        StateError::key(format!("enum {} has a label that is not in its catalog entry", enumeration.name))
    })?;
    out.extend((position as u32).to_be_bytes());
    Ok(())
}

/// Postgres compares intervals by length, with 30 days a month and 24 hours a day.
fn encode_interval(out: &mut Vec<u8>, interval: &Interval) {
    const DAY: i128 = 86_400_000_000;
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    let micros = days * DAY + i128::from(interval.micros);
    out.extend((micros as u128 ^ 1 << 127).to_be_bytes());
}

/// Elements first, then their number, then the dimensions: the order of Postgres' `array_cmp`.
fn encode_array(out: &mut Vec<u8>, element: &SqlType, array: &Array) -> Result<(), StateError> {
    let dimensions = u8::try_from(array.dimensions.len())
        .map_err(|_| StateError::key(format!("an array has {} dimensions", array.dimensions.len())))?;
    array.elements.iter().try_for_each(|value| encode_value(out, element, value))?;
    out.push(ARRAY_END);
    out.push(dimensions);
    array.dimensions.iter().for_each(|(length, _)| out.extend(length.to_be_bytes()));
    array.dimensions.iter().for_each(|(_, lower)| out.extend((*lower as u32 ^ 1 << 31).to_be_bytes()));
    Ok(())
}

/// The least byte string greater than every string that starts with `prefix`; `None` when there is none.
pub(super) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xFF)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests;
