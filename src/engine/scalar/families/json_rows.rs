//! Rows from JSON: elements of arrays, fields and keys of objects.

use tailwater_connectors::{Row, SqlType, Value};

use super::json_read::{as_json, as_text};
use super::json_text::{Json, Node, parse_node};
use super::read::text;
use super::rows::{Rows, one_column};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

type Shown = fn(Option<&Node<'_>>) -> Value;

fn elements(arguments: &[Value], shown: Shown) -> Result<Vec<Row>, RowError> {
    match parse_node(text(&arguments[0]))?.value() {
        Json::Array(elements) => one_column(elements.iter().map(|element| shown(Some(element)))),
        Json::Object(_) => Err(RowError::invalid_parameter("cannot extract elements from an object")),
        _ => Err(RowError::invalid_parameter("cannot extract elements from a scalar")),
    }
}

fn fields(arguments: &[Value], shown: Shown) -> Result<Vec<Row>, RowError> {
    match parse_node(text(&arguments[0]))?.value() {
        Json::Object(fields) => {
            let mut rows = Rows::default();
            for (key, node) in fields {
                rows.push(vec![Value::text(key.as_ref()), shown(Some(node))])?;
            }
            Ok(rows.finish())
        }
        _ => Err(RowError::invalid_parameter("cannot deconstruct what is not an object")),
    }
}

fn keys(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    match parse_node(text(&arguments[0]))?.value() {
        Json::Object(fields) => one_column(fields.iter().map(|(key, _)| Value::text(key.as_ref()))),
        Json::Array(_) => Err(RowError::invalid_parameter("cannot get the keys of an array")),
        _ => Err(RowError::invalid_parameter("cannot get the keys of a scalar")),
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    for json in ["json", "jsonb"] {
        catalog.rows(&format!("{json}_array_elements({json}) {json}"), |_, a| elements(a, as_json));
        catalog.rows(&format!("{json}_array_elements_text({json}) text"), |_, a| elements(a, as_text));
        catalog.rows(&format!("{json}_each({json}) {json}"), |_, a| fields(a, as_json));
        catalog.rows(&format!("{json}_each_text({json}) text"), |_, a| fields(a, as_text));
        catalog.rows(&format!("{json}_object_keys({json}) text"), keys);
    }
}
