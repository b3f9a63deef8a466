//! Fills views from the rows of the relations they read.
//!
//! Nothing of a fill is visible until its last commit marks the view complete; a fill that was interrupted starts over with
//! new tables. Batches are bounded and committed one by one; positions stay. No step runs meanwhile. What is only written until then
//! (rows of a view whose key is proven, entries of an index) is collected in runs that go past the log: see `runs`.

use std::ops::ControlFlow;
use std::sync::Arc;

use tailwater_connectors::Row;

use super::dataflow::{Changes, Flow, Leaf, LeafSource};
use super::driver::Engine;
use super::error::EngineError;
use super::plan::RelationName;
use super::relation::Relation;
use super::runs::{commit_in_place, settle_from};
use super::view::ViewCondition;
use crate::state::{Run, StateTx, Version};

/// Rows of one batch of a fill; bounds memory, and how long a stop waits.
pub(super) const FILL_BATCH_ROWS: usize = 8_192;

/// Told about progress: view, rows read so far; may ask to stop.
type Progress<'p> = &'p mut dyn FnMut(&str, u64) -> ControlFlow<()>;

impl Engine {
    /// Fills every view that has no state, if all it reads stands complete. A view that cannot be filled is marked failed, the
    /// others go on. `progress` hears a view's name and the rows read for it, and may stop it all; what is complete by
    /// then stays.
    pub fn fill(&mut self, progress: &mut dyn FnMut(&str, u64) -> ControlFlow<()>) -> Result<(), EngineError> {
        if self.assembly.views.iter().any(|view| view.half_filled) {
            let former = self.assembly.registry.clone();
            self.reassemble(&former)?;
        }
        for place in 0..self.assembly.views.len() {
            if self.assembly.views[place].condition != ViewCondition::Filling || !self.reads_complete(place) {
                continue;
            }
            let stopped = match self.stopped_reads(place) {
                Some(reads) => Err(EngineError::Upstream { reads }),
                None => self.fill_view(place, progress),
            };
            match stopped {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(()),
                Err(error) if error.stops_one_view() => self.give_up(place, error)?,
                Err(error) => return Err(error),
            }
        }
        self.loads.shrink();
        Ok(())
    }

    /// Whether [`Engine::fill`] would find a view to fill.
    pub fn can_fill(&self) -> bool {
        let is_waiting = |place: &usize| self.assembly.views[*place].condition == ViewCondition::Filling;
        (0..self.assembly.views.len()).filter(is_waiting).any(|place| self.reads_complete(place))
    }

    /// Whether all tables that a view reads are copied and all views filled (or stopped).
    fn reads_complete(&self, place: usize) -> bool {
        self.assembly.views[place].reads.iter().all(|relation| match &self.assembly.relations[*relation].name {
            RelationName::Table(name) => {
                self.assembly.registry.inputs.get(&name.to_string()).is_some_and(|entry| entry.loaded)
            }
            RelationName::View(name) => self.view_condition(name) != ViewCondition::Filling,
        })
    }

    fn stopped_reads(&self, place: usize) -> Option<smol_str::SmolStr> {
        let read = |name: &RelationName| match name {
            RelationName::View(name) if self.view_condition(name) != ViewCondition::Live => Some(name.clone()),
            _ => None,
        };
        let reads = &self.assembly.views[place].reads;
        reads.iter().find_map(|relation| read(&self.assembly.relations[*relation].name))
    }

