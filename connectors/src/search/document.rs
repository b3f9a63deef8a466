//! From a row to a document of the index.

use serde_json::Value as Json;
use tantivy::schema::{Field, TantivyDocument};
use tantivy::{DateTime, Term};

use super::fields::{Fields, Indexed, element};
use crate::json;
use crate::row::Row;
use crate::schema::ViewSchema;
use crate::sql_type::SqlType;
use crate::text;
use crate::value::Value;

/// The index cannot hold longer terms.
const TERM_BYTES_MAX: usize = 65_530;
/// Longer keys are held as their beginning and a 128-bit hash.
const KEY_BYTES_MAX: usize = 8 << 10;
/// Microseconds from 1970 to 2000.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// Makes documents of one view.
pub(super) struct DocumentWriter<'a> {
    pub(super) view: &'a ViewSchema,
    pub(super) fields: &'a Fields,
}

impl DocumentWriter<'_> {
    /// The term that stands for the row's key.
    pub(super) fn key_term(&self, row: &Row) -> Term {
        Term::from_field_text(self.fields.key, &self.key(row))
    }

    /// The whole document of a row.
    pub(super) fn document(&self, row: &Row) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_text(self.fields.key, self.key(row));
        let mut bytes = Vec::new();
        json::write_row(&mut bytes, &self.view.columns, row);
        document.add_text(self.fields.row, String::from_utf8_lossy(&bytes));
        for ((indexed, column), value) in self.fields.columns.iter().zip(&self.view.columns).zip(row.iter()) {
            add(&mut document, *indexed, element(&column.sql_type), value);
        }
        document
    }

    /// JSON array of the key's values.
    fn key(&self, row: &Row) -> String {
        let mut bytes = vec![b'['];
        for (nth, &index) in self.view.key.iter().enumerate() {
            if nth > 0 {
                bytes.push(b',');
            }
            json::write_value(&mut bytes, &self.view.columns[index].sql_type, &row[index]);
        }
        bytes.push(b']');
        if bytes.len() > KEY_BYTES_MAX {
            let hash = xxhash_rust::xxh3::xxh3_128(&bytes);
            bytes.truncate(KEY_BYTES_MAX);
            return format!("{}{hash:032x}", String::from_utf8_lossy(&bytes));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn add(document: &mut TantivyDocument, indexed: Indexed, sql_type: &SqlType, value: &Value) {
    match (indexed, value) {
        (Indexed::Not, _) | (_, Value::Null) => {}
        (_, Value::Array(array)) => array.elements.iter().for_each(|value| add(document, indexed, sql_type, value)),
        (Indexed::Text(field), Value::Text(text)) if matches!(sql_type, SqlType::Json | SqlType::Jsonb) => {
            add_json_words(document, field, text);
        }
        (Indexed::Text(field), value) => document.add_text(field, printed(sql_type, value)),
        (Indexed::Keyword(field), value) => {
            let text = printed(sql_type, value);
            if text.len() <= TERM_BYTES_MAX {
                document.add_text(field, text);
            }
        }
        (Indexed::Integer(field), Value::Int(value)) => document.add_i64(field, *value),
        (Indexed::Integer(_), _) => {}
        (Indexed::Float(field), value) => {
            if let Some(value) = number(sql_type, value) {
                document.add_f64(field, value);
            }
        }
        (Indexed::Date(field), value) => {
            if let Some(moment) = moment(value) {
                document.add_date(field, moment);
            }
        }
    }
}

fn printed(sql_type: &SqlType, value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        value => {
            let mut text = String::new();
            text::write_text(&mut text, sql_type, value);
            text
        }
    }
}

fn add_json_words(document: &mut TantivyDocument, field: Field, text: &str) {
    match serde_json::from_str(text) {
        Ok(json) => string_values(&json, &mut |words| document.add_text(field, words)),
        // Too deep for our parser: all of it is words then.
        Err(_) => document.add_text(field, text),
    }
}

/// Calls `found` with each string inside `json`, in order.
pub(super) fn string_values(json: &Json, found: &mut impl FnMut(&str)) {
    match json {
        Json::String(text) => found(text),
        Json::Array(elements) => elements.iter().for_each(|element| string_values(element, found)),
        Json::Object(members) => members.values().for_each(|member| string_values(member, found)),
        _ => {}
    }
}

fn number(sql_type: &SqlType, value: &Value) -> Option<f64> {
    let number = match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Text(text) => text.trim().parse().ok()?,
        value => printed(sql_type, value).parse().ok()?,
    };
    number.is_finite().then_some(number)
}

fn moment(value: &Value) -> Option<DateTime> {
    let micros = match *value {
        Value::Date(i32::MIN | i32::MAX) | Value::Timestamp(i64::MIN | i64::MAX) => return None,
        Value::Date(days) => i64::from(days) * DAY_MICROS,
        Value::Timestamp(micros) | Value::Timestamptz(micros) => micros,
        _ => return None,
    };
    let nanos = micros.checked_add(EPOCH_MICROS)?.checked_mul(1_000)?;
    Some(DateTime::from_timestamp_nanos(nanos))
}
