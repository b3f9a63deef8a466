//! `"json_schema"`: JSON behind the id of its schema. What is read is what the JSON says, as with `"json"`: the schema only tells that
//! it is JSON. What is written has a schema of the view's columns.

use serde_json::{Map, Value as Json, json};

use crate::json;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::value::Value;

/// Writes rows of these columns.
#[derive(Clone, Debug)]
pub struct JsonRows {
    columns: Vec<Column>,
    schema: String,
}

impl JsonRows {
    /// For rows of `columns`; `name` is the schema's title.
    pub fn new(name: &str, columns: &[Column]) -> Self {
        let properties: Map<String, Json> =
            columns.iter().map(|column| (column.name.to_string(), property(column))).collect();
        let required: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": name,
            "type": "object",
            "properties": properties,
            "required": required,
        });
        Self { columns: columns.to_vec(), schema: schema.to_string() }
    }

    /// The schema's text.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Appends a row; `values` in the order of the columns.
    pub fn write<'v>(&self, out: &mut Vec<u8>, values: impl IntoIterator<Item = &'v Value>) {
        out.push(b'{');
        for (index, (column, value)) in self.columns.iter().zip(values).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            json::write_string(out, &column.name);
            out.push(b':');
            json::write_value(out, &column.sql_type, value);
        }
        out.push(b'}');
    }
}

/// What [`crate::json`] may write of a column.
fn property(column: &Column) -> Json {
    let mut types = types(&column.sql_type);
    if types.is_empty() {
        return json!({});
    }
    if column.nullable {
        types.push("null");
    }
    let types = match types.as_slice() {
        [only] => json!(only),
        several => json!(several),
    };
    match &column.sql_type {
        // Arrays of more than one dimension are lists of lists.
        SqlType::Array(_) => json!({ "type": types, "items": {} }),
        _ => json!({ "type": types }),
    }
}

fn types(sql_type: &SqlType) -> Vec<&'static str> {
    match sql_type {
        SqlType::Bool => vec!["boolean"],
        SqlType::Int2 | SqlType::Int4 | SqlType::Oid => vec!["integer"],
        // Beyond 2^53 they are text.
        SqlType::Int8 => vec!["integer", "string"],
        // NaN and infinities are text.
        SqlType::Float4 | SqlType::Float8 => vec!["number", "string"],
        SqlType::Array(_) => vec!["array"],
        SqlType::Json | SqlType::Jsonb => Vec::new(),
        _ => vec!["string"],
    }
}
