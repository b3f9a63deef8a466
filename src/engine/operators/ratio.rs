//! Quotients of exact numbers and their square roots, rounded once to the nearest double.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use super::super::scalar::RowError;
use super::exact_float::{DOUBLE, ExactFloat};
use super::float_sum::overflow;

/// Bits that a quotient is computed to: more than a double has, so that a last bit for "and something" rounds right.
const QUOTIENT_BITS: i64 = 70;

/// A quotient of exact numbers; the divisor is not zero.
pub(super) struct Ratio {
    pub(super) dividend: ExactFloat,
    pub(super) divisor: ExactFloat,
}

impl Ratio {
    /// By a whole number.
    pub(super) fn over(dividend: ExactFloat, divisor: i64) -> Self {
        Self { dividend, divisor: ExactFloat { mantissa: divisor.into(), exponent: 0 } }
    }

    /// The nearest double.
    pub(super) fn round(&self) -> Result<f64, RowError> {
        let (quotient, exponent, inexact) = self.quotient(QUOTIENT_BITS);
        rounded(quotient, exponent, inexact)
    }

    /// The double nearest to the square root; the quotient is not negative.
    pub(super) fn round_root(&self) -> Result<f64, RowError> {
        let (mut quotient, mut exponent, inexact) = self.quotient(2 * QUOTIENT_BITS);
        if exponent % 2 != 0 {
            quotient <<= 1;
            exponent -= 1;
        }
        let root = quotient.sqrt();
        let inexact = inexact || &root * &root != quotient;
        rounded(root, exponent / 2, inexact)
    }

    /// Digits, their power of two, and whether more would follow.
    fn quotient(&self, bits: i64) -> (BigInt, i64, bool) {
        let length = |number: &ExactFloat| number.mantissa.bits() as i64;
        let shift = (length(&self.divisor) + bits - length(&self.dividend)).max(0);
        let dividend = &self.dividend.mantissa << shift as usize;
        let quotient = &dividend / &self.divisor.mantissa;
        let inexact = &quotient * &self.divisor.mantissa != dividend;
        (quotient, self.dividend.exponent - self.divisor.exponent - shift, inexact)
    }
}

fn rounded(digits: BigInt, exponent: i64, inexact: bool) -> Result<f64, RowError> {
    let mut mantissa: BigInt = digits << 1;
    if inexact {
        mantissa += if mantissa.is_negative() { -1 } else { 1 };
    }
    let exponent = if mantissa.is_zero() { 0 } else { exponent - 1 };
    ExactFloat { mantissa, exponent }.round(DOUBLE).ok_or_else(overflow)
}

#[cfg(test)]
mod tests {
    use super::{ExactFloat, Ratio};

    fn exact(value: f64) -> ExactFloat {
        let mut number = ExactFloat::default();
        number.add(value, 1);
        number
    }

    #[test]
    fn quotients_and_roots_are_those_of_the_processor() {
        let values = [0.1, 0.3, 7.0, 1e-300, 5e-324, 1e300, 3.0, 2.0, 1.0 + f64::EPSILON];
        for dividend in values {
            assert_eq!(Ratio::over(exact(dividend), 1).round_root(), Ok(dividend.sqrt()), "{dividend}");
            for divisor in values {
                let ratio = Ratio { dividend: exact(-dividend), divisor: exact(divisor) };
                let expected = -dividend / divisor;
                match ratio.round() {
                    Ok(found) => assert_eq!(found, expected, "{dividend} / {divisor}"),
                    Err(_) => assert!(expected.is_infinite(), "{dividend} / {divisor}"),
                }
            }
        }
    }
}
