//! The n-way join, left-deep, without intermediate results.
//!
//! Invariant: the deltas answered over all steps add up to the join of the inputs' rows. For inputs I0..In-1 a step's delta is
//! the telescoping sum over i of J(new of inputs before i; change of i; old of inputs after i); see [`super::term`]. What a
//! change of a left, semi, anti or mark input does to a row before it depends on whether the row had a match (old of i) and
//! has one (new of i).
//!
//! Pairs for which a residual has no value do not match. They are recorded so that what is recorded adds up as well: the
//! pairs (row before i, row of i) with equal keys whose residual fails, as often as they are, are linear in both sides; their
//! change is the change before i with old rows of i, plus new rows before i with the change of i. So a pair is recorded where
//! a term runs forward through i, and where term i meets its own change; all such pairs are looked at, also when the first
//! match decides. It is not recorded on the way backwards, nor when it is asked whether a match exists.
//!
//! While a view is filled, all inputs but the first stand complete, and only the first input's term runs; a delta of
//! another input only builds that input's arrangement. In a round of a recursion only one input changes, and all others are
//! read as they are after the step.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, Value};

use super::super::dataflow::Flow;
use super::super::delta::{Delta, consolidate};
use super::super::error::EngineError;
use super::super::plan::JoinKind;
use super::super::planted::{self, PlantedFault};
use super::super::relation::key_of_columns;
use super::input::Input;
use super::join_rows::{Partial, Way};
use super::term::{Shape, Term};
use crate::state::Version;

/// A join, compiled.
pub(in crate::engine) struct Join {
    /// Number in the view's dataflow.
    pub(in crate::engine) node: usize,
    pub(in crate::engine) inputs: Vec<Input>,
    pub(in crate::engine) shape: Shape,
    pub(in crate::engine) terms: Vec<Term>,
}

/// Changed rows of the term's input that have one join key.
pub(super) struct Group<'a> {
    pub(super) rows: Vec<&'a (Row, i64)>,
    /// Whether the key had and has rows; once that is known.
    pub(super) matched: Option<(bool, bool)>,
}

