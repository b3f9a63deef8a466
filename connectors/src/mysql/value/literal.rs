//! Values as SQL.

use std::fmt::Write;

use super::moment::ZeroDates;
use super::mysql_type::MysqlType;
use crate::sql_type::SqlType;
use crate::text::write_text;
use crate::value::Value;

/// A value of a column of this type. Text is given by its bytes, so that nothing in it can end it.
pub(super) fn of(mysql_type: &MysqlType, value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(bit) => format!("b'{}'", u8::from(*bit)),
        Value::Int(number) => number.to_string(),
        Value::Numeric(number) => number.to_string(),
        // With an exponent, so that it is not taken for a decimal.
        Value::Float(number) => format!("{number:e}"),
        Value::Text(text) => format!("_utf8mb4 x'{}'", hex(text.as_bytes())),
        Value::Bytes(bytes) => format!("x'{}'", hex(bytes)),
        Value::Interval(interval) => {
            let (sign, micros) = (if interval.micros < 0 { "-" } else { "" }, interval.micros.unsigned_abs());
            let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            format!("'{sign}{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}'")
        }
        Value::Timestamptz(micros) => printed(&SqlType::Timestamp, &Value::Timestamp(*micros)),
        other => printed(&mysql_type.sql_type("", ZeroDates::Null), other),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Dates, times and what is like them, in quotes.
fn printed(sql_type: &SqlType, value: &Value) -> String {
    let mut text = "'".to_owned();
    write_text(&mut text, sql_type, value);
    text + "'"
}
