//! Tables that are not any more what they were at their source: the views that read what is gone stop, the others go on.
//!
//! Invariant: from the commit of a change on no view shows rows that it made of what is gone. The change stays with the table, so that
//! it holds after a restart too, until the table is copied anew.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::TableChange;

use super::driver::Engine;
use super::error::EngineError;
use super::registry::Registry;
use super::view::{View, ViewCondition};
use crate::state::State;

/// Tables of the state that have changed since they were copied.
pub fn changed_tables(state: &Arc<State>) -> Result<Vec<TableChange>, EngineError> {
    let registry = Registry::load(&state.begin())?;
    Ok(registry.inputs.into_values().filter_map(|entry| entry.changed).collect())
}

impl Engine {
    /// What became of tables, as far as it is kept.
    pub fn changed_tables(&self) -> Vec<TableChange> {
        self.assembly.registry.inputs.values().filter_map(|entry| entry.changed.clone()).collect()
    }

    /// Takes note of a table's change, in one commit with stopping the views that it touches: `touched` where columns are gone, else all
    /// that read the table; and with them all that read those. Answers with the views that stopped now.
    pub fn table_changed(
        &mut self,
        change: &TableChange,
        touched: &[SmolStr],
    ) -> Result<Vec<(SmolStr, EngineError)>, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let mut registry = self.assembly.registry.clone();
        let Some(entry) = registry.inputs.get_mut(&change.table.to_string()) else { return Ok(Vec::new()) };
        entry.changed = Some(merged(entry.changed.take(), change));
        let mut failed: Vec<(usize, EngineError)> = Vec::new();
        for (place, view) in self.assembly.views.iter().enumerate() {
            if matches!(view.condition, ViewCondition::Failed { .. }) {
                continue;
            }
            let error = match self.stopped_read(view, &failed) {
                Some(reads) => EngineError::Upstream { reads },
                None if self.is_touched(view, change, touched) => {
                    EngineError::TableMoved { table: change.table.clone(), reason: change.reason.clone() }
                }
                None => continue,
            };
            self.drop_view(&mut tx, view);
            self.incomplete(&mut registry, view);
            failed.push((place, error));
        }
        registry.store(&mut tx)?;
        tx.register_views(self.assembly.registered_views(|place| failed.iter().any(|(failed, _)| *failed == place)));
        let positions = tx.checkpoint().positions;
        tx.commit(&positions)?;
        self.assembly.registry = registry;
        Ok(self.mark_stopped(failed))
    }

    fn is_touched(&self, view: &View, change: &TableChange, touched: &[SmolStr]) -> bool {
        match change.columns {
            Some(_) => touched.contains(&view.schema.name),
            None => self.assembly.place(&change.table).is_some_and(|table| view.reads.contains(&table)),
        }
    }

    /// A view that this one reads and that is stopped.
    fn stopped_read(&self, view: &View, failed: &[(usize, EngineError)]) -> Option<SmolStr> {
        let views = self.assembly.views.iter().enumerate();
        let stopped = views.filter(|(place, other)| {
            matches!(other.condition, ViewCondition::Failed { .. }) || failed.iter().any(|(failed, _)| failed == place)
        });
        stopped
            .map(|(_, other)| other)
            .find(|other| view.reads.contains(&other.relation))
            .map(|other| other.schema.name.clone())
    }
}

/// Both changes of one table.
fn merged(before: Option<TableChange>, now: &TableChange) -> TableChange {
    let Some(before) = before else { return now.clone() };
    let (Some(columns), Some(more)) = (&before.columns, &now.columns) else {
        return if before.columns.is_none() { before } else { now.clone() };
    };
    if more.iter().all(|column| columns.contains(column)) {
        return before;
    }
    let mut columns = [&columns[..], more].concat();
    columns.sort_unstable();
    columns.dedup();
    TableChange { columns: Some(columns), reason: format!("{}, {}", before.reason, now.reason), ..before }
}
