//! Rows from text: `string_to_table`, `regexp_split_to_table`, `regexp_matches`.

use tailwater_connectors::{Row, SqlType, Value};

use super::array::string_to_array;
use super::read::array;
use super::regular::{matches, regexp_split};
use super::rows::one_column;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// One row for each element; none for null.
fn elements(split: Value) -> Result<Vec<Row>, RowError> {
    match split {
        Value::Null => Ok(Vec::new()),
        split => one_column(array(&split).elements.iter().cloned()),
    }
}

fn string_to_table(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    elements(string_to_array(arguments)?)
}

fn regexp_split_to_table<const C: bool>(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    elements(regexp_split::<C>(arguments)?)
}

fn regexp_matches<const C: bool>(_: &[SqlType], arguments: &[Value]) -> Result<Vec<Row>, RowError> {
    one_column(matches::<C>(arguments)?)
}

pub(super) fn register(catalog: &mut Catalog) {
    for arguments in ["text,text", "text,text,text"] {
        catalog.rows_nullable(&format!("string_to_table({arguments}) text"), string_to_table);
        catalog.rows(&format!("regexp_split_to_table({arguments}) text"), regexp_split_to_table::<false>);
        catalog.rows(&format!("regexp_split_to_table/c({arguments}) text"), regexp_split_to_table::<true>);
        catalog.rows(&format!("regexp_matches({arguments}) text[]"), regexp_matches::<false>);
        catalog.rows(&format!("regexp_matches/c({arguments}) text[]"), regexp_matches::<true>);
    }
}
