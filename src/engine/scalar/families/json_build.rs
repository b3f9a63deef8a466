//! JSON from SQL values: `to_json`, `json_build_object` and their kin.

use tailwater_connectors::{Array, SqlType, Value};

use super::json_text::{canonical, print_string};
use super::read::{array, text};
use super::text::printed;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// Appends the value as Postgres' `to_json` writes it.
pub(in crate::engine) fn append_json(out: &mut String, sql_type: &SqlType, value: &Value) {
    match (value, sql_type) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Bool(truth), _) => out.push_str(if *truth { "true" } else { "false" }),
        (Value::Int(number), sql_type) if *sql_type != SqlType::Oid => out.push_str(&number.to_string()),
        (Value::Float(number), _) if number.is_finite() => out.push_str(&printed(sql_type, value)),
        (Value::Numeric(number), _) if number.is_finite() => out.push_str(&number.to_string()),
        (Value::Text(text), SqlType::Json | SqlType::Jsonb) => out.push_str(text),
        (Value::Timestamp(_), _) => print_string(out, &printed(sql_type, value).replacen(' ', "T", 1)),
        (Value::Timestamptz(_), _) => {
            // ISO 8601 has minutes in the offset.
            let shown = printed(sql_type, value).replacen(' ', "T", 1);
            print_string(out, &shown.replacen("+00", "+00:00", 1));
        }
        (Value::Array(array), SqlType::Array(element)) => write_array(out, element, (array, ",")),
        _ => print_string(out, &printed(sql_type, value)),
    }
}

/// Appends a value that is not null as the name of a field.
pub(in crate::engine) fn append_json_key(out: &mut String, sql_type: &SqlType, key: &Value) -> Result<(), RowError> {
    if matches!(sql_type, SqlType::Array(_) | SqlType::Json | SqlType::Jsonb) {
        return Err(RowError::invalid_parameter("key value must be scalar, not array, composite, or json"));
    }
    let start = out.len();
    append_json(out, sql_type, key);
    if !out[start..].starts_with('"') {
        out.insert(start, '"');
        out.push('"');
    }
    Ok(())
}

/// An array, and what stands between its outermost elements.
fn write_array(out: &mut String, element: &SqlType, (array, separator): (&Array, &str)) {
    if array.dimensions.is_empty() {
        out.push_str("[]");
        return;
    }
    let lengths: Vec<usize> = array.dimensions.iter().map(|(length, _)| *length as usize).collect();
    write_level(out, (element, separator), (&lengths, &array.elements));
}

fn write_level(out: &mut String, (element, separator): (&SqlType, &str), level: (&[usize], &[Value])) {
    let (lengths, elements) = level;
    let size = elements.len() / lengths[0].max(1);
    out.push('[');
    for (index, chunk) in elements.chunks(size.max(1)).enumerate() {
        out.push_str(if index > 0 { separator } else { "" });
        match lengths {
            [_] => append_json(out, element, &chunk[0]),
            [_, inner @ ..] => write_level(out, (element, ","), (inner, chunk)),
            [] => {}
        }
    }
    out.push(']');
}

fn to_json(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let mut out = String::new();
    append_json(&mut out, &types[0], &arguments[0]);
    Ok(Value::text(out))
}

/// `array, line feeds`: the latter between the outermost elements.
fn array_to_json(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let (Value::Array(array), SqlType::Array(element)) = (&arguments[0], &types[0]) else { return Ok(Value::Null) };
    let separator = if matches!(arguments[1], Value::Bool(true)) { ",\n " } else { "," };
    let mut out = String::new();
    write_array(&mut out, element, (array, separator));
    Ok(Value::text(out))
}

fn to_jsonb(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    binary(to_json(types, arguments)?)
}

/// The same JSON as jsonb.
fn binary(json: Value) -> Result<Value, RowError> {
    match json {
        Value::Text(text) => canonical(&text).map(Value::text),
        other => Ok(other),
    }
}

fn build_object(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    if !arguments.len().is_multiple_of(2) {
        return Err(RowError::invalid_parameter("argument list must have even number of elements"));
    }
    let mut out = String::from("{");
    for (index, (pair, types)) in arguments.chunks(2).zip(types.chunks(2)).enumerate() {
        if pair[0].is_null() {
            let message = format!("argument {} cannot be null", index * 2 + 1);
            return Err(RowError::invalid_parameter(message));
        }
        out.push_str(if index > 0 { ", " } else { "" });
        append_json_key(&mut out, &types[0], &pair[0])?;
        out.push_str(" : ");
        append_json(&mut out, &types[1], &pair[1]);
    }
    out.push('}');
    Ok(Value::text(out))
}

fn build_array(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let mut out = String::from("[");
    for (index, (sql_type, value)) in types.iter().zip(arguments).enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        append_json(&mut out, sql_type, value);
    }
    out.push(']');
    Ok(Value::text(out))
}

/// `row_to_json`: the names of the fields, then their values.
pub(in crate::engine::scalar) fn row_document(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let mut out = String::from("{");
    let fields = array(&arguments[0]).elements.iter().zip(types[1..].iter().zip(&arguments[1..]));
    for (index, (name, (sql_type, value))) in fields.enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        print_string(&mut out, text(name));
        out.push(':');
        append_json(&mut out, sql_type, value);
    }
    out.push('}');
    Ok(Value::text(out))
}

/// The same as jsonb.
pub(in crate::engine::scalar) fn row_document_binary(
    types: &[SqlType],
    arguments: &[Value],
) -> Result<Value, RowError> {
    row_document(types, arguments).and_then(binary)
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.typed("to_json(any) json", to_json);
    catalog.typed("to_jsonb(any) jsonb", to_jsonb);
    catalog.typed("array_to_json(anyarray) json", to_json);
    catalog.typed("array_to_json(anyarray,bool) json", array_to_json);
    for arguments in ["", "variadic any"] {
        catalog.typed_nullable(&format!("json_build_object({arguments}) json"), build_object);
        catalog.typed_nullable(&format!("json_build_array({arguments}) json"), build_array);
        catalog.typed_nullable(&format!("jsonb_build_object({arguments}) jsonb"), |types, a| {
            build_object(types, a).and_then(binary)
        });
        catalog.typed_nullable(&format!("jsonb_build_array({arguments}) jsonb"), |types, a| {
            build_array(types, a).and_then(binary)
        });
    }
}
