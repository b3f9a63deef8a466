//! The values that a key stands for: what the encoder wrote, read back.

use serde_json::Value as Json;

use crate::sql_type::SqlType;
use crate::text::parse_text;
use crate::value::Value;

use super::encoder::Encoder;
use super::form::Form;

/// The key's values in the view's key order; `None`: the encoder writes no such key.
pub(super) fn key_values(encoder: &Encoder, key: &[u8]) -> Option<Vec<Value>> {
    if let Form::Schema(schemas) = encoder.form() {
        let mut values = vec![Value::Null; encoder.view.key.len()];
        let read = schemas.key_values(key)?;
        encoder.key_columns().zip(read).for_each(|((_, place), value)| values[place] = value);
        return Some(values);
    }
    let debezium = encoder.form().debezium();
    let key = debezium.map_or(Some(key), |form| form.key_payload(key))?;
    let Ok(Json::Object(members)) = serde_json::from_slice(key) else { return None };
    let mut values = vec![Value::Null; encoder.view.key.len()];
    if members.len() != values.len() {
        return None;
    }
    for (column, place) in encoder.key_columns() {
        let member = members.get(column.name.as_str())?;
        let name = column.name.as_str();
        let read = debezium.and_then(|form| form.read((name, &column.sql_type), member));
        values[place] = read.map_or_else(|| value(&column.sql_type, member), Some)?;
    }
    Some(values)
}

fn value(sql_type: &SqlType, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    parse_text(sql_type, &spelled(sql_type, json)).ok()
}

/// The value as the database spells it.
fn spelled(sql_type: &SqlType, json: &Json) -> String {
    match (json, sql_type) {
        (Json::Array(elements), SqlType::Array(element_type)) => array(elements, element_type),
        // RFC 3339; infinities and years before Christ have no such letters.
        (Json::String(text), SqlType::Timestamp | SqlType::Timestamptz) => {
            text.replacen('T', " ", 1).replacen('Z', "+00", 1)
        }
        (Json::String(text), _) => text.clone(),
        (other, _) => other.to_string(),
    }
}

fn array(elements: &[Json], element_type: &SqlType) -> String {
    let element = |element: &Json| match element {
        Json::Null => "NULL".to_owned(),
        Json::Array(inner) => array(inner, element_type),
        other => format!("\"{}\"", spelled(element_type, other).replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{{{}}}", elements.iter().map(element).collect::<Vec<_>>().join(","))
}
