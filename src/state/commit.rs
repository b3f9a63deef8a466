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
    /// `steps` is how many numbers it is ahead of the one before.
    pub(super) fn new(database: &'a Database, checkpoint: &'a Checkpoint, steps: u64) -> Result<Self, StateError> {
        let mut batch = WriteBatch::default();
        batch.put_cf(database.meta(), CHECKPOINT, print_document("checkpoint", checkpoint)?);
        for family in [database.meta(), database.tables(), database.changelog()] {
            batch.merge_cf(family, STEP_COUNT, steps.to_be_bytes());
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
    pub(super) fn changelog(
        &mut self,
        table: TableId,
        (draft, committed_at): (&ChangelogDraft, Option<i64>),
    ) -> Result<(), StateError> {
        let step = self.checkpoint.step;
        let floor = match draft.moves_floor() {
            true => Some(self.move_floor(table, draft)?),
            false => None,
        };
        if !draft.is_empty() && floor != Some(step) {
            let chunk = draft.chunk(&self.checkpoint.positions, committed_at);
            self.batch.put_cf(self.database.changelog(), chunk_key(table, step), chunk);
        }
        Ok(())
    }

    /// Deletes the chunks that are to be forgotten. Answers with the floor, this step at most.
    fn move_floor(&mut self, table: TableId, draft: &ChangelogDraft) -> Result<u64, StateError> {
        let step = self.checkpoint.step;
        let stored = self.floor(table)?;
        let trimmed = |floor: u64| draft.trim.map_or(floor, |trim| trim.min(step).max(floor));
        let floor = match draft.restart {
            Some(floor) => {
                self.forget(chunk_key(table, FLOOR_STEP + 1), chunk_key(table, step))?;
                trimmed(floor.min(step))
            }
            None if trimmed(stored) == stored => return Ok(stored),
            None => {
                self.forget(chunk_key(table, stored + 1), chunk_key(table, trimmed(stored).saturating_add(1)))?;
                trimmed(stored)
            }
        };
        self.batch.put_cf(self.database.changelog(), chunk_key(table, FLOOR_STEP), floor.to_be_bytes());
        pass(FailPoint::InTrim);
        Ok(floor)
    }

    fn floor(&self, table: TableId) -> Result<u64, StateError> {
        let floor = self.database.engine.get_pinned_cf(self.database.changelog(), chunk_key(table, FLOOR_STEP))?;
        floor.map_or(Ok(0), |bytes| decode_floor(&bytes))
    }

    /// Deletes the chunks from `first` up to `end`, exclusive.
    fn forget(&mut self, first: Vec<u8>, end: Vec<u8>) -> Result<(), StateError> {
        let family = self.database.changelog();
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
