//! The conversions themselves.

use std::sync::Arc;

use tailwater_connectors::text::write_text;
use tailwater_connectors::{Array, Interval, Numeric, SqlType, Value};

use super::{text_input, time};
use crate::engine::scalar::expression::RowError;
use crate::engine::scalar::families::{json_text, jsonb_cast};
use crate::engine::scalar::jsonpath;

/// The value of type `from` as a value of type `to`.
pub(in crate::engine::scalar) fn cast_value(from: &SqlType, to: &SqlType, value: Value) -> Result<Value, RowError> {
    match (value, to) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Array(array), SqlType::Array(element)) => array_elements(from, element, &array),
        (Value::Text(text), SqlType::Text | SqlType::Bpchar) if *from == SqlType::Bpchar && *to == SqlType::Text => {
            Ok(Value::text(text.trim_end_matches(' ')))
        }
        // The cast shows the length of the network always, the output function only where it is not a host's.
        (Value::Text(address), SqlType::Text | SqlType::Bpchar) if is_host(from, &address) => {
            Ok(Value::text(format!("{address}/{}", if address.contains(':') { 128 } else { 32 })))
        }
        (Value::Text(path), SqlType::Text | SqlType::Bpchar) if matches!(from, SqlType::Other(name) if name == "jsonpath") => {
            jsonpath::written(&path).map(Value::text)
        }
        (Value::Bool(truth), SqlType::Text | SqlType::Bpchar) => Ok(Value::text(if truth { "true" } else { "false" })),
        (value, SqlType::Text | SqlType::Bpchar) => {
            let mut out = String::new();
            write_text(&mut out, from, &value);
            Ok(Value::text(out))
        }
        (Value::Text(text), _) => text_to(from, to, &text),
        (value, SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid) => to_integer(to, &value),
        (value, SqlType::Numeric(modifier)) => to_numeric(from, *modifier, value),
        (value, SqlType::Float4 | SqlType::Float8) => to_float(to, &value),
        (Value::Int(number), SqlType::Bool) => Ok(Value::Bool(number != 0)),
        (value, to) => temporal(to, value),
    }
}

fn is_host(from: &SqlType, address: &str) -> bool {
    matches!(from, SqlType::Other(name) if name == "inet") && !address.contains('/')
}

fn text_to(from: &SqlType, to: &SqlType, text: &str) -> Result<Value, RowError> {
    match (from, to) {
        (SqlType::Json | SqlType::Jsonb, SqlType::Json) => Ok(Value::text(text)),
        (SqlType::Json, SqlType::Jsonb) => json_text::canonical(text).map(Value::text),
        (SqlType::Jsonb, _) => jsonb_cast::scalar(text, to),
        (SqlType::Bpchar, _) => text_input::parse(to, text.trim_end_matches(' ')),
        _ => text_input::parse(to, text),
    }
}

fn array_elements(from: &SqlType, element: &SqlType, array: &Array) -> Result<Value, RowError> {
    let inner = match from {
        SqlType::Array(inner) => inner,
        _ => &SqlType::Unknown,
    };
    let elements = array.elements.iter().map(|value| cast_value(inner, element, value.clone()));
    let elements = elements.collect::<Result<Vec<_>, _>>()?;
    Ok(Value::Array(Arc::new(Array { dimensions: array.dimensions.clone(), elements })))
}

/// The number, if the integer type can hold it.
pub(in crate::engine::scalar) fn int_in_range(to: &SqlType, number: i64) -> Result<Value, RowError> {
    let fits = match to {
        SqlType::Int2 => i16::try_from(number).is_ok(),
        SqlType::Int4 => i32::try_from(number).is_ok(),
        SqlType::Oid => u32::try_from(number).is_ok(),
        _ => true,
    };
    if fits { Ok(Value::Int(number)) } else { Err(RowError::out_of_range(integer_name(to))) }
}

fn integer_name(to: &SqlType) -> &'static str {
    match to {
        SqlType::Int2 => "smallint",
        SqlType::Int4 => "integer",
        SqlType::Oid => "OID",
        _ => "bigint",
    }
}

