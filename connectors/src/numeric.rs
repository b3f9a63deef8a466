//! Postgres' `numeric`: exact, unbounded, with a display scale; NaN and ±Infinity included.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigInt;

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
    /// Finite, any mantissa that does not fit `Small`.
    Big(Arc<(BigInt, u16)>),
    /// `NaN`
    NaN,
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegInfinity,
}

impl Numeric {
    fn key(&self) -> (u8, BigInt, u16) {
        match self {
            Self::NegInfinity => (0, BigInt::default(), 0),
            Self::Small { mantissa, scale } => (1, BigInt::from(*mantissa), *scale),
            Self::Big(parts) => (1, parts.0.clone(), parts.1),
            Self::Infinity => (2, BigInt::default(), 0),
            Self::NaN => (3, BigInt::default(), 0),
        }
    }

    /// Total order of representations; not numeric order.
    pub fn representation_cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    /// Hash that agrees with `representation_cmp`.
    pub fn representation_hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
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
