//! Numbers in the log.

use num_bigint::BigInt;

use super::error::ValueError;
use crate::mysql::binlog::{Reader, digits_bytes};
use crate::numeric::Numeric;
use crate::value::Value;

/// Decimal digits that a group of four bytes holds.
const GROUP_DIGITS: u8 = 9;
/// Digits of which the sum fits 128 bits whatever they are.
const SMALL_DIGITS_MAX: u8 = 38;

fn malformed(of: &'static str) -> ValueError {
    ValueError::Malformed { of }
}

/// An integer of these bytes.
pub(super) fn integer(bytes: &[u8], unsigned: bool) -> Result<i64, ValueError> {
    let bits = 8 * bytes.len();
    if bits == 0 || bits > 64 {
        return Err(malformed("integer"));
    }
    let plain = bytes.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    match unsigned {
        true => i64::try_from(plain).map_err(|_| malformed("integer")),
        false => Ok((plain << (64 - bits)) as i64 >> (64 - bits)),
    }
}

/// A `bigint unsigned`.
pub(super) fn unsigned(bytes: &[u8]) -> Result<Value, ValueError> {
    let bytes = bytes.try_into().map_err(|_| malformed("bigint unsigned"))?;
    Ok(whole(u64::from_le_bytes(bytes)))
}

/// A number without a sign, as `numeric`.
pub(super) fn whole(number: u64) -> Value {
    Value::Numeric(Numeric::from_i128(number.into(), 0))
}

/// Bits, first the highest.
pub(super) fn bits(bytes: &[u8]) -> Result<u64, ValueError> {
    if bytes.len() > 8 {
        return Err(malformed("bit string"));
    }
    Ok(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A `float`, widened exactly.
pub(super) fn float(bytes: &[u8]) -> Result<Value, ValueError> {
    let bytes = bytes.try_into().map_err(|_| malformed("float"))?;
    Ok(Value::Float(f32::from_le_bytes(bytes).into()))
}

/// A `double`.
pub(super) fn double(bytes: &[u8]) -> Result<Value, ValueError> {
    let bytes = bytes.try_into().map_err(|_| malformed("double"))?;
    Ok(Value::Float(f64::from_le_bytes(bytes)))
}

/// Groups of decimal digits, most significant first; the highest bit of all is set for what is not negative, and what is has all bits
/// turned.
pub(in crate::mysql) fn decimal(bytes: &[u8], precision: u8, scale: u8) -> Result<Numeric, ValueError> {
    let wrong = || malformed("decimal");
    let before = precision.checked_sub(scale).ok_or_else(wrong)?;
    let Some(first) = bytes.first() else { return Err(wrong()) };
    let negative = first & 0x80 == 0;
    let turned: Vec<u8> = bytes
        .iter()
        .enumerate()
        .map(|(index, byte)| byte ^ if index == 0 { 0x80 } else { 0 } ^ if negative { 0xff } else { 0 })
        .collect();
    let mut reader = Reader(&turned);
    let mut sum = Sum::new(precision);
    let groups = [before % GROUP_DIGITS]
        .into_iter()
        .chain((0..before / GROUP_DIGITS + scale / GROUP_DIGITS).map(|_| GROUP_DIGITS))
        .chain([scale % GROUP_DIGITS]);
    for digits in groups {
        let group = reader.big(digits_bytes(digits)).map_err(|_| wrong())?;
        if group >= 10u64.pow(digits.into()) && digits > 0 {
            return Err(wrong());
        }
        sum.append(group, digits);
    }
    reader.end().map_err(|_| wrong())?;
    Ok(sum.number(negative, scale.into()))
}

/// Digits put together.
enum Sum {
    Small(i128),
    Big(BigInt),
}

impl Sum {
    fn new(precision: u8) -> Self {
        if precision <= SMALL_DIGITS_MAX { Self::Small(0) } else { Self::Big(BigInt::ZERO) }
    }

    fn append(&mut self, group: u64, digits: u8) {
        let shift = 10u64.pow(digits.into());
        match self {
            Self::Small(sum) => *sum = *sum * i128::from(shift) + i128::from(group),
            Self::Big(sum) => *sum = &*sum * shift + group,
        }
    }

    fn number(self, negative: bool, scale: u16) -> Numeric {
        match self {
            Self::Small(sum) => Numeric::from_i128(if negative { -sum } else { sum }, scale),
            Self::Big(sum) => Numeric::from_parts(if negative { -sum } else { sum }, scale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_group_by_group() {
        let text = |bytes: &[u8], precision, scale| decimal(bytes, precision, scale).map(|number| number.to_string());
        // The example of the server's own documentation.
        let plus = [0x81, 0x0D, 0xFB, 0x38, 0xD2, 0x04, 0xD2];
        let minus = plus.map(|byte: u8| !byte);
        assert_eq!(text(&plus, 14, 4).as_deref(), Ok("1234567890.1234"));
        assert_eq!(text(&minus, 14, 4).as_deref(), Ok("-1234567890.1234"));
        assert!(text(&plus[1..], 14, 4).is_err() && text(&[0xff; 7], 14, 4).is_err() && text(&[], 0, 0).is_err());
    }

    #[test]
    fn integers_of_three_bytes_have_a_sign() {
        assert_eq!(integer(&[0xff, 0xff, 0xff], false), Ok(-1));
        assert_eq!(integer(&[0xff, 0xff, 0xff], true), Ok(0xff_ffff));
        assert_eq!(integer(&[0, 0, 0x80], false), Ok(-0x80_0000));
        assert_eq!(unsigned(&[0xff; 8]), Ok(Value::Numeric("18446744073709551615".parse().expect("a number"))));
    }
}
