//! Rows from JSON: elements of arrays, fields and keys of objects.

use tailwater_connectors::{Row, SqlType, Value};

use super::json_read::{as_json, as_text, form, strings};
use super::json_text::{Json, Node};
use super::rows::{Rows, one_column};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

type Shown = fn(Option<&Node<'_>>) -> Value;

fn elements(document: &Node<'_>, shown: Shown) -> Result<Vec<Row>, RowError> {
    match document.value() {
        Json::Array(elements) => one_column(elements.iter().map(|element| shown(Some(element)))),
        Json::Object(_) => Err(RowError::invalid_parameter("cannot extract elements from an object")),
        _ => Err(RowError::invalid_parameter("cannot extract elements from a scalar")),
    }
}

fn fields<const BINARY: bool>(arguments: &[Value], shown: Shown) -> Result<Vec<Row>, RowError> {
    match strings::<BINARY>(&arguments[0])?.value() {
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

fn keys<const BINARY: bool>(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    match strings::<BINARY>(&arguments[0])?.value() {
        Json::Object(fields) => one_column(fields.iter().map(|(key, _)| Value::text(key.as_ref()))),
        Json::Array(_) => Err(RowError::invalid_parameter("cannot get the keys of an array")),
        _ => Err(RowError::invalid_parameter("cannot get the keys of a scalar")),
    }
}

fn register_for<const BINARY: bool>(catalog: &mut Catalog, json: &str) {
    catalog.rows(&format!("{json}_array_elements({json}) {json}"), |_, a| elements(&form::<BINARY>(&a[0])?, as_json));
    catalog.rows(&format!("{json}_array_elements_text({json}) text"), |_, a| {
        elements(&strings::<BINARY>(&a[0])?, as_text)
    });
    catalog.rows(&format!("{json}_each({json}) {json}"), |_, a| fields::<BINARY>(a, as_json));
    catalog.rows(&format!("{json}_each_text({json}) text"), |_, a| fields::<BINARY>(a, as_text));
    catalog.rows(&format!("{json}_object_keys({json}) text"), keys::<BINARY>);
}

pub(super) fn register(catalog: &mut Catalog) {
    register_for::<false>(catalog, "json");
    register_for::<true>(catalog, "jsonb");
}
