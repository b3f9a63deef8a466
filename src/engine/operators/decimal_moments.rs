//! Variances of integers and numerics as Postgres' `numeric_stddev_internal` computes them: from the count, the exact sum and
//! the exact sum of squares, with its result scales.

use num_bigint::BigInt;
use num_traits::{One, Zero};
use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::{Numeric, Value};

use super::super::error::EngineError;
use super::super::plan::AggregateFunction;
use super::decimal_sum::DecimalSum;
use super::parts::Parts;
use crate::state::StateError;

/// Count, sum and sum of squares.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DecimalMoments {
    count: i64,
    sum: DecimalSum,
    squares: Numeric,
}

impl DecimalMoments {
    /// Adds a value `times`.
    pub(super) fn add(&mut self, value: &Numeric, times: i64) -> Result<(), NumericError> {
        self.count += times;
        self.sum.add(value, times)?;
        if value.is_finite() {
            self.squares = self.squares.add(&value.mul(value)?.mul(&Numeric::from(times))?)?;
        }
        Ok(())
    }

    /// `var_pop` and its kin.
    pub(super) fn result(&self, function: AggregateFunction) -> Result<Value, NumericError> {
        use AggregateFunction::{StddevPop, StddevSamp, VarSamp};
        let divisor = if matches!(function, StddevSamp | VarSamp) { self.count - 1 } else { self.count };
        if divisor <= 0 {
            return Ok(Value::Null);
        }
        if self.sum.has_special() {
            return Ok(Value::Numeric(Numeric::NaN));
        }
        let (sum, count) = (self.sum.total()?, Numeric::from(self.count));
        let squares = self.squares.round(i32::from(sum.scale()) * 2)?;
        let spread = count.mul(&squares)?.sub(&sum.mul(&sum)?)?;
        if spread.is_zero() || spread.is_negative() {
            return Ok(Value::Numeric(Numeric::ZERO));
        }
        let variance = spread.div(&count.mul(&Numeric::from(divisor))?)?;
        let root = matches!(function, StddevPop | StddevSamp);
        Ok(Value::Numeric(if root { square_root(&variance) } else { variance }))
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        out.push(Value::Int(self.count));
        self.sum.store(out);
        out.push(Value::Numeric(self.squares.clone()));
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        let (count, sum) = (parts.int()?, DecimalSum::load(parts)?);
        match parts.next()? {
            Value::Numeric(squares) => Ok(Self { count, sum, squares: squares.clone() }),
            _ => Err(StateError::Damaged { place: "a sum of squares".into() }.into()),
        }
    }
}

/// The square root of a positive number, rounded to the number's own scale.
fn square_root(number: &Numeric) -> Numeric {
    let Some((mantissa, scale)) = number.to_parts() else { return Numeric::NaN };
    // One digit more than is shown: the root has no half that is not seen there.
    let root = (mantissa * BigInt::from(10).pow(u32::from(scale) + 2)).sqrt();
    let (digits, last): (BigInt, BigInt) = (&root / 10, &root % 10);
    let up = if last >= BigInt::from(5) { BigInt::one() } else { BigInt::zero() };
    Numeric::from_parts(digits + up, scale)
}
