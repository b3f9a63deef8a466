//! Any text to a value; the scalars that need no file of their own.

use smol_str::SmolStr;
use thiserror::Error;

use crate::sql_type::SqlType;
use crate::value::Value;

use super::{array, bytea, datetime_parse, float, interval_parse};

/// Text that is not of its type. Names the type, never the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid input syntax for type {sql_type}")]
pub struct TextError {
    /// The type.
    pub sql_type: String,
}

/// Reads what Postgres' output function printed, and what its input function accepts of the usual forms. Declared lengths
/// and scales are not applied: they are casts.
pub fn parse_text(sql_type: &SqlType, text: &str) -> Result<Value, TextError> {
    parse_value(sql_type, text).ok_or_else(|| TextError { sql_type: sql_type.to_string() })
}

pub(super) fn parse_value(sql_type: &SqlType, text: &str) -> Option<Value> {
    Some(match sql_type {
        SqlType::Text | SqlType::Bpchar | SqlType::Json | SqlType::Jsonb | SqlType::Unknown | SqlType::Other(_) => {
            Value::Text(SmolStr::new(text))
        }
        SqlType::Int4 => Value::Int(i32::try_from(parse_integer(text)?).ok()?.into()),
        SqlType::Int8 => Value::Int(parse_integer(text)?),
        SqlType::Int2 => Value::Int(i16::try_from(parse_integer(text)?).ok()?.into()),
        SqlType::Oid => Value::Int(parse_oid(text)?),
        SqlType::Bool => Value::Bool(parse_bool(text)?),
        SqlType::Float4 => Value::Float(float::parse_float4(text)?),
        SqlType::Float8 => Value::Float(float::parse_float8(text)?),
        SqlType::Numeric(_) => Value::Numeric(text.parse().ok()?),
        SqlType::Bytea => Value::Bytes(bytea::parse_bytea(text.as_bytes())?.into()),
        SqlType::Date => Value::Date(datetime_parse::parse_date(text)?),
        SqlType::Time => Value::Time(datetime_parse::parse_time(text)?),
        SqlType::Timestamp => Value::Timestamp(datetime_parse::parse_timestamp(text)?),
        SqlType::Timestamptz => Value::Timestamptz(datetime_parse::parse_timestamptz(text)?),
        SqlType::Interval => Value::Interval(interval_parse::parse_interval(text)?),
        SqlType::Uuid => Value::Uuid(parse_uuid(text.as_bytes())?),
        SqlType::Array(element) => array::parse_array(element, text)?.into(),
        SqlType::Enum(enumeration) => {
            Value::Text(enumeration.labels.iter().find(|label| label.as_str() == text)?.clone())
        }
    })
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
}

fn parse_integer(text: &str) -> Option<i64> {
    let bytes = trimmed(text).as_bytes();
    let (negative, digits) = match bytes.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() {
        return None;
    }
    let mut sum = 0i64;
    if digits.len() <= 18 {
        for byte in digits {
            sum = sum * 10 + i64::from(digit(*byte)?);
        }
        return Some(if negative { -sum } else { sum });
    }
    for byte in digits {
        // Downwards, because the smallest number has no positive counterpart.
        sum = sum.checked_mul(10)?.checked_sub(i64::from(digit(*byte)?))?;
    }
    if negative { Some(sum) } else { sum.checked_neg() }
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// Postgres lets a negative number wrap.
fn parse_oid(text: &str) -> Option<i64> {
    match parse_integer(text)? {
        value @ 0..=0xFFFF_FFFF => Some(value),
        value @ -0x8000_0000..0 => Some(value + 0x1_0000_0000),
        _ => None,
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "t" => return Some(true),
        "f" => return Some(false),
        _ => {}
    }
    let word = trimmed(text);
    let is_start_of = |whole: &str, at_least: usize| {
        word.len() >= at_least && whole.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if is_start_of("true", 1) || is_start_of("yes", 1) || is_start_of("on", 2) || word == "1" {
        return Some(true);
    }
    (is_start_of("false", 1) || is_start_of("no", 1) || is_start_of("off", 2) || word == "0").then_some(false)
}

/// Hyphens may stand behind each group of four digits, braces around the whole.
fn parse_uuid(text: &[u8]) -> Option<u128> {
    let text = text.strip_prefix(b"{").map_or(Some(text), |inner| inner.strip_suffix(b"}"))?;
    let mut value = 0u128;
    let mut digits = 0;
    let mut may_hyphen = false;
    for &byte in text {
        if byte == b'-' && may_hyphen && digits < 32 {
            may_hyphen = false;
            continue;
        }
        value = value << 4 | u128::from(bytea::hex_digit(byte)?);
        digits += 1;
        may_hyphen = digits % 4 == 0;
        if digits > 32 {
            return None;
        }
    }
    (digits == 32).then_some(value)
}
