//! Square root, exponential, logarithms and powers: computed in fixed point with guard digits, then rounded to the scale that
//! Postgres would choose.

use std::f64::consts::{LN_10, LOG10_E};

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::arithmetic::{DIGITS_PER_WORD, DISPLAY_SCALE_MAX, SIGNIFICANT_DIGITS_MIN, leading_word};
use super::failure::NumericError;
use super::number::{INTEGER_DIGITS_MAX, Numeric, digit_count, power_of_ten};
use super::rounding::{Rounding, rescale};

/// Decimal places of results beyond which Postgres calls it overflow or zero.
const RESULT_PLACES_MAX: f64 = 2_000.0;
/// Digits computed beyond those that are kept.
const GUARD_DIGITS: u32 = 12;
/// Larger exact powers are computed by logarithms.
const EXACT_POWER_BITS_MAX: u64 = 700_000;

fn result_scale(significant: i64, scales: &[u16]) -> u32 {
    let least = scales.iter().map(|&scale| i64::from(scale)).max().unwrap_or(0);
    significant.max(least).clamp(0, DISPLAY_SCALE_MAX) as u32
}

/// A number in units of `10^-digits`.
struct Fixed {
    units: BigInt,
    digits: u32,
}

impl Fixed {
    fn of(number: &Numeric, digits: u32) -> Self {
        let (mantissa, scale) = number.to_parts().expect("finite");
        Self { units: rescale(mantissa, i64::from(scale), i64::from(digits), Rounding::TowardsZero), digits }
    }

    fn rounded(self, scale: u32) -> Result<Numeric, NumericError> {
        let units = rescale(self.units, i64::from(self.digits), i64::from(scale), Rounding::HalfAwayFromZero);
        Numeric::checked(units, scale)
    }

    /// e to this; the argument is halved until it is small, the series summed, the result squared as often.
    fn exp(&self, result_digits: u32) -> Self {
        let unit_bits = power_of_ten(self.digits).bits();
        let halvings = (self.units.bits().saturating_sub(unit_bits) as u32).min(32) + 8;
        let digits = self.digits + result_digits + halvings;
        let one = power_of_ten(digits);
        let small = (&self.units * power_of_ten(digits - self.digits)) >> halvings;
        let (mut sum, mut term, mut n) = (one.clone(), one.clone(), 1u32);
        while !term.is_zero() && term != BigInt::from(-1) {
            term = (term * &small) / &one / n;
            sum += &term;
            n += 1;
        }
        for _ in 0..halvings {
            sum = (&sum * &sum) / &one;
        }
        Self { units: sum, digits }
    }

    /// Natural logarithm of a number between 0.1 and 10.
    fn ln(&self) -> Self {
        let one = power_of_ten(self.digits);
        let (mut units, mut twos) = (self.units.clone(), 0i32);
        while &units * 3 > &one * 4 {
            units /= 2;
            twos += 1;
        }
        while &units * 3 < &one * 2 {
            units *= 2;
            twos -= 1;
        }
        let ratio = ((&units - &one) * &one) / (&units + &one);
        let mut total = area_tangent(&ratio, &one) * 2;
        if twos != 0 {
            total += area_tangent(&(&one / 3), &one) * 2 * twos;
        }
        Self { units: total, digits: self.digits }
    }
}

/// Sum of `x + x³/3 + x⁵/5 + …` in units of `one`.
fn area_tangent(x: &BigInt, one: &BigInt) -> BigInt {
    let square = (x * x) / one;
    let (mut sum, mut power, mut n) = (x.clone(), x.clone(), 1u32);
    while !power.is_zero() {
        power = (power * &square) / one;
        n += 2;
        sum += &power / n;
    }
    sum
}

/// Natural logarithm with `digits` digits after the point.
fn ln_fixed(number: &Numeric, digits: u32) -> Fixed {
    let digits = digits + GUARD_DIGITS;
    let (mantissa, scale) = number.to_parts().expect("finite");
    let place = digit_count(&mantissa) as i64 - 1 - i64::from(scale);
    if place == 0 || place == -1 {
        return Fixed::of(number, digits).ln();
    }
    let leading =
        Fixed { units: rescale(mantissa, i64::from(scale) + place, i64::from(digits), Rounding::TowardsZero), digits };
    let ten = Fixed { units: power_of_ten(digits + 1), digits }.ln();
    Fixed { units: leading.ln().units + ten.units * place, digits }
}

/// Decimal weight of `ln(number)`, estimated as Postgres does.
fn ln_weight(number: &Numeric) -> i64 {
    if number.is_negative() || number.is_zero() {
        return 0;
    }
    let near_one = |tenths: i64| number.numeric_cmp(&Numeric::Small { mantissa: tenths, scale: 1 });
    if near_one(9).is_ge() && near_one(11).is_le() {
        let Ok(distance) = number.sub(&Numeric::ONE) else { return 0 };
        if distance.is_zero() {
            return 0;
        }
        let (weight, first) = leading_word(&distance);
        return weight * DIGITS_PER_WORD + i64::from(first.ilog10());
    }
    ln_estimate(number).abs().log10() as i64
}

