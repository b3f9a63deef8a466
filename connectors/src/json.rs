//! Rows as JSON, one line each.
//!
//! | SQL | JSON |
//! |---|---|
//! | `smallint`, `integer`, `oid`, `bigint` within ±2^53 | number |
//! | `bigint` beyond ±2^53 | string: readers that keep doubles would round it |
//! | `numeric` | string, always, with its scale: `"12.50"`, `"NaN"` |
//! | `real`, `double precision` | number in Postgres' shortest exact form; `NaN` and infinities are strings |
//! | `boolean` | `true`, `false` |
//! | `timestamptz` | RFC 3339 in UTC: `"2013-01-01T10:00:00.5Z"` |
//! | `timestamp`, `date`, `time` | `"2013-01-01T10:00:00"`, `"2013-01-01"`, `"10:00:00"` |
//! | `json`, `jsonb` | embedded as they are; line breaks between tokens become blanks |
//! | arrays | arrays, nested by dimension; lower bounds are not told |
//! | `bytea`, `uuid`, `interval`, enums, text, others | string as Postgres prints them |
//!
//! Infinite dates are `"infinity"` and `"-infinity"`; dates before Christ end in ` BC` as Postgres' own JSON does.

use std::fmt::{self, Write};

use crate::row::Row;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::{self, DateStyle};
use crate::value::{Array, Value};

/// Largest integer below which every integer is a double.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// Appends `{"column":value,...}`.
pub fn write_row(out: &mut Vec<u8>, columns: &[Column], row: &Row) {
    write_object(out, columns.iter().zip(row.iter()));
}

/// Appends `{"column":value,...}` of some columns.
pub fn write_object<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = (&'a Column, &'a Value)>) {
    out.push(b'{');
    for (index, (column, value)) in fields.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, &column.name);
        out.push(b':');
        write_value(out, &column.sql_type, value);
    }
    out.push(b'}');
}

/// Appends one value.
pub fn write_value(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) if number.unsigned_abs() <= EXACT_INTEGER_MAX => write_plain(out, sql_type, value),
        Value::Float(number) if number.is_finite() => write_plain(out, sql_type, value),
        Value::Text(text) if matches!(sql_type, SqlType::Json | SqlType::Jsonb) => embed(out, text),
        Value::Text(text) => write_string(out, text),
        Value::Array(array) => write_array(out, (sql_type, array), &write_value),
        _ => {
            // Nothing in these forms needs escaping, except bytea's backslash.
            out.push(b'"');
            write_quoted(out, sql_type, value);
            out.push(b'"');
        }
    }
}

/// Bytes as a text writer.
struct Bytes<'a>(&'a mut Vec<u8>);

impl Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn write_plain(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) {
    text::write_value(&mut Bytes(out), sql_type, value).expect("writing to a vector does not fail");
}

fn write_quoted(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) {
    match value {
        Value::Timestamp(micros) => text::write_timestamp(&mut Bytes(out), *micros, DateStyle::RFC3339)
            .expect("writing to a vector does not fail"),
        Value::Timestamptz(micros) => text::write_timestamp(&mut Bytes(out), *micros, DateStyle::RFC3339_UTC)
            .expect("writing to a vector does not fail"),
        Value::Bytes(_) => {
            out.push(b'\\');
            write_plain(out, sql_type, value);
        }
        _ => write_plain(out, sql_type, value),
    }
}