impl Join {
    /// The join's delta for its inputs' deltas.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>) -> Result<Delta, EngineError> {
        let mut deltas = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            deltas.push(input.node.evaluate(flow)?);
        }
        for (input, delta) in self.inputs.iter().zip(&deltas) {
            input.arrange(flow.tx, delta)?;
        }
        let terms = if flow.is_filling() { 1 } else { deltas.len() };
        let after = Way::Forward(planted::version(if flow.is_in_round() { Version::New } else { Version::Old }));
        let mut result = Delta::new();
        for (index, delta) in deltas.iter().enumerate().take(terms) {
            if delta.is_empty() {
                continue;
            }
            let joined = if index == 0 { self.first(delta) } else { self.backward(flow, index, delta)? };
            let joined = self.run(flow, after, (&self.terms[index].after, joined))?;
            result.extend(joined.into_iter().map(|partial| (self.shown(partial.values), partial.weight)));
        }
        Ok(consolidate(result))
    }

    fn width(&self) -> usize {
        self.shape.types.len()
    }

    /// The output's columns of a wide row.
    fn shown(&self, values: Vec<Value>) -> Row {
        let whole = self.shape.output.len() == values.len() && self.shape.output.is_sorted();
        if whole { Row::from(values) } else { self.shape.output.iter().map(|column| values[*column].clone()).collect() }
    }

    fn first(&self, delta: &Delta) -> Vec<Partial> {
        (delta.iter())
            .map(|(row, weight)| {
                let mut values = Vec::with_capacity(self.width());
                values.extend_from_slice(row);
                values.resize(self.width(), Value::Null);
                Partial { values, weight: *weight, origin: 0 }
            })
            .collect()
    }

    /// The rows of the prefix that the delta of input `index` touches (new), joined with the change.
    fn backward(&self, flow: &mut Flow<'_, '_>, index: usize, delta: &Delta) -> Result<Vec<Partial>, EngineError> {
        let mut groups = self.groups(index, delta)?;
        let mut starts: Vec<Partial> =
            groups.iter().enumerate().map(|(origin, group)| self.start(index, origin, group)).collect();
        let kind = self.shape.kinds[index];
        let joins_rows = matches!(kind, JoinKind::Inner | JoinKind::Left);
        if !joins_rows && self.shape.residuals[index].is_none() {
            self.settle_keys(flow, index, (&mut groups, &starts))?;
            starts.retain(|start| groups[start.origin].matched.is_none_or(|(had, has)| had != has));
        }
        let prefixes = self.run(flow, Way::Backward, (&self.terms[index].before, starts))?;
        let mut result = Vec::new();
        for prefix in prefixes {
            let group = &mut groups[prefix.origin];
            let (had, has) = match group.matched {
                Some(matched) if !joins_rows => matched,
                _ => self.meet(flow, index, (group, &prefix, &mut result))?,
            };
            if had != has {
                self.flip(index, (prefix, has), &mut result);
            }
        }
        Ok(result)
    }

    /// A row in which only the key of the group is known.
    fn start(&self, index: usize, origin: usize, group: &Group<'_>) -> Partial {
        let mut values = vec![Value::Null; self.width()];
        let offset = self.shape.offsets[index];
        for key in &self.shape.keys[index] {
            values[offset + key.own] = group.rows[0].0[key.own].clone();
        }
        Partial { values, weight: 1, origin }
    }

    /// Pairs a row of the prefix with the changes of its key, and adds the pairs to the result if the output has them. Answers
    /// whether the row had and has a match, as far as that matters: the same twice when nothing flips.
    fn meet(
        &self,
        flow: &mut Flow<'_, '_>,
        index: usize,
        (group, prefix, result): (&mut Group<'_>, &Partial, &mut Vec<Partial>),
    ) -> Result<(bool, bool), EngineError> {
        let kind = self.shape.kinds[index];
        let (mut lost, mut gained) = (false, false);
        for (row, weight) in &group.rows {
            let mut partial = prefix.clone();
            partial.weight = prefix.weight * weight;
            self.place(&mut partial.values, index, Some(row));
            if !self.matches(flow, index, &partial)? {
                continue;
            }
            lost |= *weight < 0;
            gained |= *weight > 0;
            if matches!(kind, JoinKind::Inner | JoinKind::Left) {
                result.push(partial);
            }
        }
        if kind == JoinKind::Inner || !(lost || gained) {
            return Ok((true, true));
        }
        if let Some(matched) = group.matched {
            return Ok(matched);
        }
        // A row that went was a match before, one that came is one now.
        let had = lost || self.has_match(flow, index, (Version::Old, prefix))?;
        let has = gained || self.has_match(flow, index, (Version::New, prefix))?;
        if self.shape.residuals[index].is_none() {
            group.matched = Some((had, has));
        }
        Ok((had, has))
    }

    /// What becomes of a row of the prefix that lost its last match or got its first.
    fn flip(&self, index: usize, (mut prefix, has): (Partial, bool), result: &mut Vec<Partial>) {
        self.place(&mut prefix.values, index, None);
        let sign = if has { 1 } else { -1 };
        if has && planted::is_planted(PlantedFault::KeptUnmatched) {
            return;
        }
        match self.shape.kinds[index] {
            JoinKind::Inner => return,
            JoinKind::Semi => prefix.weight *= sign,
            JoinKind::Left | JoinKind::Anti => prefix.weight *= -sign,
            JoinKind::Mark => {
                let mark = self.shape.mark(index);
                let mut before = prefix.clone();
                before.values[mark] = Value::Bool(!has);
                before.weight = -prefix.weight;
                prefix.values[mark] = Value::Bool(has);
                result.push(before);
            }
        }
        result.push(prefix);
    }

    /// The delta's rows by join key, in order of first appearance; rows with null in a key that null does not match join
    /// nothing.
    fn groups<'d>(&self, index: usize, delta: &'d Delta) -> Result<Vec<Group<'d>>, EngineError> {
        let keys = &self.shape.keys[index];
        let own: Vec<usize> = keys.iter().map(|key| key.own).collect();
        let types = self.inputs[index].types();
        let mut places: HashMap<Vec<u8>, usize, FxBuildHasher> = HashMap::default();
        let mut groups: Vec<Group<'d>> = Vec::new();
        for change in delta {
            if keys.iter().any(|key| planted::is_kept_from_meeting(key.null_safe, &change.0[key.own])) {
                continue;
            }
            let place = *places.entry(key_of_columns(types, &own, &change.0)?).or_insert_with(|| {
                groups.push(Group { rows: Vec::new(), matched: None });
                groups.len() - 1
            });
            groups[place].rows.push(change);
        }
        Ok(groups)
    }

    /// Writes an input's columns into a row; nulls for `None`.
    pub(super) fn place(&self, values: &mut [Value], input: usize, row: Option<&Row>) {
        let target = &mut values[self.shape.columns(input)];
        match row {
            Some(row) => target.clone_from_slice(row),
            None => target.fill(Value::Null),
        }
    }

    /// Whether the residual of an input holds for a pair; recorded when it has no value.
    fn matches(&self, flow: &mut Flow<'_, '_>, input: usize, pair: &Partial) -> Result<bool, EngineError> {
        let Some(residual) = &self.shape.residuals[input] else { return Ok(true) };
        let row = &pair.values[..self.shape.columns(input).end];
        flow.faults.holds(self.node, residual, (row, pair.weight))
    }
}
