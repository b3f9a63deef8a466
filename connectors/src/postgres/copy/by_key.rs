//! Rows read by their keys.

use super::table::Target;
use crate::postgres::sql_text::literal;
use crate::row::Row;
use crate::text::write_text;
use postgres_protocol::escape::escape_identifier;

/// Keys in one query.
pub(super) const KEYS_MAX: usize = 200;

/// `SELECT` of the rows under the keys of these rows, as far as there are any.
pub(super) fn select(target: &Target, rows: &[Row]) -> String {
    let columns: Vec<String> =
        target.schema.key.iter().map(|at| escape_identifier(&target.schema.columns[*at].name)).collect();
    let keys: Vec<String> = rows.iter().map(|row| key(target, row)).collect();
    let only = if target.partitioned { "" } else { "ONLY " };
    format!(
        "SELECT {} FROM {only}{} WHERE ({}) IN ({})",
        target.select,
        target.name,
        columns.join(", "),
        keys.join(", ")
    )
}

/// The key of a row; the types of the columns decide how the texts are read.
fn key(target: &Target, row: &Row) -> String {
    let text = |at: &usize| {
        let mut text = String::new();
        write_text(&mut text, &target.types[*at], &row[*at]);
        literal(&text)
    };
    let values: Vec<String> = target.schema.key.iter().map(text).collect();
    format!("({})", values.join(", "))
}
