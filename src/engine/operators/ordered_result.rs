//! Results of aggregates that look at all values in order.
//!
//! The order is that of ORDER BY inside the call; values that it does not tell apart, and all values without it, are
//! ordered by their encoded arguments, so that the result depends on the rows alone.

use std::fmt::Write as _;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Array, Row, SqlType, Value};

use super::super::plan::{AggregateCall, AggregateFunction, RECORD};
use super::super::scalar::RowError;
use super::super::scalar::json::{append_json, append_json_key, canonical_json};
use super::percentile::{percentile_cont, percentile_disc};
use crate::state::encode_key;

/// Postgres' `MAXDIM`.
const ARRAY_DIMENSIONS_MAX: usize = 6;

/// Argument rows in order, and how often each is there.
pub(super) type Entries = Vec<(Row, i64)>;

/// The aggregate's value over the entries.
pub(super) fn ordered_result(call: &AggregateCall, entries: Entries) -> Result<Value, RowError> {
    use AggregateFunction::{
        ArrayAgg, JsonAgg, JsonObjectAgg, JsonbAgg, JsonbObjectAgg, Mode, PercentileCont, PercentileDisc, StringAgg,
    };
    let entries = if call.distinct { distinct(call, entries)? } else { entries };
    match call.function {
        PercentileCont => return percentile_cont(call, &entries),
        PercentileDisc => return percentile_disc(call, &entries),
        _ if entries.is_empty() => return Ok(Value::Null),
        _ => {}
    }
    match call.function {
        ArrayAgg => array(call, &entries),
        StringAgg => Ok(string(&entries)),
        JsonAgg => Ok(Value::text(json_array(call.argument_type(), &entries))),
        // An array of jsonb values is jsonb as it stands.
        JsonbAgg if *call.argument_type() == SqlType::Jsonb => Ok(Value::text(json_array(&SqlType::Jsonb, &entries))),
        JsonbAgg => canonical_json(&json_array(call.argument_type(), &entries)).map(Value::text),
        JsonObjectAgg => json_object(call, &entries).map(Value::text),
        JsonbObjectAgg => canonical_json(&json_object(call, &entries)?).map(Value::text),
        Mode => most_frequent(call, &entries),
        _ => single(&entries),
    }
}

/// How many entries can matter to the result.
pub(super) fn entries_max(call: &AggregateCall) -> usize {
    if call.function == AggregateFunction::SingleValue { 2 } else { usize::MAX }
}

fn equality_key(call: &AggregateCall, row: &Row) -> Result<Vec<u8>, RowError> {
    let mut key = Vec::new();
    encode_key(&mut key, &call.argument_types, row).map_err(|error| RowError::new("XX000", error.to_string()))?;
    Ok(key)
}

/// The first of equal argument rows, once.
fn distinct(call: &AggregateCall, entries: Entries) -> Result<Entries, RowError> {
    let mut kept = Entries::with_capacity(entries.len());
    let mut last = None;
    for (row, _) in entries {
        let key = Some(equality_key(call, &row)?);
        if key != last {
            kept.push((row, 1));
            last = key;
        }
    }
    Ok(kept)
}

/// Argument rows one by one.
fn each(entries: &Entries) -> impl Iterator<Item = &Row> {
    entries.iter().flat_map(|(row, count)| std::iter::repeat_n(row, (*count).max(0) as usize))
}

fn single(entries: &Entries) -> Result<Value, RowError> {
    match &entries[..] {
        [(row, 1)] => Ok(row[0].clone()),
        _ => Err(RowError::new("21000", "more than one row returned by a subquery used as an expression")),
    }
}

fn most_frequent(call: &AggregateCall, entries: &Entries) -> Result<Value, RowError> {
    let mut runs: Vec<(Vec<u8>, &Value, i64)> = Vec::new();
    for (row, count) in entries {
        let key = equality_key(call, row)?;
        match runs.last_mut() {
            Some(run) if run.0 == key => run.2 += count,
            _ => runs.push((key, &row[0], *count)),
        }
    }
    let most = runs.into_iter().reduce(|best, run| if run.2 > best.2 { run } else { best });
    Ok(most.map_or(Value::Null, |(_, value, _)| value.clone()))
}

