//! Arrays: searching, replacing, filling, cutting.

use std::sync::Arc;

use tailwater_connectors::{Array, SqlType, Value};

use super::array::from_elements;
use super::read::{array, int};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::compare::sql_eq;
use crate::engine::scalar::expression::RowError;

/// Elements of one array; Postgres makes no larger ones either.
const ELEMENTS_MAX: u64 = 134_217_727;

/// The array, if it has at most one dimension.
fn flat<'a>(value: &'a Value, doing: &str) -> Result<&'a Array, RowError> {
    let array = array(value);
    if array.dimensions.len() > 1 {
        return Err(RowError::new("0A000", format!("{doing} multidimensional arrays is not supported")));
    }
    Ok(array)
}

fn lower_bound(array: &Array) -> i64 {
    array.dimensions.first().map_or(1, |(_, lower)| i64::from(*lower))
}

fn array_position(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    if arguments[0].is_null() {
        return Ok(Value::Null);
    }
    let array = flat(&arguments[0], "searching for elements in")?;
    let lower = lower_bound(array);
    let start = match arguments.get(2) {
        Some(Value::Null) => return Err(RowError::new("22004", "initial position must not be null")),
        Some(start) => usize::try_from(int(start) - lower).unwrap_or(0),
        None => 0,
    };
    let is_sought = |element: &Value| sql_eq(&types[1], element, &arguments[1]);
    let found = array.elements.iter().skip(start).position(is_sought);
    Ok(found.map_or(Value::Null, |at| Value::Int((start + at) as i64 + lower)))
}

fn array_positions(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    if arguments[0].is_null() {
        return Ok(Value::Null);
    }
    let array = flat(&arguments[0], "searching for elements in")?;
    let lower = lower_bound(array);
    let found = array.elements.iter().enumerate().filter(|(_, element)| sql_eq(&types[1], element, &arguments[1]));
    Ok(from_elements(found.map(|(at, _)| Value::Int(at as i64 + lower)).collect()))
}

fn array_remove(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    if arguments[0].is_null() {
        return Ok(Value::Null);
    }
    let array = flat(&arguments[0], "removing elements from")?;
    let kept = array.elements.iter().filter(|element| !sql_eq(&types[1], element, &arguments[1]));
    let elements: Vec<Value> = kept.cloned().collect();
    let dimensions = match elements.len() {
        0 => Vec::new(),
        count => vec![(count as u32, lower_bound(array) as i32)],
    };
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}

fn array_replace(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let Value::Array(array) = &arguments[0] else { return Ok(Value::Null) };
    let replaced = |element: &Value| {
        if sql_eq(&types[1], element, &arguments[1]) { arguments[2].clone() } else { element.clone() }
    };
    let elements = array.elements.iter().map(replaced).collect();
    Ok(Value::Array(Arc::new(Array { dimensions: array.dimensions.clone(), elements })))
}

fn array_dims(arguments: &[Value]) -> Result<Value, RowError> {
    let dimensions = &array(&arguments[0]).dimensions;
    if dimensions.is_empty() {
        return Ok(Value::Null);
    }
    let shown = |(length, lower): &(u32, i32)| format!("[{lower}:{}]", i64::from(*lower) + i64::from(*length) - 1);
    Ok(Value::text(dimensions.iter().map(shown).collect::<String>()))
}

fn trim_array(arguments: &[Value]) -> Result<Value, RowError> {
    let array = array(&arguments[0]);
    let length = array.dimensions.first().map_or(0, |(length, _)| i64::from(*length));
    let count = int(&arguments[1]);
    if count < 0 || count > length {
        return Err(RowError::new("2202E", format!("number of elements to trim must be between 0 and {length}")));
    }
    let upper = array.dimensions.first().map_or(0, |(_, lower)| i64::from(*lower) + length - 1 - count);
    super::array_subscript::slice(&[arguments[0].clone(), Value::Int(i64::from(i32::MIN)), Value::Int(upper)])
}

/// `array_fill(value, lengths [, lower bounds])`
fn array_fill(_: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let null = || RowError::new("22004", "dimension array or low bound array cannot be null");
    if arguments[1..].iter().any(Value::is_null) {
        return Err(null());
    }
    let numbers = |value: &Value| -> Result<Vec<i64>, RowError> {
        let known = |element: &Value| match element {
            Value::Int(number) => Ok(*number),
            _ => Err(RowError::new("22004", "dimension values cannot be null")),
        };
        array(value).elements.iter().map(known).collect()
    };
    let lengths = numbers(&arguments[1])?;
    let lowers = arguments.get(2).map_or_else(|| Ok(vec![1; lengths.len()]), numbers)?;
    if lengths.len() != lowers.len() {
        return Err(RowError::new("2202E", "wrong number of array subscripts"));
    }
    let size = lengths.iter().try_fold(1u64, |size, length| size.checked_mul(u64::try_from(*length).ok()?));
    let size = size
        .filter(|size| *size <= ELEMENTS_MAX)
        .ok_or_else(|| RowError::new("54000", format!("array size exceeds the maximum allowed ({ELEMENTS_MAX})")))?;
    if size == 0 || lengths.is_empty() {
        return Ok(from_elements(Vec::new()));
    }
    let dimensions = lengths.iter().zip(&lowers).map(|(length, lower)| (*length as u32, *lower as i32)).collect();
    let elements = vec![arguments[0].clone(); size as usize];
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.typed_nullable("array_position(anyarray,anyelement) int4", array_position);
    catalog.typed_nullable("array_position(anyarray,anyelement,int4) int4", array_position);
    catalog.typed_nullable("array_positions(anyarray,anyelement) int4[]", array_positions);
    catalog.typed_nullable("array_remove(anyarray,anyelement) anyarray", array_remove);
    catalog.typed_nullable("array_replace(anyarray,anyelement,anyelement) anyarray", array_replace);
    catalog.strict("array_dims(anyarray) text", array_dims);
    catalog.strict("trim_array(anyarray,int4) anyarray", trim_array);
    catalog.typed_nullable("array_fill(anyelement,int4[]) anyarray", array_fill);
    catalog.typed_nullable("array_fill(anyelement,int4[],int4[]) anyarray", array_fill);
}
