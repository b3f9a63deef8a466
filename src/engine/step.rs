//! One step: whole transactions through input tables, indexes and views, into one commit.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{TableSchema, Transaction};

use super::assembly::Assembly;
use super::copying::CopyingTable;
use super::dataflow::{Changes, Flow};
use super::driver::{Engine, moved};
use super::error::EngineError;
use super::input_table::{InputTable, Operation};
use super::registry::Registry;
use super::relation::KeyChange;
use super::view::{View, ViewCondition, ViewStep, row_changes};
use crate::state::{Checkpoint, StateTx};

/// What a step did.
#[derive(Debug)]
pub struct StepOutcome {
    /// The committed checkpoint.
    pub checkpoint: Checkpoint,
    /// Views whose rows changed: place in [`Engine::views`], number of keys.
    pub changed: Vec<(usize, u64)>,
    /// Views whose number of row errors changed: place in [`Engine::views`], the number now.
    pub row_errors: Vec<(usize, u64)>,
    /// Views that this step stopped.
    pub failed: Vec<(SmolStr, EngineError)>,
}

impl StepOutcome {
    fn nothing(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, changed: Vec::new(), row_errors: Vec::new(), failed: Vec::new() }
    }
}

/// What a source says that does not know when a transaction was committed.
const NO_TIME: i64 = 0;

/// Changes of a step, per relation.
type RelationChanges = Vec<Vec<KeyChange>>;

impl Engine {
    /// Applies whole transactions of one source, in order, in one commit. Transactions that the checkpoint covers already
    /// are dropped: the source sends again what it has not seen confirmed.
    pub fn step(&mut self, source: &SmolStr, transactions: &[Transaction]) -> Result<StepOutcome, EngineError> {
        self.settle_changed(transactions)?;
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let reached = tx.checkpoint().positions.0.get(source).cloned();
        let known = |transaction: &Transaction| reached.as_ref().is_some_and(|at| at.covers(&transaction.position));
        let fresh = &transactions[transactions.iter().take_while(|transaction| known(transaction)).count()..];
        let Some(last) = fresh.last() else {
            return Ok(StepOutcome::nothing(tx.checkpoint()));
        };
        let mut changes = self.input_changes(&mut tx, fresh)?;
        let mut outcome = Outcome::default();
        for place in 0..self.assembly.views.len() {
            self.run_view(&mut tx, place, (&mut changes, &mut outcome))?;
        }
        let registry = self.without_stopped(&mut tx, &outcome)?;
        for (table, step) in &self.trims {
            tx.trim_changelog(*table, *step);
        }
        if last.committed_at != NO_TIME {
            tx.note_commit_time(last.committed_at);
        }
        let positions = moved(&tx, source, &last.position);
        let checkpoint = tx.commit(&positions)?;
        self.trims.clear();
        if let Some(registry) = registry {
            self.assembly.registry = registry;
        }
        let failed = self.mark_stopped(outcome.failed);
        Ok(StepOutcome { checkpoint, changed: outcome.changed, row_errors: outcome.row_errors, failed })
    }

    /// Folds the transactions' changes per table and writes input tables and indexes. Tables that no one declared are passed
    /// over: nothing reads them.
    fn input_changes(
        &self,
        tx: &mut StateTx<'_>,
        transactions: &[Transaction],
    ) -> Result<RelationChanges, EngineError> {
        let mut operations: Vec<Vec<Operation<'_>>> = self.catalog.tables.iter().map(|_| Vec::new()).collect();
        let mut resolved: Vec<(&Arc<TableSchema>, Option<usize>)> = Vec::new();
        for (number, transaction) in transactions.iter().enumerate() {
            for change in &transaction.changes {
                for table in change.tables() {
                    let seen = resolved.iter().rev().find(|(known, _)| Arc::ptr_eq(known, table));
                    let place = match seen {
                        Some((_, place)) => *place,
                        None => {
                            let declared = self.assembly.table(table).is_some();
                            let place = if declared { Some(self.input(table)?.1) } else { None };
                            resolved.push((table, place));
                            place
                        }
                    };
                    if let Some(place) = place {
                        let operation = self.table_at(place).operation(change, number)?;
                        operations[place].push(operation);
                    }
                }
            }
        }
        let mut changes: RelationChanges = Vec::with_capacity(self.assembly.relations.len());
        for (place, operations) in operations.into_iter().enumerate() {
            if operations.is_empty() {
                changes.push(Vec::new());
                continue;
            }
            if let Some(copying) = self.copying(place) {
                // Nobody reads it before its copy is complete.
                copying.apply(tx, operations, transactions)?;
                changes.push(Vec::new());
                continue;
            }
            let folded = self.table_at(place).fold(tx, operations)?;
            self.assembly.relations[place].write(tx, &folded);
            self.write_indexes(tx, place, &folded)?;
            changes.push(folded);
        }
        changes.resize_with(self.assembly.relations.len(), Vec::new);
        Ok(changes)
    }

