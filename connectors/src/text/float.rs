//! Floats as Postgres 12 and later print them: the fewest digits that read back as the same float.
//!
//! Postgres' choice differs from the standard library's in two rare cases. A decimal that lies exactly half-way to the
//! neighbouring float is not taken, although it would read back right; and of two shortest decimals that are equally near,
//! the one that ends in an even digit is taken.

use std::fmt::{self, Write};

/// Digits of the longest float, and one more to tell what lies half-way between two.
const DIGITS_MAX: usize = 18;

/// Digits `d.ddd × 10^exponent` of a finite float.
struct Decimal {
    negative: bool,
    digits: [u8; DIGITS_MAX],
    count: usize,
    exponent: i32,
}

/// A buffer for what `{:e}` prints.
#[derive(Default)]
struct Buffer {
    bytes: [u8; 32],
    length: usize,
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

pub(super) fn write_float8<W: Write>(out: &mut W, value: f64) -> fmt::Result {
    if !value.is_finite() {
        return write_special(out, value);
    }
    let reads_back = |decimal: &Decimal| decimal.text().parse::<f64>() == Ok(value);
    let shortest = scientific(format_args!("{value:e}"))?;
    let width = Width { mantissa_bits: f64::MANTISSA_DIGITS, digits_max: 17 };
    write_decimal(out, &corrected(shortest, width, value, reads_back)?, 15)
}

pub(super) fn write_float4<W: Write>(out: &mut W, value: f32) -> fmt::Result {
    if !value.is_finite() {
        return write_special(out, f64::from(value));
    }
    let reads_back = |decimal: &Decimal| decimal.text().parse::<f32>() == Ok(value);
    let shortest = scientific(format_args!("{value:e}"))?;
    let width = Width { mantissa_bits: f32::MANTISSA_DIGITS, digits_max: 9 };
    write_decimal(out, &corrected(shortest, width, f64::from(value), reads_back)?, 6)
}

/// The two kinds of float.
#[derive(Clone, Copy)]
struct Width {
    mantissa_bits: u32,
    digits_max: usize,
}

/// Postgres' form, given the shortest one.
fn corrected(
    shortest: Decimal,
    width: Width,
    value: f64,
    reads_back: impl Fn(&Decimal) -> bool,
) -> Result<Decimal, fmt::Error> {
    if shortest.significant_bits() == width.mantissa_bits + 1 {
        return exclusive(shortest, width.digits_max, reads_back, value);
    }
    Ok(even(&shortest, width, reads_back).unwrap_or(shortest))
}

/// The even neighbour, when the float is exactly half-way between it and `shortest`.
fn even(shortest: &Decimal, width: Width, reads_back: impl Fn(&Decimal) -> bool) -> Option<Decimal> {
    let integer = shortest.integer();
    if integer.is_multiple_of(2) {
        return None;
    }
    [(integer * 10 - 5, integer - 1), (integer * 10 + 5, integer + 1)].into_iter().find_map(|(exact, even)| {
        let exact = shortest.with_digits(exact, shortest.count + 1)?;
        let bits = exact.significant_bits();
        let is_exact = (1..=width.mantissa_bits).contains(&bits) && reads_back(&exact);
        if is_exact { shortest.with_digits(even, shortest.count).filter(&reads_back) } else { None }
    })
}

fn write_special<W: Write>(out: &mut W, value: f64) -> fmt::Result {
    out.write_str(match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "Infinity",
        _ => "-Infinity",
    })
}

fn scientific(arguments: fmt::Arguments<'_>) -> Result<Decimal, fmt::Error> {
    let mut buffer = Buffer::default();
    buffer.write_fmt(arguments)?;
    let text = super::write::ascii(&buffer.bytes[..buffer.length]);
    let (mantissa, exponent) = text.split_once('e').ok_or(fmt::Error)?;
    let mut decimal = Decimal {
        negative: mantissa.starts_with('-'),
        digits: [b'0'; DIGITS_MAX],
        count: 0,
        exponent: exponent.parse().map_err(|_| fmt::Error)?,
    };
    for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
        *decimal.digits.get_mut(decimal.count).ok_or(fmt::Error)? = digit;
        decimal.count += 1;
    }
    Ok(decimal)
}

