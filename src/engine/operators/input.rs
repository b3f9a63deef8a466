//! Where a join finds the rows of an input.
//!
//! An input that is a relation, filtered and narrowed, is read from the relation's own rows, by its key or by a
//! secondary index that all views share. Any other input is arranged privately: columns | row → count.

use std::ops::ControlFlow;

use tailwater_connectors::{Row, SqlType};

use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::fault::{holds_quietly, may_fail};
use super::super::relation::{decode_count, encode_count, key_of_columns, whole_row};
use super::super::scalar::Scalar;
use crate::state::{StateError, StateTx, TableId, Version, decode_row};

/// One input of a join.
pub(in crate::engine) struct Input {
    pub(in crate::engine) node: Node,
    pub(in crate::engine) store: Store,
}

/// Where the rows of an input are.
pub(in crate::engine) enum Store {
    /// Rows of a relation for which all `filters` (over the relation's columns) hold, narrowed to `columns`.
    Relation { relation: usize, filters: Vec<Scalar>, columns: Vec<usize> },
    /// Own copies of the rows, each by other columns.
    Private { arrangements: Vec<Arrangement> },
}

/// A private copy of an input: columns | row → count.
pub(in crate::engine) struct Arrangement {
    pub(in crate::engine) columns: Vec<usize>,
    pub(in crate::engine) table: TableId,
}

/// How rows are found by values of some columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Access {
    /// By the relation's key.
    Primary,
    /// Through a secondary index, by its place in the engine's list.
    Index(usize),
    /// All rows of the relation.
    Scan,
    /// Through a private arrangement.
    Arrangement(TableId),
}

/// Rows with counts.
pub(super) type Rows = Vec<(Row, i64)>;

/// Called with each row found and its count; may break.
pub(super) type EachFound<'a> = dyn FnMut(Row, i64) -> Result<ControlFlow<()>, StateError> + 'a;

/// One question to an input.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) access: Access,
    pub(super) version: Version,
    /// How many rows suffice.
    pub(super) limit: usize,
}

