//! Rounding to a scale: half away from zero, or towards zero, or to a neighbour integer.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};

use super::failure::NumericError;
use super::number::{Numeric, power_of_ten};

/// Scales that `round` and `trunc` accept; others are clamped.
const ROUND_SCALE_MAX: i32 = 2_000;

/// How a quotient that is not whole becomes whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// 0.5 becomes 1, -0.5 becomes -1.
    HalfAwayFromZero,
    /// Digits are dropped.
    TowardsZero,
    /// Next smaller integer.
    Down,
    /// Next greater integer.
    Up,
}

/// `dividend / divisor`, whole.
pub(super) fn divide(dividend: &BigInt, divisor: &BigInt, rounding: Rounding) -> BigInt {
    match rounding {
        Rounding::TowardsZero => dividend / divisor,
        Rounding::Down => dividend.div_floor(divisor),
        Rounding::Up => -((-dividend).div_floor(divisor)),
        Rounding::HalfAwayFromZero => {
            let (quotient, remainder) = dividend.div_rem(divisor);
            if remainder.abs() * 2 < divisor.abs() {
                return quotient;
            }
            if dividend.is_negative() == divisor.is_negative() { quotient + 1 } else { quotient - 1 }
        }
    }
}

/// `mantissa × 10^-from` as a mantissa at scale `to`.
pub(super) fn rescale(mantissa: BigInt, from: i64, to: i64, rounding: Rounding) -> BigInt {
    if to >= from {
        return if mantissa.is_zero() { mantissa } else { mantissa * power_of_ten((to - from) as u32) };
    }
    divide(&mantissa, &power_of_ten((from - to) as u32), rounding)
}

impl Numeric {
    /// `round(n, scale)`: half away from zero; a negative scale rounds before the point.
    pub fn round(&self, scale: i32) -> Result<Self, NumericError> {
        self.to_scale(scale, Rounding::HalfAwayFromZero)
    }

    /// `trunc(n, scale)`
    pub fn trunc(&self, scale: i32) -> Result<Self, NumericError> {
        self.to_scale(scale, Rounding::TowardsZero)
    }

    /// `ceil(n)`
    pub fn ceil(&self) -> Result<Self, NumericError> {
        self.to_scale(0, Rounding::Up)
    }

    /// `floor(n)`
    pub fn floor(&self) -> Result<Self, NumericError> {
        self.to_scale(0, Rounding::Down)
    }

    fn to_scale(&self, scale: i32, rounding: Rounding) -> Result<Self, NumericError> {
        let scale = scale.clamp(-ROUND_SCALE_MAX, ROUND_SCALE_MAX);
        if i32::from(self.scale()) == scale {
            return Ok(self.clone());
        }
        let Some((mantissa, from)) = self.to_parts() else { return Ok(self.clone()) };
        let rounded = rescale(mantissa, i64::from(from), i64::from(scale), rounding);
        if scale >= 0 {
            return Self::checked(rounded, scale as u32);
        }
        Self::checked(rescale(rounded, i64::from(scale), 0, rounding), 0)
    }

    /// The value as a column of `numeric(precision, scale)` stores it.
    pub fn apply_modifier(&self, precision: u16, scale: i16) -> Result<Self, NumericError> {
        match self {
            Self::NaN => Ok(Self::NaN),
            Self::Infinity | Self::NegInfinity => Err(NumericError::FieldOverflow),
            _ => {
                let rounded = self.to_scale(i32::from(scale), Rounding::HalfAwayFromZero)?;
                let (mantissa, kept) = rounded.to_parts().expect("finite");
                let digits = super::number::digit_count(&mantissa) as i64 - i64::from(kept);
                if !rounded.is_zero() && digits > i64::from(precision) - i64::from(scale) {
                    return Err(NumericError::FieldOverflow);
                }
                Ok(rounded)
            }
        }
    }

    /// `trim_scale(n)`
    pub fn trim_scale(&self) -> Self {
        self.normalized()
    }
}
