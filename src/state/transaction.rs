//! One step's reads and writes, and its commit.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::MutexGuard;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use tailwater_connectors::{Positions, RowChange};

use super::changelog::ChangelogDraft;
use super::commit::StepBatch;
use super::documents::{document_key, parse_document, print_document};
use super::overlay::Overlay;
use super::row_cache::CachedRow;
use super::run::{Run, WrittenRun};
use super::scan::{Direction, ScanRange, Visit};
use super::store::State;
use super::table::{TableId, Version};
use super::views::RegisteredView;
use super::writer::Writer;
use super::{Checkpoint, StateError};
use crate::fail_point::{FailPoint, pass};

/// Keys looked up in one call; bounds what RocksDB pins at a time.
const PREFETCH_KEYS_MAX: usize = 1024;

/// One step: reads in two versions, writes that become visible together at [`StateTx::commit`], or never.
///
/// Only the engine's thread uses it. Reads take `&self`, so that a visit may read on.
pub struct StateTx<'a> {
    state: &'a State,
    writer: RefCell<MutexGuard<'a, Writer>>,
    overlay: Overlay,
    changelog: BTreeMap<TableId, ChangelogDraft>,
    committed_at: Option<i64>,
    documents: BTreeMap<String, Option<Vec<u8>>>,
    views: Option<Vec<RegisteredView>>,
    forgotten: BTreeSet<SmolStr>,
}

impl<'a> StateTx<'a> {
    pub(super) fn new(state: &'a State, writer: MutexGuard<'a, Writer>) -> Self {
        Self {
            state,
            writer: RefCell::new(writer),
            overlay: Overlay::default(),
            changelog: BTreeMap::new(),
            committed_at: None,
            documents: BTreeMap::new(),
            views: None,
            forgotten: BTreeSet::new(),
        }
    }

    /// What was committed last; step 0 before the first commit.
    pub fn checkpoint(&self) -> Checkpoint {
        self.writer.borrow().checkpoint().clone()
    }

    /// Number that this step will have, if [`StateTx::commit_from`] does not choose a greater one.
    pub fn step(&self) -> u64 {
        self.writer.borrow().checkpoint().step + 1
    }

    /// The row under `key`.
    pub fn get(&self, table: TableId, key: &[u8], version: Version) -> Result<CachedRow, StateError> {
        if version == Version::New
            && let Some(row) = self.overlay.get(table, key)
        {
            return Ok(row);
        }
        self.find_end(table)?;
        if let Some(row) = self.writer.borrow_mut().cached(table, key) {
            return Ok(row);
        }
        let database = self.state.database();
        let row = database.engine.get_pinned_cf(database.tables(), table.stored_key(key))?;
        let row = row.map(|bytes| Arc::<[u8]>::from(&*bytes));
        self.writer.borrow_mut().fetched(table, (key, row.clone()), false);
        Ok(row)
    }

    /// The rows under `keys`, which ascend, in their order.
    pub fn get_many(&self, table: TableId, keys: &[Vec<u8>], version: Version) -> Result<Vec<CachedRow>, StateError> {
        debug_assert!(keys.is_sorted());
        self.find_end(table)?;
        let overlay = self.overlay.table(table).filter(|_| version == Version::New);
        let mut rows = Vec::with_capacity(keys.len());
        let mut unknown = Vec::new();
        {
            let mut writer = self.writer.borrow_mut();
            for (place, key) in keys.iter().enumerate() {
                let row = overlay.and_then(|overlay| overlay.get(key)).or_else(|| writer.cached(table, key));
                rows.push(row.unwrap_or_else(|| {
                    unknown.push(place);
                    None
                }));
            }
        }
        let database = self.state.database();
        for places in unknown.chunks(PREFETCH_KEYS_MAX) {
            let stored = places.iter().map(|&place| table.stored_key(&keys[place])).collect::<Vec<_>>();
            let found = database.engine.batched_multi_get_cf(database.tables(), &stored, true);
            let mut writer = self.writer.borrow_mut();
            for (&place, row) in places.iter().zip(found) {
                let row = row?.map(|bytes| Arc::<[u8]>::from(&*bytes));
                writer.fetched(table, (&keys[place], row.clone()), false);
                rows[place] = row;
            }
        }
        Ok(rows)
    }

    /// Learns once where the committed table ends.
    fn find_end(&self, table: TableId) -> Result<(), StateError> {
        if !self.writer.borrow().knows_end(table) {
            let greatest = self.find_key(table, Version::Old)?;
            self.writer.borrow_mut().found_end(table, greatest);
        }
        Ok(())
    }

