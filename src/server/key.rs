//! View keys as text, the way both protocols write them.
//!
//! Key columns stand in the order of the view's key, each in Postgres' text form, null as `\N`. The key of a view with
//! *one* key column is that text, whatever is in it; so that a value which is itself `\N` is not taken for null, a value
//! of backslashes and one final `N` is written with one more backslash in front. With *several* key columns they are joined by a
//! separator (`:` in the Redis protocol, `,` in HTTP paths, there percent-encoded as any path), and `\` and the
//! separator inside a value are written with a `\` in front. The key of a view of at most one row is empty.

use std::borrow::Cow;

use tailwater_connectors::text::{TextError, parse_text, write_text};
use tailwater_connectors::{Row, Value, ViewSchema};
use thiserror::Error;

const NULL: &str = "\\N";

/// Text that is no key of the view. Names columns, never values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum KeyError {
    #[error("the key of view \"{view}\" is made of {columns}; {found} given")]
    Count { view: String, columns: String, found: usize },
    #[error("key column \"{column}\" of view \"{view}\": {source}")]
    Value { view: String, column: String, source: TextError },
}

/// Appends the key of `row`.
pub(super) fn write_key(out: &mut String, view: &ViewSchema, row: &Row, separator: char) {
    if let [only] = view.key[..] {
        return write_single(out, view, (only, &row[only]));
    }
    let mut part = String::new();
    for (index, &column) in view.key.iter().enumerate() {
        if index > 0 {
            out.push(separator);
        }
        if row[column].is_null() {
            out.push_str(NULL);
            continue;
        }
        part.clear();
        write_text(&mut part, &view.columns[column].sql_type, &row[column]);
        for character in part.chars() {
            if character == separator || character == '\\' {
                out.push('\\');
            }
            out.push(character);
        }
    }
}

fn write_single(out: &mut String, view: &ViewSchema, (column, value): (usize, &Value)) {
    if value.is_null() {
        return out.push_str(NULL);
    }
    let start = out.len();
    write_text(out, &view.columns[column].sql_type, value);
    if looks_null(&out[start..]) {
        out.insert(start, '\\');
    }
}

/// Backslashes, at least one, and a final `N`.
fn looks_null(text: &str) -> bool {
    text.strip_suffix('N').is_some_and(|slashes| !slashes.is_empty() && slashes.bytes().all(|byte| byte == b'\\'))
}

/// Reads a key. Text that Postgres would accept for a column's type is accepted.
pub(super) fn parse_key(view: &ViewSchema, text: &str, separator: char) -> Result<Vec<Value>, KeyError> {
    match view.key[..] {
        [] if text.is_empty() => Ok(Vec::new()),
        [only] => {
            let value = if text == NULL {
                Value::Null
            } else {
                parse_column(view, only, if looks_null(text) { &text[1..] } else { text })?
            };
            Ok(vec![value])
        }
        _ => parse_parts(view, text, separator),
    }
}

fn parse_parts(view: &ViewSchema, text: &str, separator: char) -> Result<Vec<Value>, KeyError> {
    let parts = split(text, separator);
    if parts.len() != view.key.len() {
        let names: Vec<&str> = view.key.iter().map(|&column| view.columns[column].name.as_str()).collect();
        let columns = if names.is_empty() { "no columns".into() } else { format!("({})", names.join(", ")) };
        return Err(KeyError::Count { view: view.name.to_string(), columns, found: parts.len() });
    }
    let parse = |(&column, part): (&usize, &&str)| {
        if *part == NULL { Ok(Value::Null) } else { parse_column(view, column, &unescape(part)) }
    };
    view.key.iter().zip(&parts).map(parse).collect()
}

fn parse_column(view: &ViewSchema, column: usize, text: &str) -> Result<Value, KeyError> {
    let column = &view.columns[column];
    parse_text(&column.sql_type, text).map_err(|source| KeyError::Value {
        view: view.name.to_string(),
        column: column.name.to_string(),
        source,
    })
}

/// Splits at separators without a backslash in front; backslashes stay.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (index, character) in text.char_indices() {
        if !escaped && character == separator {
            parts.push(&text[start..index]);
            start = index + character.len_utf8();
        }
        escaped = !escaped && character == '\\';
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(part: &str) -> Cow<'_, str> {
    if !part.contains('\\') {
        return Cow::Borrowed(part);
    }
    let (mut out, mut escaped) = (String::with_capacity(part.len()), false);
    for character in part.chars() {
        escaped = !escaped && character == '\\';
        if !escaped {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tailwater_connectors::{Column, SqlType};

    use super::*;

    fn view(key_columns: usize) -> ViewSchema {
        let column = |index: usize| Column::new(format!("k{index}"), SqlType::Text, true);
        ViewSchema {
            name: "v".into(),
            columns: (0..key_columns).map(column).collect(),
            key: (0..key_columns).collect(),
            fingerprint: 1,
        }
    }

    fn text_of(view: &ViewSchema, row: &Row) -> String {
        let mut text = String::new();
        write_key(&mut text, view, row, ':');
        text
    }

    #[test]
    fn a_single_key_takes_separators_verbatim() {
        let view = view(1);
        assert_eq!(text_of(&view, &vec![Value::text("a:b\\c")].into()), "a:b\\c");
        assert_eq!(parse_key(&view, "a:b\\c", ':').unwrap(), [Value::text("a:b\\c")]);
    }

    #[test]
    fn several_key_columns_are_escaped() {
        let view = view(2);
        assert_eq!(text_of(&view, &vec![Value::text("a:b\\"), Value::Null].into()), "a\\:b\\\\:\\N");
        assert_eq!(
            parse_key(&view, "a:b:c", ':').unwrap_err().to_string(),
            "the key of view \"v\" is made of (k0, k1); 3 given"
        );
    }

    #[test]
    fn a_view_of_one_row_has_the_empty_key() {
        assert_eq!(parse_key(&view(0), "", ':').unwrap(), []);
        assert!(parse_key(&view(0), "1", ':').is_err());
    }

    #[test]
    fn a_value_that_is_not_of_its_type_names_the_column() {
        let mut view = view(1);
        view.columns[0].sql_type = SqlType::Int4;
        let error = parse_key(&view, "secret", ':').unwrap_err().to_string();
        assert_eq!(error, "key column \"k0\" of view \"v\": invalid input syntax for type integer");
    }

    proptest! {
        #[test]
        fn every_key_is_read_back_and_no_two_are_alike(
            one in prop::collection::vec(prop::option::of("[a:,N\\\\ü]{0,5}"), 1..4),
            two in prop::collection::vec(prop::option::of("[a:,N\\\\ü]{0,5}"), 1..4),
        ) {
            let row = |values: &[Option<String>]| values.iter().map(|value| value.as_ref().map_or(Value::Null, Value::text)).collect::<Row>();
            let text = text_of(&view(one.len()), &row(&one));
            prop_assert_eq!(parse_key(&view(one.len()), &text, ':').unwrap(), row(&one).to_vec());
            if one.len() == two.len() && one != two {
                prop_assert_ne!(text, text_of(&view(two.len()), &row(&two)));
            }
        }
    }
}
