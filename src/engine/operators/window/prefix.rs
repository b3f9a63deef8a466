//! What the rows before a place of a partition add up to, for calls whose values follow from it.
//!
//! Such a call's value depends on the rows up to its own row, or up to the last peer of it: `row_number`, `rank`,
//! `dense_rank`, `first_value`, and aggregates over all rows from the first to the current one. Their values can be computed from
//! any place on, when it is known what the rows before it add up to.

use tailwater_connectors::{Row, Value};

use super::super::super::error::EngineError;
use super::super::super::plan::{
    AggregateCall, Frame, FrameBound, FrameExclusion, FrameUnits, WindowCall, WindowFunction,
};
use super::super::super::relation::whole_row;
use super::super::super::scalar::RowError;
use super::super::accumulator::Accumulator;
use super::super::contribution::{Meaning, Method, meaning};
use super::super::kept::Best;
use super::super::parts::Parts;
use super::outputs::Column;
use crate::state::decode_row;

/// Per call of a window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prefix(Vec<Part>);

/// What is kept for a call.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one per call, and most are accumulated")]
enum Part {
    /// Nothing: the call does not follow from the rows before.
    Apart,
    /// `row_number` and `rank`: how many rows.
    Rows(i64),
    /// `dense_rank`: how many groups of peers.
    Groups(i64),
    /// `first_value`: that of the first row.
    First(Option<Result<Value, RowError>>),
    Sum(Sum),
}

/// An aggregate so far.
#[derive(Clone, Debug, PartialEq)]
struct Sum {
    kind: SumKind,
    /// Error of the first row that has no value.
    failed: Option<RowError>,
}

#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one per call, and most are accumulated")]
enum SumKind {
    Accumulated(Accumulator),
    /// `min` and `max`
    Extreme(Option<Best>),
}

/// Whether a call's values follow from the rows before.
pub(super) fn follows(call: &WindowCall) -> bool {
    let Frame { start, end, exclusion, .. } = &call.frame;
    let from_first = *start == FrameBound::UnboundedPreceding && *exclusion == FrameExclusion::Nothing;
    match &call.function {
        WindowFunction::RowNumber | WindowFunction::Rank | WindowFunction::DenseRank => true,
        WindowFunction::FirstValue => {
            let never_empty =
                matches!(end, FrameBound::CurrentRow | FrameBound::Following(_) | FrameBound::UnboundedFollowing);
            from_first && never_empty
        }
        WindowFunction::Aggregate(aggregate) => {
            from_first && *end == FrameBound::CurrentRow && sum_of(aggregate).is_some()
        }
        _ => false,
    }
}

/// Whether the peers of a row matter to a call that [`follows`].
pub(super) fn heeds_peers(call: &WindowCall) -> bool {
    match call.function {
        WindowFunction::Rank | WindowFunction::DenseRank => true,
        WindowFunction::Aggregate(_) => call.frame.units != FrameUnits::Rows,
        _ => false,
    }
}

/// The aggregate over no rows, if what it needs to know of rows is of bounded size.
fn sum_of(call: &AggregateCall) -> Option<SumKind> {
    match Method::of(call) {
        Method::Accumulated if !call.distinct => Accumulator::empty(call).ok().map(SumKind::Accumulated),
        Method::Extreme => Some(SumKind::Extreme(None)),
        _ => None,
    }
}

impl Prefix {
    /// Before the first row.
    pub(super) fn empty(calls: &[WindowCall]) -> Self {
        let part = |call: &WindowCall| match &call.function {
            _ if !follows(call) => Part::Apart,
            WindowFunction::RowNumber | WindowFunction::Rank => Part::Rows(0),
            WindowFunction::DenseRank => Part::Groups(0),
            WindowFunction::Aggregate(aggregate) => {
                sum_of(aggregate).map_or(Part::Apart, |kind| Part::Sum(Sum { kind, failed: None }))
            }
            _ => Part::First(None),
        };
        Self(calls.iter().map(part).collect())
    }

