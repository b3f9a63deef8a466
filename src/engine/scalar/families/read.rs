//! Reading arguments whose types the signature has settled.

use tailwater_connectors::{Array, Interval, Numeric, Value};

const SETTLED: &str = "binding settled the argument types";

pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn numeric(value: &Value) -> &Numeric {
    match value {
        Value::Numeric(number) => number,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::Bytes(bytes) => bytes,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn array(value: &Value) -> &Array {
    match value {
        Value::Array(array) => array,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn interval(value: &Value) -> Interval {
    match value {
        Value::Interval(interval) => *interval,
        _ => unreachable!("{SETTLED}"),
    }
}

pub(super) fn date(value: &Value) -> i32 {
    match value {
        Value::Date(days) => *days,
        _ => unreachable!("{SETTLED}"),
    }
}

/// Microseconds of a time or timestamp.
pub(super) fn micros(value: &Value) -> i64 {
    match value {
        Value::Time(micros) | Value::Timestamp(micros) | Value::Timestamptz(micros) => *micros,
        _ => unreachable!("{SETTLED}"),
    }
}
