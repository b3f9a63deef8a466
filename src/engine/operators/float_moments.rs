//! Variances and regressions of floats from exact sums of values, squares and products, rounded once.
//!
//! Postgres updates its sums value by value, in the order in which it reads rows; its last digits depend on that, ours do
//! not. NaN and infinities make a spread NaN, as there. A spread that is no double is an error, as there.

use num_traits::Signed;
use tailwater_connectors::Value;

use super::super::error::EngineError;
use super::super::plan::AggregateFunction;
use super::super::scalar::RowError;
use super::exact_float::{DOUBLE, ExactFloat};
use super::float_sum::{FloatSum, load_exact, store_exact};
use super::parts::Parts;
use super::ratio::Ratio;

/// Values of one argument.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FloatMoments {
    count: i64,
    sum: FloatSum,
    squares: ExactFloat,
}

/// Pairs of two arguments, in the order `(y, x)` of SQL.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PairMoments {
    y: FloatMoments,
    x: FloatMoments,
    products: ExactFloat,
}

impl FloatMoments {
    /// Adds a value `times`.
    pub(super) fn add(&mut self, value: f64, times: i64) {
        self.count += times;
        self.sum.add(value, times);
        if value.is_finite() {
            self.squares.add_product((value, value), times);
        }
    }

    /// `count² × variance`; `None` is NaN.
    fn spread(&self) -> Result<Option<ExactFloat>, RowError> {
        if self.sum.has_special() {
            return Ok(None);
        }
        self.sum.total(self.count, DOUBLE)?;
        let sum = self.sum.finite();
        let spread = self.squares.times(self.count).sub(&sum.mul(sum));
        Ratio::over(spread.clone(), self.count).round()?;
        Ok(Some(spread))
    }

    /// `var_pop` and its kin.
    pub(super) fn result(&self, function: AggregateFunction) -> Result<Value, RowError> {
        use AggregateFunction::{StddevPop, StddevSamp, VarSamp};
        let divisor = if matches!(function, StddevSamp | VarSamp) { self.count - 1 } else { self.count };
        if divisor <= 0 {
            return Ok(Value::Null);
        }
        let Some(spread) = self.spread()? else { return Ok(Value::Float(f64::NAN)) };
        let count = ExactFloat { mantissa: self.count.into(), exponent: 0 };
        let variance = Ratio { dividend: spread, divisor: count.times(divisor) };
        let root = matches!(function, StddevPop | StddevSamp);
        Ok(Value::Float(if root { variance.round_root()? } else { variance.round()? }))
    }

    fn average(&self) -> Result<f64, RowError> {
        Ok(self.sum.total(self.count, DOUBLE)? / self.count as f64)
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        out.push(Value::Int(self.count));
        self.sum.store(out);
        store_exact(&self.squares, out);
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(Self { count: parts.int()?, sum: FloatSum::load(parts)?, squares: load_exact(parts)? })
    }
}

/// Sums of products of distances from the averages, each times the count; `None` is NaN.
struct Spreads {
    yy: Option<ExactFloat>,
    xx: Option<ExactFloat>,
    yx: Option<ExactFloat>,
}

fn is_zero(spread: &Option<ExactFloat>) -> bool {
    spread.as_ref().is_some_and(ExactFloat::is_zero)
}

/// NaN if a part of it is.
fn quotient(dividend: Option<ExactFloat>, divisor: Option<ExactFloat>) -> Result<f64, RowError> {
    match (dividend, divisor) {
        (Some(dividend), Some(divisor)) => Ratio { dividend, divisor }.round(),
        _ => Ok(f64::NAN),
    }
}

fn product(left: &Option<ExactFloat>, right: &Option<ExactFloat>) -> Option<ExactFloat> {
    Some(left.as_ref()?.mul(right.as_ref()?))
}

impl PairMoments {
    /// Adds a pair `times`.
    pub(super) fn add(&mut self, (y, x): (f64, f64), times: i64) {
        self.y.add(y, times);
        self.x.add(x, times);
        if y.is_finite() && x.is_finite() {
            self.products.add_product((y, x), times);
        }
    }

    fn spreads(&self) -> Result<Spreads, RowError> {
        let (yy, xx) = (self.y.spread()?, self.x.spread()?);
        let yx = (yy.is_some() && xx.is_some())
            .then(|| self.products.times(self.y.count).sub(&self.y.sum.finite().mul(self.x.sum.finite())));
        quotient(yx.clone(), self.count(1))?;
        Ok(Spreads { yy, xx, yx })
    }

    /// The count times a whole number.
    fn count(&self, factor: i64) -> Option<ExactFloat> {
        Some(ExactFloat { mantissa: self.y.count.into(), exponent: 0 }.times(factor))
    }

    /// `corr` and its kin.
    pub(super) fn result(&self, function: AggregateFunction) -> Result<Value, RowError> {
        use AggregateFunction::{
            Corr, CovarPop, CovarSamp, RegrAvgx, RegrAvgy, RegrCount, RegrIntercept, RegrR2, RegrSlope, RegrSxx,
            RegrSxy,
        };
        let count = self.y.count;
        match function {
            RegrCount => return Ok(Value::Int(count)),
            CovarSamp if count < 2 => return Ok(Value::Null),
            _ if count < 1 => return Ok(Value::Null),
            _ => {}
        }
        let spreads = self.spreads()?;
        let flat = is_zero(&spreads.xx);
        let result = match function {
            Corr if flat || is_zero(&spreads.yy) => return Ok(Value::Null),
            RegrR2 | RegrSlope | RegrIntercept if flat => return Ok(Value::Null),
            RegrR2 if is_zero(&spreads.yy) => 1.0,
            RegrAvgx => self.x.average()?,
            RegrAvgy => self.y.average()?,
            RegrSxx => quotient(spreads.xx, self.count(1))?,
            RegrSxy => quotient(spreads.yx, self.count(1))?,
            CovarPop => quotient(spreads.yx, self.count(count))?,
            CovarSamp => quotient(spreads.yx, self.count(count - 1))?,
            Corr => spreads.correlation()?,
            RegrR2 => quotient(product(&spreads.yx, &spreads.yx), product(&spreads.yy, &spreads.xx))?,
            RegrSlope => quotient(spreads.yx, spreads.xx)?,
            RegrIntercept => self.intercept(&spreads)?,
            _ => quotient(spreads.yy, self.count(1))?,
        };
        Ok(Value::Float(result))
    }

    /// `(Sy - Sx × Sxy / Sxx) / N`
    fn intercept(&self, spreads: &Spreads) -> Result<f64, RowError> {
        let (Some(xx), Some(yx)) = (&spreads.xx, &spreads.yx) else { return Ok(f64::NAN) };
        let dividend = self.y.sum.finite().mul(xx).sub(&self.x.sum.finite().mul(yx));
        Ratio { dividend, divisor: xx.times(self.y.count) }.round()
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        self.y.store(out);
        self.x.store(out);
        store_exact(&self.products, out);
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(Self { y: FloatMoments::load(parts)?, x: FloatMoments::load(parts)?, products: load_exact(parts)? })
    }
}

impl Spreads {
    /// `Sxy / sqrt(Sxx × Syy)`, as the root of a quotient of exact numbers.
    fn correlation(&self) -> Result<f64, RowError> {
        let dividend = product(&self.yx, &self.yx);
        let (Some(dividend), Some(divisor), Some(yx)) = (dividend, product(&self.yy, &self.xx), &self.yx) else {
            return Ok(f64::NAN);
        };
        let size = Ratio { dividend, divisor }.round_root()?;
        Ok(if yx.mantissa.is_negative() { -size } else { size })
    }
}