impl Input {
    /// Writes the input's delta to its private arrangements.
    pub(super) fn arrange(&self, tx: &mut StateTx<'_>, delta: &Delta) -> Result<(), EngineError> {
        let Store::Private { arrangements } = &self.store else { return Ok(()) };
        for arrangement in arrangements {
            let mut entries: Vec<(Vec<u8>, i64)> = Vec::with_capacity(delta.len());
            for (row, weight) in delta {
                let mut key = key_of_columns(&self.node.types, &arrangement.columns, row)?;
                key.extend_from_slice(&whole_row(row));
                entries.push((key, *weight));
            }
            entries.sort_unstable();
            // Constant rows come as often as they are written.
            entries.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0 };
                same
            });
            entries.retain(|(_, weight)| *weight != 0);
            let (keys, weights): (Vec<Vec<u8>>, Vec<i64>) = entries.into_iter().unzip();
            let before = self.counts(tx, arrangement.table, (&keys, &weights))?;
            for ((key, weight), before) in keys.into_iter().zip(weights).zip(before) {
                match before + weight {
                    0 => tx.delete(arrangement.table, key),
                    after if after > 0 => tx.put(arrangement.table, key, encode_count(after)),
                    _ => return Err(EngineError::Inconsistent { what: "a join input lost a row it did not have" }),
                }
            }
        }
        Ok(())
    }

    /// How often the entries are there before their weights are added.
    fn counts(
        &self,
        tx: &StateTx<'_>,
        table: TableId,
        (keys, weights): (&[Vec<u8>], &[i64]),
    ) -> Result<Vec<i64>, EngineError> {
        if self.node.key.is_some() {
            return Ok(weights.iter().map(|weight| i64::from(*weight < 0)).collect());
        }
        let stored = tx.get_many(table, keys, Version::New)?;
        let counts = stored.into_iter().map(|count| count.map_or(Ok(0), |count| decode_count(&count)));
        Ok(counts.collect::<Result<_, _>>()?)
    }

    /// The rows for each key, in order of the keys. Keys are distinct and sorted.
    pub(super) fn find(
        &self,
        flow: &mut Flow<'_, '_>,
        question: Question,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Rows>, EngineError> {
        match (&self.store, question.access) {
            (Store::Relation { relation, .. }, Access::Primary) => {
                let relation = &flow.relations[*relation];
                let stored = flow.tx.get_many(relation.table, keys, question.version)?;
                let rows = keys.iter().zip(stored).map(|(key, value)| {
                    let Some(value) = value else { return Ok(Rows::new()) };
                    let (row, count) = relation.decode(key, &value)?;
                    Ok(self.shown(&row).map(|row| (row, count)).into_iter().collect())
                });
                rows.collect()
            }
            (Store::Relation { .. }, Access::Scan) => {
                let rows = if keys.is_empty() { Rows::new() } else { self.first(flow, question, &[])? };
                Ok(keys.iter().map(|_| rows.clone()).collect())
            }
            _ => keys.iter().map(|key| self.first(flow, question, key)).collect(),
        }
    }

    /// The first rows for a key, as many as are asked for.
    fn first(&self, flow: &Flow<'_, '_>, question: Question, key: &[u8]) -> Result<Rows, EngineError> {
        let mut rows = Rows::new();
        self.each(flow, (question.access, question.version, key), &mut |row, count| {
            rows.push((row, count));
            Ok(if rows.len() >= question.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(rows)
    }

    /// Visits the rows for a key, one at a time: a key may have very many.
    pub(super) fn each(
        &self,
        flow: &Flow<'_, '_>,
        (access, version, key): (Access, Version, &[u8]),
        visit: &mut EachFound<'_>,
    ) -> Result<(), EngineError> {
        match (&self.store, access) {
            (Store::Relation { relation, .. }, Access::Primary) => {
                if let Some((row, count)) = flow.relations[*relation].get(flow.tx, key, version)? {
                    let _ = self.visit_shown((row, count), visit)?;
                }
            }
            (Store::Relation { relation, .. }, Access::Index(index)) => {
                let relation = &flow.relations[*relation];
                flow.indexes[index].each_key(flow.tx, (key, version), &mut |key| match relation
                    .get(flow.tx, key, version)?
                {
                    Some(found) => self.visit_shown(found, visit),
                    None => Ok(ControlFlow::Continue(())),
                })?;
            }
            (Store::Relation { relation, .. }, _) => {
                let relation = &flow.relations[*relation];
                relation.scan(flow.tx, version, &mut |_, row, count| self.visit_shown((row, count), visit))?;
            }
            (Store::Private { .. }, Access::Arrangement(table)) => {
                flow.tx.scan(table, key, version, &mut |entry, count| {
                    let row = entry.get(key.len()..).ok_or(StateError::Damaged { place: "an arrangement".into() })?;
                    visit(decode_row(row)?, decode_count(count)?)
                })?;
            }
            (Store::Private { .. }, _) => {
                return Err(EngineError::Inconsistent { what: "a private join input has no relation" });
            }
        }
        Ok(())
    }

    fn visit_shown(&self, (row, count): (Row, i64), visit: &mut EachFound<'_>) -> Result<ControlFlow<()>, StateError> {
        self.shown(&row).map_or(Ok(ControlFlow::Continue(())), |row| visit(row, count))
    }

    /// Rows of the relation stored under these keys, as the input shows them.
    pub(super) fn rows_at(&self, flow: &Flow<'_, '_>, version: Version, keys: &[Vec<u8>]) -> Result<Rows, EngineError> {
        let Store::Relation { relation, .. } = &self.store else { return Ok(Rows::new()) };
        let mut rows = Rows::new();
        for key in keys {
            if let Some((row, count)) = flow.relations[*relation].get(flow.tx, key, version)? {
                rows.extend(self.shown(&row).map(|row| (row, count)));
            }
        }
        Ok(rows)
    }

    /// A relation's row as this input shows it, `None` when a filter drops it or has no value for it. That was recorded when
    /// the row came through the input's node.
    pub(super) fn shown(&self, row: &Row) -> Option<Row> {
        let Store::Relation { filters, columns, .. } = &self.store else { return None };
        if !filters.iter().all(|filter| holds_quietly(filter, row)) {
            return None;
        }
        let whole = columns.len() == row.len() && columns.iter().enumerate().all(|(place, column)| place == *column);
        Some(if whole { row.clone() } else { row.project(columns) })
    }

    /// Whether the input's node must see every row of a fill: to make its own copy of them, or to name those for which a filter
    /// has no value.
    pub(in crate::engine) fn is_replayed(&self) -> bool {
        match &self.store {
            Store::Private { .. } => true,
            Store::Relation { filters, .. } => filters.iter().any(may_fail),
        }
    }

    /// Types of the input's columns.
    pub(super) fn types(&self) -> &[SqlType] {
        &self.node.types
    }
}
