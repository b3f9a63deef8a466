//! Regular expressions: `~`, `regexp_match`, `regexp_replace` and their kin.
//!
//! Postgres' syntax is translated where the engine spells it otherwise. Compiled patterns are kept per thread.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Captures, Regex, RegexBuilder};
use tailwater_connectors::Value;

use super::array::from_elements;
use super::read::text;
use super::text_shape::length;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// Patterns kept compiled per thread; past it all are dropped, since patterns that come from rows do not repeat.
const COMPILED_MAX: usize = 128;
/// Memory of one compiled pattern.
const COMPILED_BYTES_MAX: usize = 8 << 20;

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Flags {
    ignore_case: bool,
    global: bool,
    /// `.` and `[^` stop at line ends.
    partial_newline: bool,
    /// `^` and `$` match at line ends.
    line_anchors: bool,
    extended: bool,
    literal: bool,
}

impl Flags {
    fn parse(letters: &str) -> Result<Self, RowError> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            match letter {
                'g' => flags.global = true,
                'i' => flags.ignore_case = true,
                'c' => flags.ignore_case = false,
                'n' | 'm' => (flags.partial_newline, flags.line_anchors) = (true, true),
                'p' => flags.partial_newline = true,
                'w' => flags.line_anchors = true,
                's' => (flags.partial_newline, flags.line_anchors) = (false, false),
                'x' => flags.extended = true,
                't' => flags.extended = false,
                'q' => flags.literal = true,
                'e' => {}
                _ => return Err(RowError::invalid_parameter("invalid regular expression option")),
            }
        }
        Ok(flags)
    }
}

thread_local! {
    static COMPILED: RefCell<HashMap<(String, Flags), Regex>> = RefCell::new(HashMap::new());
}

fn compiled(pattern: &str, flags: Flags) -> Result<Regex, RowError> {
    let key = (pattern.to_owned(), Flags { global: false, ..flags });
    COMPILED.with_borrow_mut(|known| {
        if let Some(regex) = known.get(&key) {
            return Ok(regex.clone());
        }
        let regex = compile(pattern, flags)?;
        if known.len() >= COMPILED_MAX {
            known.clear();
        }
        known.insert(key, regex.clone());
        Ok(regex)
    })
}

fn compile(pattern: &str, flags: Flags) -> Result<Regex, RowError> {
    let source = if flags.literal { regex::escape(pattern) } else { translated(pattern)? };
    RegexBuilder::new(&source)
        .case_insensitive(flags.ignore_case)
        .dot_matches_new_line(!flags.partial_newline)
        .multi_line(flags.line_anchors)
        .ignore_whitespace(flags.extended)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|_| RowError::new("2201B", "invalid regular expression, or one with back references or look-around"))
}

/// Postgres' escapes as the engine spells them: `\m \M \y \Y \Z`, and `[[:<:]]`.
fn translated(pattern: &str) -> Result<String, RowError> {
    let pattern = pattern.strip_prefix("***:").unwrap_or(pattern);
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut characters = pattern.chars().peekable();
    let mut class_depth = 0u32;
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('m') => out.push_str("\\b{start}"),
                Some('M') => out.push_str("\\b{end}"),
                Some('y') => out.push_str("\\b"),
                Some('Y') => out.push_str("\\B"),
                Some('Z') => out.push_str("\\z"),
                Some(digit) if digit.is_ascii_digit() && class_depth == 0 => {
                    return Err(RowError::new(
                        "2201B",
                        "invalid regular expression, or one with back references or look-around",
                    ));
                }
                Some(other) => out.extend(['\\', other]),
                None => return Err(RowError::new("2201B", "invalid regular expression: invalid escape \\ sequence")),
            },
            '[' if class_depth == 0 => {
                class_depth = 1;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if characters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            // `[:alpha:]` inside a class; any other bracket there is a plain character.
            '[' if characters.peek() == Some(&':') => {
                class_depth = 2;
                out.push('[');
            }
            '[' => out.push_str("\\["),
            ']' if class_depth > 0 => {
                class_depth -= 1;
                out.push(']');
            }
            // Doubled, these are set operators for the engine.
            '&' | '~' | '-' if class_depth == 1 && characters.peek() == Some(&c) => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    Ok(out)
}

struct Test {
    ignore_case: bool,
    negated: bool,
}

fn test(arguments: &[Value], test: Test) -> Result<Value, RowError> {
    let regex = compiled(text(&arguments[1]), Flags { ignore_case: test.ignore_case, ..Flags::default() })?;
    Ok(Value::Bool(regex.is_match(text(&arguments[0])) != test.negated))
}

/// Whole match when there are no groups, else the groups.
fn groups(captures: &Captures<'_>) -> Value {
    let first = usize::from(captures.len() > 1);
    let group = |index: usize| captures.get(index).map_or(Value::Null, |found| Value::text(found.as_str()));
    from_elements((first..captures.len()).map(group).collect())
}

