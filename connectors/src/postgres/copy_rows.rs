//! The stream of `COPY ... TO STDOUT (FORMAT binary)`: header, rows, trailer; fed with chunks that may end anywhere.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>

use thiserror::Error;

use crate::row::Row;
use crate::sql_type::SqlType;
use crate::value::Value;

use super::binary::{BinaryError, decode_binary};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Longest header extension that is skipped; servers send none.
const EXTENSION_BYTES_MAX: usize = 64 * 1024;
/// Flags that change the layout; bit 16 was "has oids" up to Postgres 11.
const CRITICAL_FLAGS: u32 = 0xFFFF_0000;

/// Why a copy's bytes cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CopyError {
    /// It does not begin as a binary copy does.
    #[error("the copy does not begin with the binary format's header")]
    Header,
    /// A row is not as wide as the query.
    #[error("a copied row has {found} columns instead of {expected}")]
    Width {
        /// Columns that were asked for.
        expected: usize,
        /// Columns of the row, as sent.
        found: i16,
    },
    /// A length below -1.
    #[error("a copied value has a negative length")]
    NegativeLength,
    /// Bytes behind the trailer.
    #[error("bytes follow the end of the copy")]
    Trailing,
    /// The stream ended before the trailer: rows are missing.
    #[error("the copy ended early")]
    Truncated,
    /// A value is not of its column's type.
    #[error("column {column} of a copied row: {error}")]
    Value {
        /// Number of the column, from 1.
        column: usize,
        /// What is wrong.
        error: BinaryError,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Rows,
    Done,
}

/// What one look at the bytes found.
enum Unit {
    Incomplete,
    Row(Row, usize),
    Trailer(usize),
}

/// Decodes one COPY. After an error it must not be used again.
#[derive(Debug)]
pub struct CopyDecoder {
    types: Vec<SqlType>,
    stage: Stage,
    /// The beginning of a unit whose end has not come yet.
    carried: Vec<u8>,
    /// Reused for each row.
    scratch: Vec<Value>,
}

impl CopyDecoder {
    /// For a query whose columns have these types.
    pub fn new(types: Vec<SqlType>) -> Self {
        Self { types, stage: Stage::Header, carried: Vec::new(), scratch: Vec::new() }
    }

    /// Takes the next chunk and appends the rows that are complete now.
    pub fn feed(&mut self, chunk: &[u8], rows: &mut Vec<Row>) -> Result<(), CopyError> {
        if self.carried.is_empty() {
            let used = self.decode(chunk, rows)?;
            self.carried.extend_from_slice(&chunk[used..]);
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.carried);
        bytes.extend_from_slice(chunk);
        let used = self.decode(&bytes, rows)?;
        bytes.drain(..used);
        self.carried = bytes;
        Ok(())
    }

    /// Call at the end of the stream: fails when it ended before its trailer.
    pub fn finish(self) -> Result<(), CopyError> {
        match self.stage {
            Stage::Done => Ok(()),
            _ => Err(CopyError::Truncated),
        }
    }

    /// How many bytes were understood.
    fn decode(&mut self, bytes: &[u8], rows: &mut Vec<Row>) -> Result<usize, CopyError> {
        let mut used = 0;
        if self.stage == Stage::Header {
            match header(bytes)? {
                Some(length) => used = length,
                None => return Ok(0),
            }
            self.stage = Stage::Rows;
        }
        while self.stage == Stage::Rows {
            match self.unit(&bytes[used..])? {
                Unit::Incomplete => return Ok(used),
                Unit::Row(row, length) => {
                    rows.push(row);
                    used += length;
                }
                Unit::Trailer(length) => {
                    self.stage = Stage::Done;
                    used += length;
                }
            }
        }
        if used == bytes.len() { Ok(used) } else { Err(CopyError::Trailing) }
    }

    fn unit(&mut self, bytes: &[u8]) -> Result<Unit, CopyError> {
        let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else { return Ok(Unit::Incomplete) };
        let found = i16::from_be_bytes(*count);
        if found == -1 {
            return Ok(Unit::Trailer(2));
        }
        if usize::try_from(found) != Ok(self.types.len()) {
            return Err(CopyError::Width { expected: self.types.len(), found });
        }
        let values = &mut self.scratch;
        values.clear();
        for (index, sql_type) in self.types.iter().enumerate() {
            let Some((length, after)) = rest.split_first_chunk::<4>() else { return Ok(Unit::Incomplete) };
            let length = i32::from_be_bytes(*length);
            if length == -1 {
                values.push(Value::Null);
                rest = after;
                continue;
            }
            let length = usize::try_from(length).map_err(|_| CopyError::NegativeLength)?;
            let Some((cell, after)) = after.split_at_checked(length) else { return Ok(Unit::Incomplete) };
            let value = decode_binary(sql_type, cell).map_err(|error| CopyError::Value { column: index + 1, error })?;
            values.push(value);
            rest = after;
        }
        Ok(Unit::Row(values.drain(..).collect(), bytes.len() - rest.len()))
    }
}

/// Length of the header, `None` when more bytes are needed.
fn header(bytes: &[u8]) -> Result<Option<usize>, CopyError> {
    let known = bytes.len().min(SIGNATURE.len());
    if bytes[..known] != SIGNATURE[..known] {
        return Err(CopyError::Header);
    }
    let Some(fields) = bytes.get(SIGNATURE.len()..SIGNATURE.len() + 8) else { return Ok(None) };
    let (flags, extension) = (word(&fields[..4]), word(&fields[4..]) as usize);
    if flags & CRITICAL_FLAGS != 0 || extension > EXTENSION_BYTES_MAX {
        return Err(CopyError::Header);
    }
    let length = SIGNATURE.len() + 8 + extension;
    Ok((bytes.len() >= length).then_some(length))
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
