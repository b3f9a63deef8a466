//! Reading and printing as `numeric_in` and `numeric_out` do.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;

use super::failure::NumericError;
use super::number::{INTEGER_DIGITS_MAX, Numeric, SCALE_MAX, power_of_ten};

/// Exponents beyond this are refused whatever the digits say.
const EXPONENT_MAX: i64 = i32::MAX as i64 / 2;

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small { mantissa, scale } => {
                let mut buffer = [0u8; 20];
                let digits = write_digits(&mut buffer, mantissa.unsigned_abs());
                write_decimal(f, Decimal { negative: *mantissa < 0, digits, scale: usize::from(*scale) })
            }
            Self::Big(parts) => {
                let digits = parts.0.magnitude().to_str_radix(10);
                let scale = usize::from(parts.1);
                write_decimal(f, Decimal { negative: self.is_negative(), digits: &digits, scale })
            }
            Self::NaN => f.write_str("NaN"),
            Self::Infinity => f.write_str("Infinity"),
            Self::NegInfinity => f.write_str("-Infinity"),
        }
    }
}

struct Decimal<'a> {
    negative: bool,
    digits: &'a str,
    scale: usize,
}

fn write_digits(buffer: &mut [u8; 20], mut magnitude: u64) -> &str {
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (magnitude % 10) as u8;
        magnitude /= 10;
        if magnitude == 0 {
            break;
        }
    }
    std::str::from_utf8(&buffer[start..]).expect("digits are ASCII")
}

fn write_decimal(f: &mut fmt::Formatter<'_>, decimal: Decimal<'_>) -> fmt::Result {
    let Decimal { negative, digits, scale } = decimal;
    if negative {
        f.write_str("-")?;
    }
    if scale == 0 {
        return f.write_str(digits);
    }
    if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        return write!(f, "{whole}.{fraction}");
    }
    write!(f, "0.{digits:0>scale$}")
}

impl FromStr for Numeric {
    type Err = NumericError;

    fn from_str(text: &str) -> Result<Self, NumericError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if text.eq_ignore_ascii_case("nan") {
            return Ok(Self::NaN);
        }
        if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
            return Ok(if negative { Self::NegInfinity } else { Self::Infinity });
        }
        parse_finite(negative, unsigned)
    }
}

fn parse_finite(negative: bool, text: &str) -> Result<Numeric, NumericError> {
    let (number, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !only_digits(whole) || !only_digits(fraction) {
        return Err(NumericError::InvalidSyntax);
    }
    if whole.len() + fraction.len() <= 18 && exponent == 0 {
        let digits = whole.bytes().chain(fraction.bytes());
        let magnitude = digits.fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let mantissa = if negative { -magnitude } else { magnitude };
        return Ok(Numeric::Small { mantissa, scale: fraction.len() as u16 });
    }
    let mut digits = String::with_capacity(number.len());
    digits.push_str(whole);
    digits.push_str(fraction);
    scaled(negative, digits.trim_start_matches('0'), fraction.len() as i64 - exponent)
}

fn parse_exponent(text: &str) -> Result<i64, NumericError> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumericError::InvalidSyntax);
    }
    let exponent = text.parse::<i64>().map_err(|_| NumericError::Overflow)?;
    if exponent.abs() >= EXPONENT_MAX { Err(NumericError::Overflow) } else { Ok(exponent) }
}

/// `digits × 10^-scale`; a negative scale appends zeros.
fn scaled(negative: bool, digits: &str, scale: i64) -> Result<Numeric, NumericError> {
    let too_long = !digits.is_empty() && digits.len() as i64 - scale > INTEGER_DIGITS_MAX;
    if too_long || scale > i64::from(SCALE_MAX) {
        return Err(NumericError::Overflow);
    }
    let mut mantissa = BigInt::parse_bytes(digits.as_bytes(), 10).unwrap_or_default();
    if negative {
        mantissa = -mantissa;
    }
    if scale < 0 && !digits.is_empty() {
        mantissa *= power_of_ten(scale.unsigned_abs() as u32);
    }
    Ok(Numeric::from_parts(mantissa, scale.max(0) as u16))
}
