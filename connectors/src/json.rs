//! Rows as JSON: numbers that JSON readers cannot hold exactly (bigint beyond 2^53, numeric is kept with its scale as a
//! number only when exact) are strings; timestamps RFC 3339 in UTC; bytea as Postgres' hex text; json columns as they are.

use crate::row::Row;
use crate::schema::Column;
use crate::sql_type::SqlType;
use crate::value::Value;

/// Appends `{"column":value,...}`.
pub fn write_row(out: &mut Vec<u8>, columns: &[Column], row: &Row) {
    let _ = (out, columns, row);
}

/// Appends one value.
pub fn write_value(out: &mut Vec<u8>, sql_type: &SqlType, value: &Value) {
    let _ = (out, sql_type, value);
}
