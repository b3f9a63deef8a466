//! Window functions over ordered partitions.
//!
//! Invariant: the output is each input row with the values that its partition gives it. A step computes the values of the rows
//! that its changes can reach, as they were and as they are, and answers the difference; values are not stored. Where every
//! function looks no further than a number of rows or peers, rows around the changes are read; else the partition, once.

mod frame;
mod outputs;
mod reach;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, SqlType, Value};

use self::frame::Partition;
use self::outputs::column;
use self::reach::Reach;
use super::super::compile::Compiler;
use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::plan::{FrameBound, Plan, WindowCall, WindowFunction};
use super::super::scalar::{RowError, Scalar};
use super::contribution::check_call;
use super::ordered::{Changed, Entry, Ordered, Place};
use crate::state::StateTx;

/// Window functions, compiled.
pub(in crate::engine) struct Window {
    pub(in crate::engine) input: Node,
    rows: Ordered,
    calls: Vec<WindowCall>,
    /// `None`: the whole partition.
    reach: Option<Reach>,
}

/// An input row with its values.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Output {
    row: Row,
    values: Vec<Result<Value, RowError>>,
}

/// Outputs with weights, in order of first appearance.
#[derive(Default)]
struct Outputs {
    places: HashMap<Output, usize, FxBuildHasher>,
    weights: Vec<(Output, i64)>,
}

impl Outputs {
    fn add(&mut self, output: Output, weight: i64) {
        match self.places.get(&output) {
            Some(&place) => self.weights[place].1 += weight,
            None => {
                self.places.insert(output.clone(), self.weights.len());
                self.weights.push((output, weight));
            }
        }
    }
}

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
        let rows = Ordered::compile(compiler, id, width, (partition, partition_types, order))?;
        let types = input.types.iter().cloned().chain(calls.iter().map(|call| call.result_type.clone())).collect();
        let reach = Reach::of(calls);
        Ok((types, Self { input, rows, calls: calls.clone(), reach }))
    }

    /// The delta of its output. `node`: its number in the dataflow.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, node: usize) -> Result<Delta, EngineError> {
        let delta = self.input.evaluate(flow)?;
        let placed = self.rows.placed(flow, node, delta)?;
        let changed = self.rows.apply(flow.tx, placed)?;
        let mut outputs = Outputs::default();
        for changed in changed.chunk_by(|a, b| a.place.partition() == b.place.partition()) {
            let (old, new) = self.around(flow.tx, changed)?;
            self.add((&old, -1), &mut outputs)?;
            self.add((&new, 1), &mut outputs)?;
        }
        let mut result = Delta::new();
        for (Output { row, values }, weight) in outputs.weights {
            if weight == 0 {
                continue;
            }
            let mut shown = row.to_vec();
            for value in values {
                match value {
                    Ok(value) => shown.push(value),
                    Err(error) => match flow.faults.caught(node, error, (&row, weight))? {
                        true => shown.push(Value::Null),
                        false => break,
                    },
                }
            }
            if shown.len() == row.len() + self.calls.len() {
                result.push((shown.into(), weight));
            }
        }
        Ok(result)
    }

    /// The entries whose values the changes of one partition can reach, and all that those depend on: before and after the step.
    fn around(&self, tx: &StateTx<'_>, changed: &[Changed]) -> Result<(Vec<Entry>, Vec<Entry>), EngineError> {
        let (first, last) = (&changed[0].place, &changed[changed.len() - 1].place);
        let prefix = first.partition();
        let mut start = prefix.to_vec();
        if let Some(reach) = self.reach {
            start = first.key.clone();
            let mut walk = reach.walk(first.peers());
            self.rows.backward(tx, (prefix, Some(&first.key)), &mut |entry| {
                let needs = walk.needs(&entry);
                if needs.is_continue() {
                    start = entry.place.key;
                }
                Ok(needs)
            })?;
        }
        let mut found: BTreeMap<Place, (Row, i64, i64)> = BTreeMap::new();
        let mut walk = self.reach.map(|reach| reach.walk(last.peers()));
        self.rows.forward(tx, (prefix, &start), &mut |entry| {
            if let Some(walk) = &mut walk
                && entry.place > *last
                && walk.needs(&entry).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
            found.insert(entry.place, (entry.row, entry.count, entry.count));
            Ok(ControlFlow::Continue(()))
        })?;
        for Changed { place, row, before, after } in changed {
            found.insert(place.clone(), (row.clone(), *before, *after));
        }
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (place, (row, before, after)) in found {
            if before > 0 {
                old.push(Entry { place: place.clone(), row: row.clone(), count: before });
            }
            if after > 0 {
                new.push(Entry { place, row, count: after });
            }
        }
        Ok((old, new))
    }

    /// Adds the outputs of entries.
    fn add(&self, (entries, sign): (&[Entry], i64), outputs: &mut Outputs) -> Result<(), EngineError> {
        let partition = Partition::new(&self.rows.order, entries);
        let columns: Vec<_> = self.calls.iter().map(|call| column(&partition, call)).collect::<Result<_, _>>()?;
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        for row in &partition.rows {
            let values = columns.iter_mut().filter_map(Iterator::next).collect();
            outputs.add(Output { row: row.clone(), values }, sign);
        }
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
        let cost = match self.reach {
            Some(Reach { rows, groups: None }) => {
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
