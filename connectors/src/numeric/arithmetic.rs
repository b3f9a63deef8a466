//! Sum, difference, product, quotient and remainder, with Postgres' result scales.

use num_bigint::BigInt;

use super::failure::NumericError;
use super::number::{Numeric, SCALE_MAX, digit_count, power_of_ten};
use super::rounding::{Rounding, divide, rescale};

/// Significant digits a quotient has at least.
pub(super) const SIGNIFICANT_DIGITS_MIN: i64 = 16;
/// Most digits after the point that an inexact result gets.
pub(super) const DISPLAY_SCALE_MAX: i64 = 1_000;
/// Postgres keeps four decimal digits per digit of its own.
pub(super) const DIGITS_PER_WORD: i64 = 4;

impl Numeric {
    /// `a + b`
    pub fn add(&self, other: &Self) -> Result<Self, NumericError> {
        if let (Self::Small { mantissa: a, scale: s }, Self::Small { mantissa: b, scale: t }) = (self, other)
            && s == t
        {
            return Ok(Self::from_i128(i128::from(*a) + i128::from(*b), *s));
        }
        match (self.to_parts(), other.to_parts()) {
            (Some((a, s)), Some((b, t))) => {
                let scale = s.max(t);
                let lift = |mantissa: BigInt, from: u16| mantissa * power_of_ten(u32::from(scale - from));
                Self::checked(lift(a, s) + lift(b, t), u32::from(scale))
            }
            _ => Ok(match (self, other) {
                (Self::NaN, _) | (_, Self::NaN) => Self::NaN,
                (Self::Infinity, Self::NegInfinity) | (Self::NegInfinity, Self::Infinity) => Self::NaN,
                (Self::Infinity | Self::NegInfinity, _) => self.clone(),
                _ => other.clone(),
            }),
        }
    }

    /// `a - b`
    pub fn sub(&self, other: &Self) -> Result<Self, NumericError> {
        self.add(&other.neg())
    }

    /// `-a`
    pub fn neg(&self) -> Self {
        match self {
            Self::Small { mantissa, scale } => Self::from_i128(-i128::from(*mantissa), *scale),
            Self::Big(parts) => Self::from_parts(-&parts.0, parts.1),
            Self::NaN => Self::NaN,
            Self::Infinity => Self::NegInfinity,
            Self::NegInfinity => Self::Infinity,
        }
    }

    /// `abs(a)`
    pub fn abs(&self) -> Self {
        if self.is_negative() { self.neg() } else { self.clone() }
    }

    /// `sign(a)`
    pub fn sign(&self) -> Self {
        match self {
            Self::NaN => Self::NaN,
            _ if self.is_negative() => Self::from(-1),
            _ if self.is_zero() => Self::ZERO,
            _ => Self::ONE,
        }
    }

    /// `a * b`
    pub fn mul(&self, other: &Self) -> Result<Self, NumericError> {
        if let (Self::Small { mantissa: a, scale: s }, Self::Small { mantissa: b, scale: t }) = (self, other)
            && u32::from(*s) + u32::from(*t) <= SCALE_MAX
        {
            return Ok(Self::from_i128(i128::from(*a) * i128::from(*b), s + t));
        }
        match (self.to_parts(), other.to_parts()) {
            (Some((a, s)), Some((b, t))) => {
                let scale = u32::from(s) + u32::from(t);
                let kept = scale.min(SCALE_MAX);
                let product = rescale(a * b, i64::from(scale), i64::from(kept), Rounding::HalfAwayFromZero);
                Self::checked(product, kept)
            }
            _ => Ok(match (self, other) {
                (Self::NaN, _) | (_, Self::NaN) => Self::NaN,
                _ if self.is_zero() || other.is_zero() => Self::NaN,
                _ => Self::infinity(self.is_negative() != other.is_negative()),
            }),
        }
    }

    pub(super) fn infinity(negative: bool) -> Self {
        if negative { Self::NegInfinity } else { Self::Infinity }
    }

    /// `a / b`
    pub fn div(&self, other: &Self) -> Result<Self, NumericError> {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) => Ok(Self::NaN),
            _ if other.is_zero() => Err(NumericError::DivisionByZero),
            _ if !self.is_finite() && !other.is_finite() => Ok(Self::NaN),
            _ if !self.is_finite() => Ok(Self::infinity(self.is_negative() != other.is_negative())),
            _ if !other.is_finite() => Ok(Self::ZERO),
            _ => self.div_to_scale(other, division_scale(self, other)),
        }
    }

    /// The quotient of finite numbers, rounded to `scale`.
    pub(super) fn div_to_scale(&self, other: &Self, scale: i64) -> Result<Self, NumericError> {
        let (a, s) = self.to_parts().expect("finite");
        let (b, t) = other.to_parts().expect("finite");
        let shift = scale + i64::from(t) - i64::from(s);
        let quotient = if shift >= 0 {
            divide(&(a * power_of_ten(shift as u32)), &b, Rounding::HalfAwayFromZero)
        } else {
            divide(&a, &(b * power_of_ten(shift.unsigned_abs() as u32)), Rounding::HalfAwayFromZero)
        };
        Self::checked(quotient, scale as u32)
    }

    /// `a % b`: sign of `a`.
    pub fn rem(&self, other: &Self) -> Result<Self, NumericError> {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) => return Ok(Self::NaN),
            _ if other.is_zero() => return Err(NumericError::DivisionByZero),
            _ if !self.is_finite() => return Ok(Self::NaN),
            _ if !other.is_finite() => return Ok(self.clone()),
            _ => {}
        }
        let (a, s) = self.to_parts().expect("finite");
        let (b, t) = other.to_parts().expect("finite");
        let scale = s.max(t);
        let lift = |mantissa: BigInt, from: u16| mantissa * power_of_ten(u32::from(scale - from));
        Self::checked(lift(a, s) % lift(b, t), u32::from(scale))
    }
}

/// Weight and first digit of a finite number in Postgres' base of 10,000.
pub(super) fn leading_word(number: &Numeric) -> (i64, i64) {
    let Some((mantissa, scale)) = number.to_parts().filter(|_| !number.is_zero()) else { return (0, 0) };
    let digits = digit_count(&mantissa) as i64;
    let place = digits - 1 - i64::from(scale);
    let weight = place.div_euclid(DIGITS_PER_WORD);
    let length = place.rem_euclid(DIGITS_PER_WORD) + 1;
    let first = rescale(mantissa, digits, length, Rounding::TowardsZero);
    let first = i64::try_from(first).expect("at most four digits");
    (weight, first.abs())
}

fn division_scale(dividend: &Numeric, divisor: &Numeric) -> i64 {
    let (weight, first) = leading_word(dividend);
    let (divisor_weight, divisor_first) = leading_word(divisor);
    let quotient_weight = weight - divisor_weight - i64::from(first <= divisor_first);
    (SIGNIFICANT_DIGITS_MIN - quotient_weight * DIGITS_PER_WORD)
        .max(i64::from(dividend.scale()))
        .max(i64::from(divisor.scale()))
        .clamp(0, DISPLAY_SCALE_MAX)
}
