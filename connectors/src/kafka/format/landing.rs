//! A field's value as the value of a column: exactly, or not at all.

use std::sync::Arc;

use serde_json::{Map, Number, Value as Json};

use super::datum::Datum;
use super::decoder::field;
use super::error::BadMessage;
use super::jsonb;
use crate::json;
use crate::numeric::Numeric;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::text::calendar::{DATE_END, DATE_MIN, TIMESTAMP_END, TIMESTAMP_MIN};
use crate::value::{Array, Value};

/// A day of Postgres' `time` has this many microseconds, and 24:00 is one.
const TIME_MAX: i64 = 86_400_000_000;
/// Every integer up to it is a double.
const EXACT_MAX: u64 = 1 << 53;
/// Documents within documents, as deep as they are read elsewhere.
pub(super) const DEPTH_MAX: usize = 128;

/// The value of `column`.
pub(super) fn land(column: &Column, datum: Datum<'_>) -> Result<Value, BadMessage> {
    let value = landed(column, datum)?;
    if value.is_null() && !column.nullable {
        return Err(BadMessage::field(&column.name, "is null"));
    }
    Ok(value)
}

fn landed(column: &Column, datum: Datum<'_>) -> Result<Value, BadMessage> {
    let wrong = |what: &str| BadMessage::field(&column.name, what);
    match (&column.sql_type, datum) {
        (_, Datum::Null) => Ok(Value::Null),
        (_, Datum::Text(text)) => field(column, &text),
        (SqlType::Json | SqlType::Jsonb, datum) => {
            let printed = document(datum).and_then(|document| jsonb::print(&document));
            printed.map(Value::text).ok_or_else(|| wrong("is no document that jsonb can hold"))
        }
        (SqlType::Array(element), Datum::List(elements)) => {
            let element = Column { sql_type: (**element).clone(), nullable: true, ..column.clone() };
            let elements = elements.into_iter().map(|datum| landed(&element, datum)).collect::<Result<Vec<_>, _>>()?;
            array(elements).ok_or_else(|| wrong("has too many elements"))
        }
        (sql_type, datum) => {
            scalar(sql_type, datum).ok_or_else(|| wrong(&format!("does not fit type {}", column.sql_type)))
        }
    }
}

fn array(elements: Vec<Value>) -> Option<Value> {
    let length = u32::try_from(elements.len()).ok()?;
    let dimensions = if length == 0 { Vec::new() } else { vec![(length, 1)] };
    Some(Value::Array(Arc::new(Array { dimensions, elements })))
}

fn scalar(sql_type: &SqlType, datum: Datum<'_>) -> Option<Value> {
    Some(match (sql_type, datum) {
        (SqlType::Bool, Datum::Bool(value)) => Value::Bool(value),
        (SqlType::Int2, Datum::Int(value)) => Value::Int(i16::try_from(value).ok()?.into()),
        (SqlType::Int4, Datum::Int(value)) => Value::Int(i32::try_from(value).ok()?.into()),
        (SqlType::Oid, Datum::Int(value)) => Value::Int(u32::try_from(value).ok()?.into()),
        (SqlType::Int8, Datum::Int(value)) => Value::Int(value),
        (SqlType::Float8, Datum::Int(value)) => {
            Value::Float((value.unsigned_abs() <= EXACT_MAX).then_some(value as f64)?)
        }
        (SqlType::Numeric(declared), Datum::Int(value)) => numeric(Numeric::from(value), *declared)?,
        (SqlType::Numeric(declared), Datum::Unsigned(value)) => {
            numeric(Numeric::from_i128(value.into(), 0), *declared)?
        }
        (SqlType::Numeric(declared), Datum::Decimal(value)) => numeric(value, *declared)?,
        (SqlType::Float4 | SqlType::Float8, Datum::Single(value)) => Value::Float(value.into()),
        (SqlType::Float8, Datum::Double(value)) => Value::Float(value),
        (SqlType::Bytea, Datum::Bytes(bytes)) => Value::Bytes(bytes.into()),
        (SqlType::Date, Datum::Date(days)) => Value::Date((DATE_MIN..DATE_END).contains(&days).then_some(days)?),
        (SqlType::Time, Datum::Time(micros)) => Value::Time((0..=TIME_MAX).contains(&micros).then_some(micros)?),
        (SqlType::Timestamp, Datum::Timestamp(micros)) => Value::Timestamp(moment(micros)?),
        (SqlType::Timestamptz, Datum::Timestamptz(micros)) => Value::Timestamptz(moment(micros)?),
        (SqlType::Interval, Datum::Interval(interval)) => Value::Interval(interval),
        (SqlType::Uuid, Datum::Uuid(uuid)) => Value::Uuid(uuid),
        (SqlType::Text | SqlType::Bpchar, Datum::Uuid(uuid)) => {
            let mut text = String::new();
            crate::text::write_text(&mut text, &SqlType::Uuid, &Value::Uuid(uuid));
            Value::text(text)
        }
        _ => return None,
    })
}

