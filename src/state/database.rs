//! RocksDB, opened: column families, options, and the split of the memory budget.
//!
//! | family | key | value |
//! |---|---|---|
//! | `meta` | `checkpoint`, or `d/` and the name of a document | JSON |
//! | `tables` | table id (4 bytes, big endian), key | row |
//! | `changelog` | table id, step (8 bytes, big endian); step 0 holds the floor | chunk |
//! | all three | [`STEP_COUNT`] | number of steps, added up by their commits: [`add`] |

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    IngestExternalFileOptions, LogLevel, MergeOperands, Options, ReadOptions, WriteBufferManager, WriteOptions,
    checkpoint, properties,
};

use super::directory::failed;
use super::documents::{CHECKPOINT, parse_document};
use super::{Checkpoint, StateError};

/// Key behind those of all tables: ids end before it.
pub(super) const STEP_COUNT: [u8; 4] = [u8::MAX; 4];

const FAMILY_META: &str = "meta";
const FAMILY_TABLES: &str = "tables";
const FAMILY_CHANGELOG: &str = "changelog";
const FAMILY_UNUSED: &str = "default";

/// Below this RocksDB would flush all the time; a smaller budget is taken as this one.
const MEMORY_BYTES_MIN: usize = 16 << 20;
const BLOCK_BYTES: usize = 8 << 10;
const FILTER_BITS_PER_KEY: f64 = 10.0;
/// Part of the write buffers that filters of their own keys take, so that reads of absent keys pass them by.
const MEMTABLE_FILTER_RATIO: f64 = 0.05;
/// One flush and one compaction at a time: the machine is shared with the source and the sinks.
const BACKGROUND_JOBS: i32 = 2;
const OPEN_FILES_MAX: i32 = 512;
const BYTES_PER_SYNC: u64 = 1 << 20;
const LOG_FILES_MAX: usize = 3;
const LOG_FILE_BYTES_MAX: usize = 4 << 20;
/// Parts of the write buffers that one of a family may take.
const FAMILY_PARTS: [(&str, usize); 4] =
    [(FAMILY_UNUSED, 16), (FAMILY_META, 16), (FAMILY_TABLES, 3), (FAMILY_CHANGELOG, 4)];

/// The one byte budget, divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryBudget {
    pub(super) block_cache: usize,
    pub(super) memtables: usize,
    pub(super) rows: usize,
    /// Rows that are collected for a sorted file; part of what is on its way.
    pub(super) run: usize,
    /// Bytes of RocksDB's log, on the disk: bounds what a restart has to read.
    log: usize,
}

/// Share of the process' budget that caches and memtables may hold. The rest is for what is on its way (batches of the source,
/// the step, a sink's write), for index memory of readers, and for what allocators keep: measured in bench/README.md.
const KEPT_PERCENT: usize = 60;

impl MemoryBudget {
    pub(super) fn divide(memory_bytes: usize) -> Self {
        let kept = memory_bytes.max(MEMORY_BYTES_MIN) / 100 * KEPT_PERCENT;
        let (block_cache, memtables) = (kept / 2, kept / 3);
        Self { block_cache, memtables, rows: kept - block_cache - memtables, run: memtables / 4, log: 2 * memtables }
    }

    /// What is opened with `memory_bytes` and may get `later_bytes`: the log's bound cannot be changed afterwards.
    pub(super) fn divide_for_now(memory_bytes: usize, later_bytes: usize) -> Self {
        Self { log: Self::divide(later_bytes).log, ..Self::divide(memory_bytes) }
    }
}

pub(super) struct Database {
    pub(super) engine: DB,
    block_cache: Cache,
    memtables: WriteBufferManager,
    /// How files of rows are made.
    run_options: Options,
}