    /// Goes on over the next rows, and answers the calls' values for each of them in `columns`. With calls that heed peers
    /// these must be all peers of a group.
    pub(super) fn fold<'r>(
        &mut self,
        calls: &[WindowCall],
        rows: impl Iterator<Item = &'r Row> + Clone,
        columns: &mut [Column],
    ) -> Result<(), EngineError> {
        for ((part, call), column) in self.0.iter_mut().zip(calls).zip(columns) {
            let rows = rows.clone();
            match part {
                Part::Apart => {}
                Part::Rows(count) => {
                    let ranks = call.function == WindowFunction::Rank;
                    let before = *count;
                    for _ in rows {
                        *count += 1;
                        column.push(Ok(Value::Int(if ranks { before + 1 } else { *count })));
                    }
                }
                Part::Groups(count) => {
                    let before = column.len();
                    column.extend(rows.map(|_| Ok(Value::Int(*count + 1))));
                    *count += i64::from(column.len() > before);
                }
                Part::First(first) => {
                    for row in rows {
                        let first = first.get_or_insert_with(|| call.arguments[0].evaluate(row));
                        column.push(first.clone());
                    }
                }
                Part::Sum(sum) => sum.fold(call, rows, column)?,
            }
        }
        Ok(())
    }

    /// As stored; `None` while a row without a value is in it.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let mut values = Vec::new();
        for part in &self.0 {
            match part {
                Part::Apart => {}
                Part::Rows(count) | Part::Groups(count) => values.push(Value::Int(*count)),
                Part::First(None) => values.push(Value::Bool(false)),
                Part::First(Some(Ok(value))) => values.extend([Value::Bool(true), value.clone()]),
                Part::First(Some(Err(_))) | Part::Sum(Sum { failed: Some(_), .. }) => return None,
                Part::Sum(Sum { kind: SumKind::Accumulated(accumulator), .. }) => accumulator.store(&mut values),
                Part::Sum(Sum { kind: SumKind::Extreme(None), .. }) => values.push(Value::Null),
                Part::Sum(Sum { kind: SumKind::Extreme(Some(best)), .. }) => {
                    values.extend([Value::Bytes(best.key.as_slice().into()), best.value.clone()]);
                }
            }
        }
        Some(whole_row(&values))
    }

    /// What was stored of these calls.
    pub(super) fn decode(bytes: &[u8], calls: &[WindowCall]) -> Result<Self, EngineError> {
        let row = decode_row(bytes)?;
        let mut parts = Parts(row.iter());
        let mut prefix = Self::empty(calls);
        for part in &mut prefix.0 {
            match part {
                Part::Apart => {}
                Part::Rows(count) | Part::Groups(count) => *count = parts.int()?,
                Part::First(first) => {
                    *first =
                        (*parts.next()? == Value::Bool(true)).then(|| parts.next().cloned().map(Ok)).transpose()?;
                }
                Part::Sum(sum) => sum.load(&mut parts)?,
            }
        }
        Ok(prefix)
    }
}

impl Sum {
    fn fold<'r>(
        &mut self,
        call: &WindowCall,
        rows: impl Iterator<Item = &'r Row> + Clone,
        column: &mut Column,
    ) -> Result<(), EngineError> {
        let WindowFunction::Aggregate(aggregate) = &call.function else { return Ok(()) };
        if call.frame.units == FrameUnits::Rows {
            for row in rows {
                self.add(aggregate, row)?;
                column.push(self.result(aggregate));
            }
            return Ok(());
        }
        rows.clone().try_for_each(|row| self.add(aggregate, row))?;
        let result = self.result(aggregate);
        column.extend(rows.map(|_| result.clone()));
        Ok(())
    }

    fn add(&mut self, call: &AggregateCall, row: &Row) -> Result<(), EngineError> {
        match self.try_add(call, row) {
            Err(EngineError::Row(error)) => {
                self.failed.get_or_insert(error);
                Ok(())
            }
            other => other,
        }
    }

    fn try_add(&mut self, call: &AggregateCall, row: &Row) -> Result<(), EngineError> {
        let Meaning::Counts(given) = meaning(call, &mut |scalar| Ok(Some(scalar.evaluate(row)?)))? else {
            return Ok(());
        };
        match &mut self.kind {
            SumKind::Accumulated(accumulator) => accumulator.add(&given.arguments, 1),
            SumKind::Extreme(best) => {
                let mut key = Vec::new();
                given.encode(&mut key, call)?;
                Best::improve(best, call, (key, &given.arguments[0]));
                Ok(())
            }
        }
    }

    fn result(&self, call: &AggregateCall) -> Result<Value, RowError> {
        match (&self.failed, &self.kind) {
            (Some(error), _) => Err(error.clone()),
            (None, SumKind::Accumulated(accumulator)) => accumulator.result(call),
            (None, SumKind::Extreme(best)) => Ok(best.as_ref().map_or(Value::Null, |best| best.value.clone())),
        }
    }

    fn load(&mut self, parts: &mut Parts<'_>) -> Result<(), EngineError> {
        match &mut self.kind {
            SumKind::Accumulated(accumulator) => *accumulator = accumulator.load(parts)?,
            SumKind::Extreme(best) => {
                *best = match parts.next()? {
                    Value::Bytes(key) => Some(Best { key: key.to_vec(), value: parts.next()?.clone() }),
                    _ => None,
                }
            }
        }
        Ok(())
    }
}