fn moment(micros: i64) -> Option<i64> {
    (TIMESTAMP_MIN..TIMESTAMP_END).contains(&micros).then_some(micros)
}

/// With the declared scale, if that loses nothing.
fn numeric(value: Numeric, declared: Option<(u16, i16)>) -> Option<Value> {
    let Some((precision, scale)) = declared else { return Some(Value::Numeric(value)) };
    let held = value.apply_modifier(precision, scale).ok()?;
    held.numeric_eq(&value).then_some(Value::Numeric(held))
}

/// As a document: what JSON has no word for is written as [`crate::json`] writes it, but numbers stay numbers.
fn document(datum: Datum<'_>) -> Option<Json> {
    Some(match datum {
        Datum::Null => Json::Null,
        Datum::Bool(value) => Json::Bool(value),
        Datum::Int(value) => Json::Number(value.into()),
        Datum::Unsigned(value) => Json::Number(value.into()),
        Datum::Decimal(value) if value.is_finite() => Json::Number(value.to_string().parse::<Number>().ok()?),
        Datum::Text(text) => Json::String(text.into_owned()),
        Datum::List(elements) => Json::Array(elements.into_iter().map(document).collect::<Option<Vec<_>>>()?),
        Datum::Record(members) => {
            let members = members.into_iter().map(|(name, member)| Some((name.into_owned(), document(member)?)));
            Json::Object(members.collect::<Option<Map<_, _>>>()?)
        }
        Datum::Single(value) => written(&SqlType::Float4, &Value::Float(value.into()))?,
        Datum::Double(value) => written(&SqlType::Float8, &Value::Float(value))?,
        Datum::Decimal(value) => written(&SqlType::Numeric(None), &Value::Numeric(value))?,
        Datum::Bytes(bytes) => written(&SqlType::Bytea, &Value::Bytes(bytes.into()))?,
        date @ Datum::Date(_) => written(&SqlType::Date, &scalar(&SqlType::Date, date)?)?,
        time @ Datum::Time(_) => written(&SqlType::Time, &scalar(&SqlType::Time, time)?)?,
        local @ Datum::Timestamp(_) => written(&SqlType::Timestamp, &scalar(&SqlType::Timestamp, local)?)?,
        at @ Datum::Timestamptz(_) => written(&SqlType::Timestamptz, &scalar(&SqlType::Timestamptz, at)?)?,
        Datum::Interval(interval) => written(&SqlType::Interval, &Value::Interval(interval))?,
        Datum::Uuid(uuid) => written(&SqlType::Uuid, &Value::Uuid(uuid))?,
    })
}

fn written(sql_type: &SqlType, value: &Value) -> Option<Json> {
    let mut out = Vec::new();
    json::write_value(&mut out, sql_type, value);
    serde_json::from_slice(&out).ok()
}
