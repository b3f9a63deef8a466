//! The values of window functions over one partition.

use std::collections::BTreeMap;
use std::ops::Range;

use tailwater_connectors::Value;

use super::super::super::error::EngineError;
use super::super::super::plan::{AggregateCall, WindowCall, WindowFunction};
use super::super::super::scalar::RowError;
use super::super::fold::AggregateState;
use super::frame::Partition;

/// A call's value for each row.
pub(super) type Column = Vec<Result<Value, RowError>>;

/// The values, row by row, of a call that does not follow from the rows before.
pub(super) fn column(partition: &Partition<'_>, call: &WindowCall) -> Result<Column, EngineError> {
    let rows = 0..partition.len();
    let total = partition.len();
    let first = |row: usize| partition.peers(row).start;
    Ok(match &call.function {
        WindowFunction::RowNumber | WindowFunction::Rank | WindowFunction::DenseRank => {
            return Err(EngineError::Inconsistent { what: "ranks follow from the rows before" });
        }
        WindowFunction::PercentRank => {
            let others = (total.max(2) - 1) as f64;
            rows.map(|row| Ok(Value::Float(first(row) as f64 / others))).collect()
        }
        WindowFunction::CumeDist => {
            rows.map(|row| Ok(Value::Float(partition.peers(row).end as f64 / total as f64))).collect()
        }
        WindowFunction::Ntile => ntile(partition, call),
        WindowFunction::Lag => rows.map(|row| beside(partition, call, (row, -1))).collect(),
        WindowFunction::Lead => rows.map(|row| beside(partition, call, (row, 1))).collect(),
        WindowFunction::FirstValue | WindowFunction::LastValue | WindowFunction::NthValue => {
            rows.map(|row| in_frame(partition, call, row)).collect()
        }
        WindowFunction::Aggregate(aggregate) => Sliding::new(partition, aggregate).column(call)?,
    })
}

/// Buckets as even as can be, the larger ones first. Their number is the first row's that has one.
fn ntile(partition: &Partition<'_>, call: &WindowCall) -> Column {
    let mut buckets: Option<(i64, i64)> = None;
    let total = partition.len() as i64;
    let mut value = |row: usize| -> Result<Value, RowError> {
        let (count, place) = match buckets {
            Some(known) => known,
            None => match call.arguments[0].evaluate(partition.rows[row])? {
                Value::Int(count) if count > 0 => (count, 0),
                Value::Int(_) => return Err(RowError::new("22014", "argument of ntile must be greater than zero")),
                _ => return Ok(Value::Null),
            },
        };
        buckets = Some((count, place + 1));
        let (size, larger) = (total / count, total % count);
        let in_larger = larger * (size + 1);
        let bucket = if place < in_larger { place / (size + 1) } else { larger + (place - in_larger) / size.max(1) };
        Ok(Value::Int(bucket + 1))
    };
    (0..partition.len()).map(&mut value).collect()
}

/// `lag` and `lead`.
fn beside(partition: &Partition<'_>, call: &WindowCall, (row, sign): (usize, i64)) -> Result<Value, RowError> {
    let [value, offset, default] = &call.arguments[..] else {
        return Err(RowError::new("XX000", "a window function has another number of arguments"));
    };
    let Value::Int(offset) = offset.evaluate(partition.rows[row])? else { return Ok(Value::Null) };
    let place = (row as i64).saturating_add(offset.saturating_mul(sign));
    match usize::try_from(place).ok().and_then(|place| partition.rows.get(place)) {
        Some(other) => value.evaluate(other),
        None => default.evaluate(partition.rows[row]),
    }
}

/// `first_value`, `last_value` and `nth_value`.
fn in_frame(partition: &Partition<'_>, call: &WindowCall, row: usize) -> Result<Value, RowError> {
    let frame = partition.frame(&call.frame, row)?;
    let [before, after] = partition.left_out(&call.frame, (row, &frame));
    let parts = match (before.is_empty(), after.is_empty()) {
        (true, true) => [frame, 0..0, 0..0],
        (false, true) => [frame.start..before.start, before.end..frame.end, 0..0],
        (true, false) => [frame.start..after.start, after.end..frame.end, 0..0],
        (false, false) => [frame.start..before.start, before.end..after.start, after.end..frame.end],
    };
    let mut members = parts.into_iter().flatten();
    let found = match call.function {
        WindowFunction::FirstValue => members.next(),
        WindowFunction::LastValue => members.next_back(),
        _ => match call.arguments[1].evaluate(partition.rows[row])? {
            Value::Int(number) if number > 0 => members.nth(number as usize - 1),
            Value::Int(_) => return Err(RowError::new("22016", "argument of nth_value must be greater than zero")),
            _ => None,
        },
    };
    found.map_or(Ok(Value::Null), |other| call.arguments[0].evaluate(partition.rows[other]))
}

/// An aggregate over a frame that moves from row to row: rows that come are added, rows that go are taken back.
struct Sliding<'p> {
    partition: &'p Partition<'p>,
    state: AggregateState<'p>,
    held: Range<usize>,
    /// Rows of the frame that have no value.
    failed: BTreeMap<usize, RowError>,
}

impl<'p> Sliding<'p> {
    fn new(partition: &'p Partition<'p>, call: &'p AggregateCall) -> Self {
        Self { partition, state: AggregateState::empty(call), held: 0..0, failed: BTreeMap::new() }
    }

    fn column(mut self, call: &WindowCall) -> Result<Column, EngineError> {
        let mut column = Column::with_capacity(self.partition.len());
        for row in 0..self.partition.len() {
            let frame = match self.partition.frame(&call.frame, row) {
                Ok(frame) => frame,
                Err(error) => {
                    column.push(Err(error));
                    continue;
                }
            };
            self.slide(&frame)?;
            let left_out = self.partition.left_out(&call.frame, (row, &frame));
            for other in left_out.clone().into_iter().flatten() {
                self.remove(other)?;
            }
            column.push(match self.failed.first_key_value() {
                Some((_, error)) => Err(error.clone()),
                None => self.state.result(),
            });
            for other in left_out.into_iter().flatten() {
                self.add(other)?;
            }
        }
        Ok(column)
    }

    fn slide(&mut self, frame: &Range<usize>) -> Result<(), EngineError> {
        let kept = frame.start.max(self.held.start)..frame.end.min(self.held.end);
        let (gone, come) = match kept.is_empty() {
            true => ([self.held.clone(), 0..0], [frame.clone(), 0..0]),
            false => {
                ([self.held.start..kept.start, kept.end..self.held.end], [frame.start..kept.start, kept.end..frame.end])
            }
        };
        gone.into_iter().flatten().try_for_each(|row| self.remove(row))?;
        come.into_iter().flatten().try_for_each(|row| self.add(row))?;
        self.held = frame.clone();
        Ok(())
    }

    fn add(&mut self, row: usize) -> Result<(), EngineError> {
        match self.state.add(self.partition.rows[row], 1) {
            Err(EngineError::Row(error)) => {
                self.failed.insert(row, error);
                Ok(())
            }
            other => other,
        }
    }

    fn remove(&mut self, row: usize) -> Result<(), EngineError> {
        match self.failed.remove(&row) {
            Some(_) => Ok(()),
            None => self.state.add(self.partition.rows[row], -1),
        }
    }
}
