//! Rows of one table that go past the log: collected in memory, sorted, written as files of RocksDB and taken in by it as they are.
//!
//! A row of a step is written three times (log, write buffer, sorted file), a row of a run once. The price: a run is no part of a step.
//! [`StateTx::ingest`](super::StateTx::ingest) takes it in by one atomic act of its own, at once and for good, before whatever the step
//! commits that tells of it. So runs are for rows that nobody reads before such a commit, and that may be written again after a crash
//! between the two.
//!
//! Files are made in `runs/`, beside the database, and moved. What a crash leaves there is of no interest; it may be another name of a
//! file that RocksDB has already: it is unlinked, never written over.

use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;

use rocksdb::{Options, SstFileWriter};

use super::table::{TABLE_ID_BYTES, TableId};
use super::{StateError, directory};

/// From here on a run becomes two files at least, made by two threads.
const SPLIT_BYTES_MIN: usize = 4 << 20;
/// More ascending stretches than this are no batches of sessions.
const STRETCHES_MAX: usize = 1 << 10;
/// Files of one run at most.
const PIECES_MAX: usize = 12;

/// Writes of one table, the last of a key counts.
#[derive(Debug)]
pub struct Run {
    table: TableId,
    /// Keys as stored, each with its row behind it.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Places from which on keys ascend, none twice, after one that was not below: where a session's batch comes after another one's.
    breaks: Vec<usize>,
    /// How often it has forgotten everything.
    clears: u64,
}

/// How much there was of a run.
#[derive(Clone, Copy, Debug)]
pub struct RunMark {
    clears: u64,
    bytes: usize,
    entries: usize,
}

/// Files with the writes of a run, which RocksDB has not taken in yet; those that it never does are removed.
#[derive(Debug)]
pub struct WrittenRun {
    files: Vec<PathBuf>,
    /// The greatest key, without the table.
    last_key: Vec<u8>,
}

/// A write in a run's bytes.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    key_bytes: u32,
    /// `None` for a deletion.
    row_bytes: Option<u32>,
}

impl Run {
    /// Of nothing yet.
    pub fn new(table: TableId) -> Self {
        Self { table, bytes: Vec::new(), entries: Vec::new(), breaks: Vec::new(), clears: 0 }
    }

    /// Of nothing, with the memory of this one.
    pub fn reused(mut self, table: TableId) -> Self {
        self.clear();
        Self { table, ..self }
    }

    /// The table that it is of.
    pub fn table(&self) -> TableId {
        self.table
    }

