//! Rows from numbers, moments and arrays: `generate_series`, `generate_subscripts`, `unnest`.

use std::cmp::Ordering;

use tailwater_connectors::{Interval, Numeric, Row, SqlType, Value};

use super::datetime::add_interval;
use super::read::{array, int, interval, micros, numeric};
use super::rows::{Rows, one_column};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::compare::interval_length;
use crate::engine::scalar::expression::RowError;

fn zero_step() -> RowError {
    RowError::invalid_parameter("step size cannot equal zero")
}

/// Whether a series that goes in the direction of `step` is past its end.
fn is_past(step: Ordering, current_to_stop: Ordering) -> bool {
    if step.is_gt() { current_to_stop.is_gt() } else { current_to_stop.is_lt() }
}

fn integers(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    let (mut current, stop) = (int(&arguments[0]), int(&arguments[1]));
    let step = arguments.get(2).map_or(1, int);
    if step == 0 {
        return Err(zero_step());
    }
    let mut rows = Rows::default();
    while !is_past(step.cmp(&0), current.cmp(&stop)) {
        rows.push_one(Value::Int(current))?;
        let Some(next) = current.checked_add(step) else { break };
        current = next;
    }
    Ok(rows.finish())
}

fn finite(number: &Numeric, role: &str) -> Result<(), RowError> {
    if number.is_finite() {
        return Ok(());
    }
    let what = if *number == Numeric::NaN { "NaN" } else { "infinity" };
    Err(RowError::invalid_parameter(format!("{role} cannot be {what}")))
}

fn numerics(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    let (start, stop) = (numeric(&arguments[0]), numeric(&arguments[1]));
    finite(start, "start value")?;
    finite(stop, "stop value")?;
    let step = arguments.get(2).map_or(Numeric::ONE, |step| numeric(step).clone());
    finite(&step, "step size")?;
    if step.is_zero() {
        return Err(zero_step());
    }
    let direction = if step.is_negative() { Ordering::Less } else { Ordering::Greater };
    let mut rows = Rows::default();
    let mut current = start.clone();
    while !is_past(direction, current.numeric_cmp(stop)) {
        rows.push_one(Value::Numeric(current.clone()))?;
        current = current.add(&step)?;
    }
    Ok(rows.finish())
}

fn moments(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    let (mut current, stop) = (micros(&arguments[0]), micros(&arguments[1]));
    let step: Interval = interval(&arguments[2]);
    let direction = interval_length(&step).cmp(&0);
    if direction.is_eq() {
        return Err(zero_step());
    }
    let with_zone = matches!(arguments[0], Value::Timestamptz(_));
    let mut rows = Rows::default();
    while !is_past(direction, current.cmp(&stop)) {
        rows.push_one(if with_zone { Value::Timestamptz(current) } else { Value::Timestamp(current) })?;
        current = add_interval(current, step)?;
    }
    Ok(rows.finish())
}

fn subscripts(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    let wanted = usize::try_from(int(&arguments[1]) - 1).ok();
    let dimension = wanted.and_then(|wanted| array(&arguments[0]).dimensions.get(wanted));
    let Some(&(length, lower)) = dimension else { return Ok(Vec::new()) };
    let subscripts = (0..i64::from(length)).map(|index| Value::Int(i64::from(lower) + index));
    if matches!(arguments.get(2), Some(Value::Bool(true))) {
        return one_column(subscripts.rev());
    }
    one_column(subscripts)
}

fn unnest(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    one_column(array(&arguments[0]).elements.iter().cloned())
}

pub(super) fn register(catalog: &mut Catalog) {
    for int in ["int4", "int8"] {
        catalog.rows(&format!("generate_series({int},{int}) {int}"), integers);
        catalog.rows(&format!("generate_series({int},{int},{int}) {int}"), integers);
    }
    catalog.rows("generate_series(numeric,numeric) numeric", numerics);
    catalog.rows("generate_series(numeric,numeric,numeric) numeric", numerics);
    for moment in ["timestamp", "timestamptz"] {
        catalog.rows(&format!("generate_series({moment},{moment},interval) {moment}"), moments);
    }
    catalog.rows("generate_subscripts(anyarray,int4) int4", subscripts);
    catalog.rows("generate_subscripts(anyarray,int4,bool) int4", subscripts);
    catalog.rows("unnest(anyarray) anyelement", unnest);
}
