//! SQL's order and equality of values, by type: numeric by value, NaN greatest and equal to itself, `-0 = 0`, `char(n)` without
//! trailing blanks, enums by label order, text by bytes (C collation), intervals by normalised length, arrays element by
//! element, jsonb as Postgres sorts it.
//!
//! Null is equal to null and greatest here: the order of sorting and grouping. Operators never see nulls.

use std::cmp::Ordering;

use tailwater_connectors::{Array, Interval, SqlType, Value};

use super::families::jsonb_order::jsonb_cmp;

const MICROS_PER_DAY: i128 = 86_400_000_000;
const DAYS_PER_MONTH: i128 = 30;

/// Order of two values of one type.
pub fn sql_cmp(sql_type: &SqlType, left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => left.is_null().cmp(&right.is_null()),
        (Value::Text(a), Value::Text(b)) => match sql_type {
            SqlType::Bpchar => a.trim_end_matches(' ').cmp(b.trim_end_matches(' ')),
            SqlType::Enum(enumeration) => {
                let place = |label: &str| enumeration.labels.iter().position(|known| known == label);
                // A label that is not in the type was added after the plan was made: it sorts last, by name.
                let key = |label: &str| place(label).map_or((usize::MAX, label.to_owned()), |at| (at, String::new()));
                if a == b { Ordering::Equal } else { key(a).cmp(&key(b)) }
            }
            SqlType::Jsonb => jsonb_cmp(a, b),
            _ => a.as_str().cmp(b.as_str()),
        },
        (Value::Array(a), Value::Array(b)) => {
            let element = match sql_type {
                SqlType::Array(element) => element,
                _ => &SqlType::Unknown,
            };
            array_cmp(element, a, b)
        }
        _ => plain_cmp(left, right),
    }
}

/// Equality of two values of one type.
pub fn sql_eq(sql_type: &SqlType, left: &Value, right: &Value) -> bool {
    sql_cmp(sql_type, left, right) == Ordering::Equal
}

/// Order of values whose variant alone decides.
pub(super) fn plain_cmp(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => float_cmp(*a, *b),
        (Value::Numeric(a), Value::Numeric(b)) => a.numeric_cmp(b),
        (Value::Interval(a), Value::Interval(b)) => interval_length(a).cmp(&interval_length(b)),
        _ => left.cmp(right),
    }
}

/// Float order: NaN is greatest and equal to itself, zeros are equal.
pub(super) fn float_cmp(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// Microseconds with months of 30 days and days of 24 hours.
pub fn interval_length(interval: &Interval) -> i128 {
    let days = i128::from(interval.months) * DAYS_PER_MONTH + i128::from(interval.days);
    days * MICROS_PER_DAY + i128::from(interval.micros)
}

fn array_cmp(element: &SqlType, left: &Array, right: &Array) -> Ordering {
    left.elements
        .iter()
        .zip(&right.elements)
        .map(|(a, b)| sql_cmp(element, a, b))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| {
            let lengths = left.elements.len().cmp(&right.elements.len());
            let dimensions = left.dimensions.len().cmp(&right.dimensions.len());
            lengths.then(dimensions).then_with(|| left.dimensions.cmp(&right.dimensions))
        })
}
