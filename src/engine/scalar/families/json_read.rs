//! Reading parts of JSON: `->`, `->>`, `#>`, `#>>`, lengths, kinds.

use tailwater_connectors::Value;

use super::json_text::{Json, Node, parse_node, write_canonical};
use super::read::{array, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// The last of equal keys counts.
pub(super) fn field<'n, 'a>(node: &'n Node<'a>, key: &str) -> Option<&'n Node<'a>> {
    match node.value() {
        Json::Object(fields) => fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
        _ => None,
    }
}

/// A negative index counts from the end.
fn item<'n, 'a>(node: &'n Node<'a>, index: i64) -> Option<&'n Node<'a>> {
    match node.value() {
        Json::Array(elements) => {
            let index = if index < 0 { index + elements.len() as i64 } else { index };
            elements.get(usize::try_from(index).ok()?)
        }
        _ => None,
    }
}

fn at_path<'n, 'a>(node: &'n Node<'a>, path: &[Value]) -> Option<&'n Node<'a>> {
    path.iter().try_fold(node, |node, step| match (node.value(), step) {
        (Json::Object(_), Value::Text(key)) => field(node, key),
        (Json::Array(_), Value::Text(index)) => item(node, index.trim().parse::<i32>().ok()?.into()),
        _ => None,
    })
}

/// The part as it was written: jsonb text is canonical already.
pub(super) fn as_json(node: Option<&Node<'_>>) -> Value {
    node.map_or(Value::Null, |node| Value::text(node.source))
}

/// The part as text: strings without quotes, null as null.
pub(super) fn as_text(node: Option<&Node<'_>>) -> Value {
    match node.map(Node::value) {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Text(text)) => Value::text(text.as_ref()),
        Some(_) => as_json(node),
    }
}

fn step<'n, 'a>(node: &'n Node<'a>, step: &Value) -> Option<&'n Node<'a>> {
    match step {
        Value::Text(key) => field(node, key),
        Value::Int(index) => item(node, *index),
        Value::Array(path) => at_path(node, &path.elements),
        _ => None,
    }
}

fn get(arguments: &[Value]) -> Result<Value, RowError> {
    let node = parse_node(text(&arguments[0]))?;
    Ok(as_json(step(&node, &arguments[1])))
}

fn get_text(arguments: &[Value]) -> Result<Value, RowError> {
    let node = parse_node(text(&arguments[0]))?;
    Ok(as_text(step(&node, &arguments[1])))
}

fn extract_path(arguments: &[Value]) -> Result<Value, RowError> {
    let node = parse_node(text(&arguments[0]))?;
    Ok(as_json(at_path(&node, &arguments[1..])))
}

fn extract_path_text(arguments: &[Value]) -> Result<Value, RowError> {
    let node = parse_node(text(&arguments[0]))?;
    Ok(as_text(at_path(&node, &arguments[1..])))
}

fn array_length(arguments: &[Value]) -> Result<Value, RowError> {
    match parse_node(text(&arguments[0]))?.value() {
        Json::Array(elements) => Ok(Value::Int(elements.len() as i64)),
        Json::Object(_) => Err(RowError::invalid_parameter("cannot get array length of a non-array")),
        _ => Err(RowError::invalid_parameter("cannot get array length of a scalar")),
    }
}

fn kind(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::text(match parse_node(text(&arguments[0]))?.value() {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::Text(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }))
}

fn without_nulls(json: &mut Json<'_>) {
    match json {
        Json::Object(fields) => {
            fields.retain(|(_, node)| !matches!(node.value, Json::Null));
            fields.iter_mut().for_each(|(_, node)| without_nulls(&mut node.value));
        }
        Json::Array(elements) => elements.iter_mut().for_each(|node| without_nulls(&mut node.value)),
        _ => {}
    }
}

fn strip_nulls(arguments: &[Value]) -> Result<Value, RowError> {
    let mut node = parse_node(text(&arguments[0]))?;
    without_nulls(&mut node.value);
    let mut out = String::new();
    write_canonical(&mut out, node.value());
    Ok(Value::text(out))
}

fn has_keys(arguments: &[Value], all: bool) -> Result<Value, RowError> {
    let node = parse_node(text(&arguments[0]))?;
    let mut keys = array(&arguments[1]).elements.iter().filter(|key| !key.is_null());
    let has = |key: &Value| has_key(&node, text(key));
    Ok(Value::Bool(if all { keys.all(has) } else { keys.any(has) }))
}

/// A key of an object, or a string of an array, or the string itself.
fn has_key(node: &Node<'_>, key: &str) -> bool {
    let is_key = |json: &Json<'_>| matches!(json, Json::Text(text) if text == key);
    match node.value() {
        Json::Object(_) => field(node, key).is_some(),
        Json::Array(elements) => elements.iter().any(|element| is_key(element.value())),
        scalar => is_key(scalar),
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    for json in ["json", "jsonb"] {
        for step in ["text", "int4"] {
            catalog.strict(&format!("->({json},{step}) {json}"), get);
            catalog.strict(&format!("->>({json},{step}) text"), get_text);
        }
        catalog.strict(&format!("#>({json},text[]) {json}"), get);
        catalog.strict(&format!("#>>({json},text[]) text"), get_text);
        catalog.strict(&format!("{json}_extract_path({json},variadic text) {json}"), extract_path);
        catalog.strict(&format!("{json}_extract_path_text({json},variadic text) text"), extract_path_text);
        catalog.strict(&format!("{json}_array_length({json}) int4"), array_length);
        catalog.strict(&format!("{json}_typeof({json}) text"), kind);
    }
    catalog.strict("jsonb_strip_nulls(jsonb) jsonb", strip_nulls);
    for name in ["?", "jsonb_exists"] {
        catalog.strict(&format!("{name}(jsonb,text) bool"), |a| {
            Ok(Value::Bool(has_key(&parse_node(text(&a[0]))?, text(&a[1]))))
        });
    }
    catalog.strict("?|(jsonb,text[]) bool", |a| has_keys(a, false));
    catalog.strict("?&(jsonb,text[]) bool", |a| has_keys(a, true));
}
