//! From a jsonb scalar to a SQL value.

use tailwater_connectors::{SqlType, Value};

use super::json_text::{Json, parse};
use crate::engine::scalar::cast::cast_value;
use crate::engine::scalar::expression::RowError;

/// `jsonb::to` for booleans and numbers.
pub(in crate::engine::scalar) fn scalar(text: &str, to: &SqlType) -> Result<Value, RowError> {
    let json = parse(text)?;
    match (&json, to) {
        (Json::Bool(truth), SqlType::Bool) => Ok(Value::Bool(*truth)),
        (Json::Number(number), to) if *to != SqlType::Bool => {
            cast_value(&SqlType::Numeric(None), to, Value::Numeric(number.clone()))
        }
        _ => {
            let kind = match json {
                Json::Null => "null",
                Json::Bool(_) => "boolean",
                Json::Number(_) | Json::Written => "numeric",
                Json::Text(_) => "string",
                Json::Array(_) => "array",
                Json::Object(_) => "object",
            };
            let shown = match to {
                SqlType::Numeric(_) => "numeric".to_owned(),
                other => other.to_string(),
            };
            Err(RowError::invalid_parameter(format!("cannot cast jsonb {kind} to type {shown}")))
        }
    }
}
