//! JSON text: a strict parser that keeps where every value stood, and jsonb's canonical output.

use std::borrow::Cow;

use tailwater_connectors::Numeric;
pub(in crate::engine::scalar) use tailwater_connectors::json::print_string;

use crate::engine::scalar::expression::RowError;

/// Deeper nesting is refused: parsing recurses.
const DEPTH_MAX: usize = 512;

/// A parsed value and the text it was parsed from.
#[derive(Clone, Debug)]
pub(in crate::engine::scalar) struct Node<'a> {
    pub(super) value: Json<'a>,
    /// As written, without the blanks around it.
    pub(super) source: &'a str,
}

impl<'a> Node<'a> {
    pub(in crate::engine::scalar) fn value(&self) -> &Json<'a> {
        &self.value
    }
}

/// A JSON value; objects keep duplicate keys in written order.
#[derive(Clone, Debug)]
pub(in crate::engine::scalar) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Numeric),
    /// A number of `json`, which is kept as written and may be too large for a number.
    Written,
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

fn invalid() -> RowError {
    RowError::new("22P02", "invalid input syntax for type json")
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::scalar) enum Reading {
    /// As `jsonb`: numbers are numbers, every string can be stored.
    Binary,
    /// As `json` where its strings are wanted: numbers stay as written.
    Strings,
    /// As `json` where only its form is: strings are not looked into.
    Form,
}

/// The value of a text of jsonb.
pub(in crate::engine::scalar) fn parse(source: &str) -> Result<Json<'_>, RowError> {
    parse_node(source).map(|node| node.value)
}

pub(super) fn parse_node(source: &str) -> Result<Node<'_>, RowError> {
    read(source, Reading::Binary)
}

/// The value of a text.
pub(super) fn read(source: &str, reading: Reading) -> Result<Node<'_>, RowError> {
    let mut parser = Parser { source, at: 0, depth: 0, reading };
    let node = parser.node()?;
    parser.blanks();
    if parser.at == source.len() { Ok(node) } else { Err(invalid()) }
}

/// Whether the text is JSON.
pub(in crate::engine::scalar) fn check(source: &str) -> Result<(), RowError> {
    read(source, Reading::Form).map(|_| ())
}

/// The text as jsonb prints it.
pub(in crate::engine) fn canonical(source: &str) -> Result<String, RowError> {
    let json = parse(source)?;
    let mut out = String::with_capacity(source.len() + 8);
    write_canonical(&mut out, &json);
    Ok(out)
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    depth: usize,
    reading: Reading,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), RowError> {
        if self.take(byte) { Ok(()) } else { Err(invalid()) }
    }

    fn node(&mut self) -> Result<Node<'a>, RowError> {
        self.blanks();
        let start = self.at;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(RowError::new("54001", "stack depth limit exceeded"));
        }
        let value = match self.peek().ok_or_else(invalid)? {
            b'{' => self.object()?,
            b'[' => self.array()?,
            b'"' => Json::Text(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            _ => self.word()?,
        };
        self.depth -= 1;
        Ok(Node { value, source: &self.source[start..self.at] })
    }

    fn word(&mut self) -> Result<Json<'a>, RowError> {
        for (word, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))] {
            if self.source[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(invalid())
    }

    fn object(&mut self) -> Result<Json<'a>, RowError> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(invalid());
            }
            let key = self.string()?;
            self.expect(b':')?;
            fields.push((key, self.node()?));
            if !self.take(b',') {
                self.expect(b'}')?;
                return Ok(Json::Object(fields));
            }
        }
    }

    fn array(&mut self) -> Result<Json<'a>, RowError> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.node()?);
            if !self.take(b',') {
                self.expect(b']')?;
                return Ok(Json::Array(elements));
            }
        }
    }

    fn digits(&mut self) -> Result<(), RowError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(invalid()) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Json<'a>, RowError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        match self.reading {
            Reading::Binary => Ok(Json::Number(self.source[start..self.at].parse::<Numeric>()?)),
            _ => Ok(Json::Written),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, RowError> {
        self.at += 1;
        let start = self.at;
        let rest = &self.source[start..];
        let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\') || byte < 0x20).ok_or_else(invalid)?;
        self.at += plain;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(&rest[..plain]));
        }
        let mut out = rest[..plain].to_owned();
        loop {
            let c = self.source[self.at..].chars().next().ok_or_else(invalid)?;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(Cow::Owned(out)),
                '\\' => out.extend(self.escape()?),
                c if (c as u32) < 0x20 => return Err(invalid()),
                c => out.push(c),
            }
        }
    }

    /// Nothing for a character that is not looked at.
    fn escape(&mut self) -> Result<Option<char>, RowError> {
        let letter = self.peek().ok_or_else(invalid)?;
        self.at += 1;
        Ok(Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' if self.reading == Reading::Form => return self.hex().map(|_| None),
            b'u' => self.unicode()?,
            _ => return Err(invalid()),
        }))
    }

    fn hex(&mut self) -> Result<u32, RowError> {
        let digits = self.source.get(self.at..self.at + 4).ok_or_else(invalid)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| invalid())
    }

    fn unicode(&mut self) -> Result<char, RowError> {
        let first = self.hex()?;
        if first == 0 {
            return Err(RowError::new("22P05", "unsupported Unicode escape sequence"));
        }
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first).ok_or_else(invalid);
        }
        if !self.source[self.at..].starts_with("\\u") {
            return Err(invalid());
        }
        self.at += 2;
        let second = self.hex()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(invalid());
        }
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).ok_or_else(invalid)
    }
}

/// Fields as jsonb keeps them: the last of equal keys, shorter keys first, then by bytes.
pub(in crate::engine::scalar) fn sorted_fields<'n, 'a>(
    fields: &'n [(Cow<'a, str>, Node<'a>)],
) -> Vec<&'n (Cow<'a, str>, Node<'a>)> {
    let mut sorted: Vec<_> = fields.iter().rev().collect();
    sorted.sort_by(|(a, _), (b, _)| (a.len(), a.as_bytes()).cmp(&(b.len(), b.as_bytes())));
    sorted.dedup_by(|later, kept| later.0 == kept.0);
    sorted
}

/// Appends the value as jsonb prints it.
pub(super) fn write_canonical(out: &mut String, json: &Json<'_>) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::Written => unreachable!("jsonb is read with its numbers"),
        Json::Text(text) => print_string(out, text),
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_canonical(out, &element.value);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (index, (key, node)) in sorted_fields(fields).into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                print_string(out, key);
                out.push_str(": ");
                write_canonical(out, &node.value);
            }
            out.push('}');
        }
    }
}
