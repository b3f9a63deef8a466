//! From text to anything, with Postgres' errors.

use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::text::parse_text;
use tailwater_connectors::{Numeric, SqlType, Value};

use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::families::json_text;
use crate::engine::scalar::jsonpath;

/// What the type's input function makes of `text`.
pub(super) fn parse(to: &SqlType, text: &str) -> Result<Value, RowError> {
    match to {
        SqlType::Text | SqlType::Unknown | SqlType::Bpchar => Ok(Value::text(text)),
        SqlType::Numeric(modifier) => {
            let number: Numeric = text.parse()?;
            Ok(Value::Numeric(match modifier {
                Some((precision, scale)) => number.apply_modifier(*precision, *scale)?,
                None => number,
            }))
        }
        SqlType::Json => json_text::check(text).map(|()| Value::text(text)),
        SqlType::Jsonb => json_text::canonical(text).map(Value::text),
        SqlType::Other(name) if name == "jsonpath" => jsonpath::stored(text).map(Value::text),
        SqlType::Enum(enumeration) => match enumeration.labels.iter().find(|label| *label == text) {
            Some(label) => Ok(Value::Text(label.clone())),
            None => Err(RowError::new("22P02", format!("invalid input value for enum {}", enumeration.name))),
        },
        _ => parse_text(to, text).map_err(|_| text_error(to, text)),
    }
}

/// Why `text` is not of type `to`: codes tell bad syntax from values out of range.
pub(in crate::engine::scalar) fn text_error(to: &SqlType, text: &str) -> RowError {
    let number = text.parse::<Numeric>();
    match to {
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid
            if !text.contains(['.', 'e', 'E']) && number.as_ref().is_ok_and(Numeric::is_finite) =>
        {
            RowError::new("22003", format!("value is out of range for type {to}"))
        }
        SqlType::Float4 | SqlType::Float8 if number.is_ok() || number == Err(NumericError::Overflow) => {
            RowError::new("22003", format!("value is out of range for type {to}"))
        }
        SqlType::Date | SqlType::Time | SqlType::Timestamp | SqlType::Timestamptz if looks_like_time(text) => {
            RowError::new("22008", "date/time field value out of range")
        }
        SqlType::Date | SqlType::Time | SqlType::Timestamp | SqlType::Timestamptz | SqlType::Interval => {
            RowError::new("22007", format!("invalid input syntax for type {to}"))
        }
        _ => RowError::new("22P02", format!("invalid input syntax for type {to}")),
    }
}

/// Only digits and separators: the form is right, so some field is not.
fn looks_like_time(text: &str) -> bool {
    let separators = text.bytes().filter(|byte| matches!(byte, b'-' | b':' | b'/')).count();
    let known = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'/' | b'.' | b' ' | b'+' | b'T');
    separators >= 2 && text.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) && text.bytes().all(known)
}
