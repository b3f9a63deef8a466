//! Messages with a schema as others write and read them: fixtures of Confluent's, Apache's and Google's serialisers, and a real registry.

#![allow(clippy::unwrap_used)]

mod evolution;
mod fixtures;
mod live;
#[path = "../support/schema_registry.rs"]
mod server;

use tailwater_connectors::Column;
use tailwater_connectors::kafka::column::read_column_type;
use tailwater_connectors::text::write_text;
use tailwater_connectors::{SqlType, Value};

/// A column as the configuration declares it.
fn column(name: &str, kind: &str, nullable: bool) -> Column {
    Column::new(name, read_column_type(kind).unwrap_or_else(|| panic!("type {kind}")), nullable)
}

/// As Postgres prints it; `None` for null.
fn printed(sql_type: &SqlType, value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let mut text = String::new();
    write_text(&mut text, sql_type, value);
    Some(text)
}
