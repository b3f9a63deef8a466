//! Reads requests of the Redis protocol: arrays of bulk strings, and inline commands as typed into telnet.
//!
//! The parser keeps what it has seen of an unfinished request, so bytes that trickle in are looked at once. It copies nothing:
//! arguments are ranges of the connection's buffer (of a scratch buffer for inline commands, whose quotes are undone). It
//! never recurses and never panics on outside bytes; after an error the connection must be closed, because nobody
//! knows where the next request starts.

use thiserror::Error;

use super::arguments::{Arguments, OwnedArguments};

/// Most arguments of one request.
pub(super) const ARGUMENTS_MAX: usize = 65_536;
/// Longest argument.
pub(super) const ARGUMENT_BYTES_MAX: usize = 1 << 20;
/// Longest request altogether.
pub(super) const REQUEST_BYTES_MAX: usize = 16 << 20;
/// Longest line: an inline command or a count.
const LINE_BYTES_MAX: usize = 65_536;
/// What a connection may send before it has said the password, as Redis has it.
const STRANGER_ARGUMENTS_MAX: usize = 10;
const STRANGER_ARGUMENT_BYTES_MAX: usize = 16_384;

/// Bytes that are not a request. The texts are Redis' own.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum ProtocolError {
    #[error("invalid multibulk length")]
    Count,
    #[error("unauthenticated multibulk length")]
    StrangerCount,
    #[error("invalid bulk length")]
    Length,
    #[error("unauthenticated bulk length")]
    StrangerLength,
    #[error("expected '$', got '{}'", .0.escape_ascii())]
    NoBulk(u8),
    #[error("bulk string is not terminated")]
    NoEnd,
    #[error("too big inline request")]
    LongLine,
    #[error("too big request")]
    LongRequest,
    #[error("unbalanced quotes in request")]
    Quotes,
}

/// The parser's place in an unfinished request.
#[derive(Default)]
pub(super) struct RequestParser {
    /// Bytes of the buffer, from the request's first, that need not be looked at again.
    seen: usize,
    /// Arguments that are still to come; `None` before the count is read.
    missing: Option<usize>,
    /// Length of the argument that is being read.
    bulk: Option<usize>,
    ranges: Vec<(usize, usize)>,
    inline: Option<OwnedArguments>,
    /// Whether the small limits for strangers are off.
    pub(super) trusted: bool,
}

impl RequestParser {
    /// Looks for one whole request at the start of `buffer`, which must begin where the last request ended. `Ok(Some(length))`:
    /// it is these bytes, and [`Self::arguments`] gives its words (none for an empty request, which is to be skipped).
    /// `Ok(None)`: more bytes are needed; call again with the same bytes and more. Until [`Self::finish`] is called the same
    /// request is found again.
    pub(super) fn parse(&mut self, buffer: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let Some(&first) = buffer.first() else { return Ok(None) };
        if self.inline.is_some() {
            return Ok(Some(self.seen));
        }
        if first != b'*' {
            return self.parse_inline(buffer);
        }
        if self.missing.is_none() && !self.parse_count(buffer)? {
            return Ok(None);
        }
        while self.missing != Some(0) {
            if !self.parse_bulk(buffer)? {
                return if buffer.len() > REQUEST_BYTES_MAX { Err(ProtocolError::LongRequest) } else { Ok(None) };
            }
        }
        Ok(Some(self.seen))
    }

    /// Words of the request that `parse` found in this `buffer`.
    pub(super) fn arguments<'a>(&'a self, buffer: &'a [u8]) -> Arguments<'a> {
        self.inline.as_ref().map_or(Arguments::new(buffer, &self.ranges), OwnedArguments::borrow)
    }

    /// Forgets the request that was found, to start with the next.
    pub(super) fn finish(&mut self) {
        self.seen = 0;
        self.missing = None;
        self.bulk = None;
        self.inline = None;
        self.ranges.clear();
    }

    fn parse_count(&mut self, buffer: &[u8]) -> Result<bool, ProtocolError> {
        let Some((line, after)) = self.line(buffer, 1, ProtocolError::Count)? else { return Ok(false) };
        let count = number(line).ok_or(ProtocolError::Count)?;
        if count > ARGUMENTS_MAX as i64 {
            return Err(ProtocolError::Count);
        }
        if !self.trusted && count > STRANGER_ARGUMENTS_MAX as i64 {
            return Err(ProtocolError::StrangerCount);
        }
        self.missing = Some(usize::try_from(count).unwrap_or(0));
        self.seen = after;
        Ok(true)
    }

