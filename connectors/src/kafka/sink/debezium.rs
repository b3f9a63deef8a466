//! Values as Debezium's connectors write them with the JSON converter and `schemas.enable=false`:
//! <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types>, with
//! `decimal.handling.mode=string` and `interval.handling.mode=string`.
//!
//! | SQL | JSON |
//! |---|---|
//! | `smallint`, `integer`, `bigint`, `oid` | number |
//! | `real`, `double precision` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `numeric`, `interval` | string |
//! | `date` | days since 1970 (`io.debezium.time.Date`) |
//! | `time` | microseconds (`io.debezium.time.MicroTime`) |
//! | `timestamp` | microseconds since 1970 (`io.debezium.time.MicroTimestamp`) |
//! | `timestamptz` | `"2018-06-20T13:37:03.5Z"` (`io.debezium.time.ZonedTimestamp`) |
//! | `bytea` | base64 |
//! | `json`, `jsonb` | string (`io.debezium.data.Json`) |
//! | arrays | arrays |
//! | others | string |

use std::fmt::Write;

use serde_json::Value as Json;

use crate::json;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text;
use crate::value::Value;

/// From 1970 to the beginning of dates here.
const DAYS_TO_2000: i64 = 10_957;
const MICROS_TO_2000: i64 = DAYS_TO_2000 * 86_400 * 1_000_000;

/// Appends `{"column":value,...}` for the columns at `chosen`.
pub(super) fn write_object<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = (&'a Column, &'a Value)>) {
    out.push(b'{');
    for (index, (column, value)) in fields.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::write_string(out, &column.name);
        out.push(b':');
        write_value(out, &column.sql_type, value);
    }
    out.push(b'}');
}

fn write_value(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) {
    match value {
        Value::Int(number) => plain(out, *number),
        Value::Date(days @ (i32::MIN | i32::MAX)) => plain(out, i64::from(*days)),
        Value::Date(days) => plain(out, i64::from(*days) + DAYS_TO_2000),
        Value::Time(micros) => plain(out, *micros),
        Value::Timestamp(forever @ (i64::MIN | i64::MAX)) => plain(out, *forever),
        Value::Timestamp(micros) => plain(out, micros.saturating_add(MICROS_TO_2000)),
        Value::Bytes(bytes) => {
            out.push(b'"');
            write_base64(out, bytes);
            out.push(b'"');
        }
        Value::Text(text) => json::write_string(out, text),
        Value::Array(array) => json::write_array(out, (sql_type, array), write_value),
        Value::Interval(_) | Value::Numeric(_) | Value::Uuid(_) => {
            let mut quoted = String::new();
            text::write_text(&mut quoted, sql_type, value);
            json::write_string(out, &quoted);
        }
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Timestamptz(_) => {
            json::write_value(out, sql_type, value)
        }
    }
}

/// Reads back what is not spelled as the database spells it.
pub(super) fn read_value(sql_type: &SqlType, json: &Json) -> Option<Value> {
    let number = || json.as_i64();
    match sql_type {
        SqlType::Date => match i32::try_from(number()?).ok()? {
            days @ (i32::MIN | i32::MAX) => Some(Value::Date(days)),
            days => Some(Value::Date(days.checked_sub(DAYS_TO_2000 as i32)?)),
        },
        SqlType::Time => Some(Value::Time(number()?)),
        SqlType::Timestamp => match number()? {
            forever @ (i64::MIN | i64::MAX) => Some(Value::Timestamp(forever)),
            micros => Some(Value::Timestamp(micros.checked_sub(MICROS_TO_2000)?)),
        },
        SqlType::Bytea => read_base64(json.as_str()?).map(|bytes| Value::Bytes(bytes.into())),
        _ => None,
    }
}

fn plain(out: &mut Vec<u8>, number: i64) {
    let mut text = String::new();
    write!(text, "{number}").expect("writing to a string does not fail");
    out.extend_from_slice(text.as_bytes());
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, with padding.
fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let sextet = (bits >> (18 - 6 * digit)) & 63;
            out.push(if digit <= chunk.len() { DIGITS[sextet as usize] } else { b'=' });
        }
    }
}

fn read_base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for digit in text.bytes().filter(|digit| *digit != b'=') {
        bits = bits << 6 | DIGITS.iter().position(|known| *known == digit)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse_text;

    fn written(sql_type: &SqlType, text: &str) -> String {
        let mut out = Vec::new();
        write_value(&mut out, sql_type, &parse_text(sql_type, text).expect("a value"));
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    /// The examples of Debezium's documentation, and of the RFC.
    #[test]
    fn values_are_written_as_debezium_documents_them() {
        assert_eq!(written(&SqlType::Int8, "9223372036854775807"), "9223372036854775807");
        assert_eq!(written(&SqlType::Timestamp, "2018-06-20 15:13:16.945104"), "1529507596945104");
        assert_eq!(written(&SqlType::Timestamptz, "2018-06-20 15:13:16.945104+02"), "\"2018-06-20T13:13:16.945104Z\"");
        assert_eq!(written(&SqlType::Date, "1970-01-11"), "10");
        assert_eq!(written(&SqlType::Time, "00:00:01.5"), "1500000");
        assert_eq!(written(&SqlType::Numeric(None), "12.50"), "\"12.50\"");
        assert_eq!(written(&SqlType::Jsonb, "{\"a\": 1}"), "\"{\\\"a\\\": 1}\"");
        for (text, base64) in [("", ""), ("\\x66", "Zg=="), ("\\x666f", "Zm8="), ("\\x666f6f62", "Zm9vYg==")] {
            assert_eq!(written(&SqlType::Bytea, text), format!("\"{base64}\""));
        }
        assert_eq!(written(&SqlType::Array(Box::new(SqlType::Date)), "{1970-01-02,NULL}"), "[1,null]");
    }
}
