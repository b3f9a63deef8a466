//! Functions over text that neither cut nor match patterns. Which letters have case depends on the database: the forms with
//! `/c` in their names are those of `LC_CTYPE` `C`, where only ASCII has; the planner chooses.

use tailwater_connectors::text::write_text;
use tailwater_connectors::{SqlType, Value};

use super::read::{bytes, int, text};
use super::text_shape::{TEXT_BYTES_MAX, length, too_large};
use crate::engine::scalar::cast::cast_value;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// The value as its type's output function prints it; booleans as `t` and `f`.
pub(super) fn printed(sql_type: &SqlType, value: &Value) -> String {
    let mut out = String::new();
    write_text(&mut out, sql_type, value);
    out
}

fn whole(number: usize) -> Result<Value, RowError> {
    Ok(Value::Int(number as i64))
}

fn position(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, sought) = (text(&arguments[0]), text(&arguments[1]));
    whole(source.find(sought).map_or(0, |at| length(&source[..at]) + 1))
}

fn replace(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, from, to) = (text(&arguments[0]), text(&arguments[1]), text(&arguments[2]));
    Ok(Value::text(if from.is_empty() { source.to_owned() } else { source.replace(from, to) }))
}

fn split_part(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, separator, field) = (text(&arguments[0]), text(&arguments[1]), int(&arguments[2]));
    if field == 0 {
        return Err(RowError::invalid_parameter("field position must not be zero"));
    }
    let parts: Vec<&str> = if separator.is_empty() { vec![source] } else { source.split(separator).collect() };
    let parts = if source.is_empty() { Vec::new() } else { parts };
    let index = if field > 0 { field - 1 } else { parts.len() as i64 + field };
    Ok(Value::text(usize::try_from(index).ok().and_then(|index| parts.get(index).copied()).unwrap_or("")))
}

fn repeat(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, count) = (text(&arguments[0]), int(&arguments[1]).max(0) as usize);
    if source.len().saturating_mul(count) > TEXT_BYTES_MAX {
        return Err(too_large());
    }
    Ok(Value::text(source.repeat(count)))
}

/// One letter for one letter, as the C library changes case; where Unicode has several, the letter stays.
fn upper(c: char) -> char {
    let mut letters = c.to_uppercase();
    if letters.len() == 1 { letters.next().unwrap_or(c) } else { c }
}

/// The same to small letters; no look at the letters around it.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// What letters are.
pub(super) struct Letters {
    pub(super) lower: fn(char) -> char,
    upper: fn(char) -> char,
    in_word: fn(char) -> bool,
}

/// In databases whose `LC_CTYPE` is `C`.
pub(super) const ASCII: Letters = Letters {
    lower: |c| c.to_ascii_lowercase(),
    upper: |c| c.to_ascii_uppercase(),
    in_word: |c| c.is_ascii_alphanumeric(),
};
/// In all others.
pub(super) const UNICODE: Letters = Letters { lower, upper, in_word: char::is_alphanumeric };

fn each(arguments: &[Value], change: fn(char) -> char) -> Result<Value, RowError> {
    Ok(Value::text(text(&arguments[0]).chars().map(change).collect::<String>()))
}

fn initcap(arguments: &[Value], letters: &Letters) -> Result<Value, RowError> {
    let mut out = String::with_capacity(text(&arguments[0]).len());
    let mut inside = false;
    for c in text(&arguments[0]).chars() {
        out.push(if inside { (letters.lower)(c) } else { (letters.upper)(c) });
        inside = (letters.in_word)(c);
    }
    Ok(Value::text(out))
}

fn translate(arguments: &[Value]) -> Result<Value, RowError> {
    let (source, to) = (text(&arguments[0]), text(&arguments[2]).chars().collect::<Vec<_>>());
    let from: Vec<char> = text(&arguments[1]).chars().collect();
    let replaced = |c: char| match from.iter().position(|&known| known == c) {
        Some(index) => to.get(index).copied(),
        None => Some(c),
    };
    Ok(Value::text(source.chars().filter_map(replaced).collect::<String>()))
}

fn concat(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let known = types.iter().zip(arguments).filter(|(_, value)| !value.is_null());
    Ok(Value::text(known.map(|(sql_type, value)| printed(sql_type, value)).collect::<String>()))
}

fn concat_ws(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let Value::Text(separator) = &arguments[0] else { return Ok(Value::Null) };
    let known = types.iter().zip(arguments).skip(1).filter(|(_, value)| !value.is_null());
    Ok(Value::text(known.map(|(sql_type, value)| printed(sql_type, value)).collect::<Vec<_>>().join(separator)))
}