/// The first delimiter is not used; a null one is empty.
fn string(entries: &Entries) -> Value {
    let (mut text, mut bytes, mut is_text) = (String::new(), Vec::new(), true);
    for (place, row) in each(entries).enumerate() {
        let parts = if place == 0 { [&Value::Null, &row[0]] } else { [&row[1], &row[0]] };
        for part in parts {
            match part {
                Value::Text(part) => text.push_str(part),
                Value::Bytes(part) => {
                    is_text = false;
                    bytes.extend_from_slice(part);
                }
                _ => {}
            }
        }
    }
    if is_text { Value::text(text) } else { Value::Bytes(bytes.into()) }
}

fn array(call: &AggregateCall, entries: &Entries) -> Result<Value, RowError> {
    if matches!(call.argument_type(), SqlType::Array(_)) {
        return array_of_arrays(entries);
    }
    let elements: Vec<Value> = each(entries).map(|row| row[0].clone()).collect();
    Ok(Value::Array(Arc::new(Array { dimensions: vec![(elements.len() as u32, 1)], elements })))
}

fn array_of_arrays(entries: &Entries) -> Result<Value, RowError> {
    let mut inner: Option<&Vec<(u32, i32)>> = None;
    let (mut length, mut elements) = (0, Vec::new());
    for row in each(entries) {
        let Value::Array(array) = &row[0] else {
            return Err(RowError::new("22004", "cannot accumulate null arrays"));
        };
        let different = || RowError::new("2202E", "cannot accumulate arrays of different dimensionality");
        match inner {
            Some(known) if *known == array.dimensions => {}
            Some(_) => return Err(different()),
            None if array.dimensions.is_empty() => {
                return Err(RowError::new("2202E", "cannot accumulate empty arrays"));
            }
            None if array.dimensions.len() >= ARRAY_DIMENSIONS_MAX => {
                let count = array.dimensions.len() + 1;
                let mut message = format!("number of array dimensions ({count}) exceeds the maximum allowed ");
                let _ = write!(message, "({ARRAY_DIMENSIONS_MAX})");
                return Err(RowError::new("54000", message));
            }
            None => inner = Some(&array.dimensions),
        }
        length += 1;
        elements.extend(array.elements.iter().cloned());
    }
    let dimensions = std::iter::once((length, 1)).chain(inner.into_iter().flatten().copied()).collect();
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}

/// As Postgres lays it out: arrays and rows begin a line of their own.
fn json_array(element: &SqlType, entries: &Entries) -> String {
    // A whole row comes as its document under a type of its own: see `RECORD` in `engine::plan`.
    let is_record = matches!(element, SqlType::Other(name) if name == RECORD);
    let shown = if is_record { &SqlType::Json } else { element };
    let mut out = String::from("[");
    for (place, row) in each(entries).enumerate() {
        if place > 0 {
            out.push_str(", ");
            if (is_record || matches!(element, SqlType::Array(_))) && !row[0].is_null() {
                out.push_str("\n ");
            }
        }
        append_json(&mut out, shown, &row[0]);
    }
    out.push(']');
    out
}

fn json_object(call: &AggregateCall, entries: &Entries) -> Result<SmolStr, RowError> {
    let [key_type, value_type] = &call.argument_types[..] else {
        return Err(RowError::new("XX000", "an object needs keys and values"));
    };
    let mut out = String::from("{ ");
    for (place, row) in each(entries).enumerate() {
        if row[0].is_null() {
            return Err(RowError::new("22023", "field name must not be null"));
        }
        out.push_str(if place > 0 { ", " } else { "" });
        append_json_key(&mut out, key_type, &row[0])?;
        out.push_str(" : ");
        append_json(&mut out, value_type, &row[1]);
    }
    out.push_str(" }");
    Ok(out.into())
}
