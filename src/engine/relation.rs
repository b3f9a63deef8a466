//! Relations: rows stored under a unique key, read by plans.
//!
//! An input table with a primary key and a view's rows are stored as key → row. A table without a key is a multiset:
//! whole row → count. Both answer the same questions, and both report a step's changes as [`KeyChange`]s, one per key.

use std::ops::ControlFlow;

use tailwater_connectors::{Row, SqlType, Value};

use super::delta::Delta;
use super::error::EngineError;
use super::plan::RelationName;
use crate::state::{StateError, StateTx, TableId, Version, decode_row, encode_row, encode_value};

/// How rows become keys of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// `encode_key(columns)` → row.
    Keyed(Vec<usize>),
    /// `encode_row(row)` → count.
    Multiset,
}

/// One relation, placed in state.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) name: RelationName,
    pub(super) table: TableId,
    pub(super) types: Vec<SqlType>,
    pub(super) layout: Layout,
}

/// Called with key, row and count of each stored row; may break.
pub(super) type EachRow<'a> = dyn FnMut(&[u8], Row, i64) -> Result<ControlFlow<()>, StateError> + 'a;

/// What happened to one key of a relation in a step: row and count before and after.
#[derive(Clone, Debug)]
pub(super) struct KeyChange {
    pub(super) key: Vec<u8>,
    pub(super) old: Option<(Row, i64)>,
    pub(super) new: Option<(Row, i64)>,
}

impl Relation {
    /// Positions of the key's columns; `None` for a multiset.
    pub(super) fn key_columns(&self) -> Option<&[usize]> {
        match &self.layout {
            Layout::Keyed(columns) => Some(columns),
            Layout::Multiset => None,
        }
    }

    /// Key of state under which `row` is stored.
    pub(super) fn key_of(&self, row: &Row) -> Result<Vec<u8>, StateError> {
        match &self.layout {
            Layout::Keyed(columns) => key_of_columns(&self.types, columns, row),
            Layout::Multiset => Ok(whole_row(row)),
        }
    }

    /// A stored entry as row and count.
    pub(super) fn decode(&self, key: &[u8], value: &[u8]) -> Result<(Row, i64), StateError> {
        match &self.layout {
            Layout::Keyed(_) => Ok((decode_row(value)?, 1)),
            Layout::Multiset => Ok((decode_row(key)?, decode_count(value)?)),
        }
    }

    /// What is stored under `key`.
    pub(super) fn get(&self, tx: &StateTx<'_>, key: &[u8], version: Version) -> Result<Option<(Row, i64)>, StateError> {
        tx.get(self.table, key, version)?.map(|value| self.decode(key, &value)).transpose()
    }

    /// All rows with their counts, in key order.
    pub(super) fn scan(&self, tx: &StateTx<'_>, version: Version, each: &mut EachRow<'_>) -> Result<(), StateError> {
        tx.scan(self.table, &[], version, &mut |key, value| {
            let (row, count) = self.decode(key, value)?;
            each(key, row, count)
        })
    }

    /// Writes the changes to the overlay.
    pub(super) fn write(&self, tx: &mut StateTx<'_>, changes: &[KeyChange]) {
        for change in changes {
            match (&change.new, &self.layout) {
                (Some((row, _)), Layout::Keyed(_)) => tx.put(self.table, change.key.clone(), whole_row(row)),
                (Some((_, count)), Layout::Multiset) => tx.put(self.table, change.key.clone(), encode_count(*count)),
                (None, _) => tx.delete(self.table, change.key.clone()),
            }
        }
    }
}

/// The delta that these changes are to readers of `columns` (`None`: of all); changes of other columns vanish.
pub(super) fn delta_of(changes: &[KeyChange], columns: Option<&[usize]>) -> Delta {
    let mut delta = Delta::with_capacity(changes.len() * 2);
    let narrow = |row: &Row| columns.map_or_else(|| row.clone(), |columns| row.project(columns));
    for change in changes {
        let old = change.old.as_ref().map(|(row, count)| (narrow(row), *count));
        let new = change.new.as_ref().map(|(row, count)| (narrow(row), *count));
        match (old, new) {
            (Some((old, before)), Some((new, after))) if old == new => {
                if before != after {
                    delta.push((new, after - before));
                }
            }
            (old, new) => {
                delta.extend(old.map(|(row, count)| (row, -count)));
                delta.extend(new);
            }
        }
    }
    delta
}

/// Key bytes of the values at `columns`.
pub(super) fn key_of_columns(types: &[SqlType], columns: &[usize], row: &[Value]) -> Result<Vec<u8>, StateError> {
    let mut key = Vec::with_capacity(columns.len() * 10);
    append_key(&mut key, (types, columns), row)?;
    Ok(key)
}

/// Appends the key bytes of the values at `columns`.
pub(super) fn append_key(
    key: &mut Vec<u8>,
    (types, columns): (&[SqlType], &[usize]),
    row: &[Value],
) -> Result<(), StateError> {
    columns.iter().try_for_each(|&column| encode_value(key, &types[column], &row[column]))
}

/// The whole row as bytes; equal exactly when the rows are the same in every representation.
pub(super) fn whole_row(row: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(row.len() * 12);
    encode_row(&mut bytes, row);
    bytes
}

/// A count as stored.
pub(super) fn encode_count(count: i64) -> Vec<u8> {
    count.to_be_bytes().to_vec()
}

/// A stored count.
pub(super) fn decode_count(bytes: &[u8]) -> Result<i64, StateError> {
    bytes.try_into().map(i64::from_be_bytes).map_err(|_| StateError::Damaged { place: "a count".into() })
}

/// A value that must be there.
pub(super) fn present<T>(value: Option<T>, what: &'static str) -> Result<T, EngineError> {
    value.ok_or(EngineError::Inconsistent { what })
}
