//! Rows as bytes of the schema that [`super::record_schema`] derives from their columns.

use crate::kafka::varint;
use crate::numeric::Numeric;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::calendar::{UNIX_EPOCH_DAYS, UNIX_EPOCH_MICROS};
use crate::text::write_text;
use crate::value::{Array, Value};

use super::super::encode_error::{EncodeError, INFINITE, NESTED, NOT_DECLARED, NULL, OUT_OF_RANGE};
use super::record_schema::{decimal, record_schema};

/// Writes rows of these columns.
#[derive(Clone, Debug)]
pub struct AvroRows {
    columns: Vec<Column>,
    schema: String,
}

impl AvroRows {
    /// For rows of `columns`; `name` is that of the record.
    pub fn new(name: &str, columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), schema: record_schema(name, columns) }
    }

    /// The schema's text.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Appends a row without anything in front of it; `values` in the order of the columns.
    pub fn write<'v>(&self, out: &mut Vec<u8>, values: impl IntoIterator<Item = &'v Value>) -> Result<(), EncodeError> {
        for (column, value) in self.columns.iter().zip(values) {
            let failed = |reason| EncodeError { column: column.name.clone(), reason };
            match (column.nullable, value) {
                (true, Value::Null) => out.push(BRANCH_NULL),
                (true, _) => {
                    out.push(BRANCH_VALUE);
                    put(out, &column.sql_type, value).map_err(failed)?;
                }
                (false, Value::Null) => return Err(failed(NULL)),
                (false, _) => put(out, &column.sql_type, value).map_err(failed)?,
            }
        }
        Ok(())
    }
}

/// Place 0 in a union.
const BRANCH_NULL: u8 = 0;
/// Place 1.
const BRANCH_VALUE: u8 = 2;

fn put(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::Int(value) => varint::put_signed(out, *value),
        Value::Float(value) if *sql_type == SqlType::Float4 => out.extend((*value as f32).to_le_bytes()),
        Value::Float(value) => out.extend(value.to_le_bytes()),
        Value::Bytes(bytes) => put_bytes(out, bytes),
        Value::Text(text) => put_bytes(out, text.as_bytes()),
        Value::Date(i32::MIN | i32::MAX) => return Err(INFINITE),
        Value::Date(days) => {
            let days = i32::try_from(i64::from(*days) + UNIX_EPOCH_DAYS).map_err(|_| OUT_OF_RANGE)?;
            varint::put_signed(out, days.into());
        }
        Value::Time(micros) => varint::put_signed(out, *micros),
        Value::Timestamp(i64::MIN | i64::MAX) | Value::Timestamptz(i64::MIN | i64::MAX) => return Err(INFINITE),
        Value::Timestamp(micros) | Value::Timestamptz(micros) => {
            varint::put_signed(out, micros.checked_add(UNIX_EPOCH_MICROS).ok_or(OUT_OF_RANGE)?);
        }
        Value::Numeric(number) => match sql_type {
            SqlType::Numeric(declared) if decimal(*declared).is_some() => put_decimal(out, number, *declared)?,
            _ => put_text(out, sql_type, value),
        },
        Value::Array(array) => put_array(out, sql_type, array)?,
        Value::Null | Value::Interval(_) | Value::Uuid(_) => put_text(out, sql_type, value),
    }
    Ok(())
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::put_signed(out, bytes.len() as i64);
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) {
    let mut text = String::new();
    write_text(&mut text, sql_type, value);
    put_bytes(out, text.as_bytes());
}

fn put_decimal(out: &mut Vec<u8>, number: &Numeric, declared: Option<(u16, i16)>) -> Result<(), &'static str> {
    let (precision, scale) = decimal(declared).ok_or(NOT_DECLARED)?;
    if !number.is_finite() {
        return Err(INFINITE);
    }
    let held = number.apply_modifier(precision, scale).map_err(|_| NOT_DECLARED)?;
    if !held.numeric_eq(number) {
        return Err(NOT_DECLARED);
    }
    let (digits, _) = held.to_parts().ok_or(INFINITE)?;
    put_bytes(out, &digits.to_signed_bytes_be());
    Ok(())
}

/// One block, and the end.
fn put_array(out: &mut Vec<u8>, sql_type: &SqlType, array: &Array) -> Result<(), &'static str> {
    let SqlType::Array(element) = sql_type else { return Err(NESTED) };
    if !matches!(array.dimensions[..], [] | [(_, 1)]) {
        return Err(NESTED);
    }
    if !array.elements.is_empty() {
        varint::put_signed(out, array.elements.len() as i64);
    }
    for value in &array.elements {
        match value {
            Value::Null => out.push(BRANCH_NULL),
            value => {
                out.push(BRANCH_VALUE);
                put(out, element, value)?;
            }
        }
    }
    varint::put_signed(out, 0);
    Ok(())
}
