//! Rows as bytes: a version byte, the number of columns, then a tag and a payload per value.
//!
//! The round trip is exact in representation: numeric keeps its scale, floats their sign of zero. Integers from 0 to
//! 127 and the length of texts under 64 bytes live in the tag. Bytes that were not written here give
//! [`StateError::Damaged`], never a panic and never a large allocation.

use std::sync::Arc;

use num_bigint::BigInt;
use smol_str::SmolStr;
use tailwater_connectors::{Array, Interval, Numeric, Row, Value};

use super::StateError;

const VERSION: u8 = 1;
/// Arrays do not nest in Postgres; a little room for other sources.
const DEPTH_MAX: u8 = 4;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const NUMERIC: u8 = 5;
const NUMERIC_BIG: u8 = 6;
const NUMERIC_NAN: u8 = 7;
const NUMERIC_INFINITY: u8 = 8;
const NUMERIC_NEGATIVE_INFINITY: u8 = 9;
const TEXT: u8 = 10;
const BYTES: u8 = 11;
const DATE: u8 = 12;
const TIME: u8 = 13;
const TIMESTAMP: u8 = 14;
const TIMESTAMPTZ: u8 = 15;
const INTERVAL: u8 = 16;
const UUID: u8 = 17;
const ARRAY: u8 = 18;
const SHORT_TEXT: u8 = 0x40;
const SHORT_TEXT_LENGTH_MAX: usize = 0x3F;
const SMALL_INT: u8 = 0x80;
const SMALL_INT_MAX: i64 = 0x7F;

/// Appends the row made of `values`.
pub fn encode_row(out: &mut Vec<u8>, values: &[Value]) {
    begin_row(out, values.len());
    values.iter().for_each(|value| put_value(out, value));
}

/// Appends what comes before the values.
pub(super) fn begin_row(out: &mut Vec<u8>, columns: usize) {
    out.push(VERSION);
    put_varint(out, columns as u64);
}

/// Reads what [`encode_row`] wrote; `bytes` must hold exactly one row.
pub fn decode_row(bytes: &[u8]) -> Result<Row, StateError> {
    let mut input = Input(bytes);
    let row = input.row().filter(|_| input.0.is_empty());
    row.ok_or_else(|| StateError::damaged("a stored row"))
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value << 1 ^ value >> 63) as u64);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Int(small @ 0..=SMALL_INT_MAX) => out.push(SMALL_INT | *small as u8),
        Value::Int(value) => {
            out.push(INT);
            put_signed(out, *value);
        }
        Value::Float(value) => put_fixed(out, FLOAT, &value.to_bits().to_le_bytes()),
        Value::Numeric(value) => put_numeric(out, value),
        Value::Text(text) if text.len() <= SHORT_TEXT_LENGTH_MAX => {
            out.push(SHORT_TEXT | text.len() as u8);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Text(text) => {
            out.push(TEXT);
            put_bytes(out, text.as_bytes());
        }
        Value::Bytes(bytes) => {
            out.push(BYTES);
            put_bytes(out, bytes);
        }
        Value::Date(days) => put_fixed(out, DATE, &days.to_le_bytes()),
        Value::Time(micros) => put_fixed(out, TIME, &micros.to_le_bytes()),
        Value::Timestamp(micros) => put_fixed(out, TIMESTAMP, &micros.to_le_bytes()),
        Value::Timestamptz(micros) => put_fixed(out, TIMESTAMPTZ, &micros.to_le_bytes()),
        Value::Interval(interval) => {
            out.push(INTERVAL);
            put_signed(out, interval.months.into());
            put_signed(out, interval.days.into());
            put_signed(out, interval.micros);
        }
        Value::Uuid(value) => put_fixed(out, UUID, &value.to_le_bytes()),
        Value::Array(array) => put_array(out, array),
    }
}

