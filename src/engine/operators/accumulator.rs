//! Accumulators: exact, and able to take back what was added.
//!
//! Invariant: an accumulator's state depends only on the multiset of values that are in it, never on their order or on
//! what came and went. Postgres' own float sums depend on the order of additions; ours are the exact sum, rounded once.

use tailwater_connectors::numeric::NumericError;
use tailwater_connectors::{Numeric, SqlType, Value};

use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::super::scalar::RowError;
use super::decimal_sum::DecimalSum;
use super::exact_float::{DOUBLE, ExactFloat, FloatFormat, SINGLE};
use super::interval_sum::IntervalSum;
use crate::state::StateError;

/// Running state of one aggregate of one group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Accumulator {
    Count(i64),
    Integers {
        count: i64,
        sum: i128,
    },
    Decimals {
        count: i64,
        sum: DecimalSum,
    },
    Floats {
        count: i64,
        sum: FloatSum,
    },
    Intervals {
        count: i64,
        sum: IntervalSum,
    },
    /// Least or greatest value; null without values.
    Extreme(Value),
}

/// Finite values exactly, the others by count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FloatSum {
    finite: ExactFloat,
    nan: i64,
    infinity: i64,
    negative_infinity: i64,
    negative_zero: i64,
}

/// Values of a row of state, taken one by one.
pub(super) struct Parts<'a>(pub(super) std::slice::Iter<'a, Value>);

impl<'a> Parts<'a> {
    pub(super) fn next(&mut self) -> Result<&'a Value, EngineError> {
        self.0.next().ok_or_else(|| damaged().into())
    }

    pub(super) fn int(&mut self) -> Result<i64, EngineError> {
        match self.next()? {
            Value::Int(value) => Ok(*value),
            _ => Err(damaged().into()),
        }
    }

    pub(super) fn wide_int(&mut self) -> Result<i128, EngineError> {
        let (high, low) = (self.int()?, self.int()?);
        Ok(i128::from(high) << 64 | i128::from(low as u64))
    }
}

fn damaged() -> StateError {
    StateError::Damaged { place: "an aggregate's state".into() }
}

fn out_of_range(message: &str) -> RowError {
    RowError { code: "22003", message: message.into() }
}

pub(super) fn numeric_error(error: NumericError) -> RowError {
    RowError { code: error.code(), message: error.to_string() }
}

/// Whether a call can be kept; says why not.
pub(in crate::engine) fn check_call(call: &AggregateCall) -> Result<(), String> {
    Accumulator::empty(call).map(drop)
}

impl Accumulator {
    /// The accumulator of a call, over no values.
    pub(super) fn empty(call: &AggregateCall) -> Result<Self, String> {
        use AggregateFunction::{Avg, Count, Max, Min, Sum};
        match (call.function, call.argument_type()) {
            (Count, _) => Ok(Self::Count(0)),
            (Min | Max, _) => Ok(Self::Extreme(Value::Null)),
            (Sum | Avg, SqlType::Int2 | SqlType::Int4 | SqlType::Int8) => Ok(Self::Integers { count: 0, sum: 0 }),
            (Sum | Avg, SqlType::Numeric(_)) => Ok(Self::Decimals { count: 0, sum: DecimalSum::default() }),
            (Sum | Avg, SqlType::Float4 | SqlType::Float8) => Ok(Self::Floats { count: 0, sum: FloatSum::default() }),
            (Sum | Avg, SqlType::Interval) => Ok(Self::Intervals { count: 0, sum: IntervalSum::default() }),
            (function, other) => Err(format!("{function:?} of {other} is not known")),
        }
    }

    /// Adds a non-null value `times`. Extremes are kept by their multiset instead.
    pub(super) fn add(&mut self, value: &Value, times: i64) -> Result<(), EngineError> {
        match (self, value) {
            (Self::Count(count), _) => *count += times,
            (Self::Integers { count, sum }, Value::Int(value)) => {
                *count += times;
                *sum += i128::from(*value) * i128::from(times);
            }
            (Self::Decimals { count, sum }, Value::Numeric(value)) => {
                *count += times;
                sum.add(value, times).map_err(numeric_error)?;
            }
            (Self::Floats { count, sum }, Value::Float(value)) => {
                *count += times;
                sum.add(*value, times);
            }
            (Self::Intervals { count, sum }, Value::Interval(value)) => {
                *count += times;
                sum.add(value, times);
            }
            _ => return Err(EngineError::Inconsistent { what: "an aggregate's argument has its declared type" }),
        }
        Ok(())
    }

