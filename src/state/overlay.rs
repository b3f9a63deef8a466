//! What a step wrote and did not commit yet.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::key_codec::prefix_end;
use super::row_cache::CachedRow;
use super::table::TableId;

/// Bytes a written row costs beside its key and value.
const ROW_OVERHEAD_BYTES: usize = 80;

/// Writes of one table.
#[derive(Default)]
pub(super) struct TableOverlay {
    /// What was committed before the step is gone; only `rows` count.
    pub(super) dropped: bool,
    /// Written rows, `None` for deleted ones.
    pub(super) rows: BTreeMap<Vec<u8>, CachedRow>,
}

impl TableOverlay {
    /// What the step says of a key; `None` when it says nothing.
    pub(super) fn get(&self, key: &[u8]) -> Option<CachedRow> {
        match self.rows.get(key) {
            Some(row) => Some(row.clone()),
            None => self.dropped.then_some(None),
        }
    }

    /// The greatest key that was written and not deleted.
    pub(super) fn last_row(&self) -> Option<&[u8]> {
        self.rows.iter().rev().find(|(_, row)| row.is_some()).map(|(key, _)| key.as_slice())
    }

    pub(super) fn has_delete(&self) -> bool {
        self.rows.values().any(Option::is_none)
    }

    /// Written rows whose keys are at least `start` and begin with `prefix`, in key order; `start` begins with `prefix`.
    pub(super) fn range(
        &self,
        prefix: &[u8],
        (start, end): (&[u8], Option<&[u8]>),
    ) -> impl DoubleEndedIterator<Item = (&[u8], Option<&[u8]>)> {
        let end = end.map(<[u8]>::to_vec).or_else(|| prefix_end(prefix));
        let upper = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<[u8], _>((Bound::Included(start), upper)).map(|(key, row)| (key.as_slice(), row.as_deref()))
    }
}

/// Writes of all tables of a step.
#[derive(Default)]
pub(super) struct Overlay {
    tables: BTreeMap<TableId, TableOverlay>,
    bytes: usize,
}

impl Overlay {
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    pub(super) fn table(&self, table: TableId) -> Option<&TableOverlay> {
        self.tables.get(&table)
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = (TableId, &TableOverlay)> {
        self.tables.iter().map(|(&table, overlay)| (table, overlay))
    }

    pub(super) fn into_tables(self) -> impl Iterator<Item = (TableId, TableOverlay)> {
        self.tables.into_iter()
    }

    /// What the step says of a key; `None` when it says nothing.
    pub(super) fn get(&self, table: TableId, key: &[u8]) -> Option<CachedRow> {
        self.tables.get(&table)?.get(key)
    }

    pub(super) fn write(&mut self, table: TableId, key: Vec<u8>, row: Option<Vec<u8>>) {
        let row = row.map(Arc::<[u8]>::from);
        self.bytes += ROW_OVERHEAD_BYTES + key.len() + row.as_ref().map_or(0, |row| row.len());
        self.tables.entry(table).or_default().rows.insert(key, row);
    }

    pub(super) fn drop_table(&mut self, table: TableId) {
        self.tables.insert(table, TableOverlay { dropped: true, rows: BTreeMap::new() });
    }

    /// Memory that was written, rewritten rows counted again: a bound, not a measure.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