fn put_fixed(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn put_numeric(out: &mut Vec<u8>, value: &Numeric) {
    match value {
        Numeric::Small { mantissa, scale } => {
            out.push(NUMERIC);
            put_varint(out, (*scale).into());
            put_signed(out, *mantissa);
        }
        Numeric::Big(parts) => {
            out.push(NUMERIC_BIG);
            put_varint(out, parts.1.into());
            put_bytes(out, &parts.0.to_signed_bytes_le());
        }
        Numeric::NaN => out.push(NUMERIC_NAN),
        Numeric::Infinity => out.push(NUMERIC_INFINITY),
        Numeric::NegInfinity => out.push(NUMERIC_NEGATIVE_INFINITY),
    }
}

fn put_array(out: &mut Vec<u8>, array: &Array) {
    out.push(ARRAY);
    put_varint(out, array.dimensions.len() as u64);
    for (length, lower) in &array.dimensions {
        put_varint(out, (*length).into());
        put_signed(out, (*lower).into());
    }
    put_varint(out, array.elements.len() as u64);
    array.elements.iter().for_each(|element| put_value(out, element));
}

/// Bytes not read yet; every read answers `None` when they do not hold what is asked for.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    /// Number of the row's columns, whose values follow.
    pub(super) fn row_start(&mut self) -> Option<usize> {
        if self.byte()? != VERSION {
            return None;
        }
        self.count()
    }

    fn row(&mut self) -> Option<Row> {
        let columns = self.row_start()?;
        // Collected straight into the row, in one allocation; after damage the rest is not read.
        let mut intact = true;
        let row = (0..columns).map(|_| {
            let value = if intact { self.value(0) } else { None };
            intact &= value.is_some();
            value.unwrap_or_default()
        });
        let row = row.collect();
        intact.then_some(row)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A number of things of at least one byte each, so it cannot exceed what is left.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|&count| count <= self.0.len())
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn fixed<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn value(&mut self, depth: u8) -> Option<Value> {
        Some(match self.byte()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            tag if tag & SMALL_INT != 0 => Value::Int((tag & !SMALL_INT).into()),
            tag if tag & SHORT_TEXT != 0 => text(self.take((tag & !SHORT_TEXT).into())?)?,
            INT => Value::Int(self.signed()?),
            FLOAT => Value::Float(f64::from_bits(u64::from_le_bytes(self.fixed()?))),
            tag @ NUMERIC..=NUMERIC_NEGATIVE_INFINITY => Value::Numeric(self.numeric(tag)?),
            TEXT => text(self.bytes()?)?,
            BYTES => Value::Bytes(self.bytes()?.into()),
            DATE => Value::Date(i32::from_le_bytes(self.fixed()?)),
            TIME => Value::Time(i64::from_le_bytes(self.fixed()?)),
            TIMESTAMP => Value::Timestamp(i64::from_le_bytes(self.fixed()?)),
            TIMESTAMPTZ => Value::Timestamptz(i64::from_le_bytes(self.fixed()?)),
            INTERVAL => Value::Interval(Interval {
                months: self.signed()?.try_into().ok()?,
                days: self.signed()?.try_into().ok()?,
                micros: self.signed()?,
            }),
            UUID => Value::Uuid(u128::from_le_bytes(self.fixed()?)),
            ARRAY if depth < DEPTH_MAX => Value::Array(Arc::new(self.array(depth + 1)?)),
            _ => return None,
        })
    }

    /// Passes by a value.
    pub(super) fn skip_value(&mut self, depth: u8) -> Option<()> {
        match self.byte()? {
            tag if tag & SMALL_INT != 0 => {}
            tag if tag & SHORT_TEXT != 0 => drop(self.take((tag & !SHORT_TEXT).into())?),
            NULL | FALSE | TRUE | NUMERIC_NAN | NUMERIC_INFINITY | NUMERIC_NEGATIVE_INFINITY => {}
            INT => drop(self.varint()?),
            TEXT | BYTES => drop(self.bytes()?),
            DATE => drop(self.take(4)?),
            FLOAT | TIME | TIMESTAMP | TIMESTAMPTZ => drop(self.take(8)?),
            UUID => drop(self.take(16)?),
            tag @ (NUMERIC | NUMERIC_BIG) => drop(self.numeric(tag)?),
            INTERVAL => (0..3).try_for_each(|_| self.varint().map(drop))?,
            ARRAY if depth < DEPTH_MAX => drop(self.array(depth + 1)?),
            _ => return None,
        }
        Some(())
    }

    fn numeric(&mut self, tag: u8) -> Option<Numeric> {
        Some(match tag {
            NUMERIC => {
                let scale = self.varint()?.try_into().ok()?;
                Numeric::Small { mantissa: self.signed()?, scale }
            }
            NUMERIC_BIG => {
                let scale = self.varint()?.try_into().ok()?;
                Numeric::Big(Arc::new((BigInt::from_signed_bytes_le(self.bytes()?), scale)))
            }
            NUMERIC_NAN => Numeric::NaN,
            NUMERIC_INFINITY => Numeric::Infinity,
            _ => Numeric::NegInfinity,
        })
    }

    fn array(&mut self, depth: u8) -> Option<Array> {
        let dimensions = (0..self.count()?)
            .map(|_| Some((self.varint()?.try_into().ok()?, self.signed()?.try_into().ok()?)))
            .collect::<Option<Vec<(u32, i32)>>>()?;
        let elements = (0..self.count()?).map(|_| self.value(depth)).collect::<Option<Vec<_>>>()?;
        Some(Array { dimensions, elements })
    }
}

fn text(bytes: &[u8]) -> Option<Value> {
    std::str::from_utf8(bytes).ok().map(|text| Value::Text(SmolStr::new(text)))
}

#[cfg(test)]
mod tests;
