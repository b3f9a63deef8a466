//! Window functions over ordered partitions.
//!
//! Invariant: the output is each input row with the values that its partition gives it. A step computes the values of the rows
//! that its changes can reach, as they were and as they are, and answers the difference; values are not stored.
//!
//! Which rows those are depends on the calls. Some see so many rows or peers around a row ([`reach`]). The values of others
//! follow from the rows before ([`prefix`]): from the first change on they are computed anew, until what the rows before add up
//! to is the same as it was. All else sees the whole partition. While a view is filled, rows are only collected; then each
//! partition is shown once.

mod frame;
mod outputs;
mod prefix;
mod reach;
mod roll;
mod span;

use std::ops::{ControlFlow, Range};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, SqlType, Value};

use self::frame::Partition;
use self::outputs::{Column, column};
use self::prefix::{Prefix, follows, heeds_peers};
use self::reach::{Reach, Walk};
use self::roll::{Needs, Roll, Side, Stood};
use self::span::Direction;
use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::{FrameBound, Plan, WindowCall, WindowFunction};
use super::super::scalar::{RowError, Scalar};
use super::contribution::check_call;
use super::ordered::{Changed, Entry, Ordered};
use crate::state::StateTx;

/// Entries that are shown at once when a view is filled; partitions are not divided.
const SHOWN_ENTRIES: usize = 8_192;
/// So many entries before the first change are read from the partition's start.
const NEAR_ENTRIES: usize = 32;

/// Window functions, compiled.
pub(in crate::engine) struct Window {
    pub(in crate::engine) input: Node,
    rows: Ordered,
    calls: Vec<WindowCall>,
    /// Whether values of some call follow from the rows before.
    follow: bool,
    /// Whether peers matter to such a call.
    peers: bool,
    /// How far the other calls see. `None`: over the whole partition.
    reach: Option<Reach>,
}

/// Values of the calls for one row.
type Values = Vec<Result<Value, RowError>>;

