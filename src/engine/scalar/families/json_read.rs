//! Reading parts of JSON: `->`, `->>`, `#>`, `#>>`, lengths, kinds.

use tailwater_connectors::Value;

use super::json_text::{Json, Node, Reading, parse_node, read};
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

/// The part at a path; where a key stands several times, the last one that has the rest of the path.
fn at_path<'n, 'a>(node: &'n Node<'a>, path: &[Value]) -> Option<&'n Node<'a>> {
    let [step, rest @ ..] = path else { return Some(node) };
    match (node.value(), step) {
        (Json::Object(fields), Value::Text(key)) => {
            fields.iter().rev().filter(|(name, _)| name == key.as_str()).find_map(|(_, value)| at_path(value, rest))
        }
        (Json::Array(_), Value::Text(index)) => at_path(item(node, subscript(index)?.into())?, rest),
        _ => None,
    }
}

/// An index as a step of a path, as C reads integers.
pub(super) fn subscript(step: &str) -> Option<i32> {
    step.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}').parse().ok()
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

fn step<'n, 'a, const BINARY: bool>(node: &'n Node<'a>, step: &Value) -> Option<&'n Node<'a>> {
    match step {
        Value::Text(key) => field(node, key),
        // A scalar of jsonb is stored as an array of one.
        Value::Int(0 | -1) if BINARY && !matches!(node.value(), Json::Array(_) | Json::Object(_)) => Some(node),
        Value::Int(index) => item(node, *index),
        Value::Array(path) => at_path(node, &path.elements),
        _ => None,
    }
}

fn get<const BINARY: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let node = strings::<BINARY>(&arguments[0])?;
    Ok(as_json(step::<BINARY>(&node, &arguments[1])))
}

fn get_text<const BINARY: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let node = strings::<BINARY>(&arguments[0])?;
    Ok(as_text(step::<BINARY>(&node, &arguments[1])))
}

fn extract_path<const BINARY: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let node = strings::<BINARY>(&arguments[0])?;
    Ok(as_json(at_path(&node, &arguments[1..])))
}

fn extract_path_text<const BINARY: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let node = strings::<BINARY>(&arguments[0])?;
    Ok(as_text(at_path(&node, &arguments[1..])))
}

/// The document where its strings are wanted.
pub(super) fn strings<const BINARY: bool>(document: &Value) -> Result<Node<'_>, RowError> {
    read(text(document), if BINARY { Reading::Binary } else { Reading::Strings })
}

/// The document where only its form is.
pub(super) fn form<const BINARY: bool>(document: &Value) -> Result<Node<'_>, RowError> {
    read(text(document), if BINARY { Reading::Binary } else { Reading::Form })
}

fn array_length<const BINARY: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    match form::<BINARY>(&arguments[0])?.value() {
        Json::Array(elements) => Ok(Value::Int(elements.len() as i64)),
        Json::Object(_) => Err(RowError::invalid_parameter("cannot get array length of a non-array")),
        _ => Err(RowError::invalid_parameter("cannot get array length of a scalar")),
    }
}

fn kind<const BINARY: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::text(match form::<BINARY>(&arguments[0])?.value() {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) | Json::Written => "number",
        Json::Text(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }))
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

fn register_for<const BINARY: bool>(catalog: &mut Catalog, json: &str) {
    for step in ["text", "int4"] {
        catalog.strict(&format!("->({json},{step}) {json}"), get::<BINARY>);
        catalog.strict(&format!("->>({json},{step}) text"), get_text::<BINARY>);
    }
    catalog.strict(&format!("#>({json},text[]) {json}"), get::<BINARY>);
    catalog.strict(&format!("#>>({json},text[]) text"), get_text::<BINARY>);
    catalog.strict(&format!("{json}_extract_path({json},variadic text) {json}"), extract_path::<BINARY>);
    catalog.strict(&format!("{json}_extract_path_text({json},variadic text) text"), extract_path_text::<BINARY>);
    catalog.strict(&format!("{json}_array_length({json}) int4"), array_length::<BINARY>);
    catalog.strict(&format!("{json}_typeof({json}) text"), kind::<BINARY>);
}

pub(super) fn register(catalog: &mut Catalog) {
    register_for::<false>(catalog, "json");
    register_for::<true>(catalog, "jsonb");
    for name in ["?", "jsonb_exists"] {
        catalog.strict(&format!("{name}(jsonb,text) bool"), |a| {
            Ok(Value::Bool(has_key(&parse_node(text(&a[0]))?, text(&a[1]))))
        });
    }
    for (any, all) in [("?|", "?&"), ("jsonb_exists_any", "jsonb_exists_all")] {
        catalog.strict(&format!("{any}(jsonb,text[]) bool"), |a| has_keys(a, false));
        catalog.strict(&format!("{all}(jsonb,text[]) bool"), |a| has_keys(a, true));
    }
}
