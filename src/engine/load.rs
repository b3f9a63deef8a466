//! Copies of tables as the pipeline drives them: all at once before the stream begins, or one by one while it runs.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{CopyMark, Position, Positions, Row, TableName, TableSchema, UnfinishedCopy};

use super::copying::CopyingTable;
use super::driver::{Engine, moved};
use super::error::EngineError;
use super::registry::{InputEntry, mark_name};
use super::runs::{Loads, commit_in_place};
use super::view::ViewCondition;
use crate::state::{Checkpoint, StateTx, TableId};

impl Engine {
    /// Tables of a source whose copy is not complete.
    pub fn missing_tables(&self, source: &str) -> Vec<TableName> {
        let entries = self.assembly.registry.inputs.values();
        let missing = entries.filter(|entry| !entry.loaded && entry.schema.name.source == source);
        missing.map(|entry| entry.schema.name.clone()).collect()
    }

    /// The same with the mark that was kept last.
    pub fn copying_tables(&self, source: &str) -> Result<Vec<UnfinishedCopy>, EngineError> {
        let tx = self.state.begin();
        let marked = |table: TableName| {
            let mark = self.rows_of(&table).map(|rows| tx.meta_get(&mark_name(rows))).transpose()?;
            Ok(UnfinishedCopy { table, mark: mark.flatten() })
        };
        // What changed is not read on.
        let is_as_it_was = |table: &TableName| {
            let entry = self.assembly.registry.inputs.get(&table.to_string());
            entry.is_some_and(|entry| entry.changed.is_none())
        };
        self.missing_tables(source).into_iter().filter(is_as_it_was).map(marked).collect()
    }

    /// Table of state of an input table's rows.
    pub(super) fn rows_of(&self, table: &TableName) -> Option<TableId> {
        self.assembly.registry.inputs.get(&table.to_string()).map(|entry| entry.table)
    }