impl Window {
    /// Compiles [`Plan::Window`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let Plan::Window { input, partition, partition_types, order, calls } = plan else {
            return Err(compiler.unsound("not a window"));
        };
        let input = compiler.node(input)?;
        let width = input.types.len();
        for call in calls {
            check(compiler, (call, order.len()), width)?;
        }
        let rows = Ordered::compile(compiler, id, &input, (partition, partition_types, order))?;
        let types = input.types.iter().cloned().chain(calls.iter().map(|call| call.result_type.clone())).collect();
        let reach = Reach::of(calls);
        let follow = calls.iter().any(follows);
        let peers = calls.iter().any(|call| follows(call) && heeds_peers(call));
        Ok((types, Self { input, rows, calls: calls.clone(), follow, peers, reach }))
    }

    /// The delta of its output. `node`: its number in the dataflow.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, node: usize) -> Result<Delta, EngineError> {
        if let Some(start) = flow.shows(node) {
            return self.show_filled(flow, node, &start);
        }
        let delta = self.input.evaluate(flow)?;
        let placed = self.rows.placed(flow, node, delta)?;
        let changed = self.rows.apply(flow.tx, placed)?;
        let mut result = Delta::new();
        if flow.is_filling() {
            return Ok(result);
        }
        for changed in changed.chunk_by(|a, b| a.place.partition() == b.place.partition()) {
            let roll = self.around(flow.tx, changed)?;
            self.finish(flow, node, (roll, &mut result))?;
        }
        Ok(result)
    }

    /// Shows the next partitions after their rows were collected.
    fn show_filled(&self, flow: &mut Flow<'_, '_>, node: usize, start: &[u8]) -> Result<Delta, EngineError> {
        let mut partitions: Vec<Vec<Entry>> = Vec::new();
        let mut entries = 0;
        let mut next = None;
        self.rows.all(flow.tx, start, &mut |entry| {
            entries += 1;
            match partitions.last_mut() {
                Some(last) if last[0].place.partition() == entry.place.partition() => last.push(entry),
                _ if entries > SHOWN_ENTRIES => {
                    next = Some(entry.place.key);
                    return Ok(ControlFlow::Break(()));
                }
                _ => partitions.push(vec![entry]),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        flow.show_next(next);
        let mut result = Delta::new();
        for entries in partitions {
            let mut roll = Roll::new(self.needs(), Prefix::empty(&self.calls), None);
            for entry in entries {
                let _ = roll.push(Stood::new(entry))?;
            }
            self.finish(flow, node, (roll, &mut result))?;
        }
        Ok(result)
    }

    fn needs(&self) -> Needs<'_> {
        let Self { calls, follow, peers, reach, .. } = self;
        Needs { order: &self.rows.order, calls, follow: *follow, peers: *peers, reach: reach.as_ref() }
    }

    /// The way over the entries whose values the changes of one partition can reach, and all that those depend on.
    fn around(&self, tx: &StateTx<'_>, changed: &[Changed]) -> Result<Roll<'_>, EngineError> {
        let (first, last) = (&changed[0].place, &changed[changed.len() - 1].place);
        let whole = || Roll::new(self.needs(), Prefix::empty(&self.calls), Some(last.clone()));
        let start = first.partition();
        let Some(reach) = &self.reach else {
            let mut roll = whole();
            self.roll(tx, &mut roll, (start, changed, usize::MAX))?;
            return Ok(roll);
        };
        // Most partitions are small: one scan reads them, a way back would be a second one.
        let mut roll = whole();
        if self.roll(tx, &mut roll, (start, changed, NEAR_ENTRIES))? {
            return Ok(roll);
        }
        let before = self.before(tx, (&changed[0], reach))?;
        let prefix = match before.last().and_then(|entry| entry.milestone.as_deref()) {
            Some(milestone) => Prefix::decode(milestone, &self.calls)?,
            None => Prefix::empty(&self.calls),
        };
        let mut roll = Roll::new(self.needs(), prefix, Some(last.clone()));
        for entry in before.into_iter().rev() {
            let _ = roll.push(Stood::unchanged(entry))?;
        }
        self.roll(tx, &mut roll, (&first.key, changed, usize::MAX))?;
        Ok(roll)
    }

    /// Goes on over the entries of a partition from `start` on. Answers whether that is done: not when more than `most` entries
    /// stand before the first change.
    fn roll(
        &self,
        tx: &StateTx<'_>,
        roll: &mut Roll<'_>,
        (start, changed, most): (&[u8], &[Changed], usize),
    ) -> Result<bool, EngineError> {
        let first = &changed[0].place;
        let mut changes = changed.iter().peekable();
        let mut outcome = Ok(ControlFlow::Continue(()));
        let mut is_far = false;
        self.rows.forward(tx, (first.partition(), start), &mut |entry| {
            is_far = roll.entries.len() >= most && entry.place < *first;
            if is_far {
                return Ok(ControlFlow::Break(()));
            }
            outcome = next_entry(roll, &mut changes, entry);
            Ok(outcome.as_ref().map_or(ControlFlow::Break(()), |flow| *flow))
        })?;
        let _ = outcome?;
        if is_far {
            return Ok(false);
        }
        for gone in changes {
            let _ = roll.push(Stood::changed(gone))?;
        }
        Ok(true)
    }

    /// Entries before the first change that are needed, from there down: as far as the calls see, and on to a milestone.
    fn before(&self, tx: &StateTx<'_>, (first, reach): (&Changed, &Reach)) -> Result<Vec<Entry>, EngineError> {
        let place = &first.place;
        let mut entries: Vec<Entry> = Vec::new();
        let sight = (&self.rows.order[..], &self.calls[..], reach);
        let mut walk = Walk::new(sight, Direction::Backward, (place, &first.row));
        let mut sees = true;
        self.rows.backward(tx, (place.partition(), Some(&place.key)), &mut |entry| {
            if sees && walk.needs((&entry.place, &entry.row), entry.count).is_break() {
                sees = false;
                if !self.follow || entries.last().is_some_and(|entry| entry.milestone.is_some()) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let begins = !sees && entry.milestone.is_some();
            entries.push(entry);
            Ok(if begins { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(entries)
    }

    /// Writes milestones, and adds what differs between the two sides to the result.
    fn finish(
        &self,
        flow: &mut Flow<'_, '_>,
        node: usize,
        (mut roll, result): (Roll<'_>, &mut Delta),
    ) -> Result<(), EngineError> {
        roll.close()?;
        let Roll { entries, old, new, milestones, .. } = roll;
        for (place, milestone) in milestones {
            let entry = &entries[place];
            self.rows.put_milestone(flow.tx, (&entry.place, entry.after), milestone.as_deref());
        }
        let old = self.columns(old, entries.iter().map(|entry| (entry, entry.before)))?;
        let new = self.columns(new, entries.iter().map(|entry| (entry, entry.after)))?;
        let (mut before, mut after) = (0..0, 0..0);
        for entry in &entries {
            before = before.end..before.end + entry.before.max(0) as usize;
            after = after.end..after.end + entry.after.max(0) as usize;
            if before.len() == after.len() && same(&old, &new, (&before, &after)) {
                continue;
            }
            for (values, weight) in changes_of((&old, before.clone()), (&new, after.clone())) {
                self.show(flow, node, (&entry.row, values, weight), result)?;
            }
        }
        Ok(())
    }

    /// The values of all calls over the entries, as often as they are there.
    fn columns<'e>(
        &self,
        side: Side,
        entries: impl Iterator<Item = (&'e Stood, i64)>,
    ) -> Result<Vec<Column>, EngineError> {
        let mut columns = side.columns;
        if self.calls.iter().all(follows) {
            return Ok(columns);
        }
        let rows = entries.map(|(entry, count)| (&entry.place, &entry.row, count));
        let partition = Partition::new(&self.rows.order, rows);
        for (place, call) in self.calls.iter().enumerate().filter(|(_, call)| !follows(call)) {
            columns[place] = column(&partition, call)?;
        }
        Ok(columns)
    }

    /// Adds an output row to the result, or its fault to the flow.
    fn show(
        &self,
        flow: &mut Flow<'_, '_>,
        node: usize,
        (row, values, weight): (&Row, Values, i64),
        result: &mut Delta,
    ) -> Result<(), EngineError> {
        let mut shown = Vec::with_capacity(row.len() + values.len());
        shown.extend_from_slice(row);
        for value in values {
            match value {
                Ok(value) => shown.push(value),
                Err(error) => match flow.faults.caught(node, error, (row, weight))? {
                    true => shown.push(Value::Null),
                    false => return Ok(()),
                },
            }
        }
        result.push((shown.into(), weight));
        Ok(())
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        let name = |call: &WindowCall| match &call.function {
            WindowFunction::Aggregate(aggregate) => format!("{:?}", aggregate.function).to_lowercase(),
            other => format!("{other:?}").to_lowercase(),
        };
        let names: Vec<String> = self.calls.iter().map(name).collect();
        let text = format!("window {}{}", names.join(", "), self.rows.shown());
        let cost = match &self.reach {
            Some(_) if self.follow => {
                "a change reads the rows behind it until their values are the same again".to_owned()
            }
            Some(Reach { spans, .. }) if !spans.is_empty() => {
                "a change reads the rows within the limits of frames".to_owned()
            }
            Some(Reach { rows, groups: None, .. }) => {
                format!("a change reads the {} rows on either side", rows.saturating_mul(2))
            }
            Some(Reach { groups: Some(groups), .. }) => {
                format!("a change reads its peers and {} groups of peers on either side", groups.saturating_mul(2))
            }
            None => "a change reads its partition, once per step".to_owned(),
        };
        (text, vec![format!("rows in order: one entry per distinct input row; {cost}")])
    }
}

/// Takes the next entry of the partition as it is, and before it those that are gone.
fn next_entry<'c>(
    roll: &mut Roll<'_>,
    changes: &mut std::iter::Peekable<impl Iterator<Item = &'c Changed>>,
    entry: Entry,
) -> Result<ControlFlow<()>, EngineError> {
    while let Some(gone) = changes.next_if(|changed| changed.place < entry.place) {
        let _ = roll.push(Stood::changed(gone))?;
    }
    match changes.next_if(|changed| changed.place == entry.place) {
        Some(changed) => roll.push(Stood::changed(changed)),
        None => roll.push(Stood::unchanged(entry)),
    }
}

/// Whether rows have the same values on both sides.
fn same(old: &[Column], new: &[Column], (before, after): (&Range<usize>, &Range<usize>)) -> bool {
    old.iter().zip(new).all(|(old, new)| old[before.clone()] == new[after.clone()])
}

/// The values that rows which are the same lose and get, with weights, in order of first appearance.
fn changes_of(old: (&[Column], Range<usize>), new: (&[Column], Range<usize>)) -> Vec<(Values, i64)> {
    let few = old.1.len() + new.1.len() <= 2;
    let mut places: HashMap<Values, usize, FxBuildHasher> = HashMap::default();
    let mut changes: Vec<(Values, i64)> = Vec::new();
    for ((columns, rows), weight) in [(old, -1), (new, 1)] {
        for row in rows {
            let values: Values = columns.iter().map(|column| column[row].clone()).collect();
            if few {
                changes.push((values, weight));
                continue;
            }
            let place = *places.entry(values).or_insert_with_key(|values| {
                changes.push((values.clone(), 0));
                changes.len() - 1
            });
            changes[place].1 += weight;
        }
    }
    changes.retain(|(_, weight)| *weight != 0);
    changes
}

fn check(compiler: &Compiler<'_>, (call, sort_keys): (&WindowCall, usize), width: usize) -> Result<(), EngineError> {
    let mut scalars: Vec<&Scalar> = call.arguments.iter().collect();
    for bound in [&call.frame.start, &call.frame.end] {
        if let FrameBound::RangeLimit(limit) = bound {
            scalars.push(limit);
            if sort_keys != 1 {
                return Err(compiler.unsound("a frame with RANGE limits needs one sort key"));
            }
        }
    }
    let arguments = match &call.function {
        WindowFunction::Aggregate(aggregate) => {
            check_call(aggregate).map_err(|message| compiler.unsound(message))?;
            scalars.extend(aggregate.arguments.iter().chain(&aggregate.filter));
            scalars.extend(aggregate.order.iter().map(|key| &key.expression));
            0
        }
        WindowFunction::Lag | WindowFunction::Lead => 3,
        WindowFunction::NthValue => 2,
        WindowFunction::Ntile | WindowFunction::FirstValue | WindowFunction::LastValue => 1,
        _ => 0,
    };
    if call.arguments.len() != arguments {
        return Err(compiler.unsound("a window function has another number of arguments"));
    }
    compiler.check_columns(&scalars, width)
}
