//! Arrays.

use std::sync::Arc;

use tailwater_connectors::{Array, SqlType, Value};

use super::read::{array, int, text};
use super::text::printed;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::compare::sql_eq;
use crate::engine::scalar::expression::RowError;

pub(in crate::engine::scalar) fn from_elements(elements: Vec<Value>) -> Value {
    let dimensions = if elements.is_empty() { Vec::new() } else { vec![(elements.len() as u32, 1)] };
    Value::Array(Arc::new(Array { dimensions, elements }))
}

fn dimension(arguments: &[Value]) -> Option<(u32, i32)> {
    let index = usize::try_from(int(&arguments[1]) - 1).ok()?;
    array(&arguments[0]).dimensions.get(index).copied()
}

fn array_length(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(dimension(arguments).map_or(Value::Null, |(length, _)| Value::Int(i64::from(length))))
}

fn array_lower(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(dimension(arguments).map_or(Value::Null, |(_, lower)| Value::Int(i64::from(lower))))
}

fn array_upper(arguments: &[Value]) -> Result<Value, RowError> {
    let upper = |(length, lower): (u32, i32)| Value::Int(i64::from(length) + i64::from(lower) - 1);
    Ok(dimension(arguments).map_or(Value::Null, upper))
}

fn array_to_string(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let (Value::Array(array), Value::Text(separator)) = (&arguments[0], &arguments[1]) else { return Ok(Value::Null) };
    let SqlType::Array(element) = &types[0] else { return Ok(Value::Null) };
    let null = match arguments.get(2) {
        Some(Value::Text(null)) => Some(null.to_string()),
        _ => None,
    };
    let shown = array.elements.iter().filter_map(|value| match value {
        Value::Null => null.clone(),
        value => Some(printed(element, value)),
    });
    Ok(Value::text(shown.collect::<Vec<_>>().join(separator)))
}

pub(super) fn string_to_array(arguments: &[Value]) -> Result<Value, RowError> {
    let Value::Text(source) = &arguments[0] else { return Ok(Value::Null) };
    let parts: Vec<String> = match &arguments[1] {
        _ if source.is_empty() => Vec::new(),
        Value::Text(separator) if separator.is_empty() => vec![source.to_string()],
        Value::Text(separator) => source.split(separator.as_str()).map(str::to_owned).collect(),
        _ => source.chars().map(|c| c.to_string()).collect(),
    };
    let null = arguments.get(2).filter(|null| !null.is_null()).map(text);
    let value = |part: String| if null == Some(part.as_str()) { Value::Null } else { Value::text(part) };
    Ok(from_elements(parts.into_iter().map(value).collect()))
}

/// `a || b`: a null side is an empty one.
fn array_cat(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = match (&arguments[0], &arguments[1]) {
        (Value::Array(left), Value::Array(right)) => (left, right),
        (Value::Null, other) | (other, _) => return Ok(other.clone()),
    };
    if left.dimensions.is_empty() || right.dimensions.is_empty() {
        let kept = if left.dimensions.is_empty() { right } else { left };
        return Ok(Value::Array(kept.clone()));
    }
    let incompatible = || RowError::new("2202E", "cannot concatenate incompatible arrays");
    let (l, r) = (&left.dimensions, &right.dimensions);
    let mut dimensions = if r.len() > l.len() { r.clone() } else { l.clone() };
    let lengths = |dimensions: &[(u32, i32)]| dimensions.iter().map(|(length, _)| *length).collect::<Vec<_>>();
    dimensions[0].0 = match l.len() as i64 - r.len() as i64 {
        0 if lengths(&l[1..]) == lengths(&r[1..]) => l[0].0 + r[0].0,
        1 if lengths(&l[1..]) == lengths(r) => l[0].0 + 1,
        -1 if lengths(l) == lengths(&r[1..]) => r[0].0 + 1,
        _ => return Err(incompatible()),
    };
    let elements = left.elements.iter().chain(&right.elements).cloned().collect();
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}

fn one_dimension(value: &Value) -> Result<(Vec<Value>, i32), RowError> {
    match value {
        Value::Array(array) => match array.dimensions[..] {
            [] => Ok((Vec::new(), 1)),
            [(_, lower)] => Ok((array.elements.clone(), lower)),
            _ => Err(RowError::new("22000", "argument must be empty or one-dimensional array")),
        },
        _ => Ok((Vec::new(), 1)),
    }
}

fn with_lower_bound(elements: Vec<Value>, lower: i32) -> Value {
    Value::Array(Arc::new(Array { dimensions: vec![(elements.len() as u32, lower)], elements }))
}

fn array_append(arguments: &[Value]) -> Result<Value, RowError> {
    let (mut elements, lower) = one_dimension(&arguments[0])?;
    elements.push(arguments[1].clone());
    Ok(with_lower_bound(elements, lower))
}

fn array_prepend(arguments: &[Value]) -> Result<Value, RowError> {
    let (mut elements, lower) = one_dimension(&arguments[1])?;
    elements.insert(0, arguments[0].clone());
    Ok(with_lower_bound(elements, lower))
}

/// Whether every known element of `part` is in `whole`; a null is in nothing.
fn contained(types: &[SqlType], part: &Value, whole: &Value) -> bool {
    let SqlType::Array(element) = &types[0] else { return false };
    let found =
        |sought: &Value| array(whole).elements.iter().any(|known| !known.is_null() && sql_eq(element, known, sought));
    array(part).elements.iter().all(|sought| !sought.is_null() && found(sought))
}

fn overlaps(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let SqlType::Array(element) = &types[0] else { return Ok(Value::Null) };
    let right = &array(&arguments[1]).elements;
    let shared = |sought: &Value| {
        !sought.is_null() && right.iter().any(|known| !known.is_null() && sql_eq(element, known, sought))
    };
    Ok(Value::Bool(array(&arguments[0]).elements.iter().any(shared)))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("array_length(anyarray,int4) int4", array_length);
    catalog.strict("array_lower(anyarray,int4) int4", array_lower);
    catalog.strict("array_upper(anyarray,int4) int4", array_upper);
    catalog.strict("array_ndims(anyarray) int4", |a| match array(&a[0]).dimensions.len() {
        0 => Ok(Value::Null),
        count => Ok(Value::Int(count as i64)),
    });
    catalog.strict("cardinality(anyarray) int4", |a| Ok(Value::Int(array(&a[0]).elements.len() as i64)));
    catalog.typed_nullable("array_to_string(anyarray,text) text", array_to_string);
    catalog.typed_nullable("array_to_string(anyarray,text,text) text", array_to_string);
    catalog.nullable("string_to_array(text,text) text[]", string_to_array);
    catalog.nullable("string_to_array(text,text,text) text[]", string_to_array);
    for (cat, append, prepend) in [("||", "||", "||"), ("array_cat", "array_append", "array_prepend")] {
        catalog.nullable(&format!("{cat}(anyarray,anyarray) anyarray"), array_cat);
        catalog.nullable(&format!("{append}(anyarray,anyelement) anyarray"), array_append);
        catalog.nullable(&format!("{prepend}(anyelement,anyarray) anyarray"), array_prepend);
    }
    catalog.typed("@>(anyarray,anyarray) bool", |types, a| Ok(Value::Bool(contained(types, &a[1], &a[0]))));
    catalog.typed("<@(anyarray,anyarray) bool", |types, a| Ok(Value::Bool(contained(types, &a[0], &a[1]))));
    catalog.typed("&&(anyarray,anyarray) bool", overlaps);
}
