//! Views that are filled beside the copy of the table whose columns they are, so that they are complete when it is.
//!
//! What is loaded of the table goes, as it is stored, to the view as well. Invariant: under each key that the stream has not marked (see
//! `copying`), the view has a row where the table has one, and that one's columns. At the end each marked key is looked up in the table: its row
//! there, or that there is none, is what the view gets. So the view is the table's at the commit that completes the copy, and goes live
//! with it.
//!
//! Only what this process has seen from the table's first row on is filled so; whatever else happens (a restart, a TRUNCATE, a changed
//! configuration), the view is filled from the table in the usual way, in tables of its own.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::copying::CopyingTable;
use super::driver::Engine;
use super::error::EngineError;
use super::fill::FILL_BATCH_ROWS;
use super::runs::{Loads, settle};
use super::view::ViewCondition;
use crate::state::{Run, RunMark, State, StateError, StateTx, StoredRow, TableId, Version, WrittenRun};

/// Views by the table of state whose copy fills them, which is known from its first row on.
#[derive(Default)]
pub(super) struct Ahead {
    tables: BTreeMap<TableId, Vec<AheadView>>,
}

/// One of them.
struct AheadView {
    /// Place in the engine's list.
    place: usize,
    /// Rows that are not in state yet.
    rows: Run,
    /// Where in them the rows begin that are taken, and still with the table's.
    taken: Option<RunMark>,
    /// Columns of the table, in the view's order.
    columns: Vec<usize>,
    stored: StoredRow,
}

impl AheadView {
    fn take(&mut self, loaded: &Run) -> Result<(), StateError> {
        match self.taken {
            Some(taken) => self.rows.back_to(taken),
            None => self.taken = Some(self.rows.mark()),
        }
        let mut taken = Ok(());
        loaded.each(|key, row| {
            if let (true, Some(row)) = (taken.is_ok(), row) {
                taken = self.put(key, row);
            }
        });
        taken
    }

    fn put(&mut self, key: &[u8], row: &[u8]) -> Result<(), StateError> {
        let (stored, columns) = (&mut self.stored, &self.columns);
        stored.find(row)?;
        self.rows.put(|bytes| {
            bytes.extend_from_slice(key);
            let key_end = bytes.len();
            stored.project(row, columns, bytes)?;
            Ok(key_end)
        })
    }
}

impl Ahead {
    /// How many views a table's rows go to.
    pub(super) fn views_of(&self, table: TableId) -> usize {
        self.tables.get(&table).map_or(0, Vec::len)
    }

    /// Takes the loaded rows of a table that are about to go into state; when they did not go, all of them come again.
    pub(super) fn take(&mut self, loaded: &Run) -> Result<(), StateError> {
        self.tables.get_mut(&loaded.table()).into_iter().flatten().try_for_each(|view| view.take(loaded))
    }

    /// The same, and writes what there is of each view.
    pub(super) fn take_and_write(&mut self, loaded: &Run, state: &State) -> Result<Vec<WrittenRun>, StateError> {
        let views = self.tables.get_mut(&loaded.table()).into_iter().flatten();
        let written = views.map(|view| {
            view.take(loaded)?;
            state.write_run(&view.rows)
        });
        written.collect()
    }

    /// What was taken of a table has gone into state with its rows, and does not come again.
    pub(super) fn keep(&mut self, table: TableId) {
        self.tables.get_mut(&table).into_iter().flatten().for_each(|view| view.taken = None);
    }

    /// Puts what was written into state.
    pub(super) fn take_in(
        &mut self,
        tx: &StateTx<'_>,
        (table, written): (TableId, Vec<WrittenRun>),
    ) -> Result<(), StateError> {
        let views = self.tables.get_mut(&table).into_iter().flatten();
        views.zip(written).try_for_each(|(view, written)| tx.take_in(&mut view.rows, written))
    }

    /// Puts what was taken into state, or into what `tx` commits; it is to be forgotten after that.
    pub(super) fn settle(&mut self, tx: &mut StateTx<'_>, table: TableId) -> Result<(), EngineError> {
        self.tables.get_mut(&table).into_iter().flatten().try_for_each(|view| settle(tx, &mut view.rows))
    }

    /// What was taken of a table is in state.
    pub(super) fn forget(&mut self, table: TableId) {
        self.tables.get_mut(&table).into_iter().flatten().for_each(|view| {
            view.rows.clear();
            view.taken = None;
        });
    }

    /// Nothing is filled ahead any more of what is being copied now.
    pub(super) fn end_all(&mut self) {
        self.tables.values_mut().for_each(Vec::clear);
    }

    /// Puts what is more than this into state.
    fn make_room(&mut self, tx: &StateTx<'_>, (table, bytes_max): (TableId, usize)) -> Result<(), EngineError> {
        let views = self.tables.get_mut(&table).into_iter().flatten();
        for view in views.filter(|view| view.rows.bytes() >= bytes_max) {
            tx.ingest(&mut view.rows)?;
        }
        Ok(())
    }

    /// Gives the views what the table has under these keys now.
    fn look_up(&mut self, tx: &mut StateTx<'_>, table: TableId, keys: &[Vec<u8>]) -> Result<(), EngineError> {
        tx.prefetch(table, keys)?;
        for key in keys {
            let row = tx.get(table, key, Version::New)?;
            for view in self.tables.get_mut(&table).into_iter().flatten() {
                match &row {
                    Some(row) => view.put(key, row)?,
                    None => view.rows.delete(key),
                }
            }
        }
        Ok(())
    }
}

/// What is known of a table whose copy may be at its end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Its views are complete with it.
    Filled,
    /// Values are missing.
    Incomplete,
    /// It is known as a whole, whatever was loaded.
    Truncated,
}

