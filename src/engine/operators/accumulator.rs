//! Accumulators: exact, and able to take back what was added.
//!
//! Invariant: an accumulator's state depends only on the multiset of values that are in it, never on their order or on
//! what came and went. Postgres' own float sums depend on the order of additions; ours are the exact sum, rounded once.

use tailwater_connectors::{Numeric, SqlType, Value};

use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::super::scalar::RowError;
use super::bit_counts::BitCounts;
use super::decimal_moments::DecimalMoments;
use super::decimal_sum::DecimalSum;
use super::exact_float::{DOUBLE, SINGLE};
use super::float_moments::{FloatMoments, PairMoments};
use super::float_sum::FloatSum;
use super::interval_sum::IntervalSum;
use super::parts::Parts;

/// Running state of one aggregate of one group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Accumulator {
    Count(i64),
    Integers { count: i64, sum: i128 },
    Decimals { count: i64, sum: DecimalSum },
    Floats { count: i64, sum: FloatSum },
    Intervals { count: i64, sum: IntervalSum },
    Truths { yes: i64, no: i64 },
    Bits(BitCounts),
    DecimalMoments(DecimalMoments),
    FloatMoments(FloatMoments),
    Pairs(PairMoments),
}

impl Accumulator {
    /// The accumulator of a call, over no values.
    pub(super) fn empty(call: &AggregateCall) -> Result<Self, String> {
        use AggregateFunction::{
            Avg, BitAnd, BitOr, BitXor, BoolAnd, BoolOr, Count, StddevPop, StddevSamp, Sum, VarPop, VarSamp,
        };
        use SqlType::{Float4, Float8, Int2, Int4, Int8, Interval};
        Ok(match (call.function, call.argument_type()) {
            (Count, _) => Self::Count(0),
            (Sum | Avg, Int2 | Int4 | Int8) => Self::Integers { count: 0, sum: 0 },
            (Sum | Avg, SqlType::Numeric(_)) => Self::Decimals { count: 0, sum: DecimalSum::default() },
            (Sum | Avg, Float4 | Float8) => Self::Floats { count: 0, sum: FloatSum::default() },
            (Sum | Avg, Interval) => Self::Intervals { count: 0, sum: IntervalSum::default() },
            (BoolAnd | BoolOr, SqlType::Bool) => Self::Truths { yes: 0, no: 0 },
            (BitAnd | BitOr | BitXor, Int2 | Int4 | Int8) => Self::Bits(BitCounts::default()),
            (StddevPop | StddevSamp | VarPop | VarSamp, Int2 | Int4 | Int8 | SqlType::Numeric(_)) => {
                Self::DecimalMoments(DecimalMoments::default())
            }
            (StddevPop | StddevSamp | VarPop | VarSamp, Float4 | Float8) => Self::FloatMoments(FloatMoments::default()),
            (function, Float8) if function.takes_pairs() && call.argument_types.len() == 2 => {
                Self::Pairs(PairMoments::default())
            }
            (function, other) => return Err(format!("{function:?} of {other} is not known")),
        })
    }

    /// Adds a row's arguments, none of them null, `times`.
    pub(super) fn add(&mut self, arguments: &[Value], times: i64) -> Result<(), EngineError> {
        match (self, arguments) {
            (Self::Count(count), _) => *count += times,
            (Self::Integers { count, sum }, [Value::Int(value)]) => {
                *count += times;
                *sum += i128::from(*value) * i128::from(times);
            }
            (Self::Decimals { count, sum }, [Value::Numeric(value)]) => {
                *count += times;
                sum.add(value, times).map_err(RowError::from)?;
            }
            (Self::Floats { count, sum }, [Value::Float(value)]) => {
                *count += times;
                sum.add(*value, times);
            }
            (Self::Intervals { count, sum }, [Value::Interval(value)]) => {
                *count += times;
                sum.add(value, times);
            }
            (Self::Truths { yes, .. }, [Value::Bool(true)]) => *yes += times,
            (Self::Truths { no, .. }, [Value::Bool(false)]) => *no += times,
            (Self::Bits(bits), [Value::Int(value)]) => bits.add(*value, times),
            (Self::DecimalMoments(moments), [Value::Numeric(value)]) => {
                moments.add(value, times).map_err(RowError::from)?;
            }
            (Self::DecimalMoments(moments), [Value::Int(value)]) => {
                moments.add(&Numeric::from(*value), times).map_err(RowError::from)?;
            }
            (Self::FloatMoments(moments), [Value::Float(value)]) => moments.add(*value, times),
            (Self::Pairs(pairs), [Value::Float(y), Value::Float(x)]) => pairs.add((*y, *x), times),
            _ => return Err(EngineError::Inconsistent { what: "an aggregate's argument has its declared type" }),
        }
        Ok(())
    }