/// `ln(number)` of a positive number, as a float that never overflows.
fn ln_estimate(number: &Numeric) -> f64 {
    let (mantissa, scale) = number.to_parts().expect("finite");
    let digits = digit_count(&mantissa) as i64;
    let drop = (digits - 17).max(0);
    let leading = rescale(mantissa, drop, 0, Rounding::TowardsZero).to_f64().unwrap_or(1.0);
    leading.ln() + (drop - i64::from(scale)) as f64 * LN_10
}

impl Numeric {
    /// `sqrt(n)`
    pub fn sqrt(&self) -> Result<Self, NumericError> {
        match self {
            Self::NaN | Self::Infinity => return Ok(self.clone()),
            _ if self.is_negative() => return Err(NumericError::NegativeSquareRoot),
            _ => {}
        }
        let (weight, _) = leading_word(self);
        let scale = result_scale(SIGNIFICANT_DIGITS_MIN - (weight * DIGITS_PER_WORD / 2 + 1), &[self.scale()]);
        let digits = i64::from(scale) + 1;
        let (mantissa, from) = self.to_parts().expect("finite");
        let root = rescale(mantissa, i64::from(from), digits * 2, Rounding::TowardsZero).sqrt();
        Fixed { units: root, digits: digits as u32 }.rounded(scale)
    }

    /// `exp(n)`
    pub fn exp(&self) -> Result<Self, NumericError> {
        match self {
            Self::NaN | Self::Infinity => return Ok(self.clone()),
            Self::NegInfinity => return Ok(Self::ZERO),
            _ => {}
        }
        let value = self.to_f64();
        let places = (value * LOG10_E).clamp(-RESULT_PLACES_MAX, RESULT_PLACES_MAX) as i64;
        let scale = result_scale(SIGNIFICANT_DIGITS_MIN - places, &[self.scale()]);
        if value.abs() >= RESULT_PLACES_MAX * 3.0 {
            return if value > 0.0 { Err(NumericError::Overflow) } else { Self::checked(BigInt::zero(), scale) };
        }
        let digits = scale + places.unsigned_abs() as u32 + GUARD_DIGITS;
        Fixed::of(self, digits).exp(places.max(0) as u32 + GUARD_DIGITS).rounded(scale)
    }

    fn positive_for_logarithm(&self) -> Result<(), NumericError> {
        match self {
            _ if self.is_negative() => Err(NumericError::LogarithmOfNegative),
            _ if self.is_zero() => Err(NumericError::LogarithmOfZero),
            _ => Ok(()),
        }
    }

    /// `ln(n)`
    pub fn ln(&self) -> Result<Self, NumericError> {
        self.positive_for_logarithm()?;
        if !self.is_finite() {
            return Ok(self.clone());
        }
        let scale = result_scale(SIGNIFICANT_DIGITS_MIN - ln_weight(self), &[self.scale()]);
        ln_fixed(self, scale).rounded(scale)
    }

    /// `log(base, n)`
    pub fn log(&self, base: &Self) -> Result<Self, NumericError> {
        if matches!(self, Self::NaN) || matches!(base, Self::NaN) {
            return Ok(Self::NaN);
        }
        base.positive_for_logarithm()?;
        self.positive_for_logarithm()?;
        match (base.is_finite(), self.is_finite()) {
            (false, false) => return Ok(Self::NaN),
            (false, true) => return Ok(Self::ZERO),
            (true, false) => return Ok(Self::Infinity),
            (true, true) => {}
        }
        let (base_weight, weight) = (ln_weight(base), ln_weight(self));
        let scale = result_scale(SIGNIFICANT_DIGITS_MIN - (weight - base_weight), &[base.scale(), self.scale()]);
        let digits = scale + GUARD_DIGITS + (base_weight.unsigned_abs() + weight.unsigned_abs()) as u32;
        let (numerator, denominator) = (ln_fixed(self, digits), ln_fixed(base, digits));
        if denominator.units.is_zero() {
            return Err(NumericError::DivisionByZero);
        }
        let units = numerator.units * power_of_ten(digits) / denominator.units;
        Fixed { units, digits }.rounded(scale)
    }

    /// `a ^ b`
    pub fn power(&self, exponent: &Self) -> Result<Self, NumericError> {
        if !self.is_finite() || !exponent.is_finite() {
            return self.power_of_infinite(exponent);
        }
        if self.is_zero() && exponent.is_negative() {
            return Err(NumericError::ZeroToNegativePower);
        }
        let whole = exponent.normalized();
        let integer = match whole {
            Self::Small { mantissa, scale: 0 } => i32::try_from(mantissa).ok(),
            _ => None,
        };
        if self.is_negative() && whole.scale() > 0 {
            return Err(NumericError::ComplexPower);
        }
        if let Some(integer) = integer {
            return self.power_whole(integer);
        }
        if self.is_zero() {
            return Self::checked(BigInt::zero(), SIGNIFICANT_DIGITS_MIN as u32);
        }
        let odd = whole.scale() == 0 && whole.to_parts().is_some_and(|(mantissa, _)| mantissa.bit(0));
        let result = self.abs().power_by_logarithm(exponent, None)?;
        Ok(if self.is_negative() && odd { result.neg() } else { result })
    }

