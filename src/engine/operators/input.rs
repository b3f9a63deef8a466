//! Where a join finds the rows of an input.
//!
//! An input that is a relation, filtered and narrowed, is read from the relation's own rows, by its key or by a
//! secondary index that all views share. Any other input is arranged privately: columns | row → count.

use std::ops::ControlFlow;

use tailwater_connectors::{Row, SqlType};

use super::super::dataflow::{Flow, Node};
use super::super::delta::Delta;
use super::super::error::EngineError;
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
            for (row, weight) in delta {
                let mut key = key_of_columns(&self.node.types, &arrangement.columns, row)?;
                key.extend_from_slice(&whole_row(row));
                let before =
                    tx.get(arrangement.table, &key, Version::New)?.map_or(Ok(0), |count| decode_count(&count))?;
                match before + weight {
                    0 => tx.delete(arrangement.table, key),
                    after if after > 0 => tx.put(arrangement.table, key, encode_count(after)),
                    _ => return Err(EngineError::Inconsistent { what: "a join input lost a row it did not have" }),
                }
            }
        }
        Ok(())
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
                    Ok(self.shown(&row)?.map(|row| (row, count)).into_iter().collect())
                });
                rows.collect()
            }
            (Store::Relation { relation, .. }, Access::Index(index)) => {
                let index = &flow.indexes[index];
                let found: Vec<Vec<Vec<u8>>> =
                    keys.iter().map(|key| index.keys(flow.tx, key, question.version)).collect::<Result<_, _>>()?;
                if question.limit == usize::MAX {
                    let mut all = found.concat();
                    all.sort_unstable();
                    all.dedup();
                    flow.tx.prefetch(flow.relations[*relation].table, &all)?;
                }
                found.iter().map(|keys| self.rows_at(flow, question, keys)).collect()
            }
            (Store::Relation { .. }, _) => {
                let rows = self.all_rows(flow, question)?;
                Ok(keys.iter().map(|_| rows.clone()).collect())
            }
            (Store::Private { .. }, Access::Arrangement(table)) => {
                keys.iter().map(|key| arranged(flow, question, Place { table, prefix: key })).collect()
            }
            (Store::Private { .. }, _) => {
                Err(EngineError::Inconsistent { what: "a private join input has no relation" })
            }
        }
    }

    /// Rows of the relation stored under these keys, as the input shows them.
    fn rows_at(&self, flow: &Flow<'_, '_>, question: Question, keys: &[Vec<u8>]) -> Result<Rows, EngineError> {
        let Store::Relation { relation, .. } = &self.store else { return Ok(Rows::new()) };
        let mut rows = Rows::new();
        for key in keys {
            if rows.len() >= question.limit {
                break;
            }
            if let Some((row, count)) = flow.relations[*relation].get(flow.tx, key, question.version)? {
                rows.extend(self.shown(&row)?.map(|row| (row, count)));
            }
        }
        Ok(rows)
    }

    fn all_rows(&self, flow: &Flow<'_, '_>, question: Question) -> Result<Rows, EngineError> {
        let Store::Relation { relation, .. } = &self.store else { return Ok(Rows::new()) };
        let mut rows = Rows::new();
        let mut failure = None;
        flow.relations[*relation].scan(flow.tx, question.version, &mut |_, row, count| {
            match self.shown(&row) {
                Ok(shown) => rows.extend(shown.map(|row| (row, count))),
                Err(error) => failure = Some(error),
            }
            let done = failure.is_some() || rows.len() >= question.limit;
            Ok(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        failure.map_or(Ok(rows), Err)
    }

    /// A relation's row as this input shows it, `None` when a filter drops it.
    fn shown(&self, row: &Row) -> Result<Option<Row>, EngineError> {
        let Store::Relation { filters, columns, .. } = &self.store else { return Ok(None) };
        for filter in filters {
            if !filter.holds(row)? {
                return Ok(None);
            }
        }
        let whole = columns.len() == row.len() && columns.iter().enumerate().all(|(place, column)| place == *column);
        Ok(Some(if whole { row.clone() } else { row.project(columns) }))
    }

    /// Types of the input's columns.
    pub(super) fn types(&self) -> &[SqlType] {
        &self.node.types
    }
}

struct Place<'a> {
    table: TableId,
    prefix: &'a [u8],
}

fn arranged(flow: &Flow<'_, '_>, question: Question, place: Place<'_>) -> Result<Rows, EngineError> {
    let mut rows = Rows::new();
    flow.tx.scan(place.table, place.prefix, question.version, &mut |key, count| {
        let row = key.get(place.prefix.len()..).ok_or(StateError::Damaged { place: "an arrangement".into() })?;
        rows.push((decode_row(row)?, decode_count(count)?));
        Ok(if rows.len() >= question.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(rows)
}
