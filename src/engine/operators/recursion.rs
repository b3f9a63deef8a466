//! WITH RECURSIVE, kept round by round.
//!
//! Every row of a recursion has a level: the number of the round in which it appears, 1 for the rows of the base. The level
//! travels through the step as a last column, so that each row that leaves the step says of which level the row is that it
//! was made from. A row made from one of level n is a *derivation* of level n + 1.
//!
//! Invariants:
//! - UNION: the derivations of each row are counted by level, and the row is in the recursion at the least level that has any.
//!   That is the round in which the database finds it first. UNION ALL: every derivation is a row of its own, and nothing but
//!   the step's own arrangements is kept.
//! - A step of the engine first lets the base and all other relations change, against the rows of the recursion as they were.
//!   Then it follows the levels upwards: what is in level n is decided when no lower level can change any more, and what came
//!   to it or left it goes through the step, with all other relations as they are now. A row whose derivation went stays
//!   only by another one; that of a higher level counts when that level is reached. So rows that uphold each other in a
//!   circle go, level by level, and nothing is counted to infinity.

use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::{Row, SqlType, Value};

use super::super::compile::Compiler;
use super::super::dataflow::{Changes, Flow, Leaf, Node};
use super::super::delta::{Delta, consolidate};
use super::super::error::EngineError;
use super::super::plan::{JoinKind, Plan};
use super::super::relation::whole_row;
use super::multiset::{Fold, Multiset, has_forms};
use crate::state::{StateError, StateTx, Version, encode_key};

/// Rounds after which a recursion is said to be endless.
const LEVELS_MAX: u64 = 100_000;
/// How often one row may be in one round; more comes of rows that multiply in a circle, and would soon not be countable.
const WEIGHT_MAX: u64 = 1 << 40;

/// A recursion, compiled.
pub(in crate::engine) struct Recursion {
    pub(in crate::engine) base: Node,
    /// The step; its last column is the level of the row that a row was made from.
    pub(in crate::engine) round: Node,
    /// Tells nested recursions apart.
    name: usize,
    types: Vec<SqlType>,
    /// UNION: row | level | form → count. `None` for UNION ALL.
    derivations: Option<Multiset>,
}

/// Rows of levels that are to be looked at.
type Pending = BTreeMap<u64, BTreeSet<Vec<u8>>>;

impl Recursion {
    /// Compiles [`Plan::Recursion`].
    pub(in crate::engine) fn compile(
        compiler: &mut Compiler<'_>,
        id: usize,
        plan: &Plan,
    ) -> Result<(Vec<SqlType>, Self), EngineError> {
        let Plan::Recursion { id: name, base, step, distinct, types } = plan else {
            return Err(compiler.unsound("not a recursion"));
        };
        check_path(step, *name, *distinct).map_err(|message| compiler.unsound(message))?;
        let base = compiler.node(base)?;
        let outer = compiler.recursion.replace(*name);
        let round = compiler.node(step);
        compiler.recursion = outer;
        let round = round?;
        if base.types.len() != types.len() || round.types.len() != types.len() + 1 {
            return Err(compiler.unsound("the parts of a recursion have different widths"));
        }
        let derivations = distinct.then(|| Multiset { table: compiler.table(id, "derivations") });
        Ok((types.clone(), Self { base, round, name: *name, types: types.clone(), derivations }))
    }

    /// The delta of its output.
    pub(in crate::engine) fn step(&self, flow: &mut Flow<'_, '_>, _node: usize) -> Result<Delta, EngineError> {
        let base = self.base.evaluate(flow)?.into_iter().map(|(row, weight)| (row, 1, weight));
        let mut derived: Vec<(Row, u64, i64)> = base.collect();
        derived.extend(next_level(self.round.evaluate(flow)?)?);
        let delta = match &self.derivations {
            Some(derivations) => self.follow_distinct(flow, derivations, derived)?,
            None => self.follow_all(flow, derived)?,
        };
        Ok(consolidate(delta))
    }

