//! A view: its dataflow, and the fold of the delta that leaves it into rows under the view's key.
//!
//! Invariant: the stored rows are the view's multiset of rows, and no key has two of them. It is checked where it is
//! written: the row before, with the delta added, must leave at most one row, once.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, RowChange, ViewSchema};

use super::dataflow::{Flow, Node};
use super::delta::Delta;
use super::error::EngineError;
use super::relation::{KeyChange, Relation};
use crate::state::{StateTx, Version};

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
    /// Place of its rows in the engine's list of relations.
    pub(super) relation: usize,
    /// Relations it reads.
    pub(super) reads: Vec<usize>,
    pub(super) has_changelog: bool,
    pub(super) condition: ViewCondition,
    /// Whether a fill began and did not end: its tables are not empty.
    pub(super) half_filled: bool,
}

impl View {
    /// Runs the dataflow and writes the view's rows; answers what changed.
    pub(super) fn run(&self, flow: &mut Flow<'_, '_>) -> Result<Vec<KeyChange>, EngineError> {
        let delta = self.root.evaluate(flow)?;
        if delta.is_empty() {
            return Ok(Vec::new());
        }
        let relation = &flow.relations[self.relation];
        let changes = self.fold(flow.tx, relation, delta)?;
        relation.write(flow.tx, &changes);
        Ok(changes)
    }

    fn fold(&self, tx: &mut StateTx<'_>, relation: &Relation, delta: Delta) -> Result<Vec<KeyChange>, EngineError> {
        let mut places: HashMap<Vec<u8>, usize, FxBuildHasher> = HashMap::default();
        let mut folded: Vec<(Vec<u8>, Delta)> = Vec::new();
        for (row, weight) in delta {
            let key = relation.key_of(&row)?;
            match places.get(&key) {
                Some(&place) => folded[place].1.push((row, weight)),
                None => {
                    places.insert(key.clone(), folded.len());
                    folded.push((key, vec![(row, weight)]));
                }
            }
        }
        folded.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let keys: Vec<Vec<u8>> = folded.iter().map(|(key, _)| key.clone()).collect();
        tx.prefetch(relation.table, &keys)?;
        let mut changes = Vec::with_capacity(folded.len());
        for (key, delta) in folded {
            let old = relation.get(tx, &key, Version::New)?;
            let new = self.settle(old.as_ref().map(|(row, _)| row), delta)?;
            if old.as_ref().map(|(row, _)| row) != new.as_ref() {
                changes.push(KeyChange { key, old, new: new.map(|row| (row, 1)) });
            }
        }
        Ok(changes)
    }

    /// The one row of a key after its changes.
    fn settle(&self, old: Option<&Row>, delta: Delta) -> Result<Option<Row>, EngineError> {
        let mut rows: Delta = old.iter().map(|row| ((*row).clone(), 1)).collect();
        for (row, weight) in delta {
            match rows.iter().position(|(known, _)| *known == row) {
                Some(place) => rows[place].1 += weight,
                None => rows.push((row, weight)),
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

/// The changes as sinks see them.
pub(super) fn row_changes(changes: &[KeyChange]) -> Vec<RowChange> {
    let row = |side: &Option<(Row, i64)>| side.as_ref().map(|(row, _)| row.clone());
    changes.iter().map(|change| RowChange { old: row(&change.old), new: row(&change.new) }).collect()
}
