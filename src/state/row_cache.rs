//! Committed rows in memory, one entry per key, within a byte bound; absent keys are remembered too.
//!
//! A clock decides what goes: a hand goes round, an entry that was read since its last visit stays for one more round.
//! New entries are not marked as read, so a long scan of new keys does not drive out what is used again and again.

use std::hash::Hasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Bytes an entry costs beside its key and value: slot, index, allocations.
const ENTRY_OVERHEAD_BYTES: usize = 112;
/// Keys up to this length lie in the entry: a look at it is one miss of the processor's cache, not two.
const SHORT_KEY_BYTES_MAX: usize = 30;
/// One entry may take this part of the cache; larger ones are read from the engine below each time.
const ENTRY_SHARE_MAX: usize = 16;

/// Where a cached row belongs. The generation changes when the table is dropped, which makes its entries unreachable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CacheTable {
    pub(super) id: u32,
    pub(super) generation: u32,
}

/// A row, or the knowledge that there is none.
pub(super) type CachedRow = Option<Arc<[u8]>>;

/// Figures of the cache that others may read while it works, and its bound, which they may change.
#[derive(Debug, Default)]
pub(super) struct CacheMeter {
    pub(super) bytes_max: AtomicUsize,
    pub(super) bytes: AtomicUsize,
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
}

enum Key {
    Short { length: u8, bytes: [u8; SHORT_KEY_BYTES_MAX] },
    Long(Box<[u8]>),
}

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        if key.len() > SHORT_KEY_BYTES_MAX {
            return Self::Long(key.into());
        }
        let mut bytes = [0; SHORT_KEY_BYTES_MAX];
        bytes[..key.len()].copy_from_slice(key);
        Self::Short { length: key.len() as u8, bytes }
    }
}

impl std::ops::Deref for Key {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length)],
            Self::Long(bytes) => bytes,
        }
    }
}

struct Entry {
    table: CacheTable,
    key: Key,
    row: CachedRow,
    read: bool,
    /// Brought by a prefetch that was counted as a miss: its first read is not a hit.
    fetched_ahead: bool,
}

impl Entry {
    fn bytes(&self) -> usize {
        entry_bytes(&self.key, &self.row)
    }
}

fn entry_bytes(key: &[u8], row: &CachedRow) -> usize {
    ENTRY_OVERHEAD_BYTES + key.len() + row.as_ref().map_or(0, |row| row.len())
}

fn hash(table: CacheTable, key: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(table.id);
    hasher.write_u32(table.generation);
    hasher.write(key);
    hasher.finish()
}

pub(super) struct RowCache {
    index: HashTable<u32>,
    slots: Vec<Option<Entry>>,
    free: Vec<u32>,
    hand: usize,
    bytes: usize,
    meter: Arc<CacheMeter>,
}

impl RowCache {
    pub(super) fn new(bytes_max: usize, meter: Arc<CacheMeter>) -> Self {
        meter.bytes_max.store(bytes_max, Ordering::Relaxed);
        Self { index: HashTable::new(), slots: Vec::new(), free: Vec::new(), hand: 0, bytes: 0, meter }
    }

    /// What is known of the key; `None` when nothing is. Counts as a read.
    pub(super) fn get(&mut self, table: CacheTable, key: &[u8]) -> Option<CachedRow> {
        let slot = self.find(table, key)?;
        let entry = self.slots[slot as usize].as_mut().expect("indexed slots are occupied");
        entry.read = true;
        if !std::mem::take(&mut entry.fetched_ahead) {
            self.meter.hits.fetch_add(1, Ordering::Relaxed);
        }
        Some(entry.row.clone())
    }

    /// Whether the key is known; such an entry survives the next visit of the hand.
    pub(super) fn touch(&mut self, table: CacheTable, key: &[u8]) -> bool {
        let Some(slot) = self.find(table, key) else { return false };
        self.slots[slot as usize].as_mut().expect("indexed slots are occupied").read = true;
        true
    }

    /// Remembers a row that a read had to fetch.
    pub(super) fn fetched(&mut self, table: CacheTable, key: &[u8], row: CachedRow, ahead: bool) {
        self.meter.misses.fetch_add(1, Ordering::Relaxed);
        self.put(table, key, row);
        if ahead && let Some(slot) = self.find(table, key) {
            self.slots[slot as usize].as_mut().expect("indexed slots are occupied").fetched_ahead = true;
        }
    }

    /// Remembers what was committed for the key.
    pub(super) fn put(&mut self, table: CacheTable, key: &[u8], row: CachedRow) {
        let found = self.find(table, key);
        let bytes = entry_bytes(key, &row);
        let bytes_max = self.meter.bytes_max.load(Ordering::Relaxed);
        if bytes > bytes_max / ENTRY_SHARE_MAX {
            if let Some(slot) = found {
                self.remove(slot);
            }
            return;
        }
        match found {
            Some(slot) => {
                let entry = self.slots[slot as usize].as_mut().expect("indexed slots are occupied");
                self.bytes = self.bytes - entry.bytes() + bytes;
                entry.row = row;
            }
            None => self.insert(Entry { table, key: key.into(), row, read: false, fetched_ahead: false }),
        }
        while self.bytes > bytes_max {
            self.turn();
        }
        self.meter.bytes.store(self.bytes, Ordering::Relaxed);
    }

