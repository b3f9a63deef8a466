//! Exact sums of floats with NaN and infinities, rounded once.

use tailwater_connectors::Value;

use super::super::error::EngineError;
use super::super::scalar::RowError;
use super::exact_float::{ExactFloat, FloatFormat};
use super::parts::Parts;
use crate::state::StateError;

/// Finite values exactly, the others by count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FloatSum {
    finite: ExactFloat,
    nan: i64,
    infinity: i64,
    negative_infinity: i64,
    negative_zero: i64,
}

impl FloatSum {
    /// Adds a value `times`.
    pub(super) fn add(&mut self, value: f64, times: i64) {
        if value.is_nan() {
            self.nan += times;
        } else if value == f64::INFINITY {
            self.infinity += times;
        } else if value == f64::NEG_INFINITY {
            self.negative_infinity += times;
        } else if value == 0.0 && value.is_sign_negative() {
            self.negative_zero += times;
        } else {
            self.finite.add(value, times);
        }
    }

    /// The sum of `count` values.
    pub(super) fn total(&self, count: i64, format: FloatFormat) -> Result<f64, RowError> {
        match (self.nan > 0, self.infinity > 0, self.negative_infinity > 0) {
            (true, _, _) | (_, true, true) => Ok(f64::NAN),
            (_, true, false) => Ok(f64::INFINITY),
            (_, false, true) => Ok(f64::NEG_INFINITY),
            _ if self.negative_zero == count => Ok(-0.0),
            _ => self.finite.round(format).ok_or_else(overflow),
        }
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        store_exact(&self.finite, out);
        let counts = [self.nan, self.infinity, self.negative_infinity, self.negative_zero];
        out.extend(counts.map(Value::Int));
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(Self {
            finite: load_exact(parts)?,
            nan: parts.int()?,
            infinity: parts.int()?,
            negative_infinity: parts.int()?,
            negative_zero: parts.int()?,
        })
    }

    /// The sum of the finite values.
    pub(super) fn finite(&self) -> &ExactFloat {
        &self.finite
    }

    /// Whether there is a NaN or an infinity among the values.
    pub(super) fn has_special(&self) -> bool {
        self.nan + self.infinity + self.negative_infinity > 0
    }
}

/// The error of a result beyond the greatest float.
pub(super) fn overflow() -> RowError {
    RowError::new("22003", "value out of range: overflow")
}

/// An exact number as values of a row of state.
pub(super) fn store_exact(number: &ExactFloat, out: &mut Vec<Value>) {
    out.push(Value::Bytes(number.mantissa.to_signed_bytes_be().into()));
    out.push(Value::Int(number.exponent));
}

/// An exact number from values of a row of state.
pub(super) fn load_exact(parts: &mut Parts<'_>) -> Result<ExactFloat, EngineError> {
    let Value::Bytes(mantissa) = parts.next()? else {
        return Err(StateError::Damaged { place: "a float sum".into() }.into());
    };
    let mantissa = num_bigint::BigInt::from_signed_bytes_be(mantissa);
    Ok(ExactFloat { mantissa, exponent: parts.int()? })
}
