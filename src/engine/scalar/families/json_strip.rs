//! Documents without the fields that are null: `json_strip_nulls`, `jsonb_strip_nulls`.

use tailwater_connectors::Value;

use super::json_read::strings;
use super::json_text::{Json, Node, parse, print_string, write_canonical};
use super::read::text;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn without_nulls(json: &mut Json<'_>) {
    match json {
        Json::Object(fields) => {
            fields.retain(|(_, node)| !matches!(node.value(), Json::Null));
            fields.iter_mut().for_each(|(_, node)| without_nulls(&mut node.value));
        }
        Json::Array(elements) => elements.iter_mut().for_each(|node| without_nulls(&mut node.value)),
        _ => {}
    }
}

fn strip_binary(arguments: &[Value]) -> Result<Value, RowError> {
    let mut json = parse(text(&arguments[0]))?;
    without_nulls(&mut json);
    let mut out = String::new();
    write_canonical(&mut out, &json);
    Ok(Value::text(out))
}

/// Numbers stay as written, strings are written anew, blanks go.
fn write(out: &mut String, node: &Node<'_>) {
    match node.value() {
        Json::Object(fields) => {
            out.push('{');
            let kept = fields.iter().filter(|(_, node)| !matches!(node.value(), Json::Null));
            for (index, (key, node)) in kept.enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                print_string(out, key);
                out.push(':');
                write(out, node);
            }
            out.push('}');
        }
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(out, element);
            }
            out.push(']');
        }
        Json::Text(text) => print_string(out, text),
        _ => out.push_str(node.source),
    }
}

fn strip(arguments: &[Value]) -> Result<Value, RowError> {
    let mut out = String::new();
    write(&mut out, &strings::<false>(&arguments[0])?);
    Ok(Value::text(out))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("json_strip_nulls(json) json", strip);
    catalog.strict("jsonb_strip_nulls(jsonb) jsonb", strip_binary);
}
