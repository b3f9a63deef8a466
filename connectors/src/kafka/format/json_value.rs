//! One field of JSON as a value of its column's type, exactly or not at all.
//!
//! A string is read as Postgres reads its literal; a number must be in the type's range, and whole where the type is; of moments and
//! times numbers count a unit that the configuration names, of dates they count days since 1970-01-01.

use std::sync::Arc;

use serde_json::Value as Json;
use serde_json::error::Category;

use super::decoder::{TimeUnit, field};
use super::error::BadMessage;
use super::jsonb;
use crate::kafka::base64;
use crate::numeric::Numeric;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::value::{Array, Value};

/// Days from 1970-01-01 to 2000-01-01, where values begin to count.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS * 86_400_000_000;
/// Days that Postgres can hold as a date.
const DATES: std::ops::RangeInclusive<i64> = -2_451_545..=2_145_031_948;
/// Microseconds that Postgres can hold as a moment, from 4714-11-24 BC to before 294277.
const MOMENTS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// What is wrong with a text, in words that quote nothing of it.
pub(super) fn class(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Eof => "whole JSON",
        Category::Data => "a JSON object",
        Category::Syntax | Category::Io => "JSON",
    }
}

/// Reads fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldReader {
    pub(super) unit: TimeUnit,
}

impl FieldReader {
    /// A field that is not null.
    pub(super) fn read(self, column: &Column, json: &Json) -> Result<Value, BadMessage> {
        match (&column.sql_type, json) {
            (SqlType::Json, json) => Ok(Value::text(json.to_string())),
            (SqlType::Jsonb, json) => jsonb::print(json).map(Value::text).ok_or_else(|| wrong(column)),
            (SqlType::Array(element), Json::Array(elements)) => self.array(column, element, elements),
            (SqlType::Bytea, Json::String(text)) if !text.starts_with("\\x") => {
                base64::decode(text).map(|bytes| Value::Bytes(bytes.into())).ok_or_else(|| wrong(column))
            }
            (_, Json::String(text)) => field(column, text),
            (SqlType::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
            (sql_type, Json::Number(number)) => match is_counted(sql_type) {
                true => self.number(column, number.as_str()),
                false => Err(other_kind(column, "a number")),
            },
            (_, Json::Bool(_)) => Err(other_kind(column, "a truth value")),
            (_, Json::Array(_)) => Err(other_kind(column, "an array")),
            (_, Json::Object(_)) => Err(other_kind(column, "an object")),
            (_, Json::Null) => Ok(Value::Null),
        }
    }

    fn number(self, column: &Column, text: &str) -> Result<Value, BadMessage> {
        let number = || text.parse::<Numeric>().map_err(|_| wrong(column));
        match &column.sql_type {
            SqlType::Float4 | SqlType::Float8 | SqlType::Numeric(_) => field(column, text),
            SqlType::Date => {
                let days = whole(&number()?).and_then(|days| days.checked_sub(EPOCH_DAYS));
                let days = days.filter(|days| DATES.contains(days)).and_then(|days| i32::try_from(days).ok());
                days.map(Value::Date).ok_or_else(|| wrong(column))
            }
            SqlType::Time => {
                let micros = self.micros(&number()?).filter(|micros| (0..=DAY_MICROS).contains(micros));
                micros.map(Value::Time).ok_or_else(|| wrong(column))
            }
            SqlType::Timestamp | SqlType::Timestamptz => {
                let micros = self.micros(&number()?).and_then(|micros| micros.checked_sub(EPOCH_MICROS));
                let micros = micros.filter(|micros| MOMENTS.contains(micros)).ok_or_else(|| wrong(column))?;
                Ok(if column.sql_type == SqlType::Timestamp {
                    Value::Timestamp(micros)
                } else {
                    Value::Timestamptz(micros)
                })
            }
            _ => {
                let whole = whole(&number()?).ok_or_else(|| wrong(column))?;
                field(column, &whole.to_string())
            }
        }
    }

    /// What is below a microsecond is cut off.
    fn micros(self, number: &Numeric) -> Option<i64> {
        let (mantissa, scale) = number.to_parts()?;
        let power: i64 = match self.unit {
            TimeUnit::Seconds => 6,
            TimeUnit::Milliseconds => 3,
            TimeUnit::Microseconds => 0,
            TimeUnit::Nanoseconds => -3,
        };
        let shift = power - i64::from(scale);
        // More digits than any moment has.
        if shift.abs() > 40 {
            return None;
        }
        let factor = num_bigint::BigInt::from(10).pow(shift.unsigned_abs() as u32);
        let micros = if shift >= 0 { mantissa * factor } else { num_integer::Integer::div_floor(&mantissa, &factor) };
        num_traits::ToPrimitive::to_i64(&micros)
    }

    fn array(self, column: &Column, element: &SqlType, elements: &[Json]) -> Result<Value, BadMessage> {
        let one = Column::new(column.name.clone(), element.clone(), true);
        let elements: Vec<Value> = elements.iter().map(|json| self.read(&one, json)).collect::<Result<_, _>>()?;
        let dimensions = match elements.len() {
            0 => Vec::new(),
            length => vec![(u32::try_from(length).map_err(|_| wrong(column))?, 1)],
        };
        Ok(Value::Array(Arc::new(Array { dimensions, elements })))
    }
}

/// Whether numbers stand for values of it.
fn is_counted(sql_type: &SqlType) -> bool {
    use SqlType::{Date, Float4, Float8, Int2, Int4, Int8, Numeric, Oid, Time, Timestamp, Timestamptz};
    matches!(sql_type, Int2 | Int4 | Int8 | Oid | Float4 | Float8 | Numeric(_) | Date | Time | Timestamp | Timestamptz)
}

fn whole(number: &Numeric) -> Option<i64> {
    let (mantissa, scale) = number.trim_scale().to_parts()?;
    if scale == 0 { num_traits::ToPrimitive::to_i64(&mantissa) } else { None }
}

fn wrong(column: &Column) -> BadMessage {
    BadMessage::field(&column.name, format!("is not of type {}", column.sql_type))
}

fn other_kind(column: &Column, kind: &str) -> BadMessage {
    BadMessage::field(&column.name, format!("is {kind} and its column of type {}", column.sql_type))
}