    /// Memory that its writes take, about.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    /// Whether it has no writes.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a row: `write` appends the key, answers where it ends (the length so far), and appends the row. After an error nothing is added.
    pub fn put<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<usize, E>) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.extend(self.table.0.to_be_bytes());
        match write(&mut self.bytes) {
            Ok(key_end) => {
                let row_bytes = Some((self.bytes.len() - key_end) as u32);
                self.add(Entry { start, key_bytes: (key_end - start) as u32, row_bytes });
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(start);
                Err(error)
            }
        }
    }

    /// Adds a deletion.
    pub fn delete(&mut self, key: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend(self.table.0.to_be_bytes());
        self.bytes.extend_from_slice(key);
        self.add(Entry { start, key_bytes: (self.bytes.len() - start) as u32, row_bytes: None });
    }

    fn add(&mut self, entry: Entry) {
        if self.entries.last().is_some_and(|last| self.key(last) >= self.key(&entry)) {
            self.breaks.push(self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Forgets its writes, and keeps the memory for others.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.breaks.clear();
        self.clears += 1;
    }

    /// What there is so far.
    pub fn mark(&self) -> RunMark {
        RunMark { clears: self.clears, bytes: self.bytes.len(), entries: self.entries.len() }
    }

    /// Forgets what came after `mark`: everything, if it has been cleared since.
    pub fn back_to(&mut self, mark: RunMark) {
        if mark.clears != self.clears {
            return self.clear();
        }
        self.bytes.truncate(mark.bytes);
        self.entries.truncate(mark.entries);
        self.breaks.retain(|place| *place < mark.entries);
    }

    /// Visits the writes in their order: keys without the table, rows, `None` for deletions.
    pub fn each(&self, mut visit: impl FnMut(&[u8], Option<&[u8]>)) {
        for entry in &self.entries {
            visit(&self.key(entry)[TABLE_ID_BYTES..], self.row(entry));
        }
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.start..][..entry.key_bytes as usize]
    }

    fn row(&self, entry: &Entry) -> Option<&[u8]> {
        let start = entry.start + entry.key_bytes as usize;
        entry.row_bytes.map(|length| &self.bytes[start..][..length as usize])
    }

    /// Writes by their keys; of several writes of a key the last one.
    fn sorted(&self) -> Cow<'_, [Entry]> {
        match self.breaks.is_empty() {
            true => Cow::Borrowed(&self.entries),
            false => Cow::Owned(self.joined().unwrap_or_else(|| self.merged())),
        }
    }

    /// Its ascending stretches one after another, if none reaches into another one. So they are when sessions read a table from several
    /// places on, and then no two rows need be compared.
    fn joined(&self) -> Option<Vec<Entry>> {
        if self.breaks.len() >= STRETCHES_MAX {
            return None;
        }
        let starts = std::iter::once(0).chain(self.breaks.iter().copied());
        let ends = self.breaks.iter().copied().chain([self.entries.len()]);
        let mut stretches: Vec<&[Entry]> = starts.zip(ends).map(|(start, end)| &self.entries[start..end]).collect();
        let ends_of = |stretch: &[Entry]| (self.key(&stretch[0]), self.key(&stretch[stretch.len() - 1]));
        stretches.sort_by_key(|stretch| ends_of(stretch));
        let are_apart = stretches.is_sorted_by(|a, b| ends_of(a).1 < ends_of(b).0);
        are_apart.then(|| stretches.concat())
    }

    fn merged(&self) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        // Stable; and makes use of what ascends.
        entries.sort_by(|a, b| self.key(a).cmp(self.key(b)));
        entries.dedup_by(|later, kept| {
            let is_same = self.key(later) == self.key(kept);
            if is_same {
                *kept = *later;
            }
            is_same
        });
        entries
    }

    /// Writes it, sorted, as files below `directory`, whose keys do not overlap. What cannot be written leaves no files. Only one run of a
    /// table may be written at a time.
    pub(super) fn write(&self, directory: &Path, options: &Options) -> Result<WrittenRun, StateError> {
        let entries = self.sorted();
        fs::create_dir_all(directory).map_err(|error| directory::failed(directory, &error))?;
        let pieces: Vec<(PathBuf, &[Entry])> = (pieces(&entries, self.bytes()).into_iter().enumerate())
            .map(|(number, entries)| (directory.join(format!("{}-{number}.sst", self.table.0)), entries))
            .collect();
        let write = |first: usize| {
            let mut own = pieces.iter().skip(first).step_by(2);
            own.try_for_each(|(path, entries)| self.write_file((path, entries), options))
        };
        let written = thread::scope(|threads| {
            let other = (pieces.len() > 1).then(|| threads.spawn(|| write(1)));
            let own = write(0);
            own.and(other.map_or(Ok(()), |other| other.join().expect("writing a file does not panic")))
        });
        let files = pieces.into_iter().map(|(path, _)| path).collect();
        let last_key = entries.last().map_or(Vec::new(), |entry| self.key(entry)[TABLE_ID_BYTES..].to_vec());
        // Dropped after an error.
        let run = WrittenRun { files, last_key };
        written.map(|()| run)
    }

    fn write_file(&self, (path, entries): (&Path, &[Entry]), options: &Options) -> Result<(), StateError> {
        remove(path).map_err(|error| directory::failed(path, &error))?;
        let mut file = SstFileWriter::create(options);
        file.open(path)?;
        for entry in entries {
            match self.row(entry) {
                Some(row) => file.put(self.key(entry), row)?,
                None => file.delete(self.key(entry))?,
            }
        }
        Ok(file.finish()?)
    }
}

impl WrittenRun {
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    pub(super) fn last_key(&self) -> &[u8] {
        &self.last_key
    }
}

impl Drop for WrittenRun {
    fn drop(&mut self) {
        // What cannot be removed is when it is written again, or at the next start.
        self.files.iter().for_each(|path| drop(remove(path)));
    }
}

/// Writes of each file. Several sessions read a table from several places on, and go on from there in the next run: a file that reached
/// from one of those places to another would overlap with all that is to come between, and had to be merged with it. Where one session
/// has stopped and another one began, a row came earlier than the one before it in order.
fn pieces(entries: &[Entry], bytes: usize) -> Vec<&[Entry]> {
    let pieces: Vec<&[Entry]> =
        entries.chunk_by(|before, after| before.start < after.start).take(PIECES_MAX + 1).collect();
    match pieces.len() {
        0 | 2..=PIECES_MAX => pieces,
        // In one order, or in none.
        _ if bytes < SPLIT_BYTES_MIN => vec![entries],
        _ => entries.chunks(entries.len().div_ceil(2)).collect(),
    }
}

/// Removes the name of a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what a crash left.
pub(super) fn clean(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
