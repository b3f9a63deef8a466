//! jsonb containment, concatenation and removal of keys.

use tailwater_connectors::Value;

use super::json_text::{Json, Node, parse, parse_node, write_canonical};
use super::jsonb_order::jsonb_cmp;
use super::read::{array, int, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn same(left: &Node<'_>, right: &Node<'_>) -> bool {
    jsonb_cmp(left.source, right.source).is_eq()
}

fn is_container(json: &Json<'_>) -> bool {
    matches!(json, Json::Array(_) | Json::Object(_))
}

fn contains(whole: &Node<'_>, part: &Node<'_>) -> bool {
    match (whole.value(), part.value()) {
        (Json::Object(whole), Json::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.iter().any(|(known, candidate)| known == key && contains(candidate, value))),
        (Json::Array(whole), Json::Array(part)) => {
            part.iter().all(|sought| whole.iter().any(|candidate| element_contains(candidate, sought)))
        }
        (left, right) => !is_container(left) && !is_container(right) && same(whole, part),
    }
}

fn element_contains(candidate: &Node<'_>, sought: &Node<'_>) -> bool {
    if is_container(sought.value()) { contains(candidate, sought) } else { same(candidate, sought) }
}

/// At the top, an array also contains a plain value.
fn contained(whole: &Value, part: &Value) -> Result<Value, RowError> {
    let (whole, part) = (parse_node(text(whole))?, parse_node(text(part))?);
    Ok(Value::Bool(match whole.value() {
        Json::Array(elements) if !is_container(part.value()) => elements.iter().any(|element| same(element, &part)),
        _ => contains(&whole, &part),
    }))
}

fn shown(json: &Json<'_>) -> Value {
    let mut out = String::new();
    write_canonical(&mut out, json);
    Value::text(out)
}

/// Elements of an array; anything else is one element.
fn elements<'n, 'a>(node: &'n Node<'a>) -> impl Iterator<Item = Json<'a>> + use<'n, 'a> {
    let (items, single) = match node.value() {
        Json::Array(items) => (items.as_slice(), None),
        other => (&[][..], Some(other.clone())),
    };
    items.iter().map(|item| item.value().clone()).chain(single)
}

fn concatenate(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (parse_node(text(&arguments[0]))?, parse_node(text(&arguments[1]))?);
    Ok(shown(&match (left.value(), right.value()) {
        (Json::Object(left), Json::Object(right)) => Json::Object(left.iter().chain(right).cloned().collect()),
        _ => {
            let all: Vec<Json<'_>> = elements(&left).chain(elements(&right)).collect();
            Json::Array(all.into_iter().map(|value| Node { value, source: "" }).collect())
        }
    }))
}

fn remove_keys(json: &str, keys: &[&str]) -> Result<Value, RowError> {
    let mut json = parse(json)?;
    match &mut json {
        Json::Object(fields) => fields.retain(|(key, _)| !keys.contains(&key.as_ref())),
        Json::Array(elements) => {
            elements.retain(|element| !matches!(element.value(), Json::Text(text) if keys.contains(&text.as_ref())));
        }
        _ => return Err(RowError::invalid_parameter("cannot delete from scalar")),
    }
    Ok(shown(&json))
}

fn remove_index(arguments: &[Value]) -> Result<Value, RowError> {
    let mut json = parse(text(&arguments[0]))?;
    match &mut json {
        Json::Array(elements) => {
            let index = int(&arguments[1]);
            let index = if index < 0 { index + elements.len() as i64 } else { index };
            if let Some(index) = usize::try_from(index).ok().filter(|index| *index < elements.len()) {
                elements.remove(index);
            }
        }
        Json::Object(_) => {
            return Err(RowError::invalid_parameter("cannot delete from object using integer index"));
        }
        _ => return Err(RowError::invalid_parameter("cannot delete from scalar")),
    }
    Ok(shown(&json))
}

pub(super) fn register(catalog: &mut Catalog) {
    for name in ["@>", "jsonb_contains"] {
        catalog.strict(&format!("{name}(jsonb,jsonb) bool"), |a| contained(&a[0], &a[1]));
    }
    for name in ["<@", "jsonb_contained"] {
        catalog.strict(&format!("{name}(jsonb,jsonb) bool"), |a| contained(&a[1], &a[0]));
    }
    for name in ["||", "jsonb_concat"] {
        catalog.strict(&format!("{name}(jsonb,jsonb) jsonb"), concatenate);
    }
    catalog.strict("jsonb_delete(jsonb,text) jsonb", |a| remove_keys(text(&a[0]), &[text(&a[1])]));
    catalog.strict("jsonb_delete(jsonb,variadic text) jsonb", |a| {
        remove_keys(text(&a[0]), &a[1..].iter().map(text).collect::<Vec<_>>())
    });
    catalog.strict("jsonb_delete(jsonb,int4) jsonb", remove_index);
    catalog.strict("-(jsonb,text) jsonb", |a| remove_keys(text(&a[0]), &[text(&a[1])]));
    catalog.strict("-(jsonb,int4) jsonb", remove_index);
    catalog.strict("-(jsonb,text[]) jsonb", |a| {
        let keys: Vec<&str> = array(&a[1]).elements.iter().filter(|key| !key.is_null()).map(text).collect();
        remove_keys(text(&a[0]), &keys)
    });
}
