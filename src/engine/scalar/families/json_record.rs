//! Rows of declared columns from JSON objects: `json_to_record`, `json_to_recordset`, `json_populate_record(set)`.
//!
//! The arguments are the JSON and the names of the columns; the types behind those of the arguments are the columns'.

use std::sync::Arc;

use tailwater_connectors::{Array, Row, SqlType, Value};

use super::json_read::field;
use super::json_text::{Json, Node, Reading, read};
use super::read::{array, text};
use super::rows::Rows;
use crate::engine::scalar::cast::cast_value;
use crate::engine::scalar::expression::{RowError, TableBody};

/// Types of the arguments that stand before those of the columns.
const ARGUMENTS: usize = 2;

/// The body of a function with this name, if it returns declared columns.
pub(in crate::engine::scalar) fn body(name: &str) -> Option<TableBody> {
    Some(match name {
        "json_to_record" | "jsonb_to_record" | "json_populate_record" | "jsonb_populate_record" => record,
        "json_to_recordset" | "jsonb_to_recordset" | "json_populate_recordset" | "jsonb_populate_recordset" => {
            record_set
        }
        _ => return None,
    })
}

fn record(types: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    let names = &array(&arguments[1]).elements;
    let mut rows = Rows::default();
    if arguments[0].is_null() {
        rows.push(vec![Value::Null; names.len()])?;
        return Ok(rows.finish());
    }
    let node = read(text(&arguments[0]), Reading::Strings)?;
    rows.push(columns(&node, names, &types[ARGUMENTS..])?)?;
    Ok(rows.finish())
}

fn record_set(types: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    if arguments[0].is_null() {
        return Ok(Vec::new());
    }
    let names = &array(&arguments[1]).elements;
    let node = read(text(&arguments[0]), Reading::Strings)?;
    let Json::Array(objects) = node.value() else {
        return Err(RowError::invalid_parameter("cannot make a record set of what is not an array of objects"));
    };
    let mut rows = Rows::default();
    for object in objects {
        rows.push(columns(object, names, &types[ARGUMENTS..])?)?;
    }
    Ok(rows.finish())
}

fn columns(object: &Node<'_>, names: &[Value], types: &[SqlType]) -> Result<Vec<Value>, RowError> {
    if !matches!(object.value(), Json::Object(_)) {
        return Err(RowError::invalid_parameter("cannot make a record of what is not an object"));
    }
    let column = |(name, sql_type): (&Value, &SqlType)| match field(object, text(name)) {
        Some(node) => populated(node, sql_type),
        None => Ok(Value::Null),
    };
    names.iter().zip(types).map(column).collect()
}

/// A JSON value as a value of a column's type.
fn populated(node: &Node<'_>, sql_type: &SqlType) -> Result<Value, RowError> {
    match (node.value(), sql_type) {
        (Json::Null, SqlType::Json | SqlType::Jsonb) => written(node, sql_type),
        (Json::Null, _) => Ok(Value::Null),
        (_, SqlType::Json | SqlType::Jsonb) => written(node, sql_type),
        (Json::Text(text), _) => cast_value(&SqlType::Text, sql_type, Value::text(text.as_ref())),
        (Json::Array(elements), SqlType::Array(element)) => populated_array(elements, element),
        (_, SqlType::Array(_)) => Err(malformed()),
        _ => cast_value(&SqlType::Text, sql_type, Value::text(node.source)),
    }
}

fn written(node: &Node<'_>, sql_type: &SqlType) -> Result<Value, RowError> {
    cast_value(&SqlType::Text, sql_type, Value::text(node.source))
}

fn malformed() -> RowError {
    RowError::new("22P02", "expected JSON array")
}

/// Arrays inside are further dimensions, all of one length per dimension.
fn populated_array(elements: &[Node<'_>], element: &SqlType) -> Result<Value, RowError> {
    let mut lengths = Vec::new();
    let mut node = elements.first();
    lengths.push(elements.len() as u32);
    while let Some(Json::Array(inner)) = node.map(Node::value) {
        // An array column of JSON holds arrays as elements.
        lengths.push(inner.len() as u32);
        node = inner.first();
    }
    let mut values = Vec::new();
    fill(&mut values, elements, (&lengths, element))?;
    if values.is_empty() {
        return Ok(Value::Array(Arc::new(Array { dimensions: Vec::new(), elements: values })));
    }
    let dimensions = lengths.into_iter().map(|length| (length, 1)).collect();
    Ok(Value::Array(Arc::new(Array { dimensions, elements: values })))
}

fn fill(values: &mut Vec<Value>, elements: &[Node<'_>], level: (&[u32], &SqlType)) -> Result<(), RowError> {
    let (lengths, element) = level;
    if elements.len() as u32 != lengths[0] {
        return Err(RowError::new("22P02", "malformed JSON array"));
    }
    for node in elements {
        match (node.value(), &lengths[1..]) {
            (Json::Array(inner), deeper @ [_, ..]) => fill(values, inner, (deeper, element))?,
            (_, [_, ..]) => return Err(malformed()),
            (_, []) => values.push(populated(node, element)?),
        }
    }
    Ok(())
}
