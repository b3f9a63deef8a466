//! `format()` and `quote_ident`.

use tailwater_connectors::{SqlType, Value};

use super::read::{int, text};
use super::text::{literal, printed};
use super::text_shape::length;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// Words that are no names unless quoted.
const RESERVED: &str = "
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default
    deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant
    greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join
    lateral leading least left like limit localtime localtimestamp national natural nchar none normalize not notnull
    null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real
    references returning right row select session_user setof similar smallint some substring symmetric table
    tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic
    verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse
    xmlpi xmlroot xmlserialize xmltable";

fn identifier(name: &str) -> String {
    let mut characters = name.chars();
    let plain_start = characters.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let plain = plain_start && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !RESERVED.split_ascii_whitespace().any(|word| word == name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

struct Directive {
    position: Option<usize>,
    left: bool,
    width: Width,
    kind: char,
}

enum Width {
    None,
    Fixed(i64),
    Argument(Option<usize>),
}

fn unterminated() -> RowError {
    RowError::invalid_parameter("unterminated format() type specifier")
}

fn number(rest: &mut &str) -> Option<i64> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest[..digits].parse().ok()?;
    *rest = &rest[digits..];
    Some(number)
}

/// Reads `%[position$][-][width]kind` after the percent sign.
fn directive(rest: &mut &str) -> Result<Directive, RowError> {
    let mut position = None;
    let mut look = *rest;
    if let Some(index) = number(&mut look)
        && let Some(after) = look.strip_prefix('$')
    {
        if index == 0 {
            return Err(RowError::invalid_parameter("format specifies argument 0, but arguments are numbered from 1"));
        }
        (position, *rest) = (Some(index as usize), after);
    }
    let left = rest.starts_with('-');
    *rest = rest.trim_start_matches('-');
    let width = if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        let index = number(rest).map(|index| index as usize);
        if index.is_some() {
            *rest = rest
                .strip_prefix('$')
                .ok_or_else(|| RowError::invalid_parameter("width argument position must be ended by \"$\""))?;
        }
        Width::Argument(index)
    } else {
        number(rest).map_or(Width::None, Width::Fixed)
    };
    let kind = rest.chars().next().ok_or_else(unterminated)?;
    *rest = &rest[kind.len_utf8()..];
    Ok(Directive { position, left, width, kind })
}

struct Arguments<'a> {
    types: &'a [SqlType],
    values: &'a [Value],
    next: usize,
}

impl<'a> Arguments<'a> {
    fn take(&mut self, position: Option<usize>) -> Result<(&'a SqlType, &'a Value), RowError> {
        let index = position.unwrap_or(self.next);
        self.next = index + 1;
        match (self.types.get(index), self.values.get(index)) {
            (Some(sql_type), Some(value)) => Ok((sql_type, value)),
            _ => Err(RowError::invalid_parameter("too few arguments for format()")),
        }
    }
}

fn shown(directive: &Directive, argument: (&SqlType, &Value)) -> Result<String, RowError> {
    let (sql_type, value) = argument;
    match (directive.kind, value) {
        ('s', Value::Null) => Ok(String::new()),
        ('L', Value::Null) => Ok("NULL".to_owned()),
        ('I', Value::Null) => Err(RowError::new("22004", "null values cannot be formatted as an SQL identifier")),
        ('s', value) => Ok(printed(sql_type, value)),
        ('L', value) => Ok(literal(&printed(sql_type, value))),
        ('I', value) => Ok(identifier(&printed(sql_type, value))),
        _ => Err(RowError::invalid_parameter("unrecognized format() type specifier")),
    }
}

fn format(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let Value::Text(pattern) = &arguments[0] else { return Ok(Value::Null) };
    let mut taken = Arguments { types, values: arguments, next: 1 };
    let mut out = String::new();
    let mut rest = pattern.as_str();
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let directive = directive(&mut rest)?;
        let width = match directive.width {
            Width::None => 0,
            Width::Fixed(width) => width,
            Width::Argument(position) => match taken.take(position)?.1 {
                Value::Null => 0,
                value => int(value),
            },
        };
        let shown = shown(&directive, taken.take(directive.position)?)?;
        let padding = " ".repeat((width.unsigned_abs() as usize).min(1 << 20).saturating_sub(length(&shown)));
        let left = directive.left || width < 0;
        out.extend(if left { [shown, padding] } else { [padding, shown] });
    }
    out.push_str(rest);
    Ok(Value::text(out))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.typed_nullable("format(text) text", format);
    catalog.typed_nullable("format(text,variadic any) text", format);
    catalog.strict("quote_ident(text) text", |a| Ok(Value::text(identifier(text(&a[0])))));
}
