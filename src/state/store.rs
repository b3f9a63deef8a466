//! The state directory, opened.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};
use smol_str::{SmolStr, format_smolstr};

use super::database::{Database, MemoryBudget};
use super::directory::{DATABASE, Directory, failed};
use super::life::Life;
use super::log_sync::LogSync;
use super::reader::Reader;
use super::row_cache::CacheMeter;
use super::run::{self, Run, WrittenRun};
use super::transaction::StateTx;
use super::views::{RegisteredView, Views};
use super::witness::Witness;
use super::writer::Writer;
use super::{Checkpoint, StateError};

/// An open state directory. The engine writes through [`State::begin`], everyone else reads through [`State::read`].
pub struct State {
    // Fields are dropped in this order: the lock on the directory goes last.
    writer: Mutex<Writer>,
    views: RwLock<Arc<Views>>,
    meter: Arc<CacheMeter>,
    run_bytes_max: AtomicUsize,
    database: Database,
    log_sync: LogSync,
    witness: Witness,
    life: Life,
    id: SmolStr,
    directory: Directory,
}

/// Memory and disk that the state uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// RocksDB's blocks, indexes and filters in memory.
    pub block_cache_bytes: u64,
    /// Writes that RocksDB has not sorted into files yet.
    pub memtable_bytes: u64,
    /// Rows kept in memory for the engine.
    pub row_cache_bytes: u64,
    /// Files of the database, its log included.
    pub disk_bytes: u64,
    /// Reads by key that the row cache answered, since the start.
    pub cache_hits: u64,
    /// Reads by key that went to RocksDB, since the start.
    pub cache_misses: u64,
    /// Whether RocksDB holds back writes because compaction cannot keep up.
    pub writes_stopped: bool,
}

impl State {
    /// Opens or makes the directory; one process at a time. `memory_bytes` bounds all caches and write buffers together.
    pub fn open(directory: &Path, memory_bytes: usize) -> Result<Arc<Self>, StateError> {
        Self::open_in(Directory::open(directory, None)?, MemoryBudget::divide(memory_bytes))
    }

    pub(super) fn open_in(directory: Directory, budget: MemoryBudget) -> Result<Arc<Self>, StateError> {
        run::clean(&directory.runs()).map_err(|error| directory.failed(&error))?;
        let database = Database::open(&directory.database(), budget, directory.is_new())?;
        let checkpoint = Reader::new(&database, Arc::default()).checkpoint()?;
        let (witness, life) = (witness(&directory, &checkpoint)?, Life::open(directory.path()));
        let life = life.map_err(|error| directory.failed(&error))?;
        let id = match life.name().as_str() {
            "" => directory.id().clone(),
            name => format_smolstr!("{}-{name}", directory.id()),
        };
        let meter = Arc::<CacheMeter>::default();
        let writer = Mutex::new(Writer::new(checkpoint, budget.rows, meter.clone()));
        let views = RwLock::default();
        Ok(Arc::new(Self {
            writer,
            views,
            meter,
            run_bytes_max: AtomicUsize::new(budget.run),
            database,
            log_sync: LogSync::default(),
            witness,
            life,
            id,
            directory,
        }))
    }