    /// The aggregate's value.
    pub(super) fn result(&self, call: &AggregateCall) -> Result<Value, RowError> {
        let average = call.function == AggregateFunction::Avg;
        match self {
            Self::Count(count) => Ok(Value::Int(*count)),
            Self::Extreme(value) => Ok(value.clone()),
            Self::Integers { count: 0, .. }
            | Self::Decimals { count: 0, .. }
            | Self::Floats { count: 0, .. }
            | Self::Intervals { count: 0, .. } => Ok(Value::Null),
            Self::Integers { count, sum } if average => quotient(&Numeric::from_i128(*sum, 0), *count),
            Self::Integers { sum, .. } if call.result_type == SqlType::Int8 => {
                i64::try_from(*sum).map(Value::Int).map_err(|_| out_of_range("bigint out of range"))
            }
            Self::Integers { sum, .. } => Ok(Value::Numeric(Numeric::from_i128(*sum, 0))),
            Self::Decimals { count, sum } => {
                let total = sum.total().map_err(numeric_error)?;
                if average { quotient(&total, *count) } else { Ok(Value::Numeric(total)) }
            }
            Self::Floats { count, sum } if average => Ok(Value::Float(sum.total(*count, DOUBLE)? / *count as f64)),
            Self::Floats { count, sum } => {
                let format = if call.result_type == SqlType::Float4 { SINGLE } else { DOUBLE };
                sum.total(*count, format).map(Value::Float)
            }
            Self::Intervals { count, sum } => {
                let interval = if average { sum.average(*count) } else { sum.total() };
                interval.map(Value::Interval)
            }
        }
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        match self {
            Self::Count(count) => out.push(Value::Int(*count)),
            Self::Extreme(value) => out.push(value.clone()),
            Self::Integers { count, sum } => {
                out.extend([*count, (sum >> 64) as i64, *sum as i64].map(Value::Int));
            }
            Self::Decimals { count, sum } => {
                out.push(Value::Int(*count));
                sum.store(out);
            }
            Self::Floats { count, sum } => {
                out.push(Value::Int(*count));
                sum.store(out);
            }
            Self::Intervals { count, sum } => {
                out.push(Value::Int(*count));
                sum.store(out);
            }
        }
    }

    /// From values of a row of state; `self` says which kind.
    pub(super) fn load(&self, parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(match self {
            Self::Extreme(_) => Self::Extreme(parts.next()?.clone()),
            Self::Count(_) => Self::Count(parts.int()?),
            Self::Integers { .. } => Self::Integers { count: parts.int()?, sum: parts.wide_int()? },
            Self::Decimals { .. } => Self::Decimals { count: parts.int()?, sum: DecimalSum::load(parts)? },
            Self::Floats { .. } => Self::Floats { count: parts.int()?, sum: FloatSum::load(parts)? },
            Self::Intervals { .. } => Self::Intervals { count: parts.int()?, sum: IntervalSum::load(parts)? },
        })
    }
}

fn quotient(total: &Numeric, count: i64) -> Result<Value, RowError> {
    let count = Numeric::from_i128(i128::from(count), 0);
    total.div(&count).map(Value::Numeric).map_err(numeric_error)
}

impl FloatSum {
    fn add(&mut self, value: f64, times: i64) {
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

    fn total(&self, count: i64, format: FloatFormat) -> Result<f64, RowError> {
        match (self.nan > 0, self.infinity > 0, self.negative_infinity > 0) {
            (true, _, _) | (_, true, true) => Ok(f64::NAN),
            (_, true, false) => Ok(f64::INFINITY),
            (_, false, true) => Ok(f64::NEG_INFINITY),
            _ if self.negative_zero == count => Ok(-0.0),
            _ => self.finite.round(format).ok_or_else(|| out_of_range("value out of range: overflow")),
        }
    }

    fn store(&self, out: &mut Vec<Value>) {
        out.push(Value::Bytes(self.finite.mantissa.to_signed_bytes_be().into()));
        let counts = [self.nan, self.infinity, self.negative_infinity, self.negative_zero];
        out.push(Value::Int(self.finite.exponent));
        out.extend(counts.map(Value::Int));
    }

    fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        let Value::Bytes(mantissa) = parts.next()? else { return Err(damaged().into()) };
        let mantissa = num_bigint::BigInt::from_signed_bytes_be(mantissa);
        Ok(Self {
            finite: ExactFloat { mantissa, exponent: parts.int()? },
            nan: parts.int()?,
            infinity: parts.int()?,
            negative_infinity: parts.int()?,
            negative_zero: parts.int()?,
        })
    }
}