    /// UNION ALL: derivations are rows.
    fn follow_all(&self, flow: &mut Flow<'_, '_>, derived: Vec<(Row, u64, i64)>) -> Result<Delta, EngineError> {
        let mut levels: BTreeMap<u64, Delta> = BTreeMap::new();
        for (row, level, weight) in derived {
            levels.entry(level).or_default().push((row, weight));
        }
        let mut result = Delta::new();
        while let Some((level, delta)) = levels.pop_first() {
            let delta = consolidate(delta);
            if delta.is_empty() {
                continue;
            }
            if level > LEVELS_MAX || delta.iter().any(|(_, weight)| weight.unsigned_abs() > WEIGHT_MAX) {
                return Err(EngineError::Endless { rounds: level });
            }
            for (row, next, weight) in self.round_of(flow, level, &delta)? {
                levels.entry(next).or_default().push((row, weight));
            }
            result.extend(delta);
        }
        Ok(result)
    }

    /// UNION: a row is in the least level that has a derivation of it.
    fn follow_distinct(
        &self,
        flow: &mut Flow<'_, '_>,
        derivations: &Multiset,
        derived: Vec<(Row, u64, i64)>,
    ) -> Result<Delta, EngineError> {
        let mut pending = Pending::new();
        self.count(flow.tx, derivations, (derived, &mut pending))?;
        let mut result = Delta::new();
        while let Some((level, keys)) = pending.pop_first() {
            if level > LEVELS_MAX {
                return Err(EngineError::Endless { rounds: level });
            }
            let mut delta = Delta::new();
            for key in keys {
                let old = first_level(derivations, flow.tx, &key, Version::Old)?;
                let new = first_level(derivations, flow.tx, &key, Version::New)?;
                for (later, _) in [&old, &new].into_iter().flatten().filter(|(later, _)| *later > level) {
                    pending.entry(*later).or_default().insert(key.clone());
                }
                let here = |found: Option<(u64, Row)>| found.filter(|(at, _)| *at == level).map(|(_, row)| row);
                let (was, is) = (here(old), here(new));
                if was != is {
                    delta.extend(was.map(|row| (row, -1)));
                    delta.extend(is.map(|row| (row, 1)));
                }
            }
            if !delta.is_empty() {
                let derived = self.round_of(flow, level, &delta)?;
                self.count(flow.tx, derivations, (derived, &mut pending))?;
                result.extend(delta);
            }
        }
        Ok(result)
    }

    /// Counts derivations; rows that got their first of a level or lost their last are to be looked at there.
    fn count(
        &self,
        tx: &mut StateTx<'_>,
        derivations: &Multiset,
        (derived, pending): (Vec<(Row, u64, i64)>, &mut Pending),
    ) -> Result<(), EngineError> {
        let forms = self.types.iter().any(has_forms);
        let mut fold = Fold::default();
        for (row, level, weight) in derived {
            let mut key = self.key(&row)?;
            key.extend_from_slice(&level.to_be_bytes());
            if forms {
                key.extend_from_slice(&whole_row(&row));
            }
            fold.add(key, || row, weight);
        }
        for entry in derivations.apply(tx, fold)? {
            if (entry.before > 0) != (entry.after > 0) {
                let key = self.key(&entry.row)?;
                let (level, _) = split_level(&entry.key[key.len()..])?;
                pending.entry(level).or_default().insert(key);
            }
        }
        Ok(())
    }

    fn key(&self, row: &Row) -> Result<Vec<u8>, StateError> {
        let mut key = Vec::new();
        encode_key(&mut key, &self.types, row)?;
        Ok(key)
    }

