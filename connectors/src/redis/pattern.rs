//! Which Redis keys a template makes, without the view: enough to escape values, to scan for keys and to recognise them.
//! It can be stored, so that a later life with another template still finds the keys of this one.

use serde::{Deserialize, Serialize};

use crate::sql_type::SqlType;

/// What a column's text can look like. Keeps a rebuild from taking other people's keys for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ValueKind {
    /// Digits with a sign perhaps.
    Integer,
    /// A uuid as Postgres prints it.
    Uuid,
    /// Letters, digits and a little punctuation: numbers, dates, truth values.
    Plain,
    /// Anything.
    Any,
}

impl ValueKind {
    pub(super) fn of(sql_type: &SqlType) -> Self {
        match sql_type {
            SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid => Self::Integer,
            SqlType::Uuid => Self::Uuid,
            SqlType::Bool
            | SqlType::Float4
            | SqlType::Float8
            | SqlType::Numeric(_)
            | SqlType::Date
            | SqlType::Time
            | SqlType::Timestamp
            | SqlType::Timestamptz
            | SqlType::Interval => Self::Plain,
            _ => Self::Any,
        }
    }

    fn holds(self, text: &str) -> bool {
        if text == "\\N" {
            return true;
        }
        match self {
            Self::Integer => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Uuid => text.len() == 36 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')),
            Self::Plain => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.: ".contains(&byte);
                !text.is_empty() && text.bytes().all(plain)
            }
            Self::Any => true,
        }
    }
}

/// One column's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) kind: ValueKind,
    /// Text up to the next column, or to the end.
    pub(super) after: String,
}

/// Text, columns and the text behind each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyPattern {
    pub(super) prefix: String,
    pub(super) parts: Vec<Part>,
}

/// Ends a value: never inside an escaped value. `%` escapes and `\` marks null, so they cannot.
fn delimiter(literal: &str) -> Option<(usize, char)> {
    literal.char_indices().find(|(_, char)| char.is_ascii_punctuation() && !matches!(char, '%' | '\\'))
}

impl KeyPattern {
    /// Fails where two columns are not separated by a delimiter.
    pub(super) fn new(prefix: String, parts: Vec<Part>) -> Result<Self, String> {
        let between = parts.len().saturating_sub(1);
        if parts[..between].iter().any(|part| delimiter(&part.after).is_none()) {
            return Err("two columns without punctuation between them would make ambiguous keys".into());
        }
        Ok(Self { prefix, parts })
    }

    /// Whether `char` is percent-encoded inside values.
    fn encodes(&self, char: char) -> bool {
        let between = self.parts.len().saturating_sub(1);
        let ends = |part: &Part| delimiter(&part.after).is_some_and(|(_, ends)| ends == char);
        between > 0 && (char == '%' || self.parts[..between].iter().any(ends))
    }

    /// Escapes the value that begins at `start` of `out`.
    pub(super) fn escape(&self, out: &mut String, start: usize) {
        let value = &out[start..];
        if value.ends_with('N') && value.len() > 1 && value[..value.len() - 1].bytes().all(|byte| byte == b'\\') {
            out.insert(start, '\\');
        }
        if self.parts.len() < 2 || !out[start..].chars().any(|char| self.encodes(char)) {
            return;
        }
        let value = out.split_off(start);
        for char in value.chars() {
            match self.encodes(char) {
                true => out.push_str(&format!("%{:02X}", char as u32)),
                false => out.push(char),
            }
        }
    }

    /// Whether the template can have made `key`.
    pub(super) fn recognises(&self, key: &[u8]) -> bool {
        self.texts(key).is_some()
    }

    /// The columns' texts in a key that the template can have made, with their marks of null.
    pub(super) fn texts(&self, key: &[u8]) -> Option<Vec<String>> {
        let mut rest = str::from_utf8(key).ok().and_then(|key| key.strip_prefix(&*self.prefix))?;
        let mut texts = Vec::with_capacity(self.parts.len());
        for (nth, part) in self.parts.iter().enumerate() {
            let (value, behind) = part.take(rest, nth + 1 == self.parts.len())?;
            texts.push(self.unescape(value).filter(|text| part.kind.holds(text))?);
            rest = behind;
        }
        rest.is_empty().then_some(texts)
    }

    fn unescape(&self, value: &str) -> Option<String> {
        if self.parts.len() < 2 {
            return Some(value.into());
        }
        let mut text = String::with_capacity(value.len());
        let mut chars = value.chars();
        while let Some(char) = chars.next() {
            match char {
                '%' => {
                    let digits = chars.as_str().get(..2)?;
                    let char = char::from(u8::from_str_radix(digits, 16).ok()?);
                    if !self.encodes(char) || digits != format!("{:02X}", char as u32) {
                        return None;
                    }
                    text.push(char);
                    chars.nth(1);
                }
                char if self.encodes(char) => return None,
                char => text.push(char),
            }
        }
        Some(text)
    }

    /// The pattern for `SCAN MATCH`: finds at least the keys that `recognises` accepts.
    pub(super) fn glob(&self) -> String {
        let mut glob = String::new();
        let literal = |glob: &mut String, text: &str| {
            for char in text.chars() {
                if matches!(char, '*' | '?' | '[' | ']' | '\\' | '^') {
                    glob.push('\\');
                }
                glob.push(char);
            }
        };
        literal(&mut glob, &self.prefix);
        for part in &self.parts {
            glob.push('*');
            literal(&mut glob, &part.after);
        }
        glob
    }
}

impl Part {
    /// Splits `rest` into this column's escaped value and what follows the text behind it.
    fn take<'a>(&self, rest: &'a str, last: bool) -> Option<(&'a str, &'a str)> {
        if last {
            return rest.strip_suffix(&*self.after).map(|value| (value, ""));
        }
        let (before, char) = delimiter(&self.after)?;
        let end = rest.find(char)?.checked_sub(before)?;
        let behind = rest.get(end..)?.strip_prefix(&*self.after)?;
        Some((&rest[..end], behind))
    }
}
