//! The engine: what the pipeline drives.
//!
//! Invariant: after every commit, every live view's rows are its SQL over the input tables at the checkpoint's positions.
//! What happens in memory follows the commit: when a commit fails, the engine is as it was.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Position, Positions, TableName, TableSchema, ViewSchema};

use super::assembly::{Assembly, EngineCatalog, same_shape};
use super::error::EngineError;
use super::input_table::InputTable;
use super::registry::{InputEntry, Registry};
use super::runs::Loads;
use super::view::{View, ViewCondition};
use crate::state::{Checkpoint, State, StateTx, TableId};

/// Keeps the views of one state directory. Driven by one thread.
pub struct Engine {
    pub(super) state: Arc<State>,
    pub(super) catalog: EngineCatalog,
    pub(super) assembly: Assembly,
    schemas: Vec<Arc<ViewSchema>>,
    /// Rows of copies that are not in state yet.
    pub(super) loads: Loads,
    /// Changelogs to be trimmed with the next commit: table of the view's rows, step.
    pub(super) trims: Vec<(TableId, u64)>,
}

impl Engine {
    /// Opens the catalog over a state directory. Keeps what is complete and unchanged; marks the rest to be filled, and drops
    /// what nothing needs any more.
    pub fn open(state: Arc<State>, catalog: EngineCatalog) -> Result<Self, EngineError> {
        Self::open_renewing(state, catalog, &[])
    }

    /// The same; these tables are copied anew, whatever is held of them.
    pub fn open_renewing(
        state: Arc<State>,
        catalog: EngineCatalog,
        renewed: &[TableName],
    ) -> Result<Self, EngineError> {
        let mut former = Registry::load(&state.begin())?;
        for table in renewed {
            former.inputs.get_mut(&table.to_string()).into_iter().for_each(InputEntry::forget);
        }
        let assembly = Assembly::new(&catalog, &former)?;
        let mut engine =
            Self { state, catalog, assembly, schemas: Vec::new(), loads: Loads::default(), trims: Vec::new() };
        engine.adopt(&former)?;
        Ok(engine)
    }

    /// Assembles again over `former`: everything that it calls incomplete gets new tables.
    pub(super) fn reassemble(&mut self, former: &Registry) -> Result<(), EngineError> {
        let failed: Vec<(SmolStr, ViewCondition)> = (self.assembly.views.iter())
            .filter(|view| matches!(view.condition, ViewCondition::Failed { .. }))
            .map(|view| (view.schema.name.clone(), view.condition.clone()))
            .collect();
        self.loads.ahead.end_all();
        self.assembly = Assembly::new(&self.catalog, former)?;
        for view in &mut self.assembly.views {
            if let Some((_, condition)) = failed.iter().find(|(name, _)| *name == view.schema.name) {
                view.condition = condition.clone();
            }
        }
        self.adopt(former)
    }

    fn adopt(&mut self, former: &Registry) -> Result<(), EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        self.assembly.registry.drop_orphans(&mut tx, former);
        self.assembly.registry.begin_changelogs(&mut tx, former);
        self.assembly.registry.store(&mut tx)?;
        tx.register_views(self.assembly.registered_views(|_| false));
        let positions = tx.checkpoint().positions;
        tx.commit(&positions)?;
        self.schemas = self.assembly.views.iter().map(|view| Arc::clone(&view.schema)).collect();
        Ok(())
    }

    /// The views in the catalog's order. A view that is filled again has another fingerprint: ask again after
    /// [`Engine::load_reset`] and [`Engine::fill`].
    pub fn views(&self) -> &[Arc<ViewSchema>] {
        &self.schemas
    }

    /// How a view stands; a view that is not in the catalog is never live.
    pub fn view_condition(&self, name: &str) -> ViewCondition {
        let view = self.assembly.views.iter().find(|view| view.schema.name == name);
        view.map_or(ViewCondition::Filling, |view| view.condition.clone())
    }

    /// Nothing of ours happened up to `position`.
    pub fn progress(&mut self, source: &SmolStr, position: &Position) -> Result<Checkpoint, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        if tx.checkpoint().positions.0.get(source).is_some_and(|reached| reached.covers(position)) {
            return Ok(tx.checkpoint());
        }
        for (table, step) in &self.trims {
            tx.trim_changelog(*table, *step);
        }
        let positions = moved(&tx, source, position);
        let checkpoint = tx.commit(&positions)?;
        self.trims.clear();
        Ok(checkpoint)
    }

    /// Forgets a view's changes of steps up to `step`, with the next commit.
    pub fn trim_changelog(&mut self, view: &str, step: u64) {
        if let Some(view) = self.assembly.views.iter().find(|candidate| candidate.schema.name == view) {
            self.trims.push((self.assembly.relations[view.relation].table, step));
        }
    }

    /// The input table of a change, checked to look as the one we hold.
    pub(super) fn input<'a>(&'a self, table: &'a TableSchema) -> Result<(InputTable<'a>, usize), EngineError> {
        let changed = || EngineError::TableChanged { table: table.name.clone() };
        let place = self.assembly.table(table).ok_or_else(changed)?;
        let schema = &self.catalog.tables[place];
        if !same_shape(schema, table) {
            return Err(changed());
        }
        Ok((InputTable { schema, relation: &self.assembly.relations[place] }, place))
    }

    /// Drops everything a view keeps, also what this step wrote of it.
    pub(super) fn drop_view(&self, tx: &mut StateTx<'_>, view: &View) {
        let Some(entry) = self.assembly.registry.views.get(&view.schema.name) else { return };
        entry.tables.values().for_each(|table| tx.drop_table(*table));
        tx.drop_table(entry.rows);
        tx.trim_changelog(entry.rows, u64::MAX);
        for index in self.assembly.indexes.iter().filter(|index| index.relation == view.relation) {
            tx.drop_table(index.table);
        }
    }

    /// Marks a view and the indexes on its rows as incomplete.
    pub(super) fn incomplete(&self, registry: &mut Registry, view: &View) {
        if let Some(entry) = registry.views.get_mut(&view.schema.name) {
            entry.complete = false;
        }
        for index in self.assembly.indexes.iter().filter(|index| index.relation == view.relation) {
            if let Some(entry) = registry.indexes.get_mut(&index.name) {
                entry.complete = false;
            }
        }
    }

    /// Marks views as failed in memory, after the commit.
    pub(super) fn mark_stopped(&mut self, failed: Vec<(usize, EngineError)>) -> Vec<(SmolStr, EngineError)> {
        let mut named = Vec::with_capacity(failed.len());
        for (place, error) in failed {
            let view = &mut self.assembly.views[place];
            let hint = error.hint().map(Into::into);
            view.condition = ViewCondition::Failed { error: error.to_string(), hint };
            for index in self.assembly.indexes.iter_mut().filter(|index| index.relation == view.relation) {
                index.complete = false;
            }
            named.push((view.schema.name.clone(), error));
        }
        named
    }
}

/// The checkpoint's positions with one source moved.
pub(super) fn moved(tx: &StateTx<'_>, source: &SmolStr, position: &Position) -> Positions {
    let mut positions = tx.checkpoint().positions;
    positions.0.insert(source.clone(), position.clone());
    positions
}
