//! `OVERLAPS`: whether two spans of time share a moment.

use tailwater_connectors::Value;

use super::datetime::add_interval;
use super::read::{interval, micros};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::compare::plain_cmp;
use crate::engine::scalar::expression::RowError;

/// Begin, which is known, and end, if it is.
fn ordered(begin: Value, end: Value) -> Option<(Value, Option<Value>)> {
    match (begin.is_null(), end.is_null()) {
        (true, true) => None,
        (true, false) => Some((end, None)),
        (false, true) => Some((begin, None)),
        (false, false) if plain_cmp(&begin, &end).is_gt() => Some((end, Some(begin))),
        (false, false) => Some((begin, Some(end))),
    }
}

/// The earlier span reaches into the later one, if its end is known.
fn reaches(later: (&Value, &Option<Value>), end: &Option<Value>) -> Value {
    let Some(end) = end else { return Value::Null };
    if plain_cmp(later.0, end).is_lt() {
        return Value::Bool(true);
    }
    if later.1.is_none() { Value::Null } else { Value::Bool(false) }
}

fn overlap(one: (Value, Value), other: (Value, Value)) -> Value {
    let (Some((begin, end)), Some((other_begin, other_end))) = (ordered(one.0, one.1), ordered(other.0, other.1))
    else {
        return Value::Null;
    };
    match plain_cmp(&begin, &other_begin) {
        std::cmp::Ordering::Greater => reaches((&begin, &end), &other_end),
        std::cmp::Ordering::Less => reaches((&other_begin, &other_end), &end),
        std::cmp::Ordering::Equal if end.is_some() && other_end.is_some() => Value::Bool(true),
        std::cmp::Ordering::Equal => Value::Null,
    }
}

/// An end given as a length becomes a moment.
fn end(begin: &Value, end: &Value) -> Result<Value, RowError> {
    let Value::Interval(_) = end else { return Ok(end.clone()) };
    let length = interval(end);
    Ok(match begin {
        Value::Time(time) => {
            let day = i128::from(super::calendar::MICROS_PER_DAY);
            Value::Time((i128::from(*time) + i128::from(length.micros)).rem_euclid(day) as i64)
        }
        Value::Timestamptz(_) => Value::Timestamptz(add_interval(micros(begin), length)?),
        Value::Timestamp(_) => Value::Timestamp(add_interval(micros(begin), length)?),
        _ => Value::Null,
    })
}

fn overlaps(arguments: &[Value]) -> Result<Value, RowError> {
    let [begin, first, other_begin, second] = [0, 1, 2, 3].map(|index| arguments[index].clone());
    let (first, second) = (end(&begin, &first)?, end(&other_begin, &second)?);
    Ok(overlap((begin, first), (other_begin, second)))
}

pub(super) fn register(catalog: &mut Catalog) {
    for moment in ["time", "timestamp", "timestamptz"] {
        for (first, second) in [(moment, moment), ("interval", "interval"), (moment, "interval"), ("interval", moment)]
        {
            catalog.nullable(&format!("overlaps({moment},{first},{moment},{second}) bool"), overlaps);
        }
    }
}