    fn parse_bulk(&mut self, buffer: &[u8]) -> Result<bool, ProtocolError> {
        let length = match self.bulk {
            Some(length) => length,
            None => {
                let Some(&sign) = buffer.get(self.seen) else { return Ok(false) };
                if sign != b'$' {
                    return Err(ProtocolError::NoBulk(sign));
                }
                let Some((line, after)) = self.line(buffer, self.seen + 1, ProtocolError::Length)? else {
                    return Ok(false);
                };
                let length = number(line).and_then(|length| usize::try_from(length).ok());
                let length = length.filter(|&length| length <= ARGUMENT_BYTES_MAX).ok_or(ProtocolError::Length)?;
                if !self.trusted && length > STRANGER_ARGUMENT_BYTES_MAX {
                    return Err(ProtocolError::StrangerLength);
                }
                self.seen = after;
                *self.bulk.insert(length)
            }
        };
        let end = self.seen + length;
        let Some(terminator) = buffer.get(end..end + 2) else { return Ok(false) };
        if terminator != b"\r\n" {
            return Err(ProtocolError::NoEnd);
        }
        self.ranges.push((self.seen, end));
        self.seen = end + 2;
        self.bulk = None;
        self.missing = self.missing.map(|missing| missing - 1);
        Ok(true)
    }

    /// The line that starts at `start`, without its end, and where the next one starts. Counts are short: a line
    /// that does not end within 32 bytes is `error`.
    fn line<'a>(
        &self,
        buffer: &'a [u8],
        start: usize,
        error: ProtocolError,
    ) -> Result<Option<(&'a [u8], usize)>, ProtocolError> {
        let rest = buffer.get(start..).unwrap_or(&[]);
        let near = &rest[..rest.len().min(32)];
        match near.iter().position(|&byte| byte == b'\n') {
            Some(end) if end > 0 && near[end - 1] == b'\r' => Ok(Some((&near[..end - 1], start + end + 1))),
            Some(_) => Err(error),
            None if near.len() == 32 => Err(error),
            None => Ok(None),
        }
    }

    fn parse_inline(&mut self, buffer: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let fresh = buffer.get(self.seen..).unwrap_or(&[]);
        let Some(end) = fresh.iter().position(|&byte| byte == b'\n').map(|end| self.seen + end) else {
            self.seen = buffer.len();
            return if buffer.len() > LINE_BYTES_MAX { Err(ProtocolError::LongLine) } else { Ok(None) };
        };
        if end > LINE_BYTES_MAX {
            return Err(ProtocolError::LongLine);
        }
        let line = buffer[..end].strip_suffix(b"\r").unwrap_or(&buffer[..end]);
        self.inline = Some(split_words(line)?);
        self.seen = end + 1;
        Ok(Some(end + 1))
    }
}

/// A decimal number with an optional minus sign and nothing else.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Splits a line at blanks; `"..."` knows the usual escapes and `\xHH`, `'...'` only `\'`.
fn split_words(line: &[u8]) -> Result<OwnedArguments, ProtocolError> {
    let mut words = OwnedArguments::default();
    let mut rest = line.trim_ascii_start();
    while let Some(&first) = rest.first() {
        let mut word = Vec::new();
        rest = match first {
            b'"' => double_quoted(&rest[1..], &mut word)?,
            b'\'' => single_quoted(&rest[1..], &mut word)?,
            _ => {
                let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                word.extend_from_slice(&rest[..end]);
                &rest[end..]
            }
        };
        if rest.first().is_some_and(|next| !next.is_ascii_whitespace()) {
            return Err(ProtocolError::Quotes);
        }
        words.push(&word);
        rest = rest.trim_ascii_start();
    }
    Ok(words)
}

fn single_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        rest = match rest {
            [b'\'', after @ ..] => return Ok(after),
            [b'\\', b'\'', after @ ..] => {
                out.push(b'\'');
                after
            }
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return Err(ProtocolError::Quotes),
        };
    }
}

fn double_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Ok(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.extend(hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low));
                after
            }
            [b'\\', escaped, after @ ..] => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                after
            }
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return Err(ProtocolError::Quotes),
        };
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
