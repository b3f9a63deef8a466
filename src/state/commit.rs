//! The one write of a step.

use rocksdb::WriteBatch;

use super::changelog::{ChangelogDraft, FLOOR_STEP, chunk_key, decode_floor};
use super::database::{Database, STEP_COUNT, range, write_options};
use super::documents::{CHECKPOINT, document_key, print_document};
use super::key_codec::prefix_end;
use super::overlay::TableOverlay;
use super::table::TableId;
use super::{Checkpoint, StateError};
use crate::fail_point::{FailPoint, pass};

/// Chunks of one trim that are deleted one by one. Deleting a range costs every later read a little, so it is kept
/// for long ones.
const TRIM_KEYS_MAX: usize = 1024;

/// Collects a step for RocksDB.
pub(super) struct StepBatch<'a> {
    database: &'a Database,
    checkpoint: &'a Checkpoint,
    batch: WriteBatch,
    key: Vec<u8>,
}

impl<'a> StepBatch<'a> {
    /// `previous` is the number of the step before.
    pub(super) fn new(database: &'a Database, previous: u64, checkpoint: &'a Checkpoint) -> Result<Self, StateError> {
        let more = checkpoint.step - previous;
        let mut batch = WriteBatch::default();
        batch.put_cf(database.meta(), CHECKPOINT, print_document("checkpoint", checkpoint)?);
        for family in [database.meta(), database.tables(), database.changelog()] {
            batch.merge_cf(family, STEP_COUNT, more.to_be_bytes());
        }
        Ok(Self { database, checkpoint, batch, key: Vec::new() })
    }

    /// Adds a table's writes; the deletion of its committed rows comes before them.
    pub(super) fn table(&mut self, table: TableId, overlay: &TableOverlay, drop_committed: bool) {
        let family = self.database.tables();
        if drop_committed {
            let first = table.stored_key(&[]);
            let end = prefix_end(&first).expect("the greatest table id is never given out");
            self.batch.delete_range_cf(family, first, end);
        }
        for (key, row) in &overlay.rows {
            self.key.clear();
            self.key.extend(table.0.to_be_bytes());
            self.key.extend_from_slice(key);
            match row {
                Some(row) => self.batch.put_cf(family, &self.key, row),
                // Nothing is left below it to delete.
                None if overlay.dropped => {}
                None => self.batch.delete_cf(family, &self.key),
            }
        }
    }

    /// Adds a view's chunk and the deletion of chunks that its followers have behind them.
    pub(super) fn changelog(&mut self, table: TableId, draft: &ChangelogDraft) -> Result<(), StateError> {
        let step = self.checkpoint.step;
        if let Some(floor) = draft.restart {
            self.restart(table, floor);
        }
        let trim = draft.trim.map(|trim| trim.min(step));
        if let Some(trim) = trim {
            self.trim(table, trim)?;
        }
        if !draft.is_empty() && trim != Some(step) {
            let chunk = draft.chunk(&self.checkpoint.positions);
            self.batch.put_cf(self.database.changelog(), chunk_key(table, step), chunk);
        }
        Ok(())
    }

    /// Forgets all chunks; who stands at `floor` goes on with those that follow.
    fn restart(&mut self, table: TableId, floor: u64) {
        let family = self.database.changelog();
        let (first, end) = (chunk_key(table, FLOOR_STEP + 1), chunk_key(table, u64::MAX));
        self.batch.delete_range_cf(family, first, end);
        self.batch.put_cf(family, chunk_key(table, FLOOR_STEP), floor.to_be_bytes());
    }

    fn trim(&mut self, table: TableId, step: u64) -> Result<(), StateError> {
        let family = self.database.changelog();
        let floor_key = chunk_key(table, FLOOR_STEP);
        let floor = self.database.engine.get_pinned_cf(family, &floor_key)?;
        let floor = floor.map_or(Ok(0), |bytes| decode_floor(&bytes))?;
        if step <= floor {
            return Ok(());
        }
        let (first, end) = (chunk_key(table, floor + 1), chunk_key(table, step.saturating_add(1)));
        let mut chunks = self.database.engine.raw_iterator_cf_opt(family, range(first.clone(), Some(end.clone())));
        chunks.seek_to_first();
        let mut keys = Vec::new();
        while let Some(key) = chunks.key()
            && keys.len() <= TRIM_KEYS_MAX
        {
            keys.push(key.to_vec());
            chunks.next();
        }
        chunks.status()?;
        if keys.len() > TRIM_KEYS_MAX {
            self.batch.delete_range_cf(family, first, end);
        } else {
            keys.iter().for_each(|key| self.batch.delete_cf(family, key));
        }
        self.batch.put_cf(family, floor_key, step.to_be_bytes());
        pass(FailPoint::InTrim);
        Ok(())
    }

    /// Adds a document, or its deletion.
    pub(super) fn document(&mut self, name: &str, document: Option<&[u8]>) {
        let family = self.database.meta();
        match document {
            Some(bytes) => self.batch.put_cf(family, document_key(name), bytes),
            None => self.batch.delete_cf(family, document_key(name)),
        }
    }

    /// Hands the step to the operating system, whole.
    pub(super) fn write(self) -> Result<(), StateError> {
        pass(FailPoint::BeforeWrite);
        self.database.engine.write_opt(self.batch, &write_options())?;
        pass(FailPoint::AfterWrite);
        Ok(())
    }
}