    fn give_up(&mut self, place: usize, error: EngineError) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let view = &self.assembly.views[place];
        self.drop_view(&mut tx, view);
        commit_in_place(tx)?;
        self.mark_stopped(vec![(place, error)]);
        self.assembly.views[place].half_filled = false;
        Ok(())
    }

    fn fill_view(&mut self, place: usize, progress: Progress<'_>) -> Result<ControlFlow<()>, EngineError> {
        self.assembly.views[place].half_filled = true;
        let name = self.assembly.views[place].schema.name.clone();
        let mut rows = 0;
        let mut report = |batch: usize| {
            rows += batch as u64;
            progress(&name, rows)
        };
        for index in 0..self.assembly.indexes.len() {
            let incomplete = &self.assembly.indexes[index];
            if !incomplete.complete
                && self.assembly.views[place].reads.contains(&incomplete.relation)
                && self.fill_index(index, &mut report)?.is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        let state = Arc::clone(&self.state);
        let mut rows = self.loads.take(self.assembly.relations[self.assembly.views[place].relation].table);
        for leaf in self.assembly.views[place].root.fill_order() {
            if self.replay((place, leaf), &mut rows, &mut report)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        settle_from(&state, &mut rows, 0)?;
        self.loads.put(rows);
        self.assembly.views[place].refuse_row_errors(&self.state.begin())?;
        let mut registry = self.assembly.registry.clone();
        if let Some(entry) = registry.views.get_mut(&name) {
            entry.complete = true;
        }
        self.store_registry(registry)?;
        self.assembly.views[place].condition = ViewCondition::Live;
        self.assembly.views[place].half_filled = false;
        Ok(ControlFlow::Continue(()))
    }

    fn store_registry(&mut self, registry: super::registry::Registry) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        registry.store(&mut tx)?;
        commit_in_place(tx)?;
        self.assembly.registry = registry;
        Ok(())
    }

    /// Replays the rows of one leaf through the view's dataflow.
    fn replay(
        &self,
        (place, leaf): (usize, Leaf),
        rows: &mut Run,
        report: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, EngineError> {
        let mut copied = self.copied_columns(place);
        let mut start = Vec::new();
        loop {
            let (number, next) = match &mut copied {
                Some(copied) => copied.batch(&self.state, &start, rows)?,
                None => self.replay_batch(place, (leaf, start), rows)?,
            };
            settle_from(&self.state, rows, self.state.run_bytes_max())?;
            if report(number).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            match next {
                Some(next) => start = next,
                None => return Ok(ControlFlow::Continue(())),
            }
        }
    }

    /// Replays one batch from `start` on; answers how many rows of a relation it had, and where to go on, if anywhere.
    fn replay_batch(
        &self,
        place: usize,
        (leaf, start): (Leaf, Vec<u8>),
        shown: &mut Run,
    ) -> Result<(usize, Option<Vec<u8>>), EngineError> {
        let mut tx = self.state.begin();
        let node = leaf.node;
        let mut rows: Vec<(Row, i64)> = Vec::new();
        let mut next = None;
        if let LeafSource::Relation(relation) = leaf.source {
            let (batch, behind) = read_batch(&tx, &self.assembly.relations[relation], &start)?;
            rows = batch.into_iter().map(|(_, row, count)| (row, count)).collect();
            next = behind;
        }
        let changes = match leaf.source {
            LeafSource::Collected => Changes::Show { node, start, next: None },
            LeafSource::Relation(_) | LeafSource::Nothing => Changes::Fill { node, batch: &rows },
        };
        let view = &self.assembly.views[place];
        let (relations, indexes) = (&self.assembly.relations[..], &self.assembly.indexes[..]);
        let mut flow = Flow { tx: &mut tx, relations, indexes, changes, faults: view.faults() };
        view.run_filling(&mut flow, shown)?;
        if let Changes::Show { next: behind, .. } = flow.changes {
            next = behind;
        }
        commit_in_place(tx)?;
        Ok((rows.len(), next))
    }

    /// Builds a secondary index from its relation's rows.
    fn fill_index(
        &mut self,
        place: usize,
        report: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, EngineError> {
        let state = Arc::clone(&self.state);
        let mut start = Vec::new();
        let mut entries = self.loads.take(self.assembly.indexes[place].table);
        loop {
            let index = &self.assembly.indexes[place];
            let relation = &self.assembly.relations[index.relation];
            let (batch, next) = read_batch(&state.begin(), relation, &start)?;
            for (key, row, _) in &batch {
                entries.put(|bytes| index.append_entry(bytes, (relation, row, key)).map(|()| bytes.len()))?;
            }
            settle_from(&state, &mut entries, state.run_bytes_max())?;
            if report(0).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            match next {
                Some(next) => start = next,
                None => break,
            }
        }
        settle_from(&state, &mut entries, 0)?;
        self.loads.put(entries);
        let mut registry = self.assembly.registry.clone();
        if let Some(entry) = registry.indexes.get_mut(&self.assembly.indexes[place].name) {
            entry.complete = true;
        }
        self.store_registry(registry)?;
        self.assembly.indexes[place].complete = true;
        Ok(ControlFlow::Continue(()))
    }
}

/// Rows of a relation with their keys and counts.
type Batch = Vec<(Vec<u8>, Row, i64)>;

/// The next rows from `start` on, and where to go on, if anywhere.
pub(super) fn read_batch(
    tx: &StateTx<'_>,
    relation: &Relation,
    start: &[u8],
) -> Result<(Batch, Option<Vec<u8>>), EngineError> {
    let mut batch = Batch::new();
    let mut next = None;
    tx.scan_from(relation.table, start, Version::Old, &mut |key, value| {
        if batch.len() == FILL_BATCH_ROWS {
            next = Some(key.to_vec());
            return Ok(ControlFlow::Break(()));
        }
        let (row, count) = relation.decode(key, value)?;
        batch.push((key.to_vec(), row, count));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((batch, next))
}
