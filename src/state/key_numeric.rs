//! Numeric in keys: sign, exponent, digits, so that bytes compare as values and the display scale is not seen.
//!
//! A positive value is written as `0.d₁d₂…dₙ × 10^exponent` with `d₁` and `dₙ` not zero: the class byte, the
//! exponent, the digits in pairs (each pair plus one), a zero byte. A negative value has the same bytes inverted
//! after its class.

use std::io::Write as _;

use num_bigint::Sign;
use tailwater_connectors::Numeric;

const NEGATIVE_INFINITY: u8 = 0x10;
const NEGATIVE: u8 = 0x20;
const ZERO: u8 = 0x30;
const POSITIVE: u8 = 0x40;
const INFINITY: u8 = 0x50;
const NAN: u8 = 0x60;

const SMALL_DIGITS_MAX: usize = 20;

pub(super) fn encode_numeric(out: &mut Vec<u8>, value: &Numeric) {
    match value {
        Numeric::NegInfinity => out.push(NEGATIVE_INFINITY),
        Numeric::Infinity => out.push(INFINITY),
        Numeric::NaN => out.push(NAN),
        Numeric::Small { mantissa, scale } => {
            let mut digits = [0; SMALL_DIGITS_MAX];
            let mut rest = digits.as_mut_slice();
            write!(rest, "{}", mantissa.unsigned_abs()).expect("20 digits hold any u64");
            let length = SMALL_DIGITS_MAX - rest.len();
            encode_digits(out, *mantissa < 0, &digits[..length], *scale);
        }
        Numeric::Big(parts) => {
            let digits = parts.0.magnitude().to_str_radix(10);
            encode_digits(out, parts.0.sign() == Sign::Minus, digits.as_bytes(), parts.1);
        }
    }
}

/// `digits` are decimal and without leading zeros, except for zero itself.
fn encode_digits(out: &mut Vec<u8>, negative: bool, digits: &[u8], scale: u16) {
    let Some(last) = digits.iter().rposition(|&digit| digit != b'0') else {
        out.push(ZERO);
        return;
    };
    out.push(if negative { NEGATIVE } else { POSITIVE });
    let start = out.len();
    let exponent = digits.len() as i64 - i64::from(scale);
    out.extend((exponent as i32 as u32 ^ 1 << 31).to_be_bytes());
    for pair in digits[..=last].chunks(2) {
        let ones = pair.get(1).map_or(0, |digit| digit - b'0');
        out.push((pair[0] - b'0') * 10 + ones + 1);
    }
    out.push(0);
    if negative {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}
