//! What a group remembers of one aggregate call.

use tailwater_connectors::Value;

use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::super::scalar::RowError;
use super::accumulator::Accumulator;
use super::contribution::{Arguments, Contribution, Method};
use super::ordered_result::ordered_result;
use super::parts::Parts;

/// SQLSTATEs of results; others are stored as an internal error.
const CODES: [&str; 14] = [
    "21000", "22003", "22004", "22008", "22012", "22015", "22023", "2202E", "22P02", "22P05", "54000", "54001",
    "22021", "22030",
];

/// Invariant: it depends on the values that are in the group alone.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one per call of a group, and most are accumulated")]
pub(super) enum Kept {
    Accumulated(Accumulator),
    /// The least or greatest entry; the others are in the call's multiset.
    Extreme(Option<Best>),
    /// The result over the call's multiset; the last one that was computed.
    Ordered(Result<Value, RowError>),
}

/// The entry that `min` or `max` shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Best {
    /// Its key behind the group's.
    pub(super) key: Vec<u8>,
    pub(super) value: Value,
}

impl Best {
    /// Takes an entry that is better than the one so far.
    pub(super) fn improve(best: &mut Option<Self>, call: &AggregateCall, (key, value): (Vec<u8>, &Value)) {
        let greatest = call.function == AggregateFunction::Max;
        let better = best.as_ref().is_none_or(|best| if greatest { key > best.key } else { key < best.key });
        if better {
            *best = Some(Self { key, value: value.clone() });
        }
    }
}

impl Kept {
    /// Over no values.
    pub(super) fn empty(call: &AggregateCall) -> Result<Self, EngineError> {
        Ok(match Method::of(call) {
            Method::Accumulated => {
                let unknown = |_| EngineError::Inconsistent { what: "an aggregate was compiled that is not known" };
                Self::Accumulated(Accumulator::empty(call).map_err(unknown)?)
            }
            Method::Extreme => Self::Extreme(None),
            Method::Ordered => Self::ordered(ordered_result(call, Vec::new())),
        })
    }

    /// A computed result, in the form in which it is stored.
    pub(super) fn ordered(result: Result<Value, RowError>) -> Self {
        Self::Ordered(result.map_err(|error| RowError { code: known_code(error.code), ..error }))
    }

    /// The aggregate's value.
    pub(super) fn result(&self, call: &AggregateCall) -> Result<Value, RowError> {
        match self {
            Self::Accumulated(accumulator) => accumulator.result(call),
            Self::Extreme(best) => Ok(best.as_ref().map_or(Value::Null, |best| best.value.clone())),
            Self::Ordered(result) => result.clone(),
        }
    }

    /// As values of a row of state.
    pub(super) fn store(&self, call: &AggregateCall, out: &mut Vec<Value>) {
        match self {
            Self::Accumulated(accumulator) => accumulator.store(out),
            Self::Extreme(None) => out.push(Value::Null),
            Self::Extreme(Some(best)) => {
                out.push(best.value.clone());
                // The sort key cannot be had from the value.
                if !call.order.is_empty() {
                    out.push(Value::Bytes(best.key.as_slice().into()));
                }
            }
            Self::Ordered(Ok(value)) => out.extend([Value::Null, value.clone()]),
            Self::Ordered(Err(error)) => out.extend([Value::text(error.code), Value::text(error.message.as_str())]),
        }
    }

    /// From values of a row of state; `self` says which kind.
    pub(super) fn load(&self, call: &AggregateCall, parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(match self {
            Self::Accumulated(accumulator) => Self::Accumulated(accumulator.load(parts)?),
            Self::Extreme(_) => match parts.next()?.clone() {
                Value::Null => Self::Extreme(None),
                value if call.order.is_empty() => {
                    let mut key = Vec::new();
                    let arguments = Arguments::One([value.clone()]);
                    Contribution { arguments, order: Vec::new() }.encode(&mut key, call)?;
                    Self::Extreme(Some(Best { key, value }))
                }
                value => Self::Extreme(Some(Best { key: parts.bytes()?.to_vec(), value })),
            },
            Self::Ordered(_) => match parts.next()? {
                Value::Text(code) => Self::Ordered(Err(RowError::new(known_code(code), parts.text()?))),
                _ => Self::Ordered(Ok(parts.next()?.clone())),
            },
        })
    }
}

fn known_code(code: &str) -> &'static str {
    CODES.into_iter().find(|known| *known == code).unwrap_or("XX000")
}