/// A JSON document. Its strings hold no raw control characters, so a line break can only stand between tokens.
fn embed(out: &mut Vec<u8>, document: &str) {
    if document.is_empty() {
        out.extend_from_slice(b"null");
        return;
    }
    out.extend(document.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

/// Writes one value.
pub(crate) type WriteValue<'w> = &'w dyn Fn(&mut Vec<u8>, &SqlType, &Value);

/// Appends an array, nested by dimension, with elements as `write` has them.
pub(crate) fn write_array(out: &mut Vec<u8>, (sql_type, array): (&SqlType, &Array), write: WriteValue<'_>) {
    let element_type = match sql_type {
        SqlType::Array(element) => element,
        other => other,
    };
    if array.elements.is_empty() {
        out.extend_from_slice(b"[]");
        return;
    }
    write_dimension(out, &array.dimensions, &array.elements, &|out, element| write(out, element_type, element));
}

fn write_dimension(
    out: &mut Vec<u8>,
    dimensions: &[(u32, i32)],
    elements: &[Value],
    write: &dyn Fn(&mut Vec<u8>, &Value),
) {
    let Some((&(length, _), inner)) = dimensions.split_first() else {
        elements.iter().for_each(|element| write(out, element));
        return;
    };
    let size = (elements.len() / (length as usize).max(1)).max(1);
    out.push(b'[');
    for (index, part) in elements.chunks(size).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_dimension(out, inner, part, write);
    }
    out.push(b']');
}

/// Appends a JSON string as Postgres and MySQL print it.
pub fn print_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a JSON string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut kept = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[kept..index]);
        kept = index + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::text::parse_text;

    fn json(sql_type: &SqlType, text: &str) -> String {
        let mut out = Vec::new();
        write_value(&mut out, sql_type, &parse_text(sql_type, text).expect("a value"));
        let out = String::from_utf8(out).expect("JSON is UTF-8");
        serde_json::from_str::<serde_json::Value>(&out).expect("JSON that a reader understands");
        out
    }

    #[test]
    fn numbers_that_readers_would_round_are_strings() {
        assert_eq!(json(&SqlType::Int8, "9007199254740992"), "9007199254740992");
        assert_eq!(json(&SqlType::Int8, "-9007199254740993"), "\"-9007199254740993\"");
        assert_eq!(json(&SqlType::Numeric(None), "12.50"), "\"12.50\"");
        assert_eq!(json(&SqlType::Float8, "1e16"), "1e+16");
        assert_eq!(json(&SqlType::Float4, "0.1"), "0.1");
        assert_eq!(json(&SqlType::Float8, "NaN"), "\"NaN\"");
        assert_eq!(json(&SqlType::Float8, "-Infinity"), "\"-Infinity\"");
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(json(&SqlType::Timestamptz, "2013-01-01 10:00:00.5+02"), "\"2013-01-01T08:00:00.5Z\"");
        assert_eq!(json(&SqlType::Timestamp, "2013-01-01 10:00"), "\"2013-01-01T10:00:00\"");
        assert_eq!(json(&SqlType::Timestamptz, "infinity"), "\"infinity\"");
        assert_eq!(json(&SqlType::Timestamptz, "0044-03-15 00:00+00 BC"), "\"0044-03-15T00:00:00Z BC\"");
        assert_eq!(json(&SqlType::Date, "2013-01-01"), "\"2013-01-01\"");
        assert_eq!(json(&SqlType::Interval, "1 day"), "\"1 day\"");
    }

    #[test]
    fn documents_are_embedded_on_one_line() {
        assert_eq!(json(&SqlType::Json, "{\"a\":\n [1.10]}"), "{\"a\":  [1.10]}");
        let documents = SqlType::Array(Box::new(SqlType::Jsonb));
        assert_eq!(json(&documents, "{\"{\\\"a\\\": 1}\",NULL}"), "[{\"a\": 1},null]");
    }

    #[test]
    fn arrays_nest_by_dimension() {
        let integers = SqlType::Array(Box::new(SqlType::Int4));
        assert_eq!(json(&integers, "{}"), "[]");
        assert_eq!(json(&integers, "[0:1]={1,NULL}"), "[1,null]");
        assert_eq!(json(&integers, "{{{1,2}},{{3,4}}}"), "[[[1,2]],[[3,4]]]");
    }

    #[test]
    fn strings_and_names_are_escaped() {
        let columns = [Column::new("a\"b", SqlType::Text, true), Column::new("raw", SqlType::Bytea, true)];
        let row = Row::from(vec![Value::text("\u{1}\n\\ é\u{7f}"), Value::Bytes(Arc::new([0, 255]))]);
        let mut out = Vec::new();
        write_row(&mut out, &columns, &row);
        let out = String::from_utf8(out).expect("JSON is UTF-8");
        assert_eq!(out, "{\"a\\\"b\":\"\\u0001\\n\\\\ é\u{7f}\",\"raw\":\"\\\\x00ff\"}");
        serde_json::from_str::<serde_json::Value>(&out).expect("JSON that a reader understands");
    }
}
