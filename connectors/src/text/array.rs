//! Arrays, both ways: `{1,2,NULL}`, `{{a,b},{c,d}}`, `[0:1]={x,"y z"}`.

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::sql_type::SqlType;
use crate::value::{Array, Value};

use super::parse::parse_value;
use super::write::{write_integer, write_value};

/// Dimensions that Postgres allows.
pub(crate) const DIMENSIONS_MAX: usize = 6;

pub(super) fn write_array<W: Write>(out: &mut W, sql_type: &SqlType, array: &Array) -> fmt::Result {
    let element_type = match sql_type {
        SqlType::Array(element) => element,
        other => other,
    };
    if array.elements.is_empty() {
        return out.write_str("{}");
    }
    if array.dimensions.iter().any(|&(_, lower)| lower != 1) {
        for &(length, lower) in &array.dimensions {
            write!(out, "[{lower}:{}]", i64::from(lower) + i64::from(length) - 1)?;
        }
        out.write_char('=')?;
    }
    let mut scratch = String::new();
    for (index, element) in array.elements.iter().enumerate() {
        let braces = boundaries(&array.dimensions, index);
        if index > 0 {
            repeat(out, '}', braces)?;
            out.write_char(',')?;
        }
        repeat(out, '{', if index == 0 { array.dimensions.len() } else { braces })?;
        write_element(out, &mut scratch, element_type, element)?;
    }
    repeat(out, '}', array.dimensions.len())
}

/// How many inner dimensions begin anew at element `index`.
fn boundaries(dimensions: &[(u32, i32)], index: usize) -> usize {
    let mut size = 1usize;
    let inner = dimensions.iter().skip(1).rev();
    inner
        .take_while(|(length, _)| {
            size = size.saturating_mul(*length as usize);
            size > 0 && index.is_multiple_of(size)
        })
        .count()
}

fn repeat<W: Write>(out: &mut W, brace: char, count: usize) -> fmt::Result {
    (0..count).try_for_each(|_| out.write_char(brace))
}

fn write_element<W: Write>(out: &mut W, scratch: &mut String, element_type: &SqlType, element: &Value) -> fmt::Result {
    match element {
        Value::Null => out.write_str("NULL"),
        Value::Int(value) => write_integer(out, *value),
        Value::Text(text) => write_quoted(out, text),
        _ => {
            scratch.clear();
            write_value(scratch, element_type, element)?;
            write_quoted(out, scratch)
        }
    }
}

fn write_quoted<W: Write>(out: &mut W, text: &str) -> fmt::Result {
    let special = |byte: u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',') || is_space(byte);
    if !text.is_empty() && !text.bytes().any(special) && !text.eq_ignore_ascii_case("null") {
        return out.write_str(text);
    }
    out.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        let (plain, tail) = rest.split_at(at);
        out.write_str(plain)?;
        out.write_char('\\')?;
        out.write_str(&tail[..1])?;
        rest = &tail[1..];
    }
    out.write_str(rest)?;
    out.write_char('"')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

pub(super) fn parse_array(element_type: &SqlType, text: &str) -> Option<Array> {
    let (bounds, body) = parse_bounds(text.trim_matches(|c: char| c.is_ascii() && is_space(c as u8)))?;
    let mut parser =
        Parser { element_type, text: body, at: 0, scratch: String::new(), lengths: Vec::new(), elements: Vec::new() };
    parser.expect(b'{')?;
    parser.level(0)?;
    (parser.at == body.len()).then_some(())?;
    let Parser { lengths, elements, .. } = parser;
    let lengths: Vec<u32> = lengths.into_iter().map(|length| length.unwrap_or(0)).collect();
    if elements.is_empty() {
        // `{}` has no dimensions; `{{}}` is not an array.
        let plain = lengths.len() <= 1 && bounds.is_empty();
        return plain.then_some(Array { dimensions: Vec::new(), elements });
    }
    let dimensions = match bounds.is_empty() {
        true => lengths.into_iter().map(|length| (length, 1)).collect(),
        false => bounds.iter().map(|bound| bound.0).eq(lengths).then_some(bounds)?,
    };
    Some(Array { dimensions, elements })
}

