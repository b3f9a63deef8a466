//! What one input row gives to one aggregate call, and under which key it is remembered.

use tailwater_connectors::Value;

use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::super::relation::whole_row;
use super::super::scalar::Scalar;
use super::super::sort::encode_sort_key;
use super::accumulator::Accumulator;
use super::multiset::has_forms;
use crate::state::{StateError, encode_key};

/// How an aggregate is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Method {
    /// By an accumulator that adds and takes back; with DISTINCT fed by counts of values.
    Accumulated,
    /// Least or greatest entry of the ordered values.
    Extreme,
    /// Computed from all values in order.
    Ordered,
}

/// Values of a row for a call.
pub(super) struct Contribution {
    /// The arguments.
    pub(super) arguments: Vec<Value>,
    /// The sort keys.
    pub(super) order: Vec<Value>,
}

/// What a row means to a call.
pub(super) enum Meaning {
    /// The row has no value and is out.
    Out,
    /// FILTER or a null keeps it away.
    Nothing,
    Counts(Contribution),
}

/// Evaluates an expression over the row; `None` when the row is out.
pub(super) type Evaluate<'e> = dyn FnMut(&Scalar) -> Result<Option<Value>, EngineError> + 'e;

impl AggregateFunction {
    /// Whether it is one of the statistics of pairs `(y, x)`.
    pub(in crate::engine) fn takes_pairs(self) -> bool {
        use AggregateFunction::{
            Corr, CovarPop, CovarSamp, RegrAvgx, RegrAvgy, RegrCount, RegrIntercept, RegrR2, RegrSlope, RegrSxx,
            RegrSxy, RegrSyy,
        };
        matches!(
            self,
            Corr | CovarPop
                | CovarSamp
                | RegrAvgx
                | RegrAvgy
                | RegrCount
                | RegrIntercept
                | RegrR2
                | RegrSlope
                | RegrSxx
                | RegrSxy
                | RegrSyy
        )
    }

    fn ignores(self, arguments: &[Value]) -> bool {
        use AggregateFunction::{ArrayAgg, JsonAgg, JsonObjectAgg, JsonbAgg, JsonbObjectAgg, SingleValue};
        match self {
            ArrayAgg | JsonAgg | JsonbAgg | JsonObjectAgg | JsonbObjectAgg | SingleValue => false,
            pairs if pairs.takes_pairs() => arguments.iter().any(Value::is_null),
            _ => arguments.first().is_some_and(Value::is_null),
        }
    }
}

impl Method {
    /// How a call is kept.
    pub(in crate::engine) fn of(call: &AggregateCall) -> Self {
        use AggregateFunction::{
            ArrayAgg, JsonAgg, JsonObjectAgg, JsonbAgg, JsonbObjectAgg, Max, Min, Mode, PercentileCont, PercentileDisc,
            SingleValue, StringAgg,
        };
        match call.function {
            Min | Max => Self::Extreme,
            ArrayAgg | StringAgg | JsonAgg | JsonbAgg | JsonObjectAgg | JsonbObjectAgg | PercentileCont
            | PercentileDisc | Mode | SingleValue => Self::Ordered,
            _ => Self::Accumulated,
        }
    }
}

/// Whether a call can be kept; says why not.
pub(in crate::engine) fn check_call(call: &AggregateCall) -> Result<(), String> {
    if call.arguments.len() != call.argument_types.len() {
        return Err("an aggregate has another number of types than of arguments".into());
    }
    match Method::of(call) {
        Method::Accumulated => Accumulator::empty(call).map(drop),
        _ if call.arguments.is_empty() => Err(format!("{:?} has no argument", call.function)),
        _ => Ok(()),
    }
}

/// What a row means to a call; the filter first, as arguments of rows that it keeps away are not looked at.
pub(super) fn meaning(call: &AggregateCall, evaluate: &mut Evaluate<'_>) -> Result<Meaning, EngineError> {
    if let Some(filter) = &call.filter {
        match evaluate(filter)? {
            None => return Ok(Meaning::Out),
            Some(Value::Bool(true)) => {}
            Some(_) => return Ok(Meaning::Nothing),
        }
    }
    let Some(arguments) = values(call.arguments.iter(), evaluate)? else { return Ok(Meaning::Out) };
    if call.function.ignores(&arguments) {
        return Ok(Meaning::Nothing);
    }
    let sorted = Method::of(call) != Method::Accumulated;
    let keys = call.order.iter().filter(|_| sorted).map(|key| &key.expression);
    let Some(order) = values(keys, evaluate)? else { return Ok(Meaning::Out) };
    Ok(Meaning::Counts(Contribution { arguments, order }))
}

/// All values, or `None` when the row is out.
pub(super) fn values<'s>(
    scalars: impl Iterator<Item = &'s Scalar>,
    evaluate: &mut Evaluate<'_>,
) -> Result<Option<Vec<Value>>, EngineError> {
    let mut found = Vec::with_capacity(scalars.size_hint().1.unwrap_or(0));
    for scalar in scalars {
        match evaluate(scalar)? {
            Some(value) => found.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

impl Contribution {
    /// Appends the key of the values: sort key, arguments, and their look where equal values can look different. For
    /// DISTINCT in an accumulator equal values are one entry.
    pub(super) fn encode(&self, key: &mut Vec<u8>, call: &AggregateCall) -> Result<(), StateError> {
        let method = Method::of(call);
        if method != Method::Accumulated {
            encode_sort_key(key, &call.order, &self.order)?;
        }
        if method != Method::Extreme || call.order.is_empty() {
            encode_key(key, &call.argument_types, &self.arguments)?;
        }
        match method {
            Method::Accumulated => {}
            Method::Ordered if !call.argument_types.iter().any(has_forms) => {}
            Method::Extreme | Method::Ordered => key.extend_from_slice(&whole_row(&self.arguments)),
        }
        Ok(())
    }
}
