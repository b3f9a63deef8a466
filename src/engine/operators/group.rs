//! The stored state of one group.

use tailwater_connectors::Value;

use super::super::error::EngineError;
use super::super::relation::whole_row;
use super::aggregate_call::Call;
use super::kept::Kept;
use super::parts::Parts;
use crate::state::decode_row;

/// Values, row count, and what is kept of each call.
#[derive(Clone, PartialEq)]
pub(super) struct Group {
    /// What is shown of the group expressions.
    pub(super) values: Vec<Value>,
    pub(super) rows: i64,
    pub(super) kept: Vec<Kept>,
}

impl Group {
    /// A group without rows.
    pub(super) fn empty(values: Vec<Value>, calls: &[Call]) -> Result<Self, EngineError> {
        let kept = calls.iter().map(|call| Kept::empty(&call.call)).collect::<Result<_, _>>()?;
        Ok(Self { values, rows: 0, kept })
    }

    /// As stored.
    pub(super) fn encode(&self, calls: &[Call]) -> Vec<u8> {
        let mut values = self.values.clone();
        values.push(Value::Int(self.rows));
        for (call, kept) in calls.iter().zip(&self.kept) {
            kept.store(&call.call, &mut values);
        }
        whole_row(&values)
    }

    /// What was stored; `self` is an empty group of the same calls.
    pub(super) fn decode(&self, bytes: &[u8], calls: &[Call]) -> Result<Self, EngineError> {
        let row = decode_row(bytes)?;
        let mut parts = Parts(row.iter());
        let values = (0..self.values.len()).map(|_| parts.next().cloned()).collect::<Result<_, _>>()?;
        let rows = parts.int()?;
        let kept = calls.iter().zip(&self.kept).map(|(call, kind)| kind.load(&call.call, &mut parts));
        let kept = kept.collect::<Result<_, _>>()?;
        Ok(Self { values, rows, kept })
    }
}