    /// Result scale follows Postgres unless `scale` is given.
    fn power_by_logarithm(&self, exponent: &Self, scale: Option<u32>) -> Result<Self, NumericError> {
        let value = ln_estimate_precise(self) * exponent.to_f64();
        if value.abs() > RESULT_PLACES_MAX * 3.01 && scale.is_none() {
            let zero = || Self::checked(BigInt::zero(), DISPLAY_SCALE_MAX as u32);
            return if value > 0.0 { Err(NumericError::Overflow) } else { zero() };
        }
        let places = (value * LOG10_E) as i64;
        let scale =
            scale.unwrap_or_else(|| result_scale(SIGNIFICANT_DIGITS_MIN - places, &[self.scale(), exponent.scale()]));
        let exponent_digits = exponent.to_string().len() as u32;
        let digits = scale + places.max(0) as u32 + exponent_digits + GUARD_DIGITS;
        let (factor, factor_scale) = exponent.to_parts().expect("finite");
        let logarithm = ln_fixed(self, digits);
        let units = logarithm.units * factor / power_of_ten(u32::from(factor_scale));
        Fixed { units, digits: logarithm.digits }.exp(places.max(0) as u32 + GUARD_DIGITS).rounded(scale)
    }

    fn power_whole(&self, exponent: i32) -> Result<Self, NumericError> {
        let scale = result_scale(SIGNIFICANT_DIGITS_MIN, &[self.scale()]);
        if exponent == 0 {
            return Self::ONE.round(scale as i32);
        }
        if self.is_zero() {
            return Self::checked(BigInt::zero(), scale);
        }
        let places = ln_estimate(&self.abs()) * LOG10_E * f64::from(exponent);
        if places > INTEGER_DIGITS_MAX as f64 + 1.0 {
            return Err(NumericError::Overflow);
        }
        if places + 1.0 < -f64::from(scale) - 1.0 {
            return Self::checked(BigInt::zero(), scale);
        }
        let (mantissa, from) = self.to_parts().expect("finite");
        if mantissa.bits().saturating_mul(u64::from(exponent.unsigned_abs())) > EXACT_POWER_BITS_MAX {
            let result = self.abs().power_by_logarithm(&Self::from(i64::from(exponent)), Some(scale))?;
            return Ok(if mantissa.is_negative() && exponent % 2 != 0 { result.neg() } else { result });
        }
        let power = mantissa.pow(exponent.unsigned_abs());
        let power_scale = i64::from(from) * i64::from(exponent.unsigned_abs());
        if exponent > 0 {
            return Self::checked(rescale(power, power_scale, i64::from(scale), Rounding::HalfAwayFromZero), scale);
        }
        let one = power_of_ten((power_scale + i64::from(scale)) as u32);
        Self::checked(super::rounding::divide(&one, &power, Rounding::HalfAwayFromZero), scale)
    }

    fn power_of_infinite(&self, exponent: &Self) -> Result<Self, NumericError> {
        if matches!(exponent, Self::NaN) {
            return Ok(if self.numeric_eq(&Self::ONE) { Self::ONE } else { Self::NaN });
        }
        if matches!(self, Self::NaN) {
            return Ok(if exponent.is_zero() { Self::ONE } else { Self::NaN });
        }
        if self.is_zero() && exponent.is_negative() {
            return Err(NumericError::ZeroToNegativePower);
        }
        if exponent.is_zero() || self.numeric_eq(&Self::ONE) {
            return Ok(Self::ONE);
        }
        if !exponent.is_finite() {
            let size = self.abs().numeric_cmp(&Self::ONE);
            return Ok(match (size.is_eq(), size.is_gt() != exponent.is_negative()) {
                (true, _) => Self::ONE,
                (_, true) => Self::Infinity,
                (_, false) => Self::ZERO,
            });
        }
        if exponent.is_negative() {
            return Ok(Self::ZERO);
        }
        let whole = exponent.normalized();
        if self.is_negative() && whole.scale() > 0 {
            return Err(NumericError::ComplexPower);
        }
        let odd = whole.to_parts().is_some_and(|(mantissa, _)| mantissa.bit(0));
        Ok(Self::infinity(self.is_negative() && odd))
    }
}

/// `ln(number)` to about eight significant digits also close to 1.
fn ln_estimate_precise(number: &Numeric) -> f64 {
    let digits = (10 - ln_weight(number)).clamp(0, DISPLAY_SCALE_MAX) as u32;
    let fixed = ln_fixed(number, digits);
    fixed.rounded(digits).map_or(0.0, |estimate| estimate.to_f64())
}