    /// The stream of a source begins at `position`, before its tables are copied: from here on steps keep what the stream says
    /// of them, and [`Engine::load`] takes their rows in between. Nothing is held of any of them yet; the marks are kept with the position.
    pub fn copy_begins(
        &mut self,
        source: &SmolStr,
        position: &Position,
        marks: &[(TableName, CopyMark)],
    ) -> Result<Checkpoint, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let is_missing = |entry: &&InputEntry| !entry.loaded && entry.schema.name.source == *source;
        for entry in self.assembly.registry.inputs.values().filter(is_missing) {
            // What an interrupted copy left without a position.
            [Some(entry.table), entry.aside].into_iter().flatten().for_each(|table| tx.drop_table(table));
        }
        for (name, mark) in marks {
            if let Some(rows) = self.rows_of(name) {
                tx.meta_put(&mark_name(rows), mark)?;
            }
        }
        let positions = moved(&tx, source, position);
        let checkpoint = tx.commit(&positions)?;
        let registry = &self.assembly.registry;
        let missing: Vec<TableId> = registry.inputs.values().filter(is_missing).map(|entry| entry.table).collect();
        self.loads.runs.retain(|rows, _| !missing.contains(rows));
        for rows in missing {
            self.end_ahead(rows);
            self.begin_ahead(rows);
        }
        Ok(checkpoint)
    }

    /// Keeps what a source wants to find again.
    pub fn keep_note(&mut self, source: &str, note: &str) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        tx.meta_put(&note_name(source), note)?;
        commit_in_place(tx)
    }

    /// What a source wanted to find again.
    pub fn note(&self, source: &str) -> Result<Option<String>, EngineError> {
        Ok(self.state.begin().meta_get(&note_name(source))?)
    }

    /// Keeps how far the copy of a table has come, by the rows loaded so far.
    pub fn keep_mark(&mut self, table: &TableName, mark: &CopyMark) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let rows = self.rows_of(table);
        if let Some(rows) = rows {
            self.settle_load(&mut tx, rows)?;
            tx.meta_put(&mark_name(rows), mark)?;
        }
        let positions = tx.checkpoint().positions;
        tx.commit(&positions)?;
        rows.into_iter().for_each(|rows| self.loads.forget(rows));
        Ok(())
    }

    /// Takes rows of a table's copy; positions stay. They are in state when the next mark is. Without [`Engine::copy_begins`] each row
    /// comes once. With it the rows are those of a snapshot that sees all that committed before the beginning and nothing that has not
    /// been through [`Engine::step`]; rows of a table with a key may come again.
    pub fn load(&mut self, table: &TableSchema, rows: &[Row]) -> Result<(), EngineError> {
        self.settle_if_full()?;
        let unfinished = self.unfinished(table)?;
        let (place, aside) = (unfinished.rows(), unfinished.aside);
        self.begin_ahead_if_new((place, aside))?;
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let mut run = self.loads.take(place);
        let asked = self.loads.asked.contains(&place);
        let loaded = self.unfinished(table)?.load(&mut tx, rows, (&mut run, asked));
        self.loads.put(run);
        loaded?;
        commit_in_place(tx)
    }

    /// The copy of a table without a key begins again: its rows of before are forgotten, what the stream said is not. Does nothing
    /// to other tables, whose rows may come twice.
    pub fn load_again(&mut self, table: &TableSchema) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        self.unfinished(table)?.load_again(&mut tx)?;
        commit_in_place(tx)
    }

    /// All rows of a table have come. Empty: its copy is complete. Otherwise these rows, of which only the key's columns are to be
    /// read, lack large values that the stream did not send: rows under these keys are to be loaded, as far as there are
    /// any, of snapshots that see all that has been through [`Engine::step`] now, and then this is to be asked again. `snapshot` is where the rows of a table without a key stand; the steps must
    /// have come that far.
    pub fn copy_ends(&mut self, table: &TableSchema, snapshot: Option<&Position>) -> Result<Vec<Row>, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let rows = self.unfinished(table)?.rows();
        let (_, place) = self.input(table)?;
        let filled = self.complete_ahead(&mut tx, place)?;
        let incomplete = self.unfinished(table)?.finish(&mut tx, snapshot)?;
        if incomplete.is_empty() {
            let positions = tx.checkpoint().positions;
            if let Some(rows) = self.rows_of(&table.name) {
                tx.meta_delete(&mark_name(rows));
            }
            self.finish((tx, &filled), &positions, |entry| entry.schema.name == table.name)?;
            self.loads.forget(rows);
            self.ahead_is_complete(rows, &filled);
            self.loads.asked.remove(&rows);
        } else {
            self.loads.asked.insert(rows);
        }
        Ok(incomplete)
    }

    /// The first copy of a source is complete: all its tables stand at `position`.
    pub fn load_done(&mut self, source: &SmolStr, position: &Position) -> Result<Checkpoint, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let (mut filled, mut copied) = (Vec::new(), Vec::new());
        for place in 0..self.catalog.tables.len() {
            if self.catalog.tables[place].name.source != *source || self.copying(place).is_none() {
                continue;
            }
            filled.extend(self.complete_ahead(&mut tx, place)?);
            copied.push(self.assembly.relations[place].table);
            if let Some(copying) = self.copying(place)
                && !copying.finish(&mut tx, None)?.is_empty()
            {
                return Err(copying.input.disagrees("its copy lacks values"));
            }
        }
        let positions = moved(&tx, source, position);
        let checkpoint = self.finish((tx, &filled), &positions, |entry| entry.schema.name.source == *source)?;
        for rows in copied {
            self.loads.forget(rows);
            self.ahead_is_complete(rows, &filled);
        }
        Ok(checkpoint)
    }

    /// Forgets the rows of all tables, and with them the state of every view, so that they can be copied again.
    pub fn load_reset(&mut self) -> Result<(), EngineError> {
        self.reset(|_| true)
    }

    /// The same for the tables of one source and the views that read them.
    pub fn load_reset_source(&mut self, source: &SmolStr) -> Result<(), EngineError> {
        self.reset(|entry| entry.schema.name.source == *source)
    }

    fn reset(&mut self, chosen: impl Fn(&InputEntry) -> bool) -> Result<(), EngineError> {
        self.loads = Loads::default();
        for view in &mut self.assembly.views {
            view.condition = ViewCondition::Filling;
        }
        let mut former = self.assembly.registry.clone();
        former.inputs.values_mut().filter(|entry| chosen(entry)).for_each(InputEntry::forget);
        self.reassemble(&former)
    }

    /// Puts the rows that were loaded into state, or into `tx`; they are to be forgotten after its commit.
    fn settle_load(&mut self, tx: &mut StateTx<'_>, rows: TableId) -> Result<(), EngineError> {
        self.loads.settle(tx, rows)
    }

    fn unfinished(&self, table: &TableSchema) -> Result<CopyingTable<'_>, EngineError> {
        let (input, place) = self.input(table)?;
        self.copying(place).ok_or_else(|| input.disagrees("is copied already; a second copy needs a reset first"))
    }

    /// Commits what `tx` has, and that the copies of the chosen tables are complete, and the views at these places.
    fn finish(
        &mut self,
        (mut tx, filled): (StateTx<'_>, &[usize]),
        positions: &Positions,
        chosen: impl Fn(&InputEntry) -> bool,
    ) -> Result<Checkpoint, EngineError> {
        let mut registry = self.assembly.registry.clone();
        for entry in registry.inputs.values_mut().filter(|entry| chosen(entry)) {
            (entry.loaded, entry.aside) = (true, None);
        }
        for place in filled {
            let name = &self.assembly.views[*place].schema.name;
            registry.views.get_mut(name).into_iter().for_each(|entry| entry.complete = true);
        }
        registry.store(&mut tx)?;
        let checkpoint = tx.commit(positions)?;
        let aside = |table: &Arc<TableSchema>| registry.inputs.get(&table.name.to_string())?.aside;
        self.assembly.asides = self.catalog.tables.iter().map(aside).collect();
        self.assembly.registry = registry;
        Ok(checkpoint)
    }
}

/// Document of what a source wants to find again.
pub fn note_name(source: &str) -> String {
    format!("note/{source}")
}