    fn find(&self, table: CacheTable, key: &[u8]) -> Option<u32> {
        let slots = &self.slots;
        let is_it =
            |slot: &u32| slots[*slot as usize].as_ref().is_some_and(|entry| entry.table == table && *entry.key == *key);
        self.index.find(hash(table, key), is_it).copied()
    }

    fn insert(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        let hash_of_new = hash(entry.table, &entry.key);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.slots[slot as usize] = Some(entry);
        let slots = &self.slots;
        self.index.insert_unique(hash_of_new, slot, |&slot| {
            let entry = slots[slot as usize].as_ref().expect("indexed slots are occupied");
            hash(entry.table, &entry.key)
        });
    }

    fn remove(&mut self, slot: u32) {
        let entry = self.slots[slot as usize].take().expect("only occupied slots are removed");
        self.bytes -= entry.bytes();
        self.free.push(slot);
        match self.index.find_entry(hash(entry.table, &entry.key), |&indexed| indexed == slot) {
            Ok(indexed) => drop(indexed.remove()),
            Err(_) => unreachable!("occupied slots are indexed"),
        }
    }

    /// Moves the hand by one slot.
    fn turn(&mut self) {
        self.hand = (self.hand + 1) % self.slots.len();
        match &mut self.slots[self.hand] {
            Some(entry) if entry.read => entry.read = false,
            Some(_) => self.remove(self.hand as u32),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: CacheTable = CacheTable { id: 1, generation: 0 };

    fn cache(bytes_max: usize) -> RowCache {
        RowCache::new(bytes_max, Arc::default())
    }

    fn row(text: &str) -> CachedRow {
        Some(text.as_bytes().into())
    }

    #[test]
    fn what_was_put_is_found_and_absence_is_remembered() {
        let mut cache = cache(100_000);
        cache.put(TABLE, b"a", row("1"));
        cache.put(TABLE, b"b", None);
        assert_eq!(cache.get(TABLE, b"a"), Some(row("1")));
        assert_eq!(cache.get(TABLE, b"b"), Some(None));
        assert_eq!(cache.get(TABLE, b"c"), None);
        cache.put(TABLE, b"a", None);
        assert_eq!(cache.get(TABLE, b"a"), Some(None));
        assert_eq!(cache.get(CacheTable { generation: 1, ..TABLE }, b"a"), None);
        assert_eq!(cache.get(CacheTable { id: 2, ..TABLE }, b"a"), None);
    }

    #[test]
    fn it_stays_within_its_bytes_and_keeps_what_is_read_again() {
        let mut cache = cache(20_000);
        cache.put(TABLE, b"hot", row("hot"));
        for number in 0..10_000_u32 {
            cache.put(TABLE, &number.to_be_bytes(), row("cold"));
            assert!(cache.touch(TABLE, b"hot"));
            assert!(cache.bytes <= 20_000);
        }
        let counted: usize = cache.slots.iter().flatten().map(Entry::bytes).sum();
        assert_eq!(counted, cache.bytes);
        assert_eq!(cache.index.len(), cache.slots.iter().flatten().count());
        assert!(cache.slots.len() < 200);
    }

    #[test]
    fn another_bound_holds_from_the_next_row_on() {
        let mut cache = cache(20_000);
        let fill = |cache: &mut RowCache| {
            (0..10_000_u32).for_each(|number| cache.put(TABLE, &number.to_be_bytes(), row("cold")));
            cache.bytes
        };
        assert!((19_000..=20_000).contains(&fill(&mut cache)));
        cache.meter.bytes_max.store(100_000, Ordering::Relaxed);
        assert!((99_000..=100_000).contains(&fill(&mut cache)));
        cache.meter.bytes_max.store(5_000, Ordering::Relaxed);
        cache.put(TABLE, b"a", row("1"));
        assert!((4_000..=5_000).contains(&cache.bytes));
        assert_eq!(cache.get(TABLE, b"a"), Some(row("1")));
    }

    #[test]
    fn a_row_too_large_for_the_cache_does_not_leave_its_old_version_behind() {
        let mut cache = cache(20_000);
        cache.put(TABLE, b"a", row("small"));
        cache.put(TABLE, b"a", row(&"x".repeat(5_000)));
        assert_eq!(cache.get(TABLE, b"a"), None);
        assert_eq!(cache.bytes, 0);
    }

    #[test]
    fn a_prefetched_row_counts_as_one_miss_and_then_as_hits() {
        let mut cache = cache(20_000);
        cache.fetched(TABLE, b"a", row("1"), true);
        for _ in 0..3 {
            cache.get(TABLE, b"a");
        }
        assert_eq!(cache.meter.hits.load(Ordering::Relaxed), 2);
        assert_eq!(cache.meter.misses.load(Ordering::Relaxed), 1);
    }
}