fn join(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (text(&arguments[0]), text(&arguments[1]));
    let mut out = String::with_capacity(left.len() + right.len());
    out.push_str(left);
    out.push_str(right);
    Ok(Value::text(out))
}

/// `text || 1`, `1 || text`
fn join_any(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let side = |index: usize| cast_value(&types[index], &SqlType::Text, arguments[index].clone());
    join(&[side(0)?, side(1)?])
}

fn character(arguments: &[Value]) -> Result<Value, RowError> {
    match int(&arguments[0]) {
        0 => Err(RowError::new("54000", "null character not permitted")),
        code if code < 0 => Err(RowError::invalid_parameter("character number must be positive")),
        code => match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => Ok(Value::text(c.to_string())),
            None => Err(RowError::new("54000", "requested character not valid for encoding")),
        },
    }
}

fn quote(source: &str, mark: char) -> String {
    let doubled = source.replace(mark, &format!("{mark}{mark}"));
    format!("{mark}{doubled}{mark}")
}

/// `quote_literal`
pub(super) fn literal(source: &str) -> String {
    if !source.contains('\\') {
        return quote(source, '\'');
    }
    format!("E{}", quote(&source.replace('\\', "\\\\"), '\''))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("lower(text) text", |a| each(a, lower));
    catalog.strict("upper(text) text", |a| each(a, upper));
    catalog.strict("initcap(text) text", |a| initcap(a, &UNICODE));
    catalog.strict("lower/c(text) text", |a| each(a, ASCII.lower));
    catalog.strict("upper/c(text) text", |a| each(a, ASCII.upper));
    catalog.strict("initcap/c(text) text", |a| initcap(a, &ASCII));
    for name in ["length", "char_length", "character_length"] {
        catalog.strict(&format!("{name}(text) int4"), |a| whole(length(text(&a[0]))));
        catalog.strict(&format!("{name}(bpchar) int4"), |a| whole(length(text(&a[0]).trim_end_matches(' '))));
    }
    catalog.strict("length(bytea) int4", |a| whole(bytes(&a[0]).len()));
    catalog.strict("octet_length(text) int4", |a| whole(text(&a[0]).len()));
    catalog.strict("octet_length(bpchar) int4", |a| whole(text(&a[0]).len()));
    catalog.strict("octet_length(bytea) int4", |a| whole(bytes(&a[0]).len()));
    catalog.strict("bit_length(text) int4", |a| whole(text(&a[0]).len() * 8));
    for name in ["strpos", "position"] {
        catalog.strict(&format!("{name}(text,text) int4"), position);
    }
    catalog.strict("replace(text,text,text) text", replace);
    catalog.strict("split_part(text,text,int4) text", split_part);
    catalog.strict("repeat(text,int4) text", repeat);
    catalog.strict("reverse(text) text", |a| Ok(Value::text(text(&a[0]).chars().rev().collect::<String>())));
    catalog.strict("translate(text,text,text) text", translate);
    catalog.strict("starts_with(text,text) bool", |a| Ok(Value::Bool(text(&a[0]).starts_with(text(&a[1])))));
    catalog.strict("^@(text,text) bool", |a| Ok(Value::Bool(text(&a[0]).starts_with(text(&a[1])))));
    catalog.strict("ascii(text) int4", |a| whole(text(&a[0]).chars().next().map_or(0, |c| c as usize)));
    catalog.strict("chr(int4) text", character);
    catalog.typed_nullable("concat(variadic any) text", concat);
    catalog.typed_nullable("concat_ws(text,variadic any) text", concat_ws);
    catalog.strict("||(text,text) text", join);
    catalog.typed("||(text,anynonarray) text", join_any);
    catalog.typed("||(anynonarray,text) text", join_any);
    catalog.strict("||(bytea,bytea) bytea", |a| Ok(Value::Bytes([bytes(&a[0]), bytes(&a[1])].concat().into())));
    catalog.strict("quote_literal(text) text", |a| Ok(Value::text(literal(text(&a[0])))));
    catalog.typed("quote_literal(anynonarray) text", |types, a| {
        let shown = cast_value(&types[0], &SqlType::Text, a[0].clone())?;
        Ok(Value::text(literal(text(&shown))))
    });
    catalog.typed_nullable("quote_nullable(anynonarray) text", |types, a| match &a[0] {
        Value::Null => Ok(Value::text("NULL")),
        known => Ok(Value::text(literal(text(&cast_value(&types[0], &SqlType::Text, known.clone())?)))),
    });
    catalog.nullable("quote_nullable(text) text", |a| {
        Ok(Value::text(if a[0].is_null() { "NULL".to_owned() } else { literal(text(&a[0])) }))
    });
}