    /// The table at this place while its copy is under way.
    pub(super) fn copying(&self, place: usize) -> Option<CopyingTable<'_>> {
        let aside = (*self.assembly.asides.get(place)?)?;
        Some(CopyingTable { input: self.table_at(place), aside })
    }

    fn table_at(&self, place: usize) -> InputTable<'_> {
        InputTable { schema: &self.catalog.tables[place], relation: &self.assembly.relations[place] }
    }

    fn write_indexes(&self, tx: &mut StateTx<'_>, relation: usize, changes: &[KeyChange]) -> Result<(), EngineError> {
        for index in self.assembly.indexes.iter().filter(|index| index.complete && index.relation == relation) {
            index.write(tx, &self.assembly.relations[relation], changes)?;
        }
        Ok(())
    }

    /// Runs one view over the changes of what it reads. An error that is its own stops it and leaves nothing of it.
    fn run_view(
        &self,
        tx: &mut StateTx<'_>,
        place: usize,
        (changes, outcome): (&mut RelationChanges, &mut Outcome),
    ) -> Result<(), EngineError> {
        let view = &self.assembly.views[place];
        if view.condition != ViewCondition::Live {
            return Ok(());
        }
        let result = match outcome.stopped_upstream(view, &self.assembly.views) {
            Some(reads) => Err(EngineError::Upstream { reads }),
            None if view.reads.iter().all(|relation| changes[*relation].is_empty()) => return Ok(()),
            None => self.follow(tx, view, changes),
        };
        match result {
            Ok(ViewStep { changes: folded, row_errors }) => {
                outcome.row_errors.extend(row_errors.map(|number| (place, number)));
                if !folded.is_empty() {
                    outcome.changed.push((place, folded.len() as u64));
                    changes[view.relation] = folded;
                }
            }
            Err(error) if error.stops_one_view() => {
                self.drop_view(tx, view);
                outcome.failed.push((place, error));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn follow(&self, tx: &mut StateTx<'_>, view: &View, changes: &[Vec<KeyChange>]) -> Result<ViewStep, EngineError> {
        let Assembly { relations, indexes, .. } = &self.assembly;
        let changes = Changes::Step(changes);
        let done = view.run(&mut Flow { tx, relations, indexes, changes, faults: view.faults() })?;
        if done.row_errors.is_some() {
            view.refuse_row_errors(tx)?;
        }
        if view.has_changelog && !done.changes.is_empty() {
            tx.append_changelog(relations[view.relation].table, &row_changes(&done.changes));
        }
        self.write_indexes(tx, view.relation, &done.changes)?;
        Ok(done)
    }

    /// Writes that the stopped views are incomplete, and takes them from the readers.
    fn without_stopped(&self, tx: &mut StateTx<'_>, outcome: &Outcome) -> Result<Option<Registry>, EngineError> {
        if outcome.failed.is_empty() {
            return Ok(None);
        }
        let mut registry = self.assembly.registry.clone();
        for (place, _) in &outcome.failed {
            self.incomplete(&mut registry, &self.assembly.views[*place]);
        }
        registry.store(tx)?;
        // From this commit on no reader finds the rows of a stopped view, whatever it was told of its condition before.
        let stopped = |place: usize| outcome.failed.iter().any(|(failed, _)| *failed == place);
        tx.register_views(self.assembly.registered_views(stopped));
        Ok(Some(registry))
    }
}

/// What a step has done so far.
#[derive(Default)]
struct Outcome {
    changed: Vec<(usize, u64)>,
    row_errors: Vec<(usize, u64)>,
    failed: Vec<(usize, EngineError)>,
}

impl Outcome {
    /// The view that this one reads and that this step stopped.
    fn stopped_upstream(&self, view: &View, views: &[View]) -> Option<SmolStr> {
        let stopped = self.failed.iter().map(|(place, _)| &views[*place]);
        stopped.filter(|other| view.reads.contains(&other.relation)).map(|other| other.schema.name.clone()).next()
    }
}