    /// The aggregate's value.
    pub(super) fn result(&self, call: &AggregateCall) -> Result<Value, RowError> {
        let average = call.function == AggregateFunction::Avg;
        match self {
            Self::Count(count) => Ok(Value::Int(*count)),
            Self::Integers { count: 0, .. }
            | Self::Decimals { count: 0, .. }
            | Self::Floats { count: 0, .. }
            | Self::Intervals { count: 0, .. }
            | Self::Truths { yes: 0, no: 0 } => Ok(Value::Null),
            Self::Integers { count, sum } if average => quotient(&Numeric::from_i128(*sum, 0), *count),
            Self::Integers { sum, .. } if call.result_type == SqlType::Int8 => {
                i64::try_from(*sum).map(Value::Int).map_err(|_| RowError::new("22003", "bigint out of range"))
            }
            Self::Integers { sum, .. } => Ok(Value::Numeric(Numeric::from_i128(*sum, 0))),
            Self::Decimals { count, sum } => {
                let total = sum.total()?;
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
            Self::Truths { no, .. } if call.function == AggregateFunction::BoolAnd => Ok(Value::Bool(*no == 0)),
            Self::Truths { yes, .. } => Ok(Value::Bool(*yes > 0)),
            Self::Bits(bits) => Ok(bits.result(call.function)),
            Self::DecimalMoments(moments) => Ok(moments.result(call.function)?),
            Self::FloatMoments(moments) => moments.result(call.function),
            Self::Pairs(pairs) => pairs.result(call.function),
        }
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        match self {
            Self::Count(count) => out.push(Value::Int(*count)),
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
            Self::Truths { yes, no } => out.extend([*yes, *no].map(Value::Int)),
            Self::Bits(bits) => bits.store(out),
            Self::DecimalMoments(moments) => moments.store(out),
            Self::FloatMoments(moments) => moments.store(out),
            Self::Pairs(pairs) => pairs.store(out),
        }
    }

    /// From values of a row of state; `self` says which kind.
    pub(super) fn load(&self, parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(match self {
            Self::Count(_) => Self::Count(parts.int()?),
            Self::Integers { .. } => Self::Integers { count: parts.int()?, sum: parts.wide_int()? },
            Self::Decimals { .. } => Self::Decimals { count: parts.int()?, sum: DecimalSum::load(parts)? },
            Self::Floats { .. } => Self::Floats { count: parts.int()?, sum: FloatSum::load(parts)? },
            Self::Intervals { .. } => Self::Intervals { count: parts.int()?, sum: IntervalSum::load(parts)? },
            Self::Truths { .. } => Self::Truths { yes: parts.int()?, no: parts.int()? },
            Self::Bits(_) => Self::Bits(BitCounts::load(parts)?),
            Self::DecimalMoments(_) => Self::DecimalMoments(DecimalMoments::load(parts)?),
            Self::FloatMoments(_) => Self::FloatMoments(FloatMoments::load(parts)?),
            Self::Pairs(_) => Self::Pairs(PairMoments::load(parts)?),
        })
    }
}

fn quotient(total: &Numeric, count: i64) -> Result<Value, RowError> {
    let count = Numeric::from_i128(i128::from(count), 0);
    Ok(Value::Numeric(total.div(&count)?))
}
