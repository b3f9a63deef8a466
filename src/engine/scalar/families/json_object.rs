//! JSON objects from arrays of text: `json_object`; and `jsonb_pretty`.

use tailwater_connectors::{Array, Value};

use super::json_text::{Json, canonical, parse, print_string, sorted_fields, write_canonical};
use super::read::{array, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn subscripts(message: &str) -> RowError {
    RowError::new("2202E", message)
}

fn object<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Result<Value, RowError> {
    let mut out = String::from("{");
    for (index, (key, value)) in pairs.enumerate() {
        let Value::Text(key) = key else { return Err(RowError::new("22004", "null value not allowed for object key")) };
        out.push_str(if index > 0 { ", " } else { "" });
        print_string(&mut out, key);
        out.push_str(" : ");
        match value {
            Value::Text(value) => print_string(&mut out, value),
            _ => out.push_str("null"),
        }
    }
    out.push('}');
    Ok(Value::text(out))
}

fn from_pairs(arguments: &[Value]) -> Result<Value, RowError> {
    let pairs = array(&arguments[0]);
    match pairs.dimensions[..] {
        [] => {}
        [(length, _)] if !length.is_multiple_of(2) => {
            return Err(subscripts("array must have even number of elements"));
        }
        [_] | [_, (2, _)] => {}
        [_, _] => return Err(subscripts("array must have two columns")),
        _ => return Err(subscripts("wrong number of array subscripts")),
    }
    object(pairs.elements.chunks(2).map(|pair| (&pair[0], &pair[1])))
}

fn from_keys_and_values(arguments: &[Value]) -> Result<Value, RowError> {
    let (keys, values): (&Array, &Array) = (array(&arguments[0]), array(&arguments[1]));
    if keys.dimensions.len() > 1 || keys.dimensions.len() != values.dimensions.len() {
        return Err(subscripts("wrong number of array subscripts"));
    }
    if keys.elements.len() != values.elements.len() {
        return Err(subscripts("mismatched array dimensions"));
    }
    object(keys.elements.iter().zip(&values.elements))
}

fn binary(json: &Value) -> Result<Value, RowError> {
    canonical(text(json)).map(Value::text)
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("    "));
}

fn write_pretty(out: &mut String, json: &Json<'_>, depth: usize) {
    match json {
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                write_pretty(out, element.value(), depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (index, (key, node)) in sorted_fields(fields).into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                print_string(out, key);
                out.push_str(": ");
                write_pretty(out, node.value(), depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        scalar => write_canonical(out, scalar),
    }
}

fn pretty(arguments: &[Value]) -> Result<Value, RowError> {
    let mut out = String::new();
    write_pretty(&mut out, &parse(text(&arguments[0]))?, 0);
    Ok(Value::text(out))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("json_object(text[]) json", from_pairs);
    catalog.strict("json_object(text[],text[]) json", from_keys_and_values);
    catalog.strict("jsonb_object(text[]) jsonb", |a| binary(&from_pairs(a)?));
    catalog.strict("jsonb_object(text[],text[]) jsonb", |a| binary(&from_keys_and_values(a)?));
    catalog.strict("jsonb_pretty(jsonb) text", pretty);
}