fn regexp_match(arguments: &[Value]) -> Result<Value, RowError> {
    let flags = Flags::parse(arguments.get(2).map_or("", text))?;
    if flags.global {
        return Err(RowError::invalid_parameter("regexp_match() does not support the \"global\" option"));
    }
    let regex = compiled(text(&arguments[1]), flags)?;
    Ok(regex.captures(text(&arguments[0])).map_or(Value::Null, |captures| groups(&captures)))
}

fn regexp_replace(arguments: &[Value]) -> Result<Value, RowError> {
    let flags = Flags::parse(arguments.get(3).map_or("", text))?;
    let regex = compiled(text(&arguments[1]), flags)?;
    let (source, replacement) = (text(&arguments[0]), text(&arguments[2]));
    let limit = usize::from(!flags.global);
    Ok(Value::text(regex.replacen(source, limit, |captures: &Captures<'_>| expand(replacement, captures)).into_owned()))
}

/// `\1` to `\9` are groups, `\&` the whole match, `\\` a backslash.
fn expand(replacement: &str, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut characters = replacement.chars();
    let group = |index: usize| captures.get(index).map_or("", |found| found.as_str());
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('&') => out.push_str(group(0)),
                Some('\\') => out.push('\\'),
                Some(digit @ '1'..='9') => out.push_str(group(digit as usize - '0' as usize)),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            _ => out.push(c),
        }
    }
    out
}

fn regexp_substr(arguments: &[Value]) -> Result<Value, RowError> {
    let regex = compiled(text(&arguments[1]), Flags::default())?;
    let found = regex.captures(text(&arguments[0]));
    let group =
        |captures: Captures<'_>| captures.get(usize::from(captures.len() > 1)).map(|found| Value::text(found.as_str()));
    Ok(found.and_then(group).unwrap_or(Value::Null))
}

fn whole_substr(arguments: &[Value]) -> Result<Value, RowError> {
    let regex = compiled(text(&arguments[1]), Flags::default())?;
    Ok(regex.find(text(&arguments[0])).map_or(Value::Null, |found| Value::text(found.as_str())))
}

fn regexp_count(arguments: &[Value]) -> Result<Value, RowError> {
    let regex = compiled(text(&arguments[1]), Flags::default())?;
    Ok(Value::Int(regex.find_iter(text(&arguments[0])).count() as i64))
}

pub(super) fn regexp_split(arguments: &[Value]) -> Result<Value, RowError> {
    let flags = Flags::parse(arguments.get(2).map_or("", text))?;
    let regex = compiled(text(&arguments[1]), flags)?;
    let source = text(&arguments[0]);
    let (mut parts, mut from) = (Vec::new(), 0);
    // An empty match at either end, or right after the last split, splits nothing.
    for found in regex.find_iter(source) {
        if found.is_empty() && (found.end() <= from || found.start() == source.len()) {
            continue;
        }
        parts.push(Value::text(&source[from..found.start()]));
        from = found.end();
    }
    parts.push(Value::text(&source[from..]));
    Ok(from_elements(parts))
}

/// The rows of `regexp_matches`: one of the first match, or of all with the flag `g`.
pub(super) fn matches(arguments: &[Value]) -> Result<Vec<Value>, RowError> {
    let flags = Flags::parse(arguments.get(2).map_or("", text))?;
    let regex = compiled(text(&arguments[1]), flags)?;
    let limit = if flags.global { usize::MAX } else { 1 };
    Ok(regex.captures_iter(text(&arguments[0])).take(limit).map(|captures| groups(&captures)).collect())
}

fn regexp_instr(arguments: &[Value]) -> Result<Value, RowError> {
    let regex = compiled(text(&arguments[1]), Flags::default())?;
    let source = text(&arguments[0]);
    Ok(Value::Int(regex.find(source).map_or(0, |found| length(&source[..found.start()]) as i64 + 1)))
}

pub(super) fn register(catalog: &mut Catalog) {
    for arguments in ["text,text", "bpchar,text"] {
        catalog.strict(&format!("~({arguments}) bool"), |a| test(a, Test { ignore_case: false, negated: false }));
        catalog.strict(&format!("!~({arguments}) bool"), |a| test(a, Test { ignore_case: false, negated: true }));
        catalog.strict(&format!("~*({arguments}) bool"), |a| test(a, Test { ignore_case: true, negated: false }));
        catalog.strict(&format!("!~*({arguments}) bool"), |a| test(a, Test { ignore_case: true, negated: true }));
    }
    catalog.strict("regexp_match(text,text) text[]", regexp_match);
    catalog.strict("regexp_match(text,text,text) text[]", regexp_match);
    catalog.strict("regexp_replace(text,text,text) text", regexp_replace);
    catalog.strict("regexp_replace(text,text,text,text) text", regexp_replace);
    catalog.strict("regexp_like(text,text) bool", |a| test(a, Test { ignore_case: false, negated: false }));
    catalog.strict("regexp_count(text,text) int4", regexp_count);
    catalog.strict("regexp_instr(text,text) int4", regexp_instr);
    catalog.strict("regexp_substr(text,text) text", whole_substr);
    catalog.strict("substring(text,text) text", regexp_substr);
    catalog.strict("regexp_split_to_array(text,text) text[]", regexp_split);
    catalog.strict("regexp_split_to_array(text,text,text) text[]", regexp_split);
}