fn to_integer(to: &SqlType, value: &Value) -> Result<Value, RowError> {
    match value {
        // An integer as an oid keeps its bits.
        Value::Int(number) if *to == SqlType::Oid && i32::try_from(*number).is_ok() => {
            Ok(Value::Int(i64::from(*number as i32 as u32)))
        }
        Value::Int(number) => int_in_range(to, *number),
        Value::Bool(truth) => Ok(Value::Int(i64::from(*truth))),
        Value::Numeric(number) => int_in_range(to, number.to_i64(integer_name(to))?),
        Value::Float(number) => {
            let rounded = number.round_ties_even();
            // 2^63 as a float is the first that does not fit.
            if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
                int_in_range(to, rounded as i64)
            } else {
                Err(RowError::out_of_range(integer_name(to)))
            }
        }
        _ => Err(unsupported(to)),
    }
}

fn to_numeric(from: &SqlType, modifier: Option<(u16, i16)>, value: Value) -> Result<Value, RowError> {
    let number = match value {
        Value::Int(number) => Numeric::from(number),
        Value::Numeric(number) => number,
        Value::Float(number) if *from == SqlType::Float4 => Numeric::from_f32(number as f32),
        Value::Float(number) => Numeric::from_f64(number),
        _ => return Err(unsupported(&SqlType::Numeric(None))),
    };
    Ok(Value::Numeric(match modifier {
        Some((precision, scale)) => number.apply_modifier(precision, scale)?,
        None => number,
    }))
}

fn to_float(to: &SqlType, value: &Value) -> Result<Value, RowError> {
    let real = *to == SqlType::Float4;
    match value {
        Value::Int(number) if real => Ok(Value::Float(f64::from(*number as f32))),
        Value::Int(number) => Ok(Value::Float(*number as f64)),
        Value::Float(number) if real => float_to_real(*number),
        Value::Float(number) => Ok(Value::Float(*number)),
        Value::Numeric(number) => numeric_to_float(number, to),
        _ => Err(unsupported(to)),
    }
}

/// A double as a real.
pub(in crate::engine::scalar) fn float_to_real(number: f64) -> Result<Value, RowError> {
    let real = number as f32;
    if real.is_infinite() && number.is_finite() {
        return Err(RowError::new("22003", "value out of range: overflow"));
    }
    if real == 0.0 && number != 0.0 {
        return Err(RowError::new("22003", "value out of range: underflow"));
    }
    Ok(Value::Float(f64::from(real)))
}

/// A numeric as a float, through its digits.
fn numeric_to_float(number: &Numeric, to: &SqlType) -> Result<Value, RowError> {
    let float = match to {
        SqlType::Float4 if number.is_finite() => f64::from(number.to_string().parse::<f32>().unwrap_or(f32::NAN)),
        _ => number.to_f64(),
    };
    if number.is_finite() && (float.is_infinite() || (float == 0.0 && !number.is_zero())) {
        return Err(RowError::new("22003", format!("value is out of range for type {to}")));
    }
    Ok(Value::Float(float))
}

fn temporal(to: &SqlType, value: Value) -> Result<Value, RowError> {
    Ok(match (value, to) {
        (Value::Date(days), SqlType::Timestamp) => Value::Timestamp(time::midnight(days)?),
        (Value::Date(days), SqlType::Timestamptz) => Value::Timestamptz(time::midnight(days)?),
        (Value::Timestamp(micros), SqlType::Timestamptz) => Value::Timestamptz(micros),
        (Value::Timestamptz(micros), SqlType::Timestamp) => Value::Timestamp(micros),
        (Value::Timestamp(micros) | Value::Timestamptz(micros), SqlType::Date) => time::day(micros),
        (Value::Timestamp(micros) | Value::Timestamptz(micros), SqlType::Time) => time::time_of_day(micros),
        (Value::Time(micros), SqlType::Interval) => Value::Interval(Interval { micros, ..Interval::default() }),
        (Value::Interval(interval), SqlType::Time) => time::time_of_interval(interval),
        (_, to) => return Err(unsupported(to)),
    })
}

/// Binding lets no such cast through.
fn unsupported(to: &SqlType) -> RowError {
    RowError::new("42846", format!("cannot cast to type {to}"))
}