    /// Reads the committed rows under `keys` into the cache at once, so that `get` finds them there (and that they
    /// are absent). Any order, repeats allowed.
    pub fn prefetch(&self, table: TableId, keys: &[Vec<u8>]) -> Result<(), StateError> {
        self.find_end(table)?;
        let database = self.state.database();
        let unknown = self.writer.borrow_mut().unknown(table, keys);
        for keys in unknown.chunks(PREFETCH_KEYS_MAX) {
            let stored = keys.iter().map(|key| table.stored_key(key)).collect::<Vec<_>>();
            let rows = database.engine.batched_multi_get_cf(database.tables(), &stored, true);
            let mut writer = self.writer.borrow_mut();
            for (key, row) in keys.iter().zip(rows) {
                writer.fetched(table, (key, row?.map(|bytes| Arc::from(&*bytes))), true);
            }
        }
        Ok(())
    }

    /// Writes a row.
    pub fn put(&mut self, table: TableId, key: Vec<u8>, row: Vec<u8>) {
        self.overlay.write(table, key, Some(row));
    }

    /// Deletes a row; none need be there.
    pub fn delete(&mut self, table: TableId, key: Vec<u8>) {
        self.overlay.write(table, key, None);
    }

    /// Deletes all rows of a table; writes that follow are kept. Its changelog is not touched.
    pub fn drop_table(&mut self, table: TableId) {
        self.overlay.drop_table(table);
    }

    /// Visits the rows whose keys begin with `prefix`, in key order, until told to break.
    pub fn scan(
        &self,
        table: TableId,
        prefix: &[u8],
        version: Version,
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        self.scan_range(ScanRange::prefix(table, prefix, Direction::Ascending), version, visit)
    }

    /// The same from the greatest key down.
    pub fn scan_reverse(
        &self,
        table: TableId,
        prefix: &[u8],
        version: Version,
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        self.scan_range(ScanRange::prefix(table, prefix, Direction::Descending), version, visit)
    }

    /// Visits the rows whose keys are `start` or greater, in key order, until told to break.
    pub fn scan_from(
        &self,
        table: TableId,
        start: &[u8],
        version: Version,
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        self.scan_range(ScanRange::from(table, start), version, visit)
    }

    /// Visits the rows whose keys begin with `prefix` and are less than `end`, which begins with it too, from the greatest key
    /// down.
    pub fn scan_before(
        &self,
        table: TableId,
        (prefix, end): (&[u8], &[u8]),
        version: Version,
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        let range = ScanRange::prefix(table, prefix, Direction::Descending);
        self.scan_range(ScanRange { end: Some(end), ..range }, version, visit)
    }

    fn scan_range(&self, range: ScanRange<'_>, version: Version, visit: &mut Visit<'_>) -> Result<(), StateError> {
        let overlay = match version {
            Version::Old => None,
            Version::New => self.overlay.table(range.table),
        };
        if overlay.is_none() && self.writer.borrow().is_known_empty_from(range.table, range.start) {
            return Ok(());
        }
        range.scan(self.state.database(), overlay, visit)
    }

    /// Whether the table has no rows. A row that is known to be there is remembered, so asking is cheap.
    pub fn is_empty(&self, table: TableId, version: Version) -> Result<bool, StateError> {
        let overlay = self.overlay.table(table).filter(|_| version == Version::New);
        match overlay {
            None => self.is_empty_old(table),
            Some(overlay) if overlay.last_row().is_some() => Ok(false),
            Some(overlay) if overlay.dropped => Ok(true),
            Some(overlay) if !overlay.has_delete() => self.is_empty_old(table),
            Some(_) => Ok(self.find_key(table, version)?.is_none()),
        }
    }

    fn is_empty_old(&self, table: TableId) -> Result<bool, StateError> {
        self.writer.borrow_mut().is_empty(table, || self.find_key(table, Version::Old))
    }