impl Database {
    /// Opens it, or makes it where nothing was; what is half there is damaged.
    pub(super) fn open(path: &Path, budget: MemoryBudget, is_new: bool) -> Result<Self, StateError> {
        let block_cache = Cache::new_lru_cache(budget.block_cache);
        // The manager flushes before its size is reached; it never blocks the step.
        let memtables = WriteBufferManager::new_write_buffer_manager(budget.memtables, false);
        let mut options = database_options(&memtables, budget);
        let families = || {
            FAMILY_PARTS.map(|(name, part)| {
                ColumnFamilyDescriptor::new(name, family_options(&block_cache, budget.memtables / part))
            })
        };
        if is_new {
            options.create_if_missing(true);
            options.create_missing_column_families(true);
            make(path, |path| DB::open_cf_descriptors(&options, path, families()))?;
            options.create_if_missing(false);
            options.create_missing_column_families(false);
        }
        let engine = DB::open_cf_descriptors(&options, path, families()).map_err(|error| open_error(path, error))?;
        let run_options = family_options(&block_cache, budget.memtables);
        let database = Self { engine, block_cache, memtables, run_options };
        database.compare_counts()?;
        Ok(database)
    }

    /// Every commit counts in every family the steps from the one before to its own: a family that has lost commits has counted fewer
    /// than the last one's step, whether a log between others is gone or the end of a manifest. What RocksDB offers for the logs writes its
    /// manifest at each of them, and does not recover from a disk that is full there.
    fn compare_counts(&self) -> Result<(), StateError> {
        let step = match self.engine.get_cf(self.meta(), CHECKPOINT)? {
            Some(bytes) => parse_document::<Checkpoint>("checkpoint", &bytes)?.step,
            None => 0,
        };
        let wanted = (step > 0).then(|| step.to_be_bytes().to_vec());
        for family in [self.meta(), self.tables(), self.changelog()] {
            if self.engine.get_cf(family, STEP_COUNT)? != wanted {
                let path = self.engine.path().display();
                return Err(StateError::damaged(format!(
                    "{path}: a part of what was committed is missing from its files"
                )));
            }
        }
        Ok(())
    }

    /// Makes a copy in `path`, which is not there yet: exactly one commit, the newest at the time of the call or a later one.
    ///
    /// Sorted files are the same on the disk, by hard links; the log and the manifest are copied, all synced. Nothing is flushed for it:
    /// a disk that is full here does not disturb who writes.
    pub(super) fn copy_to(&self, path: &Path) -> Result<(), StateError> {
        Ok(checkpoint::Checkpoint::new(&self.engine)?.create_checkpoint_with_log_size(path, u64::MAX)?)
    }

    pub(super) fn run_options(&self) -> &Options {
        &self.run_options
    }

    /// Takes in sorted files of rows, all of them or none, on the disk when it returns. The files are moved.
    pub(super) fn ingest(&self, files: &[PathBuf]) -> Result<(), StateError> {
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        Ok(self.engine.ingest_external_file_cf_opts(self.tables(), &options, files.to_vec())?)
    }

    /// Changes the bounds of all caches and write buffers; that of the log stays.
    pub(super) fn set_budget(&self, budget: MemoryBudget) -> Result<(), StateError> {
        self.block_cache.clone().set_capacity(budget.block_cache);
        self.memtables.set_buffer_size(budget.memtables);
        // Each takes effect, also where RocksDB cannot write its list of options.
        let set = FAMILY_PARTS.map(|(name, part)| {
            let bytes = (budget.memtables / part).to_string();
            self.engine.set_options_cf(self.family(name), &[("write_buffer_size", bytes.as_str())])
        });
        Ok(set.into_iter().collect::<Result<(), _>>()?)
    }

    pub(super) fn meta(&self) -> &ColumnFamily {
        self.family(FAMILY_META)
    }

    pub(super) fn tables(&self) -> &ColumnFamily {
        self.family(FAMILY_TABLES)
    }

    pub(super) fn changelog(&self) -> &ColumnFamily {
        self.family(FAMILY_CHANGELOG)
    }

    fn family(&self, name: &str) -> &ColumnFamily {
        self.engine.cf_handle(name).expect("all column families are opened with the database")
    }

    /// Writes everything into sorted files, on the disk.
    pub(super) fn flush(&self) -> Result<(), StateError> {
        [self.meta(), self.tables(), self.changelog()]
            .into_iter()
            .try_for_each(|family| Ok(self.engine.flush_cf(family)?))
    }

