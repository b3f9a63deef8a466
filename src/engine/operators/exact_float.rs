//! Exact sums of floats: a big integer times a power of two, so that taking a value away restores what was before, and the
//! order of additions cannot show.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{ToPrimitive, Zero};

/// Exponent of the least float, 2^-1074.
const LEAST_EXPONENT: i64 = -1074;

/// `mantissa × 2^exponent`, without trailing zero bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct ExactFloat {
    pub(super) mantissa: BigInt,
    pub(super) exponent: i64,
}

/// Digits and range of a float type.
#[derive(Clone, Copy)]
pub(super) struct FloatFormat {
    bits: u64,
    least_exponent: i64,
    greatest: f64,
}

/// `double precision`
pub(super) const DOUBLE: FloatFormat = FloatFormat { bits: 53, least_exponent: LEAST_EXPONENT, greatest: f64::MAX };
/// `real`
pub(super) const SINGLE: FloatFormat = FloatFormat { bits: 24, least_exponent: -149, greatest: f32::MAX as f64 };

impl ExactFloat {
    /// Adds a finite value `times`.
    pub(in crate::engine) fn add(&mut self, value: f64, times: i64) {
        let (digits, exponent) = digits_of(value);
        self.add_term(digits * times, exponent);
    }

    /// Adds the product of two finite values `times`.
    pub(super) fn add_product(&mut self, (left, right): (f64, f64), times: i64) {
        let ((left, up), (right, down)) = (digits_of(left), digits_of(right));
        self.add_term(left * right * times, up + down);
    }

    fn add_term(&mut self, mut term: BigInt, exponent: i64) {
        if term.is_zero() {
            return;
        }
        let least = if self.mantissa.is_zero() { exponent } else { exponent.min(self.exponent) };
        term <<= (exponent - least) as usize;
        if !self.mantissa.is_zero() {
            term += &self.mantissa << (self.exponent - least) as usize;
        }
        let zeros = term.trailing_zeros().unwrap_or(0);
        self.exponent = if term.is_zero() { 0 } else { least + zeros as i64 };
        self.mantissa = term >> zeros as usize;
    }

    /// Whether it is zero.
    pub(super) fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    /// The number times a whole number.
    pub(super) fn times(&self, factor: i64) -> Self {
        Self { mantissa: &self.mantissa * factor, exponent: self.exponent }
    }

    /// The product.
    pub(super) fn mul(&self, other: &Self) -> Self {
        Self { mantissa: &self.mantissa * &other.mantissa, exponent: self.exponent + other.exponent }
    }

    /// The difference.
    pub(super) fn sub(&self, other: &Self) -> Self {
        let mut result = self.clone();
        result.add_term(-&other.mantissa, other.exponent);
        result
    }

    /// The nearest double.
    #[cfg(test)]
    pub(in crate::engine) fn round_double(&self) -> Option<f64> {
        self.round(DOUBLE)
    }

    /// The nearest float, ties to even; `None` when it is beyond the greatest.
    pub(super) fn round(&self, format: FloatFormat) -> Option<f64> {
        let magnitude: &BigUint = self.mantissa.magnitude();
        let excess = (magnitude.bits() as i64 - format.bits as i64).max(format.least_exponent - self.exponent).max(0);
        let mut digits = magnitude >> excess as usize;
        if excess > 0 {
            let rest = magnitude - (&digits << excess as usize);
            let half = BigUint::from(1_u8) << (excess - 1) as usize;
            if rest > half || (rest == half && digits.bit(0)) {
                digits += 1_u8;
            }
        }
        let value = scaled(digits.to_u64()? as f64, self.exponent + excess);
        let signed = if self.mantissa.sign() == Sign::Minus { -value } else { value };
        (value <= format.greatest).then_some(signed)
    }
}

/// A finite value as digits and a power of two.
fn digits_of(value: f64) -> (BigInt, i64) {
    let bits = value.to_bits();
    let raw_exponent = ((bits >> 52) & 0x7FF) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (digits, exponent) = match raw_exponent {
        0 => (fraction, LEAST_EXPONENT),
        _ => (fraction | (1 << 52), raw_exponent - 1075),
    };
    let digits = BigInt::from(digits);
    (if value.is_sign_negative() { -digits } else { digits }, exponent)
}

/// `digits × 2^exponent` for at most 53 digits and an exponent not below the least.
fn scaled(digits: f64, exponent: i64) -> f64 {
    let power = |exponent: i64| match exponent {
        ..-1022 => f64::from_bits(1_u64 << (exponent - LEAST_EXPONENT).max(0)),
        -1022..=1023 => f64::from_bits(((exponent + 1023) as u64) << 52),
        _ => f64::INFINITY,
    };
    if digits == 0.0 { 0.0 } else { digits * power(exponent) }
}

#[cfg(test)]
mod tests {
    use super::{DOUBLE, ExactFloat, SINGLE};

    fn sum(values: &[f64]) -> ExactFloat {
        let mut sum = ExactFloat::default();
        values.iter().for_each(|value| sum.add(*value, 1));
        sum
    }

    #[test]
    fn one_value_is_its_own_sum() {
        for value in [0.1, -0.1, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -5e-324, 1e-310, 1.0, 3.5e200] {
            assert_eq!(sum(&[value]).round(DOUBLE), Some(value));
        }
    }

    #[test]
    fn two_values_add_as_the_processor_adds_them() {
        let values = [0.1, 0.2, 0.3, 1e16, 1.0, -1e16, 1.0 + f64::EPSILON, f64::EPSILON / 2.0, 5e-324, 1e300, 2e-308];
        for a in values {
            for b in values {
                assert_eq!(sum(&[a, b]).round(DOUBLE), Some(a + b), "{a} + {b}");
            }
        }
    }

    #[test]
    fn taking_away_restores_what_was() {
        let mut total = sum(&[0.1, 0.7]);
        let before = total.clone();
        for value in [1e300, 5e-324, -3.25] {
            total.add(value, 1);
        }
        for value in [5e-324, -3.25, 1e300] {
            total.add(value, -1);
        }
        assert_eq!(total, before);
    }

    #[test]
    fn beyond_the_greatest_there_is_no_sum() {
        assert_eq!(sum(&[f64::MAX, f64::MAX]).round(DOUBLE), None);
        assert_eq!(sum(&[f64::from(f32::MAX), 1e38]).round(SINGLE), None);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).round(DOUBLE), Some(f64::MAX));
    }
}
