//! Rows for which an expression has no value: what becomes of them, by the view's policy.
//!
//! Invariant: a fault depends on the node, the expressions and the row alone, and carries the row's weight. So the faults of all
//! steps add up to those of the rows that are there, and a fault goes when its row goes.

use tailwater_connectors::{Row, SqlType, Value};

use super::delta::Delta;
use super::error::EngineError;
use super::plan::RowErrorPolicy;
use super::scalar::{RowError, Scalar};
use crate::state::{StateError, ViewError};

/// Collects the faults of a view in a step.
pub(super) struct Faults {
    policy: RowErrorPolicy,
    /// `node, SQLSTATE, message, values of the row…` with weights.
    found: Delta,
}

impl Faults {
    pub(super) fn new(policy: RowErrorPolicy) -> Self {
        Self { policy, found: Delta::new() }
    }

    /// An expression's value over a row. `None`: the row has none and is out.
    pub(super) fn value(
        &mut self,
        node: usize,
        scalar: &Scalar,
        (row, weight): (&[Value], i64),
    ) -> Result<Option<Value>, EngineError> {
        match scalar.evaluate(row) {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.caught(node, error, (row, weight)).map(|kept| kept.then_some(Value::Null)),
        }
    }

    /// Whether a condition is true for a row; not for a row that is out.
    pub(super) fn holds(
        &mut self,
        node: usize,
        condition: &Scalar,
        (row, weight): (&[Value], i64),
    ) -> Result<bool, EngineError> {
        Ok(matches!(self.value(node, condition, (row, weight))?, Some(Value::Bool(true))))
    }

    /// Decides about a row with an error: whether null stands in for the value (`Null`), or the row is out.
    pub(super) fn caught(
        &mut self,
        node: usize,
        error: RowError,
        (row, weight): (&[Value], i64),
    ) -> Result<bool, EngineError> {
        match self.policy {
            RowErrorPolicy::Null => Ok(true),
            // A row that comes and goes within a step is never there: whether a view stops is decided over the sum.
            RowErrorPolicy::Quarantine | RowErrorPolicy::Stop => {
                let head = [Value::Int(node as i64), Value::text(error.code), Value::text(error.message)];
                let entry: Row = head.into_iter().chain(row.iter().cloned()).collect();
                self.found.push((entry, weight));
                Ok(false)
            }
        }
    }

    /// What was found.
    pub(super) fn into_found(self) -> Delta {
        self.found
    }
}

/// Whether a condition is true for a row, where an error is recorded elsewhere or not at all: under no policy is a condition
/// without a value true.
pub(super) fn holds_quietly(condition: &Scalar, row: &[Value]) -> bool {
    condition.holds(row).unwrap_or(false)
}

/// Whether evaluation may find no value. Comparisons, logic and constants always find one.
pub(super) fn may_fail(scalar: &Scalar) -> bool {
    let mut fails = false;
    scalar.visit(&mut |part| {
        fails |= match part {
            Scalar::Call { function, .. } => !matches!(function.name(), "=" | "<>" | "!=" | "<" | ">" | "<=" | ">="),
            Scalar::Cast { from, to, .. } => !always_converts(from, to),
            Scalar::ArrayOf(_) => true,
            _ => false,
        }
    });
    fails
}

/// Postgres' message in an entry.
pub(super) fn message_of(entry: &[Value]) -> Result<&str, StateError> {
    match entry {
        [_, _, Value::Text(message), ..] => Ok(message),
        _ => Err(StateError::Damaged { place: "a row error".into() }),
    }
}

/// An entry of a view's quarantine, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct QuarantinedRow<'a> {
    /// Number of the operator that had no value for the row: place in [`super::Engine::operators`].
    pub operator: usize,
    /// SQLSTATE.
    pub code: &'a str,
    /// Postgres' message.
    pub message: &'a str,
    /// The row as it reached the operator. Other people's data: not for logs.
    pub row: &'a [Value],
    /// How often it is there.
    pub count: i64,
}

impl<'a> QuarantinedRow<'a> {
    /// Takes a stored entry apart, as [`Faults::caught`] put it together.
    pub fn read(error: &'a ViewError) -> Result<Self, StateError> {
        match &error.entry[..] {
            [Value::Int(operator), Value::Text(code), Value::Text(message), row @ ..] => {
                Ok(Self { operator: *operator as usize, code, message, row, count: error.count })
            }
            _ => Err(StateError::Damaged { place: "a row error".into() }),
        }
    }
}

fn always_converts(from: &SqlType, to: &SqlType) -> bool {
    use SqlType::{Bool, Bpchar, Float8, Int2, Int4, Int8, Numeric, Text, Uuid};
    match to {
        Int4 => matches!(from, Int2),
        Int8 => matches!(from, Int2 | Int4),
        Numeric(None) | Float8 => matches!(from, Int2 | Int4 | Int8),
        Text => matches!(from, Int2 | Int4 | Int8 | Numeric(_) | Bool | Bpchar | Uuid),
        _ => false,
    }
}