    pub(super) fn block_cache_bytes(&self) -> usize {
        self.block_cache.get_usage()
    }

    pub(super) fn memtable_bytes(&self) -> usize {
        self.memtables.get_usage()
    }

    /// Whether writes are held back because compaction cannot keep up.
    pub(super) fn writes_stopped(&self) -> bool {
        self.engine.property_int_value(properties::IS_WRITE_STOPPED).ok().flatten() == Some(1)
    }
}

/// Makes a database beside its place and moves it there as a whole: RocksDB makes its families one after the other, and one that is there
/// without all of them is damaged.
fn make(path: &Path, open: impl Fn(&Path) -> Result<DB, rocksdb::Error>) -> Result<(), StateError> {
    let failed = |error: io::Error| failed(path, &error);
    let draft = path.with_extension("new");
    for leftover in [&draft, path] {
        match fs::remove_dir_all(leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    drop(open(&draft).map_err(|error| open_error(path, error))?);
    File::open(&draft).and_then(|draft| draft.sync_all()).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)?;
    let parent = path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all());
    parent.map_err(failed)
}

/// An existing database that cannot be opened because of what its files hold, or because some are not there.
fn open_error(path: &Path, error: rocksdb::Error) -> StateError {
    let is_missing = error.as_ref().contains("No such file or directory");
    match error.kind() {
        rocksdb::ErrorKind::Corruption | rocksdb::ErrorKind::InvalidArgument | rocksdb::ErrorKind::NotFound => {
            StateError::damaged(format!("{}: {}", path.display(), error.into_string()))
        }
        rocksdb::ErrorKind::IOError if is_missing => {
            StateError::damaged(format!("{}: {}", path.display(), error.into_string()))
        }
        _ => error.into(),
    }
}

fn database_options(memtables: &WriteBufferManager, budget: MemoryBudget) -> Options {
    let mut options = Options::default();
    options.set_paranoid_checks(true);
    // A torn end of the log, and a hole in what was not flushed, are what a power cut leaves: everything before is whole, and
    // the sources send the rest again. That nothing flushed is missing is seen by `witness`.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_write_buffer_manager(memtables);
    options.set_max_background_jobs(BACKGROUND_JOBS);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_bytes_per_sync(BYTES_PER_SYNC);
    options.set_max_total_wal_size(budget.log as u64);
    options.set_keep_log_file_num(LOG_FILES_MAX);
    options.set_max_log_file_size(LOG_FILE_BYTES_MAX);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options
}

fn family_options(block_cache: &Cache, write_buffer_bytes: usize) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(block_cache);
    blocks.set_block_size(BLOCK_BYTES);
    blocks.set_bloom_filter(FILTER_BITS_PER_KEY, false);
    blocks.set_optimize_filters_for_memory(true);
    // Indexes and filters count against the budget too, but leave the cache last.
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_cache_index_and_filter_blocks_with_high_priority(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(write_buffer_bytes);
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_RATIO);
    options.set_merge_operator_associative("add", add);
    options
}

/// Adds numbers of eight bytes, big endian.
fn add(_key: &[u8], before: Option<&[u8]>, more: &MergeOperands) -> Option<Vec<u8>> {
    let number = |bytes: &[u8]| Some(u64::from_be_bytes(bytes.try_into().ok()?));
    let sum = before.into_iter().chain(more).try_fold(0_u64, |sum, bytes| sum.checked_add(number(bytes)?))?;
    Some(sum.to_be_bytes().to_vec())
}

/// Reads of keys from `lower` (inclusive) up to `upper` (exclusive, `None` for all).
pub(super) fn range(lower: Vec<u8>, upper: Option<Vec<u8>>) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(lower);
    if let Some(upper) = upper {
        options.set_iterate_upper_bound(upper);
    }
    options
}

/// To the operating system at once, to the disk with the next flush; keys of a batch come mostly in order.
pub(super) fn write_options() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(false);
    options.set_memtable_insert_hint_per_batch(true);
    options
}
