//! The value: its two finite shapes, and identity of representations.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use num_traits::{ToPrimitive, Zero};

use super::failure::NumericError;

/// Digits after the point that Postgres can store.
pub(super) const SCALE_MAX: u32 = 16_383;
/// Digits before the point that Postgres can store.
pub(super) const INTEGER_DIGITS_MAX: i64 = 131_072;

/// A decimal number `mantissa × 10^-scale`. Small mantissas are held inline.
#[derive(Clone, Debug)]
pub enum Numeric {
    /// Finite, mantissa fits 64 bits.
    Small {
        /// Digits.
        mantissa: i64,
        /// Digits after the point, as displayed.
        scale: u16,
    },
    /// Finite, any mantissa that does not fit `Small`; made by [`Numeric::from_parts`], which keeps that so.
    Big(Arc<(BigInt, u16)>),
    /// `NaN`
    NaN,
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegInfinity,
}

impl Default for Numeric {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Numeric {
    /// `0`
    pub const ZERO: Self = Self::Small { mantissa: 0, scale: 0 };
    /// `1`
    pub const ONE: Self = Self::Small { mantissa: 1, scale: 0 };

    /// `mantissa × 10^-scale`, in the one shape that belongs to it.
    pub fn from_parts(mantissa: BigInt, scale: u16) -> Self {
        match mantissa.to_i64() {
            Some(mantissa) => Self::Small { mantissa, scale },
            None => Self::Big(Arc::new((mantissa, scale))),
        }
    }

    /// The same for a mantissa of at most 128 bits.
    pub fn from_i128(mantissa: i128, scale: u16) -> Self {
        match i64::try_from(mantissa) {
            Ok(mantissa) => Self::Small { mantissa, scale },
            Err(_) => Self::Big(Arc::new((BigInt::from(mantissa), scale))),
        }
    }

    /// The same, refused when Postgres could not hold it.
    pub(super) fn checked(mantissa: BigInt, scale: u32) -> Result<Self, NumericError> {
        if scale > SCALE_MAX {
            return Err(NumericError::Overflow);
        }
        let small = mantissa.bits() < 400_000;
        if !small && digit_count(&mantissa) as i64 - i64::from(scale) > INTEGER_DIGITS_MAX {
            return Err(NumericError::Overflow);
        }
        Ok(Self::from_parts(mantissa, scale as u16))
    }

    /// Mantissa and scale of a finite number.
    pub fn to_parts(&self) -> Option<(BigInt, u16)> {
        match self {
            Self::Small { mantissa, scale } => Some((BigInt::from(*mantissa), *scale)),
            Self::Big(parts) => Some((parts.0.clone(), parts.1)),
            _ => None,
        }
    }

    /// Digits after the point; 0 for NaN and infinities.
    pub fn scale(&self) -> u16 {
        match self {
            Self::Small { scale, .. } => *scale,
            Self::Big(parts) => parts.1,
            _ => 0,
        }
    }

    /// Whether it is neither NaN nor infinite.
    pub fn is_finite(&self) -> bool {
        matches!(self, Self::Small { .. } | Self::Big(_))
    }

    /// Whether it is zero at any scale.
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Small { mantissa: 0, .. })
    }

    /// Whether it is below zero; NaN is not.
    pub fn is_negative(&self) -> bool {
        match self {
            Self::Small { mantissa, .. } => *mantissa < 0,
            Self::Big(parts) => parts.0.sign() == Sign::Minus,
            Self::NegInfinity => true,
            _ => false,
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::NegInfinity => 0,
            Self::Small { .. } | Self::Big(_) => 1,
            Self::Infinity => 2,
            Self::NaN => 3,
        }
    }

    /// Total order of representations; not numeric order.
    pub fn representation_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small { mantissa: a, scale: s }, Self::Small { mantissa: b, scale: t }) => (a, s).cmp(&(b, t)),
            (Self::Big(a), Self::Big(b)) => a.cmp(b),
            // A big mantissa lies outside the range of small ones, so its sign decides.
            (Self::Big(_), Self::Small { .. }) if self.is_negative() => Ordering::Less,
            (Self::Big(_), Self::Small { .. }) => Ordering::Greater,
            (Self::Small { .. }, Self::Big(_)) => other.representation_cmp(self).reverse(),
            _ => self.class().cmp(&other.class()),
        }
    }

    /// Hash that agrees with `representation_cmp`.
    pub fn representation_hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.class());
        match self {
            Self::Small { mantissa, scale } => (mantissa, scale).hash(state),
            Self::Big(parts) => parts.hash(state),
            _ => {}
        }
    }

    /// Bytes outside the value itself; an estimate.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Big(parts) => parts.0.bits() as usize / 8 + 48,
            _ => 0,
        }
    }
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Self) -> bool {
        self.representation_cmp(other) == Ordering::Equal
    }
}
impl Eq for Numeric {}

/// `10^exponent`
pub(super) fn power_of_ten(exponent: u32) -> BigInt {
    match 10i128.checked_pow(exponent) {
        Some(power) => BigInt::from(power),
        None => BigInt::from(10).pow(exponent),
    }
}

/// Decimal digits of the absolute value; 0 for zero.
pub(super) fn digit_count(mantissa: &BigInt) -> usize {
    if mantissa.is_zero() {
        return 0;
    }
    match mantissa.to_i128() {
        Some(small) => small.unsigned_abs().ilog10() as usize + 1,
        None => mantissa.magnitude().to_str_radix(10).len(),
    }
}
