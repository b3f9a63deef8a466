//! An aggregate over rows in memory: what window frames fold.

use std::collections::BTreeMap;

use tailwater_connectors::{Row, Value};

use super::super::error::EngineError;
use super::super::plan::{AggregateCall, AggregateFunction};
use super::super::scalar::RowError;
use super::accumulator::Accumulator;
use super::contribution::{Contribution, Meaning, Method, meaning};
use super::ordered_result::ordered_result;

/// A call over a multiset of rows. Rows can be added and removed in any order, also before they are added, as long as
/// none is missing when the result is asked for.
pub(in crate::engine) struct AggregateState<'c> {
    call: &'c AggregateCall,
    accumulator: Option<Accumulator>,
    /// Values by their key, where the result needs them one by one.
    entries: BTreeMap<Vec<u8>, (Row, i64)>,
}

impl<'c> AggregateState<'c> {
    /// Over no rows; `check_call` must have accepted the call.
    pub(in crate::engine) fn empty(call: &'c AggregateCall) -> Self {
        let accumulator = (Method::of(call) == Method::Accumulated)
            .then(|| Accumulator::empty(call).expect("calls are checked when they are compiled"));
        Self { call, accumulator, entries: BTreeMap::new() }
    }

    /// Adds a row of the input `weight` times: evaluates filter and arguments. [`EngineError::Row`] when one of them
    /// has no value; then nothing was added.
    pub(in crate::engine) fn add(&mut self, row: &[Value], weight: i64) -> Result<(), EngineError> {
        match meaning(self.call, &mut |scalar| Ok(Some(scalar.evaluate(row)?)))? {
            Meaning::Counts(contribution) => self.add_contribution(contribution, weight),
            Meaning::Out | Meaning::Nothing => Ok(()),
        }
    }

    fn add_contribution(&mut self, contribution: Contribution, weight: i64) -> Result<(), EngineError> {
        if let Some(accumulator) = &mut self.accumulator
            && !self.call.distinct
        {
            return accumulator.add(&contribution.arguments, weight);
        }
        let mut key = Vec::new();
        contribution.encode(&mut key, self.call)?;
        let entry = self.entries.entry(key.clone()).or_insert_with(|| (contribution.arguments.into(), 0));
        let before = entry.1;
        entry.1 += weight;
        let (row, after) = (entry.0.clone(), entry.1);
        if after == 0 {
            self.entries.remove(&key);
        }
        let times = i64::from(after > 0) - i64::from(before > 0);
        match &mut self.accumulator {
            Some(accumulator) if times != 0 => accumulator.add(&row, times),
            _ => Ok(()),
        }
    }

    /// The aggregate's value.
    pub(in crate::engine) fn result(&self) -> Result<Value, RowError> {
        if let Some(accumulator) = &self.accumulator {
            return accumulator.result(self.call);
        }
        match self.call.function {
            AggregateFunction::Min => Ok(value(self.entries.first_key_value())),
            AggregateFunction::Max => Ok(value(self.entries.last_key_value())),
            _ => ordered_result(self.call, self.entries.values().cloned().collect()),
        }
    }
}

fn value(entry: Option<(&Vec<u8>, &(Row, i64))>) -> Value {
    entry.map_or(Value::Null, |(_, (row, _))| row[0].clone())
}