impl Decimal {
    fn integer(&self) -> u64 {
        self.digits[..self.count].iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    }

    /// Bits of the number's odd part if it is a dyadic rational small enough to matter, else 0. A number with one bit more
    /// than a float's mantissa lies exactly between two floats.
    fn significant_bits(&self) -> u32 {
        let integer = self.integer();
        let scale = self.exponent - (self.count as i32 - 1);
        if integer == 0 {
            return 0;
        }
        let odd = match scale {
            0..=24 => u128::from(integer) * 5u128.pow(scale as u32),
            -27..0 => {
                let power = 5u64.pow(scale.unsigned_abs());
                if !integer.is_multiple_of(power) {
                    return 0;
                }
                u128::from(integer / power)
            }
            _ => return 0,
        };
        u128::BITS - odd.leading_zeros() - odd.trailing_zeros()
    }

    /// Other digits in place of these, if they are as many as said.
    fn with_digits(&self, integer: u64, count: usize) -> Option<Self> {
        let mut digits = [b'0'; DIGITS_MAX];
        let mut rest = integer;
        for digit in digits.get_mut(..count)?.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let fits = rest == 0 && digits[0] != b'0';
        fits.then_some(Self { negative: self.negative, digits, count, exponent: self.exponent })
    }

    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let scale = self.exponent - (self.count as i32 - 1);
        format!("{sign}{}e{scale}", super::write::ascii(&self.digits[..self.count]))
    }
}

/// The shortest form that reads back and does not lie half-way; `decimal` is the shortest that reads back.
fn exclusive(
    decimal: Decimal,
    digits_max: usize,
    reads_back: impl Fn(&Decimal) -> bool,
    value: f64,
) -> Result<Decimal, fmt::Error> {
    let half_way = decimal.significant_bits();
    for count in decimal.count..=digits_max {
        let candidate = scientific(format_args!("{:.*e}", count - 1, value))?;
        if candidate.significant_bits() != half_way && reads_back(&candidate) {
            return Ok(candidate);
        }
    }
    Ok(decimal)
}

/// Plain from 10^-4 up to 10^`plain_below`, else with an exponent of at least two digits.
fn write_decimal<W: Write>(out: &mut W, decimal: &Decimal, plain_below: i32) -> fmt::Result {
    let digits = super::write::ascii(&decimal.digits[..decimal.count]);
    let exponent = decimal.exponent;
    if decimal.negative {
        out.write_char('-')?;
    }
    if !(-4..plain_below).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs());
    }
    if exponent < 0 {
        out.write_str(&"0.0000"[..1 + exponent.unsigned_abs() as usize])?;
        return out.write_str(digits);
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        out.write_str(digits)?;
        return out.write_str(&"00000000000000000"[..whole - digits.len()]);
    }
    out.write_str(&digits[..whole])?;
    out.write_char('.')?;
    out.write_str(&digits[whole..])
}

/// Reads a `double precision`; too large and too small numbers are refused as Postgres does.
pub(super) fn parse_float8(text: &str) -> Option<f64> {
    let value = checked_float(text)?.parse::<f64>().ok()?;
    in_range(text, value.is_infinite(), value == 0.0).then_some(value)
}

/// Reads a `real`, rounded once.
pub(super) fn parse_float4(text: &str) -> Option<f64> {
    let value = checked_float(text)?.parse::<f32>().ok()?;
    in_range(text, value.is_infinite(), value == 0.0).then_some(f64::from(value))
}

fn checked_float(text: &str) -> Option<&str> {
    let text = text.trim_ascii();
    (!text.is_empty()).then_some(text)
}

fn in_range(text: &str, infinite: bool, zero: bool) -> bool {
    if infinite {
        return text.bytes().any(|byte| byte.eq_ignore_ascii_case(&b'i'));
    }
    let mantissa = || text.split(['e', 'E']).next().unwrap_or("");
    !zero || !mantissa().bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}
