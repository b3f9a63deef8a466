//! Values that say what happened to a row: `{"before":...,"after":...,...}`, and what such a value says the row is now.

use xxhash_rust::xxh3::xxh3_128;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// The row was there when the topic was filled.
    Read,
    /// It came.
    Create,
    /// It changed.
    Update,
    /// It went.
    Delete,
}

impl Operation {
    /// Debezium's letter for it.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Read => 'r',
            Self::Create => 'c',
            Self::Update => 'u',
            Self::Delete => 'd',
        }
    }
}

const BEFORE: &[u8] = b"{\"before\":";
const AFTER: &[u8] = b",\"after\":";

/// Writes the beginning that all envelopes have; both sides are JSON already.
pub(super) fn write_sides(out: &mut Vec<u8>, before: Option<&[u8]>, after: Option<&[u8]>) {
    out.extend_from_slice(BEFORE);
    out.extend_from_slice(before.unwrap_or(b"null"));
    out.extend_from_slice(AFTER);
    out.extend_from_slice(after.unwrap_or(b"null"));
}

/// What a message says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// This is the row now.
    Row(&'a [u8]),
    /// There is no row.
    Gone,
    /// Not a value of ours.
    Foreign(&'a [u8]),
}

impl Told<'_> {
    /// The same number for the same row; `None` where there is none. 128 bits: no two rows are taken for one.
    pub(super) fn state(self) -> Option<u128> {
        match self {
            Told::Row(row) => Some(row_state(row)),
            Told::Gone => None,
            Told::Foreign(bytes) => Some(!xxh3_128(bytes)),
        }
    }
}

/// The number of a row's JSON.
pub(super) fn row_state(row: &[u8]) -> u128 {
    xxh3_128(row)
}

/// Reads an envelope.
pub(super) fn told(value: Option<&[u8]>) -> Told<'_> {
    let Some(value) = value else { return Told::Gone };
    let after = || {
        let before = value.strip_prefix(BEFORE)?;
        let rest = before.get(value_end(before)?..)?.strip_prefix(AFTER)?;
        rest.get(..value_end(rest)?)
    };
    match after() {
        Some(b"null") => Told::Gone,
        Some(row) => Told::Row(row),
        None => Told::Foreign(value),
    }
}

/// Where the JSON value at the beginning of `text` ends: before the comma or brace that is not its own.
fn value_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (index, byte) in text.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return Some(index),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_row_after_is_found_behind_whatever_was_before() {
        let mut value = Vec::new();
        write_sides(&mut value, Some(br#"{"a":"},\"after\":","b":[{"c":null}]}"#), Some(br#"{"a":"\\","b":[]}"#));
        value.extend_from_slice(b",\"op\":\"u\"}");
        assert_eq!(told(Some(&value)), Told::Row(br#"{"a":"\\","b":[]}"#));
    }

    #[test]
    fn a_tombstone_and_a_deletion_say_that_the_row_is_gone() {
        let mut value = Vec::new();
        write_sides(&mut value, Some(b"{}"), None);
        value.extend_from_slice(b",\"op\":\"d\"}");
        assert_eq!(told(Some(&value)), Told::Gone);
        assert_eq!(told(None), Told::Gone);
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_no_rows_and_end_nothing(bytes: Vec<u8>) {
            prop_assert_eq!(told(Some(&bytes)), Told::Foreign(&bytes[..]));
            let mut cut = BEFORE.to_vec();
            cut.extend_from_slice(&bytes);
            let _ = told(Some(&cut));
        }
    }
}