/// `[1:2][0:3]=` in front, as lengths and lower bounds.
fn parse_bounds(mut text: &str) -> Option<(Vec<(u32, i32)>, &str)> {
    let mut bounds = Vec::new();
    while let Some(rest) = text.strip_prefix('[') {
        let (bound, rest) = rest.split_once(']')?;
        let (lower, upper) = bound.split_once(':').unwrap_or(("1", bound));
        let (lower, upper) = (lower.trim().parse::<i32>().ok()?, upper.trim().parse::<i32>().ok()?);
        let length = u32::try_from(i64::from(upper) - i64::from(lower) + 1).ok()?;
        bounds.push((length, lower));
        text = rest;
    }
    if bounds.is_empty() {
        return Some((bounds, text));
    }
    (bounds.len() <= DIMENSIONS_MAX).then_some((bounds, text.trim_start().strip_prefix('=')?.trim_start()))
}

struct Parser<'a> {
    element_type: &'a SqlType,
    text: &'a str,
    at: usize,
    scratch: String,
    /// Length per dimension, known once its first array ended.
    lengths: Vec<Option<u32>>,
    elements: Vec<Value>,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && is_space(bytes[self.at]) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Reads behind `{` up to and with its `}`.
    fn level(&mut self, depth: usize) -> Option<()> {
        if depth >= DIMENSIONS_MAX {
            return None;
        }
        if self.lengths.len() == depth {
            self.lengths.push(None);
        }
        let mut length = 0u32;
        if self.peek()? != b'}' {
            loop {
                self.item(depth)?;
                length += 1;
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        self.at += 1;
        match self.lengths[depth] {
            Some(known) => (known == length).then_some(()),
            None => {
                self.lengths[depth] = Some(length);
                Some(())
            }
        }
    }

    fn item(&mut self, depth: usize) -> Option<()> {
        let nested = self.peek()? == b'{';
        let deeper_known = self.lengths.len() > depth + 1;
        let first = self.elements.is_empty() && self.lengths[depth].is_none();
        if nested {
            // Elements and arrays do not stand side by side.
            if !deeper_known && !first {
                return None;
            }
            self.at += 1;
            return self.level(depth + 1);
        }
        if deeper_known {
            return None;
        }
        let element = self.element()?;
        self.elements.push(element);
        Some(())
    }

    fn element(&mut self) -> Option<Value> {
        if self.peek()? == b'"' {
            self.at += 1;
            return self.quoted();
        }
        let (text, start) = (self.text, self.at);
        let end = start
            + text.as_bytes()[start..].iter().position(|byte| matches!(byte, b',' | b'}' | b'{' | b'"' | b'\\'))?;
        if text.as_bytes()[end] == b'\\' {
            return self.escaped();
        }
        let word = text[start..end].trim_end_matches(|c: char| c.is_ascii() && is_space(c as u8));
        if word.is_empty() || matches!(text.as_bytes()[end], b'{' | b'"') {
            return None;
        }
        self.at = end;
        match word.eq_ignore_ascii_case("null") {
            true => Some(Value::Null),
            false => parse_value(self.element_type, word),
        }
    }

    fn quoted(&mut self) -> Option<Value> {
        self.scratch.clear();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.find(['"', '\\'])?;
            self.scratch.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return parse_value(self.element_type, &self.scratch);
            }
            self.take_escaped()?;
        }
    }

    /// An element without quotes that has backslashes in it: only people write those.
    fn escaped(&mut self) -> Option<Value> {
        self.scratch.clear();
        let mut kept = 0;
        loop {
            let next = self.text[self.at..].chars().next()?;
            match next {
                ',' | '}' => break,
                '{' | '"' => return None,
                '\\' => {
                    self.at += 1;
                    self.take_escaped()?;
                    kept = self.scratch.len();
                }
                _ => {
                    self.scratch.push(next);
                    self.at += next.len_utf8();
                    if !(next.is_ascii() && is_space(next as u8)) {
                        kept = self.scratch.len();
                    }
                }
            }
        }
        parse_value(self.element_type, &self.scratch[..kept])
    }

    fn take_escaped(&mut self) -> Option<()> {
        let character = self.text[self.at..].chars().next()?;
        self.scratch.push(character);
        self.at += character.len_utf8();
        Some(())
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Self::Array(Arc::new(array))
    }
}
