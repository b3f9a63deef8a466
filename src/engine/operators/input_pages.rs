//! The rows of a join input for many keys, page by page: a key may have more rows than memory should hold.

use std::ops::ControlFlow;

use super::super::dataflow::Flow;
use super::super::error::EngineError;
use super::super::relation::decode_count;
use super::input::{Access, Input, Rows, Store};
use crate::state::{StateError, StateTx, TableId, Version, decode_row};

/// Rows of a page.
const PAGE_ROWS: usize = 4_096;

/// Where a page begins.
#[derive(Default)]
pub(super) struct Cursor {
    /// Number of the key.
    pub(super) key: usize,
    /// The entry of that key that was read last.
    after: Option<Vec<u8>>,
}

/// Rows of one key.
pub(super) struct Found {
    /// Number of the key.
    pub(super) key: usize,
    pub(super) rows: Rows,
    /// Whether there are no more of that key on later pages.
    pub(super) is_last: bool,
}

/// Entries of a state table under one key: what follows the key, and the value.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

impl Input {
    /// The rows of the next keys, which are distinct and sorted; moves the cursor behind them.
    pub(super) fn page(
        &self,
        flow: &mut Flow<'_, '_>,
        (access, version): (Access, Version),
        (keys, cursor): (&[Vec<u8>], &mut Cursor),
    ) -> Result<Vec<Found>, EngineError> {
        match (&self.store, access) {
            (Store::Relation { relation, .. }, Access::Primary) => {
                let relation = &flow.relations[*relation];
                let start = cursor.key;
                cursor.key = keys.len().min(start + PAGE_ROWS);
                let keys = &keys[start..cursor.key];
                let stored = flow.tx.get_many(relation.table, keys, version)?;
                let found = keys.iter().zip(stored).enumerate().map(|(place, (key, value))| {
                    let found = value.map(|value| relation.decode(key, &value)).transpose()?;
                    let shown = found.and_then(|(row, count)| Some((self.shown(&row)?, count)));
                    Ok(Found { key: start + place, rows: shown.into_iter().collect(), is_last: true })
                });
                found.collect()
            }
            (Store::Relation { relation, .. }, Access::Index(index)) => {
                let read = read_page(flow.tx, (flow.indexes[index].table, version), (keys, cursor))?;
                let mut all: Vec<Vec<u8>> =
                    read.iter().flat_map(|(_, entries, _)| entries).map(|e| e.0.clone()).collect();
                all.sort_unstable();
                all.dedup();
                flow.tx.prefetch(flow.relations[*relation].table, &all)?;
                let found = read.into_iter().map(|(key, entries, is_last)| {
                    let entries: Vec<Vec<u8>> = entries.into_iter().map(|(entry, _)| entry).collect();
                    Ok(Found { key, rows: self.rows_at(flow, version, &entries)?, is_last })
                });
                found.collect()
            }
            (Store::Relation { relation, .. }, _) => {
                let relation = &flow.relations[*relation];
                let read = read_page(flow.tx, (relation.table, version), (keys, cursor))?;
                let found = read.into_iter().map(|(key, entries, is_last)| {
                    let shown = |(key, value): (Vec<u8>, Vec<u8>)| {
                        let (row, count) = relation.decode(&key, &value)?;
                        Ok::<_, StateError>(self.shown(&row).map(|row| (row, count)))
                    };
                    let rows = entries.into_iter().filter_map(|entry| shown(entry).transpose());
                    Ok(Found { key, rows: rows.collect::<Result<_, _>>()?, is_last })
                });
                found.collect()
            }
            (Store::Private { .. }, Access::Arrangement(table)) => {
                let read = read_page(flow.tx, (table, version), (keys, cursor))?;
                let row = |(row, count): (Vec<u8>, Vec<u8>)| Ok((decode_row(&row)?, decode_count(&count)?));
                let found = read.into_iter().map(|(key, entries, is_last)| {
                    let rows = entries.into_iter().map(row).collect::<Result<_, StateError>>()?;
                    Ok(Found { key, rows, is_last })
                });
                found.collect()
            }
            (Store::Private { .. }, _) => {
                Err(EngineError::Inconsistent { what: "a private join input has no relation" })
            }
        }
    }
}

/// The entries of the next keys, as many as make a page: number of the key, entries, whether these are its last.
fn read_page(
    tx: &StateTx<'_>,
    (table, version): (TableId, Version),
    (keys, cursor): (&[Vec<u8>], &mut Cursor),
) -> Result<Vec<(usize, Entries, bool)>, StateError> {
    let mut read = Vec::new();
    let mut room = PAGE_ROWS;
    while let Some(key) = keys.get(cursor.key)
        && room > 0
    {
        let mut entries = Entries::new();
        let mut visit = |entry: &[u8], value: &[u8]| {
            let Some(rest) = entry.strip_prefix(&key[..]) else { return Ok(ControlFlow::Break(())) };
            if entries.len() == room {
                return Ok(ControlFlow::Break(()));
            }
            entries.push((rest.to_vec(), value.to_vec()));
            Ok(ControlFlow::Continue(()))
        };
        match cursor.after.take() {
            None => tx.scan(table, key, version, &mut visit)?,
            Some(after) => tx.scan_from(table, &[&key[..], &after, &[0]].concat(), version, &mut visit)?,
        }
        room -= entries.len();
        let is_last = room > 0;
        match is_last {
            true => cursor.key += 1,
            false => cursor.after = entries.last().map(|(rest, _)| rest.clone()),
        }
        read.push((cursor.key - usize::from(is_last), entries, is_last));
    }
    Ok(read)
}
