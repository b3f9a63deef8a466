//! An ordered multiset of values: prefix | value → count, with one representative of equal values.
//!
//! Values that are equal in SQL can look different (`1.0`, `1.00`): forms of one value. DISTINCT arguments count them under
//! one entry, represented by the one that came first. Where a form is shown (min, max, group columns, distinct rows) every
//! form has its own entry, and the least that is present is shown, so that the result depends on what is there alone.

use std::ops::ControlFlow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::{Row, SqlType};

use super::super::error::EngineError;
use super::super::relation::{decode_count, whole_row};
use crate::state::{StateError, StateTx, TableId, Version, decode_row};

/// A multiset in one table.
pub(in crate::engine) struct Multiset {
    pub(in crate::engine) table: TableId,
}

/// What a step does to one entry.
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    /// The representative row.
    pub(super) row: Row,
    pub(super) before: i64,
    pub(super) after: i64,
}

/// Weights of a step by entry, folded.
#[derive(Default)]
pub(super) struct Fold {
    places: HashMap<Vec<u8>, usize, FxBuildHasher>,
    entries: Vec<(Vec<u8>, Row, i64)>,
}

impl Fold {
    /// Adds a row's weight to its entry.
    pub(super) fn add(&mut self, key: Vec<u8>, row: impl FnOnce() -> Row, weight: i64) {
        match self.places.get(&key) {
            Some(&place) => {
                let entry = &mut self.entries[place];
                // The representative of a new entry must be a row that came, not one that went.
                if weight > 0 && entry.2 <= 0 {
                    entry.1 = row();
                }
                entry.2 += weight;
            }
            None => {
                self.places.insert(key.clone(), self.entries.len());
                self.entries.push((key, row(), weight));
            }
        }
    }
}

impl Multiset {
    /// Writes the folded weights; answers the entries whose count changed, in key order.
    pub(super) fn apply(&self, tx: &mut StateTx<'_>, fold: Fold) -> Result<Vec<Entry>, EngineError> {
        let mut changed = fold.entries;
        changed.retain(|(_, _, weight)| *weight != 0);
        changed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (keys, changed): (Vec<Vec<u8>>, Vec<(Row, i64)>) =
            changed.into_iter().map(|(key, row, weight)| (key, (row, weight))).unzip();
        let stored = tx.get_many(self.table, &keys, Version::New)?;
        let mut entries = Vec::with_capacity(changed.len());
        for ((key, (row, weight)), stored) in keys.into_iter().zip(changed).zip(stored) {
            let stored = stored.map(|value| decode_entry(&value)).transpose()?;
            let (row, before) = stored.unwrap_or((row, 0));
            let after = before + weight;
            match after {
                0 => tx.delete(self.table, key.clone()),
                1.. => tx.put(self.table, key.clone(), encode_entry(&row, after)),
                _ => return Err(EngineError::Inconsistent { what: "a value was taken away that was not counted" }),
            }
            entries.push(Entry { key, row, before, after });
        }
        Ok(entries)
    }
}

/// Whether equal values of a type can look different.
pub(in crate::engine) fn has_forms(sql_type: &SqlType) -> bool {
    match sql_type {
        SqlType::Numeric(_)
        | SqlType::Float4
        | SqlType::Float8
        | SqlType::Interval
        | SqlType::Bpchar
        | SqlType::Jsonb => true,
        SqlType::Array(element) => has_forms(element),
        _ => false,
    }
}

/// Which end of a multiset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Least,
    Greatest,
}

impl Multiset {
    /// The row at one end of the entries under a prefix; `None` when there are none.
    pub(super) fn end(
        &self,
        tx: &StateTx<'_>,
        (prefix, end): (&[u8], End),
        version: Version,
    ) -> Result<Option<Row>, StateError> {
        let mut found = None;
        let mut take = |_: &[u8], entry: &[u8]| {
            found = Some(decode_entry(entry)?.0);
            Ok(ControlFlow::Break(()))
        };
        match end {
            End::Least => tx.scan(self.table, prefix, version, &mut take)?,
            End::Greatest => tx.scan_reverse(self.table, prefix, version, &mut take)?,
        }
        Ok(found)
    }

    /// The entry under a prefix next to a place where there is none now, on the side away from this end.
    pub(super) fn beside(
        &self,
        tx: &StateTx<'_>,
        (prefix, place): (&[u8], &[u8]),
        end: End,
    ) -> Result<Option<(Vec<u8>, Row)>, StateError> {
        let mut found = None;
        let mut take = |key: &[u8], entry: &[u8]| {
            if key.starts_with(prefix) {
                found = Some((key.to_vec(), decode_entry(entry)?.0));
            }
            Ok(ControlFlow::Break(()))
        };
        match end {
            End::Least => tx.scan_from(self.table, place, Version::New, &mut take)?,
            End::Greatest => tx.scan_before(self.table, (prefix, place), Version::New, &mut take)?,
        }
        Ok(found)
    }
}

impl Multiset {
    /// The first entry under a prefix: the rest of its key, and its row.
    pub(super) fn first(
        &self,
        tx: &StateTx<'_>,
        prefix: &[u8],
        version: Version,
    ) -> Result<Option<(Vec<u8>, Row)>, StateError> {
        let mut found = None;
        tx.scan(self.table, prefix, version, &mut |key, entry| {
            found = Some((key[prefix.len()..].to_vec(), decode_entry(entry)?.0));
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
}

fn encode_entry(row: &Row, count: i64) -> Vec<u8> {
    let mut value = count.to_be_bytes().to_vec();
    value.extend_from_slice(&whole_row(row));
    value
}

/// A stored entry's representative and count.
pub(super) fn decode_entry(value: &[u8]) -> Result<(Row, i64), StateError> {
    let (count, row) =
        value.split_at_checked(8).ok_or_else(|| StateError::Damaged { place: "a value count".into() })?;
    Ok((decode_row(row)?, decode_count(count)?))
}
