//! The record schema of a view's rows, or of its key: derived from the columns alone, so that the same view always has the same.
//!
//! | column | Avro |
//! |---|---|
//! | `boolean`, `real`, `double precision`, `bytea` | `boolean`, `float`, `double`, `bytes` |
//! | `smallint`, `integer` | `int` |
//! | `bigint`, `oid` | `long` |
//! | `numeric(p,s)` with 0 ≤ s ≤ p | `bytes`, logical type `decimal` of that precision and scale |
//! | `numeric` | `string`, as Postgres prints it |
//! | `date`, `time` | `date`, `time-micros` |
//! | `timestamp`, `timestamptz` | `local-timestamp-micros`, `timestamp-micros` |
//! | `uuid` | `string`, logical type `uuid` |
//! | arrays | `array` of null and what the elements are |
//! | all others | `string`, as Postgres prints it |
//!
//! A column that may be null is a union of null and its type, with null as default.

use serde_json::{Value as Json, json};

use super::super::names::{identifier, sanitised};
use crate::schema::Column;
use crate::sql_type::SqlType;

/// The schema's text. `name` may have dots in it: what stands before the last one is the namespace.
pub(super) fn record_schema(name: &str, columns: &[Column]) -> String {
    let (namespace, name) = name.rsplit_once('.').unwrap_or(("", name));
    let namespace: Vec<String> = namespace.split('.').filter(|part| !part.is_empty()).map(identifier).collect();
    let fields: Vec<Json> = columns.iter().zip(sanitised(columns)).map(|(column, name)| field(column, name)).collect();
    let mut schema = json!({ "type": "record", "name": identifier(name) });
    if !namespace.is_empty() {
        schema["namespace"] = namespace.join(".").into();
    }
    schema["fields"] = fields.into();
    schema.to_string()
}

fn field(column: &Column, name: String) -> Json {
    let written = avro_type(&column.sql_type);
    let mut field = match column.nullable {
        true => json!({ "name": name, "type": ["null", written], "default": null }),
        false => json!({ "name": name, "type": written }),
    };
    if name != column.name.as_str() {
        field["doc"] = format!("column {}", column.name).into();
    }
    field
}

fn avro_type(sql_type: &SqlType) -> Json {
    match sql_type {
        SqlType::Bool => json!("boolean"),
        SqlType::Int2 | SqlType::Int4 => json!("int"),
        SqlType::Int8 | SqlType::Oid => json!("long"),
        SqlType::Float4 => json!("float"),
        SqlType::Float8 => json!("double"),
        SqlType::Bytea => json!("bytes"),
        SqlType::Date => json!({ "type": "int", "logicalType": "date" }),
        SqlType::Time => json!({ "type": "long", "logicalType": "time-micros" }),
        SqlType::Timestamp => json!({ "type": "long", "logicalType": "local-timestamp-micros" }),
        SqlType::Timestamptz => json!({ "type": "long", "logicalType": "timestamp-micros" }),
        SqlType::Uuid => json!({ "type": "string", "logicalType": "uuid" }),
        SqlType::Numeric(declared) => match decimal(*declared) {
            Some((precision, scale)) => {
                json!({ "type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale })
            }
            None => json!("string"),
        },
        SqlType::Array(element) => json!({ "type": "array", "items": ["null", avro_type(element)] }),
        _ => json!("string"),
    }
}

/// Precision and scale, where Avro can have them.
pub(super) fn decimal(declared: Option<(u16, i16)>) -> Option<(u16, i16)> {
    declared.filter(|(precision, scale)| *scale >= 0 && i32::from(*scale) <= i32::from(*precision))
}
