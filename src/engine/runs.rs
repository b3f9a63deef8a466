//! Rows on their way into state past the log: those of copies, until a mark or a step needs them there, and those of fills.
//!
//! Invariants:
//! - What is committed of a copy (a mark, its end) is committed after the rows that it tells of are in state, or with them. So after a crash
//!   between the two a chunk is read again, which changes nothing (see `copying`).
//! - A step that changes a table finds all of its loaded rows in state.
//! - All of them together are bounded; a retry after a full disk finds them as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use tailwater_connectors::{TableSchema, Transaction};

use super::ahead::Ahead;
use super::driver::Engine;
use super::error::EngineError;
use crate::state::{Run, State, StateTx, TableId};

/// Below this a run is written like a step's rows: a file of its own would cost more than it saves.
const FILE_BYTES_MIN: usize = 1 << 20;

/// Rows of copies that are not in state yet.
#[derive(Default)]
pub(super) struct Loads {
    pub(super) runs: BTreeMap<TableId, Run>,
    /// Tables of which the last chunk has come, and more rows were asked for since.
    pub(super) asked: BTreeSet<TableId>,
    /// Views that are filled with them.
    pub(super) ahead: Ahead,
    /// Memory of a former run: to get it anew costs as much as to fill it.
    spare: Option<Run>,
}

impl Loads {
    /// The run of a table, or a new one.
    pub(super) fn take(&mut self, table: TableId) -> Run {
        let run = self.runs.remove(&table);
        run.or_else(|| Some(self.spare.take()?.reused(table))).unwrap_or_else(|| Run::new(table))
    }

    /// Keeps a run, or its memory when it is empty.
    pub(super) fn put(&mut self, run: Run) {
        match run.is_empty() {
            true => self.spare = Some(run),
            false => drop(self.runs.insert(run.table(), run)),
        }
    }

    /// Puts what a table's run has into state, or into what `tx` commits: it is to be forgotten after that. Its views have taken it, and
    /// not settled.
    pub(super) fn settle_rows(&mut self, tx: &mut StateTx<'_>, table: TableId) -> Result<(), EngineError> {
        let Some(run) = self.runs.get_mut(&table) else { return Ok(()) };
        self.ahead.take(run)?;
        settle(tx, run)?;
        if run.is_empty() {
            self.ahead.keep(table);
        }
        Ok(())
    }

    /// The same with the rows of its views, which are written beside it.
    pub(super) fn settle(&mut self, tx: &mut StateTx<'_>, table: TableId) -> Result<(), EngineError> {
        let (run, ahead) = (self.runs.get_mut(&table), &mut self.ahead);
        let Some(run) = run.filter(|run| run.bytes() >= FILE_BYTES_MIN && ahead.views_of(table) > 0) else {
            self.settle_rows(tx, table)?;
            return self.ahead.settle(tx, table);
        };
        let (state, loaded) = (tx.state(), &*run);
        let (own, views) = thread::scope(|threads| {
            let views = threads.spawn(|| ahead.take_and_write(loaded, state));
            (state.write_run(loaded), views.join().expect("writing rows does not panic"))
        });
        tx.take_in(run, own?)?;
        ahead.keep(table);
        Ok(ahead.take_in(tx, (table, views?))?)
    }

    /// Memory that all of it takes when its views have taken it, about.
    fn bytes(&self) -> usize {
        self.runs.iter().map(|(table, run)| run.bytes() * (1 + self.ahead.views_of(*table))).sum()
    }

    /// What the table's run had is in state.
    pub(super) fn forget(&mut self, table: TableId) {
        self.ahead.forget(table);
        if let Some(mut run) = self.runs.remove(&table) {
            run.clear();
            self.put(run);
        }
    }

    /// Gives memory back.
    pub(super) fn shrink(&mut self) {
        self.spare = None;
    }
}

/// Puts a run into state, or into what `tx` commits. It is to be cleared after the commit.
pub(super) fn settle(tx: &mut StateTx<'_>, run: &mut Run) -> Result<(), EngineError> {
    if run.bytes() >= FILE_BYTES_MIN {
        return Ok(tx.ingest(run)?);
    }
    let table = run.table();
    run.each(|key, row| match row {
        Some(row) => tx.put(table, key.to_vec(), row.to_vec()),
        None => tx.delete(table, key.to_vec()),
    });
    Ok(())
}

/// Puts a run into state when there are `bytes_min` of it; positions stay.
pub(super) fn settle_from(state: &State, run: &mut Run, bytes_min: usize) -> Result<(), EngineError> {
    if run.is_empty() || run.bytes() < bytes_min {
        return Ok(());
    }
    let mut tx = state.begin();
    settle(&mut tx, run)?;
    commit_in_place(tx)?;
    run.clear();
    Ok(())
}

/// Commits what there is; positions stay.
pub(super) fn commit_in_place(tx: StateTx<'_>) -> Result<(), EngineError> {
    if tx.is_untouched() {
        return Ok(());
    }
    let positions = tx.checkpoint().positions;
    tx.commit(&positions)?;
    Ok(())
}

impl Engine {
    /// Makes room for more rows of copies.
    pub(super) fn settle_if_full(&mut self) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        if self.loads.bytes() < state.run_bytes_max() {
            return Ok(());
        }
        for rows in self.loads.runs.keys().copied().collect::<Vec<_>>() {
            self.settle_now(&state, rows)?;
        }
        Ok(())
    }

    /// Puts the loaded rows of a table into state.
    fn settle_now(&mut self, state: &State, rows: TableId) -> Result<(), EngineError> {
        let mut tx = state.begin();
        self.loads.settle(&mut tx, rows)?;
        commit_in_place(tx)?;
        self.loads.forget(rows);
        Ok(())
    }

    /// Puts the loaded rows of tables that these transactions change into state.
    pub(super) fn settle_changed(&mut self, transactions: &[Transaction]) -> Result<(), EngineError> {
        if self.loads.runs.is_empty() {
            return Ok(());
        }
        let mut seen: Vec<&Arc<TableSchema>> = Vec::new();
        for change in transactions.iter().flat_map(|transaction| &transaction.changes) {
            for table in change.tables() {
                if !seen.iter().any(|seen| Arc::ptr_eq(seen, table)) {
                    seen.push(table);
                }
            }
        }
        let state = Arc::clone(&self.state);
        for table in seen {
            if let Some(rows) = self.rows_of(&table.name) {
                self.settle_now(&state, rows)?;
            }
        }
        Ok(())
    }
}
