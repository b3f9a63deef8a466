//! A view: its dataflow, and the fold of the delta that leaves it into rows under the view's key.
//!
//! Invariant: the stored rows are the view's multiset of rows, and no key has two of them. It is checked where it is
//! written: the row before, with the delta added, must leave at most one row, once. Where the plan proves that the key is one,
//! the delta alone says what becomes of a key, and the row before is not read.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use tailwater_connectors::{Row, RowChange, ViewSchema};

use super::dataflow::{Flow, Node};
use super::delta::{Delta, consolidate};
use super::error::EngineError;
use super::fault::{Faults, message_of};
use super::plan::RowErrorPolicy;
use super::relation::{KeyChange, Relation, decode_count, encode_count, whole_row};
use crate::state::{ErrorTables, Run, StateTx, Version, decode_row, encode_row};

/// How a view stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewCondition {
    /// Not filled yet: it has no rows to show.
    Filling,
    /// Follows its relations.
    Live,
    /// Stopped; filled again at the next start.
    Failed {
        /// Why.
        error: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// A view, compiled.
pub(super) struct View {
    pub(super) schema: Arc<ViewSchema>,
    pub(super) root: Node,
    /// Whether the plan proves that no key has two rows: then nothing need be read to see it.
    pub(super) key_is_proven: bool,
    /// Place of its rows in the engine's list of relations.
    pub(super) relation: usize,
    /// Relations it reads.
    pub(super) reads: Vec<usize>,
    pub(super) row_errors: RowErrorPolicy,
    /// Rows that are out because an expression has no value for them: entry → count.
    pub(super) errors: ErrorTables,
    pub(super) has_changelog: bool,
    pub(super) condition: ViewCondition,
    /// Whether a fill began and did not end: its tables are not empty.
    pub(super) half_filled: bool,
}

/// What a step, or a batch of a fill, did to a view.
pub(super) struct ViewStep {
    /// Its rows that changed.
    pub(super) changes: Vec<KeyChange>,
    /// How many rows are out now, if that changed.
    pub(super) row_errors: Option<u64>,
}

impl View {
    /// Runs the dataflow and writes the view's rows and row errors; answers what changed.
    pub(super) fn run(&self, flow: &mut Flow<'_, '_>) -> Result<ViewStep, EngineError> {
        let step = self.changes(flow)?;
        flow.relations[self.relation].write(flow.tx, &step.changes);
        Ok(step)
    }

    /// The same for a batch of a fill. Where nothing reads the view's rows before it is filled they go into `rows`.
    pub(super) fn run_filling(&self, flow: &mut Flow<'_, '_>, rows: &mut Run) -> Result<(), EngineError> {
        if !self.key_is_proven {
            return self.run(flow).map(drop);
        }
        for KeyChange { key, new, .. } in self.changes(flow)?.changes {
            let Some((row, _)) = new else {
                rows.delete(&key);
                continue;
            };
            rows.put(|bytes| {
                bytes.extend(key);
                let key_end = bytes.len();
                encode_row(bytes, &row);
                Ok::<_, EngineError>(key_end)
            })?;
        }
        Ok(())
    }

    /// Runs the dataflow and writes row errors; answers what changes.
    fn changes(&self, flow: &mut Flow<'_, '_>) -> Result<ViewStep, EngineError> {
        let delta = self.root.evaluate(flow)?;
        let faults = std::mem::replace(&mut flow.faults, self.faults()).into_found();
        let row_errors = self.record(flow.tx, faults)?;
        if delta.is_empty() {
            return Ok(ViewStep { changes: Vec::new(), row_errors });
        }
        let relation = &flow.relations[self.relation];
        let changes = self.fold(flow.tx, relation, delta)?;
        Ok(ViewStep { changes, row_errors })
    }

    /// Under policy `stop`: an error when a row is out. Asked where all changes are in, after a step and after a fill.
    pub(super) fn refuse_row_errors(&self, tx: &StateTx<'_>) -> Result<(), EngineError> {
        if self.row_errors != RowErrorPolicy::Stop {
            return Ok(());
        }
        let mut first = None;
        tx.scan_from(self.errors.entries, &[], Version::New, &mut |entry, _| {
            first = Some(decode_row(entry)?);
            Ok(ControlFlow::Break(()))
        })?;
        match first {
            Some(entry) => Err(EngineError::RowErrors { message: message_of(&entry)?.into() }),
            None => Ok(()),
        }
    }

    /// What a step collects faults in.
    pub(super) fn faults(&self) -> Faults {
        Faults::new(self.row_errors)
    }

    /// Writes the faults of a step; answers how many rows are out now, if that changed.
    fn record(&self, tx: &mut StateTx<'_>, faults: Delta) -> Result<Option<u64>, EngineError> {
        let mut moved = 0;
        let mut weights: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for (entry, weight) in consolidate(faults) {
            *weights.entry(whole_row(&entry)).or_default() += weight;
        }
        let keys: Vec<Vec<u8>> = weights.keys().cloned().collect();
        let stored = tx.get_many(self.errors.entries, &keys, Version::New)?;
        for ((key, weight), before) in weights.into_iter().zip(stored) {
            let before = before.map_or(Ok(0), |count| decode_count(&count))?;
            moved += weight;
            match before + weight {
                0 => tx.delete(self.errors.entries, key),
                after if after > 0 => tx.put(self.errors.entries, key, encode_count(after)),
                _ => return Err(EngineError::Inconsistent { what: "an error went that was not there" }),
            }
        }
        if moved == 0 {
            return Ok(None);
        }
        let total = tx.get(self.errors.total, &[], Version::New)?.map_or(Ok(0), |total| decode_count(&total))? + moved;
        match u64::try_from(total) {
            Ok(0) => tx.delete(self.errors.total, Vec::new()),
            Ok(_) => tx.put(self.errors.total, Vec::new(), encode_count(total)),
            Err(_) => return Err(EngineError::Inconsistent { what: "more errors went than there were" }),
        }
        Ok(Some(total.unsigned_abs()))
    }

    fn fold(&self, tx: &mut StateTx<'_>, relation: &Relation, delta: Delta) -> Result<Vec<KeyChange>, EngineError> {
        let mut keyed: Vec<(Vec<u8>, (Row, i64))> = Vec::with_capacity(delta.len());
        for (row, weight) in delta {
            keyed.push((relation.key_of(&row)?, (row, weight)));
        }
        // Stable: changes of one key stay in their order; and most deltas come sorted by key already.
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        let mut keys: Vec<Vec<u8>> = Vec::with_capacity(keyed.len());
        let mut deltas: Vec<Range<usize>> = Vec::with_capacity(keyed.len());
        let mut rows: Delta = Vec::with_capacity(keyed.len());
        for (key, change) in keyed {
            match deltas.last_mut() {
                Some(last) if keys.last() == Some(&key) => last.end += 1,
                _ => {
                    keys.push(key);
                    deltas.push(rows.len()..rows.len() + 1);
                }
            }
            rows.push(change);
        }
        if self.key_is_proven {
            return keys.into_iter().zip(deltas).map(|(key, delta)| change_of(key, &rows[delta])).collect();
        }
        let stored = tx.get_many(relation.table, &keys, Version::New)?;
        let mut changes = Vec::with_capacity(keys.len());
        let mut scratch = Vec::new();
        for ((key, delta), stored) in keys.into_iter().zip(deltas).zip(stored) {
            let delta = &rows[delta];
            let old = match stored {
                Some(stored) => Some(stored_row(relation, (&key, &stored), (delta, &mut scratch))?),
                None => None,
            };
            let new = self.settle(old.as_ref(), delta)?;
            if old != new {
                changes.push(KeyChange { key, old: old.map(|row| (row, 1)), new: new.map(|row| (row, 1)) });
            }
        }
        Ok(changes)
    }

    /// The one row of a key after its changes.
    fn settle(&self, old: Option<&Row>, delta: &[(Row, i64)]) -> Result<Option<Row>, EngineError> {
        match (old, delta) {
            (None, [(row, 1)]) => return Ok(Some(row.clone())),
            (Some(old), [(row, -1)]) if row == old => return Ok(None),
            (Some(old), [(gone, -1), (come, 1)] | [(come, 1), (gone, -1)]) if gone == old => {
                return Ok(Some(come.clone()));
            }
            _ => {}
        }
        let mut rows: Delta = old.iter().map(|row| ((*row).clone(), 1)).collect();
        for (row, weight) in delta {
            match rows.iter().position(|(known, _)| known == row) {
                Some(place) => rows[place].1 += weight,
                None => rows.push((row.clone(), *weight)),
            }
        }
        rows.retain(|(_, weight)| *weight != 0);
        if rows.iter().any(|(_, weight)| *weight < 0) {
            return Err(EngineError::Inconsistent { what: "a view lost a row it did not have" });
        }
        match rows.as_slice() {
            [] => Ok(None),
            [(row, 1)] => Ok(Some(row.clone())),
            _ => {
                let name = |column: &usize| self.schema.columns[*column].name.as_str();
                let columns = self.schema.key.iter().map(name).collect::<Vec<_>>().join(", ");
                Err(EngineError::KeyNotUnique { view: self.schema.name.clone(), columns })
            }
        }
    }
}

/// What a consolidated delta does to a key that has one row at most, before and after.
fn change_of(key: Vec<u8>, delta: &[(Row, i64)]) -> Result<KeyChange, EngineError> {
    let side = |weight: i64| delta.iter().find(|(_, other)| *other == weight).map(|(row, _)| (row.clone(), 1));
    let (old, new) = (side(-1), side(1));
    match usize::from(old.is_some()) + usize::from(new.is_some()) == delta.len() {
        true => Ok(KeyChange { key, old, new }),
        false => Err(EngineError::Inconsistent { what: "rows with a proven key have it twice" }),
    }
}

/// The stored row of a key. A row that the delta takes away is mostly this one: then its bytes say so, and nothing is
/// decoded.
fn stored_row(
    relation: &Relation,
    (key, stored): (&[u8], &[u8]),
    (delta, scratch): (&[(Row, i64)], &mut Vec<u8>),
) -> Result<Row, EngineError> {
    if let Some((gone, _)) = delta.iter().find(|(_, weight)| *weight < 0) {
        scratch.clear();
        encode_row(scratch, gone);
        if scratch == stored {
            return Ok(gone.clone());
        }
    }
    Ok(relation.decode(key, stored)?.0)
}

/// The changes as sinks see them.
pub(super) fn row_changes(changes: &[KeyChange]) -> Vec<RowChange> {
    let row = |side: &Option<(Row, i64)>| side.as_ref().map(|(row, _)| row.clone());
    changes.iter().map(|change| RowChange { old: row(&change.old), new: row(&change.new) }).collect()
}
