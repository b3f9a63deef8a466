//! Copies of tables as the stepper takes them in: what is missing, and how far it has come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use smol_str::SmolStr;
use tailwater_connectors::{CopyMark, Position, Row, TableName, TableSchema, UnfinishedCopy};
use tracing::info;

use super::error::PipelineError;
use super::status::{Condition, CopyStatus, SourceStatus};
use super::stepper::Stepper;
use crate::engine::{Engine, EngineError};
use crate::fail_point::{FailPoint, pass};

/// Which tables are being copied.
#[derive(Default)]
pub(super) struct Copies {
    sources: BTreeMap<SmolStr, SourceCopy>,
}

#[derive(Default)]
struct SourceCopy {
    missing: BTreeSet<TableName>,
    /// Of each table its bytes read and all its bytes.
    bytes: BTreeMap<TableName, (u64, u64)>,
    rows: u64,
    /// When this process began, and the bytes that had been read by then.
    begun: Option<(Instant, u64)>,
}

impl Copies {
    /// What the engine misses.
    pub(super) fn new<'a>(engine: &Engine, sources: impl Iterator<Item = &'a SmolStr>) -> Result<Self, EngineError> {
        let mut copies = Self::default();
        for source in sources {
            let mut copy = SourceCopy::default();
            for UnfinishedCopy { table, mark } in engine.copying_tables(source)? {
                let mark = mark.unwrap_or_default();
                copy.bytes.insert(table.clone(), (mark.done_bytes, mark.total_bytes));
                copy.missing.insert(table);
            }
            copies.sources.insert(source.clone(), copy);
        }
        Ok(copies)
    }

    /// How a source that is heard from stands.
    pub(super) fn condition(&self, source: &str) -> Condition {
        match self.sources.get(source).is_some_and(|copy| !copy.missing.is_empty()) {
            true => Condition::Loading,
            false => Condition::Live,
        }
    }

    fn forget(&mut self, table: &TableName) {
        for copy in self.sources.values_mut() {
            copy.missing.remove(table);
            copy.bytes.remove(table);
        }
    }

    fn of(&mut self, source: &SmolStr) -> &mut SourceCopy {
        self.sources.entry(source.clone()).or_default()
    }
}

impl SourceCopy {
    fn read_bytes(&self) -> u64 {
        self.bytes.values().map(|(done, _)| done).sum()
    }

    fn status(&self) -> Option<CopyStatus> {
        if self.missing.is_empty() {
            return None;
        }
        let (done_bytes, total_bytes) = (self.read_bytes(), self.bytes.values().map(|(_, total)| total).sum());
        let seconds_left = self.begun.and_then(|(begun, before)| {
            let rate = done_bytes.checked_sub(before).filter(|read| *read > 0)? as f64 / begun.elapsed().as_secs_f64();
            Some(((total_bytes - done_bytes.min(total_bytes)) as f64 / rate).ceil() as u64)
        });
        Some(CopyStatus { tables_left: self.missing.len(), rows: self.rows, done_bytes, total_bytes, seconds_left })
    }
}

impl Stepper {
    /// The stream begins, and with it the copy of all tables.
    pub(super) fn copy_begins(
        &mut self,
        source: &SmolStr,
        position: &Position,
        marks: &[(TableName, CopyMark)],
    ) -> Result<(), PipelineError> {
        let checkpoint = self.patiently(|engine| engine.copy_begins(source, position, marks))?;
        pass(FailPoint::CopyBegun);
        self.announce(checkpoint);
        for (table, mark) in marks {
            self.note_mark(source, table, mark);
        }
        Ok(())
    }

    pub(super) fn copy_rows(
        &mut self,
        source: &SmolStr,
        table: &TableSchema,
        rows: &[Row],
    ) -> Result<(), PipelineError> {
        self.patiently(|engine| engine.load(table, rows))?;
        pass(FailPoint::InCopy);
        self.copies.of(source).rows += rows.len() as u64;
        self.show_copy(source);
        Ok(())
    }

    pub(super) fn copy_mark(
        &mut self,
        source: &SmolStr,
        table: &TableName,
        mark: &CopyMark,
    ) -> Result<(), PipelineError> {
        self.patiently(|engine| engine.keep_mark(table, mark))?;
        pass(FailPoint::CopyMarked);
        self.note_mark(source, table, mark);
        Ok(())
    }

    fn note_mark(&mut self, source: &SmolStr, table: &TableName, mark: &CopyMark) {
        let copy = self.copies.of(source);
        copy.bytes.insert(table.clone(), (mark.done_bytes, mark.total_bytes));
        if copy.begun.is_none() {
            copy.begun = Some((Instant::now(), copy.read_bytes()));
        }
        self.show_copy(source);
    }

    /// Answers with the rows that are wanted again; with none the table is complete.
    pub(super) fn copy_ends(
        &mut self,
        source: &SmolStr,
        table: &TableSchema,
        snapshot: Option<&Position>,
    ) -> Result<Vec<Row>, PipelineError> {
        let incomplete = self.patiently(|engine| engine.copy_ends(table, snapshot))?;
        if !incomplete.is_empty() {
            return Ok(incomplete);
        }
        pass(FailPoint::CopyEnded);
        let copy = self.copies.of(source);
        copy.missing.remove(&table.name);
        if let Some((done, total)) = copy.bytes.get_mut(&table.name) {
            *done = *total;
        }
        if copy.missing.is_empty() {
            info!(%source, rows = copy.rows, "all tables are copied");
        }
        self.show_copy(source);
        Ok(incomplete)
    }

    /// A table is not copied to its end: where it was the last, its source is not waited for any more.
    pub(super) fn forget_copy(&mut self, table: &TableName) {
        self.copies.forget(table);
        let is_loading = |source: &SourceStatus| source.condition == Condition::Loading;
        if self.status.read().sources.get(&table.source).is_some_and(is_loading) {
            self.show_copy(&table.source);
        }
    }

    /// Shows what is missing from the beginning on.
    pub(super) fn show_missing(&mut self) {
        let incomplete = |(source, copy): (&SmolStr, &SourceCopy)| (!copy.missing.is_empty()).then(|| source.clone());
        let sources: Vec<SmolStr> = self.copies.sources.iter().filter_map(incomplete).collect();
        sources.iter().for_each(|source| self.show_copy(source));
    }

    fn show_copy(&mut self, source: &SmolStr) {
        let condition = self.copies.condition(source);
        let copy = self.copies.of(source);
        let (rows, shown) = (copy.rows, copy.status());
        self.show_source(source, |status| {
            (status.rows_copied, status.copy, status.condition) = (rows, shown, condition);
        });
    }
}