impl Engine {
    /// Finds the views that are filled with a table, of which nothing has been loaded.
    pub(super) fn begin_ahead(&mut self, table: TableId) {
        let fits = |place: usize| {
            let view = &self.assembly.views[place];
            let is_new = view.condition == ViewCondition::Filling && !view.half_filled;
            let columns = self.copied_columns(place).filter(|_| is_new)?.keyed_as(table)?;
            let rows = Run::new(self.assembly.relations[view.relation].table);
            Some(AheadView { place, rows, taken: None, columns, stored: StoredRow::default() })
        };
        let views = (0..self.assembly.views.len()).filter_map(fits).collect();
        self.loads.ahead.tables.insert(table, views);
    }

    /// The same when rows come of a table that may not be new.
    pub(super) fn begin_ahead_if_new(&mut self, copying: (TableId, TableId)) -> Result<(), EngineError> {
        let (table, aside) = copying;
        if self.loads.ahead.tables.contains_key(&table) {
            return Ok(());
        }
        let tx = self.state.begin();
        let is_new = tx.is_empty(table, Version::New)? && tx.is_empty(aside, Version::New)?;
        drop(tx);
        match is_new && !self.loads.runs.contains_key(&table) {
            true => self.begin_ahead(table),
            false => drop(self.loads.ahead.tables.insert(table, Vec::new())),
        }
        Ok(())
    }

    /// Leaves the views of a table to be filled in the usual way, in new tables.
    pub(super) fn end_ahead(&mut self, table: TableId) {
        for view in self.loads.ahead.tables.remove(&table).into_iter().flatten() {
            self.assembly.views[view.place].half_filled = true;
        }
        self.loads.ahead.tables.insert(table, Vec::new());
    }

    /// Puts all that is loaded of a table into state, or into what `tx` commits, and completes the views that were filled with it if
    /// it may be complete. Answers with the places of those.
    pub(super) fn complete_ahead(&mut self, tx: &mut StateTx<'_>, place: usize) -> Result<Vec<usize>, EngineError> {
        let mut loads = std::mem::take(&mut self.loads);
        let ended = self.copying(place).map_or(Ok(End::Filled), |copying| loads.end(tx, &copying, &self.state));
        self.loads = loads;
        let table = self.assembly.relations[place].table;
        if ended? == End::Truncated {
            self.end_ahead(table);
        }
        let views = self.loads.ahead.tables.get(&table).into_iter().flatten().map(|view| view.place);
        Ok(views.filter(|place| self.assembly.views[*place].condition == ViewCondition::Filling).collect())
    }

    /// The copy of a table is complete, and these views with it.
    pub(super) fn ahead_is_complete(&mut self, table: TableId, views: &[usize]) {
        self.loads.ahead.tables.remove(&table);
        for place in views {
            self.assembly.views[*place].condition = ViewCondition::Live;
        }
    }
}

impl Loads {
    fn end(&mut self, tx: &mut StateTx<'_>, copying: &CopyingTable<'_>, state: &State) -> Result<End, EngineError> {
        let table = copying.rows();
        self.settle_rows(tx, table)?;
        if self.ahead.views_of(table) == 0 {
            return Ok(End::Filled);
        }
        let mut start = Vec::new();
        loop {
            let (mut keys, mut next, mut end) = (Vec::new(), None, End::Filled);
            tx.scan_from(copying.aside, &start, Version::New, &mut |key, mark| {
                match (key.is_empty(), mark.is_empty()) {
                    (true, _) => end = End::Truncated,
                    (_, false) => end = End::Incomplete,
                    _ if keys.len() == FILL_BATCH_ROWS => next = Some(key.to_vec()),
                    _ => {
                        keys.push(key.to_vec());
                        return Ok(ControlFlow::Continue(()));
                    }
                }
                Ok(ControlFlow::Break(()))
            })?;
            if end != End::Filled {
                return Ok(end);
            }
            self.ahead.look_up(tx, table, &keys)?;
            let Some(key) = next else { break };
            self.ahead.make_room(tx, (table, state.run_bytes_max()))?;
            start = key;
        }
        self.ahead.settle(tx, table)?;
        Ok(End::Filled)
    }
}

#[cfg(test)]
mod tests {
    use tailwater_connectors::Value;

    use super::*;
    use crate::state::encode_row;

    fn loaded(numbers: std::ops::Range<i64>) -> Run {
        let mut run = Run::new(TableId(1));
        for number in numbers {
            let put: Result<(), ()> = run.put(|bytes| {
                bytes.extend(number.to_be_bytes());
                let key_end = bytes.len();
                encode_row(bytes, &[Value::Int(number), Value::Null]);
                Ok(key_end)
            });
            put.unwrap();
        }
        run
    }

    /// Else a disk that stays full would take memory with each attempt.
    #[test]
    fn rows_that_did_not_go_and_come_again_are_held_once() {
        let rows = Run::new(TableId(2));
        let mut view = AheadView { place: 0, rows, taken: None, columns: vec![0], stored: StoredRow::default() };
        view.take(&loaded(0..100)).unwrap();
        let once = view.rows.bytes();
        (0..5).for_each(|_| view.take(&loaded(0..100)).unwrap());
        assert_eq!(view.rows.bytes(), once);
        // Kept, as `Ahead::keep` does, they stay beside those that come.
        view.taken = None;
        view.take(&loaded(100..200)).unwrap();
        let both = view.rows.bytes();
        (0..5).for_each(|_| view.take(&loaded(100..200)).unwrap());
        assert_eq!(view.rows.bytes(), both);
        let mut keys = Vec::new();
        view.rows.each(|key, _| keys.push(i64::from_be_bytes(key.try_into().unwrap())));
        assert_eq!(keys, (0..200).collect::<Vec<_>>());
    }
}
