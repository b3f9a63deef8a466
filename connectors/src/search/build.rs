//! One index on disk. Each replacement builds a new one beside the old, in a directory of its own, `build-7`; the newest
//! with a cursor counts, others are remains.
//!
//! The cursor is the payload of the commit: rows and cursor are one file's atomic rename.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tantivy::indexer::UserOperation;
use tantivy::schema::TantivyDocument;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyError};

use super::document::DocumentWriter;
use super::fields::Fields;
use super::index::Generation;
use crate::row::Row;
use crate::schema::ViewSchema;
use crate::sink::{Cursor, RowChange};

/// Changes when documents are made in another way: older builds are then left aside.
const VERSION: u32 = 1;
/// What a writing thread needs at least, and can use at most.
const THREAD_BYTES_MIN: usize = 16 << 20;
const THREAD_BYTES_MAX: usize = 2 << 30;
/// Threads that build a new index.
const BUILD_THREADS_MAX: usize = 2;

#[derive(Serialize, Deserialize)]
struct Payload {
    version: u32,
    cursor: Cursor,
}

/// What a build is of.
pub(super) struct Plan {
    pub(super) view: ViewSchema,
    pub(super) fields: Fields,
    /// Directory of all builds.
    pub(super) directory: PathBuf,
    pub(super) memory_bytes: usize,
}

/// An index that is written.
pub(super) struct Build {
    plan: Arc<Plan>,
    path: PathBuf,
    index: Index,
    reader: IndexReader,
    writer: IndexWriter,
}

impl Plan {
    /// Numbers of the builds in the directory, ascending.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            numbers
                .extend(name.to_str().and_then(|name| name.strip_prefix("build-")).and_then(|n| n.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("build-{number}"))
    }

    /// Opens the newest complete build, if it fits the view, and removes the others.
    pub(super) fn open(self: &Arc<Self>) -> tantivy::Result<Option<(Build, Generation)>> {
        for number in self.numbers()?.into_iter().rev() {
            let path = self.path(number);
            match self.open_at(&path) {
                Ok(Some(opened)) => {
                    self.remove_all_but(&path)?;
                    return Ok(Some(opened));
                }
                Ok(None) => {}
                Err(error @ (TantivyError::LockFailure(..) | TantivyError::IoError(_))) => return Err(error),
                // It is derived data: what cannot be read is built again.
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "search index is unreadable, building it again")
                }
            }
        }
        Ok(None)
    }

    fn open_at(self: &Arc<Self>, path: &Path) -> tantivy::Result<Option<(Build, Generation)>> {
        // Made empty or half by a killed process.
        if !path.join("meta.json").exists() {
            return Ok(None);
        }
        let index = Index::open_in_dir(path)?;
        let payload = index.load_metas()?.payload.and_then(|text| serde_json::from_str::<Payload>(&text).ok());
        let Some(payload) =
            payload.filter(|payload| payload.version == VERSION && index.schema() == self.fields.schema)
        else {
            return Ok(None);
        };
        let build = Build::on(Arc::clone(self), path.into(), index, 1)?;
        let generation = Generation::new(build.reader.searcher(), payload.cursor);
        Ok(Some((build, generation)))
    }

    /// Begins an empty build beside what is there.
    pub(super) fn begin(self: &Arc<Self>) -> tantivy::Result<Build> {
        let number = self.numbers()?.last().map_or(1, |newest| newest + 1);
        let path = self.path(number);
        fs::create_dir_all(&path)?;
        let index = Index::create_in_dir(&path, self.fields.schema.clone())?;
        let threads = (self.memory_bytes / THREAD_BYTES_MIN).clamp(1, BUILD_THREADS_MAX);
        Build::on(Arc::clone(self), path, index, threads)
    }

    fn remove_all_but(&self, kept: &Path) -> io::Result<()> {
        for number in self.numbers()? {
            let path = self.path(number);
            if path != kept {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }
}

impl Build {
    fn on(plan: Arc<Plan>, path: PathBuf, index: Index, threads: usize) -> tantivy::Result<Self> {
        plan.fields.register_analyzers(&index);
        let bytes = (plan.memory_bytes / threads).clamp(THREAD_BYTES_MIN, THREAD_BYTES_MAX) * threads;
        let writer = index.writer_with_num_threads(threads, bytes)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { plan, path, index, reader, writer })
    }

    /// Adds rows whose keys are not in the index.
    pub(super) fn add(&mut self, rows: &[Row]) -> tantivy::Result<()> {
        let documents = DocumentWriter { view: &self.plan.view, fields: &self.plan.fields };
        rows.iter().try_for_each(|row| self.writer.add_document(documents.document(row)).map(drop))
    }

    /// Brings changes about, whatever the index holds of their keys, and commits them with the cursor.
    pub(super) fn apply(&mut self, changes: &[RowChange], cursor: &Cursor) -> tantivy::Result<Generation> {
        let documents = DocumentWriter { view: &self.plan.view, fields: &self.plan.fields };
        for change in changes {
            let mut operations: Vec<UserOperation<TantivyDocument>> = Vec::with_capacity(3);
            let old = change.old.as_ref().map(|row| documents.key_term(row));
            let new = change.new.as_ref().map(|row| documents.key_term(row));
            // SQL calls numeric 1.0 and 1.00 one key; their terms differ.
            operations.extend(old.filter(|old| Some(old) != new.as_ref()).map(UserOperation::Delete));
            operations.extend(new.map(UserOperation::Delete));
            operations.extend(change.new.as_ref().map(|row| UserOperation::Add(documents.document(row))));
            self.writer.run(operations)?;
        }
        self.commit(cursor)
    }

    /// Makes everything so far durable and visible, with its cursor.
    fn commit(&mut self, cursor: &Cursor) -> tantivy::Result<Generation> {
        let payload = Payload { version: VERSION, cursor: cursor.clone() };
        let payload = serde_json::to_string(&payload).expect("a cursor has string keys only");
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        // The commit renames its file without syncing the directory: a power cut could bring the former one back.
        File::open(&self.path)?.sync_all()?;
        self.reader.reload()?;
        Ok(Generation::new(self.reader.searcher(), cursor.clone()))
    }

    /// Commits a new build, makes it the one that counts and goes on writing it.
    pub(super) fn finish(mut self, cursor: &Cursor) -> tantivy::Result<(Self, Generation)> {
        let generation = self.commit(cursor)?;
        File::open(&self.plan.directory)?.sync_all()?;
        self.plan.remove_all_but(&self.path)?;
        let Self { plan, path, index, writer, .. } = self;
        // Drops the building threads, and the lock, before the writing one takes them.
        drop(writer);
        Ok((Self::on(plan, path, index, 1)?, generation))
    }
}
