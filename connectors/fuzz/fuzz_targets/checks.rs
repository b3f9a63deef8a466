//! What targets ask of values and errors.
#![allow(dead_code, reason = "not every target asks for all of it")]

use tailwater_connectors::text::{parse_text, write_text};
use tailwater_connectors::{Column, SqlType, Value};

/// Digits of the places that errors name.
const DIGITS_MAX: usize = 7;

/// Each value is one of its column's type: printed and read again it is the same.
pub(crate) fn fit<'v>(columns: &[Column], values: impl IntoIterator<Item = &'v Value>) {
    let mut number = 0;
    for (column, value) in columns.iter().zip(values) {
        number += 1;
        fits(column, value);
    }
    assert_eq!(number, columns.len(), "a value for each column");
}

fn fits(column: &Column, value: &Value) {
    // What is of no type of ours is its text.
    if value.is_null() || matches!(column.sql_type, SqlType::Other(_)) {
        return;
    }
    if let (SqlType::Numeric(Some((precision, scale))), Value::Numeric(number)) = (&column.sql_type, value) {
        // As the declared column holds it: digits included.
        let held = number.apply_modifier(*precision, *scale).map(Value::Numeric);
        assert_eq!(held.map(|held| shown(column, &held)), Ok(shown(column, value)), "{}", column.sql_type);
    }
    let printed = shown(column, value);
    assert_eq!(parse_text(&column.sql_type, &printed).as_ref(), Ok(value), "{}: {printed}", column.sql_type);
}

fn shown(column: &Column, value: &Value) -> String {
    let mut text = String::new();
    write_text(&mut text, &column.sql_type, value);
    text
}

/// An error names what is wrong in our own words, which are ASCII where the columns' names are, and repeats nothing of what was read.
pub(crate) fn quotes_nothing(error: &impl std::fmt::Display) {
    let text = error.to_string();
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{text:?}");
    let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    assert!(digits <= Some(DIGITS_MAX), "{text:?}");
}
