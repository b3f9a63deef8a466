//! Spatial values and vectors.

use std::fmt::Write;
use std::sync::Arc;

use super::error::ValueError;
use crate::mysql::binlog::Reader;
use crate::value::{Array, Value};

/// Set in the kind of a shape where its reference system follows (PostGIS' form).
const HAS_SYSTEM: u32 = 0x2000_0000;
/// The reference system is told in four bytes in front of a shape.
const LITTLE_ENDIAN: u8 = 1;

/// A shape, which both servers keep as the number of its reference system and well-known binary, as hexadecimal extended well-known
/// binary: what PostGIS prints.
pub(super) fn shape(bytes: &[u8]) -> Result<Value, ValueError> {
    let wrong = |_| ValueError::Malformed { of: "shape" };
    let mut reader = Reader(bytes);
    let system = reader.u32().map_err(wrong)?;
    let order = reader.u8().map_err(wrong)?;
    let kind: [u8; 4] = reader.array().map_err(wrong)?;
    let mut text = String::with_capacity(2 * bytes.len());
    let mut hex = |bytes: &[u8]| bytes.iter().for_each(|byte| _ = write!(text, "{byte:02X}"));
    hex(&[order]);
    match (system, order) {
        (0, _) => hex(&kind),
        (_, LITTLE_ENDIAN) => {
            hex(&(u32::from_le_bytes(kind) | HAS_SYSTEM).to_le_bytes());
            hex(&system.to_le_bytes());
        }
        _ => {
            hex(&(u32::from_be_bytes(kind) | HAS_SYSTEM).to_be_bytes());
            hex(&system.to_be_bytes());
        }
    }
    hex(reader.0);
    Ok(Value::text(text))
}

/// A vector: floats of four bytes.
pub(super) fn vector(bytes: &[u8]) -> Result<Value, ValueError> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(ValueError::Malformed { of: "vector" });
    }
    let elements: Vec<Value> = numbers.iter().map(|bytes| Value::Float(f32::from_le_bytes(*bytes).into())).collect();
    let dimensions = if elements.is_empty() { Vec::new() } else { vec![(elements.len() as u32, 1)] };
    Ok(Value::Array(Arc::new(Array { dimensions, elements })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_printed_as_postgis_does() {
        let point = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40];
        let with = |system: u32| shape(&[&system.to_le_bytes(), point.as_slice()].concat());
        assert_eq!(with(0), Ok(Value::text("0101000000000000000000F03F0000000000000040")));
        assert_eq!(with(4326), Ok(Value::text("0101000020E6100000000000000000F03F0000000000000040")));
        assert!(shape(&[0; 8]).is_err() && vector(&[0; 5]).is_err());
    }
}