    /// Some key of the table; the greatest, because old rows are deleted more often than new ones.
    fn find_key(&self, table: TableId, version: Version) -> Result<Option<Vec<u8>>, StateError> {
        let mut found = None;
        let overlay = self.overlay.table(table).filter(|_| version == Version::New);
        let range = ScanRange::prefix(table, &[], Direction::Descending);
        range.scan(self.state.database(), overlay, &mut |key, _| {
            found = Some(key.to_vec());
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Adds changes of the view stored in `table` to this step's chunk, behind those already added.
    pub fn append_changelog(&mut self, table: TableId, changes: &[RowChange]) {
        self.changelog.entry(table).or_default().append(changes);
    }

    /// Notes when the newest transaction of this step was committed, with its changes.
    pub fn note_commit_time(&mut self, committed_at: i64) {
        self.committed_at = Some(committed_at);
    }

    /// Forgets the changes of steps up to `step` inclusive, this step's own at most; followers that have not got that
    /// far must start from the rows. A view that was filled anew trims with `u64::MAX`.
    pub fn trim_changelog(&mut self, table: TableId, step: u64) {
        let trim = &mut self.changelog.entry(table).or_default().trim;
        *trim = Some(trim.unwrap_or_default().max(step));
    }

    /// Forgets the changes of all steps before this one, and sets the floor to `floor`, wherever it was, to this step at most: a follower
    /// that stands there or behind goes on with the changes of this step and later ones, any other must start from the rows.
    ///
    /// For a branch that takes over: its steps had other numbers than those that followers have seen.
    pub fn restart_changelog(&mut self, table: TableId, floor: u64) {
        self.changelog.entry(table).or_default().restart = Some(floor);
    }

    /// The document of that name, with this step's changes.
    pub fn meta_get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        if let Some(document) = self.documents.get(name) {
            return document.as_deref().map(|bytes| parse_document(name, bytes)).transpose();
        }
        let database = self.state.database();
        let bytes = database.engine.get_pinned_cf(database.meta(), document_key(name))?;
        bytes.map(|bytes| parse_document(name, &bytes)).transpose()
    }

    /// Writes a document.
    pub fn meta_put<T: Serialize + ?Sized>(&mut self, name: &str, document: &T) -> Result<(), StateError> {
        self.documents.insert(name.into(), Some(print_document(name, document)?));
        Ok(())
    }

    /// The commit may leave out the position of this source, or take it back: its stream begins anew.
    pub fn forget_position(&mut self, source: &SmolStr) {
        self.forgotten.insert(source.clone());
    }

    /// Deletes a document; none need be there.
    pub fn meta_delete(&mut self, name: &str) {
        self.documents.insert(name.into(), None);
    }

    /// As [`State::register_views`], in effect with the commit: no reader sees the new rows with the old tables.
    pub fn register_views(&mut self, views: Vec<RegisteredView>) {
        self.views = Some(views);
    }

    /// Takes in a run and clears it: at once and for good, whatever becomes of this step, which has written nothing of its table. A run that
    /// could not be taken in is as it was. A power cut takes it after all that is committed afterwards, and before all that was committed before.
    pub fn ingest(&self, run: &mut Run) -> Result<(), StateError> {
        let written = self.state.write_run(run)?;
        self.take_in(run, written)
    }

    /// The same with a run of which `written` are all writes.
    pub fn take_in(&self, run: &mut Run, written: WrittenRun) -> Result<(), StateError> {
        debug_assert!(self.overlay.table(run.table()).is_none(), "a step and a run do not write the same table");
        if written.files().is_empty() {
            return Ok(());
        }
        pass(FailPoint::RunWritten);
        // Else a power cut could leave rows of a table of which nobody knows, whose id would be given out again.
        self.state.flush()?;
        self.state.database().ingest(written.files())?;
        pass(FailPoint::RunIngested);
        self.writer.borrow_mut().ingested(run.table(), written.last_key());
        run.clear();
        Ok(())
    }

    /// The state that it is a step of.
    pub fn state(&self) -> &'a State {
        self.state
    }

    /// Whether nothing was written in this step.
    pub fn is_untouched(&self) -> bool {
        let is_empty = self.overlay.is_empty() && self.changelog.is_empty() && self.documents.is_empty();
        is_empty && self.views.is_none() && self.forgotten.is_empty()
    }

    /// Memory that the writes of this step take so far, about.
    pub fn written_bytes(&self) -> usize {
        self.overlay.bytes()
    }

    /// Commits everything in one atomic act, together with the checkpoint: the next step's number and `positions`,
    /// which must cover those of the last checkpoint. It then survives the end of this process, and a power cut after the
    /// next [`State::flush`].
    pub fn commit(self, positions: &Positions) -> Result<Checkpoint, StateError> {
        self.commit_from(0, positions)
    }

    /// The same with a number of at least `step_min`, for a branch that goes on where others have counted further.
    pub fn commit_from(mut self, step_min: u64, positions: &Positions) -> Result<Checkpoint, StateError> {
        let previous = self.checkpoint();
        let mut kept = previous.positions.clone();
        kept.0.retain(|source, _| !self.forgotten.contains(source));
        if !positions.covers(&kept) {
            return Err(StateError::PositionsWentBack { previous: previous.positions, next: positions.clone() });
        }
        let checkpoint = Checkpoint { step: step_min.max(previous.step + 1), positions: positions.clone() };
        let mut batch = StepBatch::new(self.state.database(), &checkpoint, checkpoint.step - previous.step)?;
        for (table, overlay) in self.overlay.tables() {
            let drop_committed = overlay.dropped && !self.is_empty_old(table)?;
            batch.table(table, overlay, drop_committed);
        }
        let committed_at = self.committed_at;
        self.changelog.iter().try_for_each(|(table, draft)| batch.changelog(*table, (draft, committed_at)))?;
        self.documents.iter().for_each(|(name, document)| batch.document(name, document.as_deref()));
        match self.views.take() {
            Some(views) => self.state.replace_views(views, || batch.write())?,
            None => batch.write()?,
        }
        self.writer.get_mut().committed(checkpoint.clone(), self.overlay);
        Ok(checkpoint)
    }
}
