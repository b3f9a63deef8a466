//! jsonb in keys: bytes compare as Postgres' btree compares documents.
//!
//! By kind (null, string, number, boolean, array, object), then containers by size, then part by part; numbers by value. Keys
//! of objects compare where they stand, by bytes. An empty array at the top is less than anything: a quirk of Postgres that
//! its indexes depend on. Documents are texts as Postgres prints them; they are read without recursion, so that no depth is too
//! deep.

use tailwater_connectors::Numeric;

use super::StateError;
use super::key_codec::encode_bytes;
use super::key_numeric::encode_numeric;

const EMPTY_ARRAY: u8 = 0x08;
const NULL: u8 = 0x10;
const STRING: u8 = 0x20;
const NUMBER: u8 = 0x30;
const BOOLEAN: u8 = 0x40;
const ARRAY: u8 = 0x50;
const OBJECT: u8 = 0x60;

/// A container that is being read.
struct Open {
    /// Where its size is written when it is known.
    size_at: usize,
    size: u32,
    is_object: bool,
    /// Whether the next string is a key.
    key: bool,
}

/// Appends the key of a document.
pub(super) fn encode_jsonb(out: &mut Vec<u8>, document: &str) -> Result<(), StateError> {
    if document == "[]" {
        out.push(EMPTY_ARRAY);
        return Ok(());
    }
    let mut reader = Reader { rest: document, open: Vec::new() };
    while !reader.rest.is_empty() {
        reader.token(out).ok_or_else(malformed)?;
    }
    if reader.open.is_empty() { Ok(()) } else { Err(malformed()) }
}

fn malformed() -> StateError {
    StateError::key("a jsonb value is no document".to_owned())
}

struct Reader<'a> {
    rest: &'a str,
    open: Vec<Open>,
}

impl Reader<'_> {
    fn token(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let first = *self.rest.as_bytes().first()?;
        match first {
            b' ' => self.skip(1),
            b',' => {
                let container = self.open.last_mut()?;
                container.key = container.is_object;
                self.skip(1);
            }
            b':' => self.skip(1),
            b']' | b'}' => {
                let closed = self.open.pop()?;
                out[closed.size_at..closed.size_at + 4].copy_from_slice(&closed.size.to_be_bytes());
                self.skip(1);
            }
            b'"' => self.string(out)?,
            _ => self.value(first, out)?,
        }
        Some(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// One more part of the container around.
    fn count(&mut self) {
        if let Some(container) = self.open.last_mut() {
            container.size += u32::from(!container.is_object);
        }
    }

    fn value(&mut self, first: u8, out: &mut Vec<u8>) -> Option<()> {
        self.count();
        match first {
            b'[' | b'{' => {
                let is_object = first == b'{';
                out.push(if is_object { OBJECT } else { ARRAY });
                self.open.push(Open { size_at: out.len(), size: 0, is_object, key: is_object });
                out.extend([0; 4]);
                self.skip(1);
            }
            b'n' | b't' | b'f' => {
                let (word, bytes): (&str, &[u8]) = match first {
                    b'n' => ("null", &[NULL]),
                    b't' => ("true", &[BOOLEAN, 1]),
                    _ => ("false", &[BOOLEAN, 0]),
                };
                self.rest = self.rest.strip_prefix(word)?;
                out.extend_from_slice(bytes);
            }
            _ => {
                let end = self.rest.find([',', ' ', ']', '}']).unwrap_or(self.rest.len());
                out.push(NUMBER);
                encode_numeric(out, &self.rest[..end].parse::<Numeric>().ok()?);
                self.skip(end);
            }
        }
        Some(())
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let is_key = self.open.last().is_some_and(|container| container.key);
        if is_key {
            let object = self.open.last_mut()?;
            object.size += 1;
            object.key = false;
        } else {
            self.count();
            out.push(STRING);
        }
        let rest = &self.rest[1..];
        let end = rest.find(['"', '\\'])?;
        if rest[end..].starts_with('"') {
            encode_bytes(out, &rest.as_bytes()[..end]);
            self.skip(end + 2);
            return Some(());
        }
        let (text, length) = unescaped(rest)?;
        encode_bytes(out, text.as_bytes());
        self.skip(length + 2);
        Some(())
    }
}

/// A string up to its closing quote, and how many bytes it was written in.
fn unescaped(written: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut characters = written.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((text, at)),
            '\\' => text.push(match characters.next()?.1 {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let code = u32::from_str_radix(written.get(at + 2..at + 6)?, 16).ok()?;
                    characters.nth(3)?;
                    char::from_u32(code)?
                }
                other => other,
            }),
            c => text.push(c),
        }
    }
    None
}
