//! Values in Postgres' binary form, as binary COPY sends them.
//!
//! Only types with a variant of their own have a binary form that can be read. The others are cast to text in the query
//! that copies them (`catalog::CatalogTable::expressions`), so that the copy gives the same value as the stream.

use std::sync::Arc;

use num_bigint::BigInt;
use smol_str::SmolStr;
use thiserror::Error;

use crate::numeric::Numeric;
use crate::sql_type::SqlType;
use crate::text::{ARRAY_DIMENSIONS_MAX, calendar::MICROS_PER_DAY};
use crate::value::{Array, Interval, Value};

/// Bytes that are not the binary form of their type. Names the type, never the bytes.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid binary form of type {sql_type}")]
pub struct BinaryError {
    /// The type.
    pub sql_type: String,
}

/// Whether values of the type are read in the form of its send function; the others as their output text.
pub(super) fn has_binary_form(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Other(_) | SqlType::Unknown => false,
        SqlType::Array(element) => has_binary_form(element),
        _ => true,
    }
}

/// Reads what Postgres' send function wrote.
pub fn decode_binary(sql_type: &SqlType, bytes: &[u8]) -> Result<Value, BinaryError> {
    parse(sql_type, bytes).ok_or_else(|| BinaryError { sql_type: sql_type.to_string() })
}

fn parse(sql_type: &SqlType, bytes: &[u8]) -> Option<Value> {
    Some(match sql_type {
        SqlType::Bool => match bytes {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return None,
        },
        SqlType::Int2 => Value::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        SqlType::Int4 => Value::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        SqlType::Int8 => Value::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        SqlType::Oid => Value::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        SqlType::Float4 => Value::Float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        SqlType::Float8 => Value::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
        SqlType::Numeric(_) => Value::Numeric(numeric(bytes)?),
        SqlType::Text | SqlType::Bpchar | SqlType::Json | SqlType::Unknown | SqlType::Other(_) => text(bytes)?,
        SqlType::Enum(enumeration) => {
            let label = enumeration.labels.iter().find(|label| label.as_bytes() == bytes)?;
            Value::Text(label.clone())
        }
        // One byte of version before the text.
        SqlType::Jsonb => text(bytes.strip_prefix(&[1])?)?,
        SqlType::Bytea => Value::Bytes(bytes.into()),
        SqlType::Date => Value::Date(i32::from_be_bytes(bytes.try_into().ok()?)),
        SqlType::Time => {
            let micros = i64::from_be_bytes(bytes.try_into().ok()?);
            Value::Time((0..=MICROS_PER_DAY).contains(&micros).then_some(micros)?)
        }
        SqlType::Timestamp => Value::Timestamp(i64::from_be_bytes(bytes.try_into().ok()?)),
        SqlType::Timestamptz => Value::Timestamptz(i64::from_be_bytes(bytes.try_into().ok()?)),
        SqlType::Interval => Value::Interval(interval(bytes.try_into().ok()?)),
        SqlType::Uuid => Value::Uuid(u128::from_be_bytes(bytes.try_into().ok()?)),
        SqlType::Array(element) => Value::Array(Arc::new(array(element, bytes)?)),
    })
}

fn text(bytes: &[u8]) -> Option<Value> {
    match bytes {
        // `"char"` sends its zero byte, which prints as nothing.
        [0] => Some(Value::Text(SmolStr::default())),
        _ => Some(Value::Text(SmolStr::new(std::str::from_utf8(bytes).ok()?))),
    }
}

