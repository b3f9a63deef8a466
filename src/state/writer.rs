//! What the one writer remembers from step to step: the checkpoint, cached rows, facts about tables.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::overlay::{Overlay, TableOverlay};
use super::row_cache::{CacheMeter, CacheTable, CachedRow, RowCache};
use super::table::TableId;
use super::{Checkpoint, StateError};

/// As many rows behind the end of a table, in one step, are a load.
const LOAD_ROWS_MIN: usize = 4_096;

/// What is known of a committed table without looking.
#[derive(Default)]
struct TableFacts {
    /// Counts how often what is cached of it became worthless: it was dropped, or rows came past the cache.
    generation: u32,
    /// Rows of tables that are only scanned are not worth caching.
    read_by_key: bool,
    filling: Filling,
    /// No committed key is greater: what comes behind it, as rows with serial keys do, is new without looking.
    greatest: Option<Vec<u8>>,
}

/// Whether a committed table has rows.
#[derive(Default, PartialEq, Eq)]
enum Filling {
    #[default]
    Unknown,
    Empty,
    /// It has the row of this key: as long as that is not deleted, nobody needs to look.
    Row(Vec<u8>),
}

impl TableFacts {
    fn is_known_absent(&self, key: &[u8]) -> bool {
        self.filling == Filling::Empty || self.greatest.as_deref().is_some_and(|greatest| key > greatest)
    }

    fn cache_table(&self, table: TableId) -> CacheTable {
        CacheTable { id: table.0, generation: self.generation }
    }
}

pub(super) struct Writer {
    checkpoint: Checkpoint,
    cache: RowCache,
    tables: FxHashMap<TableId, TableFacts>,
}

impl Writer {
    pub(super) fn new(checkpoint: Checkpoint, cache_bytes: usize, meter: Arc<CacheMeter>) -> Self {
        Self { checkpoint, cache: RowCache::new(cache_bytes, meter), tables: FxHashMap::default() }
    }

    pub(super) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// A committed row as far as it is known without reading.
    pub(super) fn cached(&mut self, table: TableId, key: &[u8]) -> Option<CachedRow> {
        let facts = self.tables.entry(table).or_default();
        facts.read_by_key = true;
        if facts.is_known_absent(key) {
            return Some(None);
        }
        self.cache.get(facts.cache_table(table), key)
    }

    /// Those of `keys` that a read would have to fetch, sorted, each once.
    pub(super) fn unknown<'k>(&mut self, table: TableId, keys: &'k [Vec<u8>]) -> Vec<&'k [u8]> {
        let facts = self.tables.entry(table).or_default();
        facts.read_by_key = true;
        if facts.filling == Filling::Empty {
            return Vec::new();
        }
        let table = facts.cache_table(table);
        let keys = keys.iter().map(Vec::as_slice).filter(|key| !facts.is_known_absent(key));
        let mut unknown = keys.filter(|key| !self.cache.touch(table, key)).collect::<Vec<_>>();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Remembers a committed row that was read; `ahead` when nobody asked for it yet.
    pub(super) fn fetched(&mut self, table: TableId, (key, row): (&[u8], CachedRow), ahead: bool) {
        let table = self.tables.entry(table).or_default().cache_table(table);
        self.cache.fetched(table, key, row, ahead);
    }

    /// Whether no committed key of the table is `start` or greater, as far as that is known.
    pub(super) fn is_known_empty_from(&self, table: TableId, start: &[u8]) -> bool {
        self.tables.get(&table).is_some_and(|facts| facts.is_known_absent(start))
    }

    /// Whether it is known where the committed table ends.
    pub(super) fn knows_end(&self, table: TableId) -> bool {
        self.tables.get(&table).is_some_and(|facts| facts.filling == Filling::Empty || facts.greatest.is_some())
    }

    /// Takes note of the greatest committed key, `None` for an empty table.
    pub(super) fn found_end(&mut self, table: TableId, greatest: Option<Vec<u8>>) {
        let facts = self.tables.entry(table).or_default();
        facts.filling = greatest.clone().map_or(Filling::Empty, Filling::Row);
        facts.greatest = greatest;
    }

    /// Whether the committed table is empty; `look` finds one of its keys when that is not known.
    pub(super) fn is_empty(
        &mut self,
        table: TableId,
        look: impl FnOnce() -> Result<Option<Vec<u8>>, StateError>,
    ) -> Result<bool, StateError> {
        let facts = self.tables.entry(table).or_default();
        if facts.filling == Filling::Unknown {
            facts.filling = look()?.map_or(Filling::Empty, Filling::Row);
        }
        Ok(facts.filling == Filling::Empty)
    }

    /// Takes over what was just committed.
    pub(super) fn committed(&mut self, checkpoint: Checkpoint, overlay: Overlay) {
        self.checkpoint = checkpoint;
        overlay.into_tables().for_each(|(table, overlay)| self.table_committed(table, overlay));
    }

    /// Rows up to `last` came past the steps, or went.
    pub(super) fn ingested(&mut self, table: TableId, last: &[u8]) {
        let facts = self.tables.entry(table).or_default();
        facts.generation += 1;
        match &mut facts.greatest {
            Some(greatest) if last > greatest.as_slice() => *greatest = last.to_vec(),
            None if facts.filling == Filling::Empty => facts.greatest = Some(last.to_vec()),
            _ => {}
        }
        facts.filling = Filling::Unknown;
    }

    fn table_committed(&mut self, table: TableId, overlay: TableOverlay) {
        let facts = self.tables.entry(table).or_default();
        if overlay.dropped {
            facts.generation += 1;
            facts.filling = Filling::Empty;
            facts.greatest = None;
        }
        // Nobody asks for most rows of a load soon. Keys behind the end were never cached: there is nothing to replace.
        let is_load = overlay.rows.len() >= LOAD_ROWS_MIN
            && match (&facts.greatest, overlay.rows.first_key_value()) {
                (Some(greatest), Some((first, _))) => first > greatest,
                _ => facts.filling == Filling::Empty,
            };
        match (&mut facts.greatest, overlay.rows.last_key_value()) {
            (Some(greatest), Some((last, _))) if last > greatest => greatest.clone_from(last),
            (None, Some((last, _))) if facts.filling == Filling::Empty => facts.greatest = Some(last.clone()),
            _ => {}
        }
        if let Filling::Row(key) = &facts.filling
            && overlay.rows.get(key).is_some_and(Option::is_none)
        {
            facts.filling = Filling::Unknown;
        }
        if !matches!(facts.filling, Filling::Row(_))
            && let Some(key) = overlay.last_row()
        {
            facts.filling = Filling::Row(key.to_vec());
        }
        if facts.read_by_key && !is_load {
            let table = facts.cache_table(table);
            overlay.rows.into_iter().for_each(|(key, row)| self.cache.put(table, &key, row));
        }
    }
}