    /// Id of this life of the state, the same for its branches. Under one id a step number always means the same step, to all who were told
    /// of it: who makes a branch current numbers its steps accordingly.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Starts a step. Nothing is written before [`StateTx::commit`]; dropping it leaves no trace.
    ///
    /// # Panics
    /// When another step is under way: one engine writes, one step after the other.
    pub fn begin(&self) -> StateTx<'_> {
        StateTx::new(self, self.writer.try_lock().expect("one step at a time"))
    }

    /// Runs `read` on the newest committed checkpoint, pinned.
    pub fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> T) -> T {
        let reader = {
            // Held while the snapshot is taken, so that views and rows are of one commit.
            let views = self.views.read();
            Reader::new(&self.database, views.clone())
        };
        read(&reader)
    }

    /// The newest committed checkpoint.
    pub fn checkpoint(&self) -> Result<Checkpoint, StateError> {
        self.read(|reader| reader.checkpoint())
    }

    /// Says which views can be read; replaces what was said before. When a step moves a view to another table, use
    /// [`StateTx::register_views`] instead.
    pub fn register_views(&self, views: Vec<RegisteredView>) {
        *self.views.write() = Views::new(views);
    }

    /// Makes everything committed before the call survive a power cut. Any thread may call it while steps go on.
    pub fn flush(&self) -> Result<(), StateError> {
        let step = self.checkpoint()?.step;
        self.log_sync.sync(&self.directory.database(), &self.database)?;
        self.witness.flushed(step).map_err(|error| self.directory.failed(&error))
    }

    /// Flushes, and says that nothing will be written any more.
    pub fn close(&self) -> Result<(), StateError> {
        self.flush()?;
        self.life.close().map_err(|error| self.directory.failed(&error))
    }

    /// Changes the bound of all caches and write buffers, at any time: it holds for what the step under way reads and writes next,
    /// also when there is an error, which is that RocksDB could not note it.
    pub fn set_memory(&self, memory_bytes: usize) -> Result<(), StateError> {
        let budget = MemoryBudget::divide(memory_bytes);
        // The writer belongs to the step that may be under way: it looks at its bound by itself.
        self.meter.bytes_max.store(budget.rows, Ordering::Relaxed);
        self.run_bytes_max.store(budget.run, Ordering::Relaxed);
        self.database.set_budget(budget)
    }

    /// Gives it up: its files are removed when the last reference to it is dropped, once nobody reads it any more. Nothing else
    /// changes. A state that its home calls current stays.
    pub fn doom(&self) {
        self.directory.doom();
    }

    /// What it uses now.
    pub fn usage(&self) -> Usage {
        Usage {
            block_cache_bytes: self.database.block_cache_bytes() as u64,
            memtable_bytes: self.database.memtable_bytes() as u64,
            row_cache_bytes: self.meter.bytes.load(Ordering::Relaxed) as u64,
            disk_bytes: self.directory.database_bytes(),
            cache_hits: self.meter.hits.load(Ordering::Relaxed),
            cache_misses: self.meter.misses.load(Ordering::Relaxed),
            writes_stopped: self.database.writes_stopped(),
        }
    }

    /// Memory that all runs together may take before they are ingested.
    pub fn run_bytes_max(&self) -> usize {
        self.run_bytes_max.load(Ordering::Relaxed)
    }

    /// Writes a run as files, for [`StateTx::take_in`].
    pub fn write_run(&self, run: &Run) -> Result<WrittenRun, StateError> {
        run.write(&self.directory.runs(), self.database.run_options())
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// Where it lies.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Makes a copy of the newest commit, or of one that comes meanwhile, in `path`, which is an empty directory.
    pub(super) fn copy_to(&self, path: &Path) -> Result<(), StateError> {
        let failed = |error: io::Error| failed(path, &error);
        self.directory.branch(path).map_err(failed)?;
        self.life.branch(path).map_err(failed)?;
        self.database.copy_to(&path.join(DATABASE))
    }

    /// Runs `commit` so that no reader sees it with the views of before.
    pub(super) fn replace_views<T, E>(
        &self,
        views: Vec<RegisteredView>,
        commit: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut registered = self.views.write();
        let committed = commit()?;
        *registered = Views::new(views);
        Ok(committed)
    }
}

/// Opens the second account, and compares.
fn witness(directory: &Directory, checkpoint: &Checkpoint) -> Result<Witness, StateError> {
    let witness = Witness::open(directory.path()).map_err(|error| directory.failed(&error))?;
    if directory.is_new() {
        witness.flushed(0).map_err(|error| directory.failed(&error))?;
    }
    match witness.step() {
        Some(durable) if durable > checkpoint.step => Err(StateError::damaged(format!(
            "{}: it ends at step {}, but step {durable} was on the disk: its log or its manifest lost their end",
            directory.database().display(),
            checkpoint.step
        ))),
        _ => Ok(witness),
    }
}

#[cfg(test)]
mod tests;