    /// What the change of a level makes of the next one.
    fn round_of(
        &self,
        flow: &mut Flow<'_, '_>,
        level: u64,
        delta: &Delta,
    ) -> Result<Vec<(Row, u64, i64)>, EngineError> {
        let with_level = |row: &Row| row.iter().cloned().chain([Value::Int(level as i64)]).collect();
        let delta = delta.iter().map(|(row, weight)| (with_level(row), *weight)).collect();
        let outer = std::mem::replace(&mut flow.changes, Changes::Round { recursion: self.name, delta });
        let made = self.round.evaluate(flow);
        flow.changes = outer;
        next_level(made?)
    }

    /// The leaves to replay, in order: what the step's rows meet stands complete before the first round.
    pub(in crate::engine) fn fill_order(&self) -> Vec<Leaf> {
        [&self.round, &self.base].into_iter().flat_map(Node::fill_order).collect()
    }

    /// What it does, and what it keeps.
    pub(in crate::engine) fn explained(&self) -> (String, Vec<String>) {
        match self.derivations {
            None => ("recursion, all rows".into(), Vec::new()),
            Some(_) => {
                let state = "derivations: one entry per distinct row and round in which it is found";
                ("recursion, distinct rows".into(), vec![state.into()])
            }
        }
    }
}

/// Rows that left the step: without the level that they carry, and of the next one.
fn next_level(made: Delta) -> Result<Vec<(Row, u64, i64)>, EngineError> {
    let next = |(row, weight): (Row, i64)| match row.split_last() {
        Some((Value::Int(level), values)) => Ok((values.iter().cloned().collect(), *level as u64 + 1, weight)),
        _ => Err(EngineError::Inconsistent { what: "a row of a recursion carries no level" }),
    };
    made.into_iter().map(next).collect()
}

/// The least level with a derivation of a row, and the form in which it is shown there.
fn first_level(
    derivations: &Multiset,
    tx: &StateTx<'_>,
    key: &[u8],
    version: Version,
) -> Result<Option<(u64, Row)>, StateError> {
    let Some((rest, row)) = derivations.first(tx, key, version)? else { return Ok(None) };
    Ok(Some((split_level(&rest)?.0, row)))
}

fn split_level(bytes: &[u8]) -> Result<(u64, &[u8]), StateError> {
    let (level, rest) = bytes
        .split_first_chunk::<8>()
        .ok_or_else(|| StateError::Damaged { place: "the level of a recursion's row".into() })?;
    Ok((u64::from_be_bytes(*level), rest))
}

/// Refuses a step in which a row of the round before does not lead to rows of the next one on its own.
fn check_path(step: &Plan, id: usize, distinct: bool) -> Result<(), &'static str> {
    let reads = |plan: &&Plan| reads_round(plan, id);
    match step {
        Plan::Round { id: own, .. } if *own == id => Ok(()),
        Plan::Project { input, .. }
        | Plan::Filter { input, .. }
        | Plan::Flatten { input, .. }
        | Plan::Expand { input, .. } => check_path(input, id, distinct),
        Plan::Distinct { input } if distinct => check_path(input, id, distinct),
        Plan::UnionAll { inputs } => inputs.iter().try_for_each(|input| check_path(input, id, distinct)),
        Plan::Join { inputs } => {
            let mut reading = inputs.iter().filter(|input| reads(&&input.plan));
            match (reading.next(), reading.next()) {
                (Some(input), None) if input.kind == JoinKind::Inner => check_path(&input.plan, id, distinct),
                (Some(_), None) => Err("a recursion reads its rows on the side of a join that decides by them"),
                (Some(_), Some(_)) => Err("a recursion joins its rows with themselves"),
                (None, _) => Err("a part of a recursion's step does not read its rows"),
            }
        }
        other if reads_round(other, id) => Err("a recursion reads its rows below an operator that needs all of them"),
        _ => Err("a part of a recursion's step does not read its rows"),
    }
}

fn reads_round(plan: &Plan, id: usize) -> bool {
    matches!(plan, Plan::Round { id: own, .. } if *own == id)
        || plan.inputs().into_iter().any(|input| reads_round(input, id))
}