fn interval(bytes: [u8; 16]) -> Interval {
    let all = u128::from_be_bytes(bytes);
    Interval { micros: (all >> 64) as i64, days: (all >> 32) as i32, months: all as i32 }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

/// Digits base 10000: `sign × Σ digit[i] × 10000^(weight - i)`, shown with `scale` digits after the point.
fn numeric(mut bytes: &[u8]) -> Option<Numeric> {
    let count = usize::from(u16::from_be_bytes(take(&mut bytes)?));
    let weight = i16::from_be_bytes(take(&mut bytes)?);
    let sign = u16::from_be_bytes(take(&mut bytes)?);
    let scale = u16::from_be_bytes(take(&mut bytes)?);
    let negative = match sign {
        0 => false,
        0x4000 => true,
        0xC000 => return Some(Numeric::NaN),
        0xD000 => return Some(Numeric::Infinity),
        0xF000 => return Some(Numeric::NegInfinity),
        _ => return None,
    };
    let (digits, rest) = bytes.as_chunks::<2>();
    let valid = digits.len() == count && rest.is_empty() && scale <= 0x3FFF;
    if !valid || digits.iter().any(|digit| u16::from_be_bytes(*digit) > 9_999) {
        return None;
    }
    // Zeros that the digits lack, or have too many, up to the scale.
    let shift = 4 * (i32::from(weight) + 1 - count as i32) + i32::from(scale);
    let small = small_mantissa(digits, shift);
    match small {
        Some(mantissa) => Some(Numeric::from_i128(if negative { -mantissa } else { mantissa }, scale)),
        None => {
            let mantissa = big_mantissa(digits, shift)?;
            Some(Numeric::from_parts(if negative { -mantissa } else { mantissa }, scale))
        }
    }
}

fn small_mantissa(digits: &[[u8; 2]], shift: i32) -> Option<i128> {
    if digits.len() > 8 || digits.is_empty() {
        return digits.is_empty().then_some(0);
    }
    let all = digits.iter().fold(0i128, |sum, digit| sum * 10_000 + i128::from(u16::from_be_bytes(*digit)));
    let power = 10i128.checked_pow(shift.unsigned_abs())?;
    if shift < 0 { Some(all / power) } else { all.checked_mul(power) }
}

fn big_mantissa(digits: &[[u8; 2]], shift: i32) -> Option<BigInt> {
    let mut decimal = Vec::with_capacity(digits.len() * 4 + shift.max(0) as usize);
    for digit in digits {
        let digit = u16::from_be_bytes(*digit);
        decimal.extend([digit / 1_000, digit / 100 % 10, digit / 10 % 10, digit % 10].map(|digit| b'0' + digit as u8));
    }
    match shift {
        0.. => decimal.resize(decimal.len() + shift as usize, b'0'),
        _ => decimal.truncate(decimal.len().saturating_sub(shift.unsigned_abs() as usize)),
    }
    match decimal.is_empty() {
        true => Some(BigInt::default()),
        false => BigInt::parse_bytes(&decimal, 10),
    }
}

fn array(element_type: &SqlType, mut bytes: &[u8]) -> Option<Array> {
    let dimension_count = usize::try_from(i32::from_be_bytes(take(&mut bytes)?)).ok()?;
    let _has_nulls: [u8; 4] = take(&mut bytes)?;
    let _element_oid: [u8; 4] = take(&mut bytes)?;
    if dimension_count > ARRAY_DIMENSIONS_MAX {
        return None;
    }
    let mut dimensions = Vec::with_capacity(dimension_count);
    for _ in 0..dimension_count {
        let length = u32::try_from(i32::from_be_bytes(take(&mut bytes)?)).ok()?;
        dimensions.push((length, i32::from_be_bytes(take(&mut bytes)?)));
    }
    let count = match dimensions.is_empty() {
        true => 0,
        false => dimensions.iter().try_fold(1usize, |product, (length, _)| product.checked_mul(*length as usize))?,
    };
    // Every element takes four bytes at least: a larger count is a lie.
    if count > bytes.len() / 4 {
        return None;
    }
    let mut elements = Vec::with_capacity(count);
    for _ in 0..count {
        elements.push(match i32::from_be_bytes(take(&mut bytes)?) {
            -1 => Value::Null,
            length => {
                let (element, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
                bytes = rest;
                parse(element_type, element)?
            }
        });
    }
    if elements.is_empty() {
        dimensions.clear();
    }
    bytes.is_empty().then_some(Array { dimensions, elements })
}
