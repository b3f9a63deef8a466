//! An ordered multiset of values: prefix | value → count, with one representative of equal values.
//!
//! DISTINCT counts values that are equal in SQL (`1.0` = `1.00`) under one entry and shows the one that came first; min and
//! max keep every representation apart, so that a value that goes is the one that is taken away.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::Row;

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
        let changed: BTreeMap<Vec<u8>, (Row, i64)> =
            fold.entries.into_iter().filter(|(_, _, weight)| *weight != 0).map(|(key, row, weight)| (key, (row, weight))).collect();
        let keys: Vec<Vec<u8>> = changed.keys().cloned().collect();
        tx.prefetch(self.table, &keys)?;
        let mut entries = Vec::with_capacity(changed.len());
        for (key, (row, weight)) in changed {
            let stored = tx.get(self.table, &key, Version::New)?.map(|value| decode_entry(&value)).transpose()?;
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

fn encode_entry(row: &Row, count: i64) -> Vec<u8> {
    let mut value = count.to_be_bytes().to_vec();
    value.extend_from_slice(&whole_row(row));
    value
}

/// A stored entry's representative and count.
pub(super) fn decode_entry(value: &[u8]) -> Result<(Row, i64), StateError> {
    let (count, row) = value.split_at_checked(8).ok_or_else(|| StateError::Damaged { place: "a value count".into() })?;
    Ok((decode_row(row)?, decode_count(count)?))
}

