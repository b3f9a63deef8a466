//! The persistent list of the engine's tables of state.
//!
//! Invariants: an id is handed out once and never again, so that what was dropped cannot show through; everything that has
//! rows in state is listed here, so that what no plan needs any more is found and dropped. Whatever must be built anew
//! gets new ids.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tailwater_connectors::{TableChange, TableSchema};

use super::error::EngineError;
use crate::state::{StateTx, TableId};

/// Name of the document in state.
const DOCUMENT: &str = "engine";
/// Changes when the meaning of stored bytes changes: then everything is filled anew.
pub(super) const LAYOUT_VERSION: u32 = 2;

/// Everything the engine keeps in state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Registry {
    pub(super) next_table: u32,
    pub(super) inputs: BTreeMap<String, InputEntry>,
    pub(super) views: BTreeMap<SmolStr, ViewEntry>,
    pub(super) indexes: BTreeMap<String, IndexEntry>,
}

/// An input table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InputEntry {
    pub(super) table: TableId,
    pub(super) schema: TableSchema,
    /// Whether its copy is complete.
    pub(super) loaded: bool,
    /// While it is not: what is kept aside of it meanwhile (see `copying`).
    #[serde(default)]
    pub(super) aside: Option<TableId>,
    /// What became of it at its source; its rows are then of use only to views that do not read what is gone.
    #[serde(default)]
    pub(super) changed: Option<TableChange>,
}

impl InputEntry {
    /// Makes it one that is copied anew, from nothing.
    pub(super) fn forget(&mut self) {
        (self.loaded, self.aside, self.changed) = (false, None, None);
    }
}

/// A view: its rows and its operators' tables by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ViewEntry {
    pub(super) rows: TableId,
    pub(super) fingerprint: u64,
    /// Whether it is filled and follows its relations.
    pub(super) complete: bool,
    /// Whether its changes are kept for sinks.
    pub(super) changelog: bool,
    pub(super) tables: BTreeMap<String, TableId>,
}

/// A secondary index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct IndexEntry {
    pub(super) table: TableId,
    /// Table of the relation it is on.
    pub(super) relation: TableId,
    /// Whether all rows are in it.
    pub(super) complete: bool,
}

impl Registry {
    /// What was stored last; empty in a new state directory or one of another layout.
    pub(super) fn load(tx: &StateTx<'_>) -> Result<Self, EngineError> {
        #[derive(Deserialize)]
        struct Document {
            version: u32,
            registry: Registry,
        }
        let Some(document) = tx.meta_get::<Document>(DOCUMENT)? else { return Ok(Self::default()) };
        let mut registry = document.registry;
        if document.version != LAYOUT_VERSION {
            registry.inputs.values_mut().for_each(InputEntry::forget);
            registry.views.values_mut().for_each(|view| view.complete = false);
            registry.indexes.values_mut().for_each(|index| index.complete = false);
        }
        Ok(registry)
    }

    /// Stores it with the step.
    pub(super) fn store(&self, tx: &mut StateTx<'_>) -> Result<(), EngineError> {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u32,
            registry: &'a Registry,
        }
        Ok(tx.meta_put(DOCUMENT, &Document { version: LAYOUT_VERSION, registry: self })?)
    }

    /// A new table.
    pub(super) fn allocate(&mut self) -> TableId {
        let table = TableId(self.next_table);
        self.next_table += 1;
        table
    }

    /// The operator table of a view by its name; made when there is none.
    pub(super) fn operator_table(&mut self, view: &SmolStr, name: String) -> TableId {
        let known = self.views.get(view).and_then(|entry| entry.tables.get(&name)).copied();
        known.unwrap_or_else(|| {
            let table = self.allocate();
            if let Some(entry) = self.views.get_mut(view) {
                entry.tables.insert(name, table);
            }
            table
        })
    }

    /// All tables that may have rows.
    pub(super) fn tables(&self) -> BTreeSet<TableId> {
        let views = self.views.values().flat_map(|view| view.tables.values().copied().chain([view.rows]));
        let inputs = self.inputs.values().flat_map(|input| [Some(input.table), input.aside].into_iter().flatten());
        views.chain(inputs).chain(self.indexes.values().map(|index| index.table)).collect()
    }

    /// Drops the tables of `former` that are not listed here, with their changelogs.
    pub(super) fn drop_orphans(&self, tx: &mut StateTx<'_>, former: &Self) {
        let kept = self.tables();
        for table in former.tables().difference(&kept) {
            tx.drop_table(*table);
        }
        for input in former.inputs.values().filter(|input| !kept.contains(&input.table)) {
            tx.meta_delete(&mark_name(input.table));
        }
        for view in former.views.values().filter(|view| !kept.contains(&view.rows)) {
            tx.trim_changelog(view.rows, u64::MAX);
        }
    }

    /// Changelogs that begin now, although their views were there: a sink that was followed by one before must not go on from it, as
    /// nothing was kept in between.
    pub(super) fn begin_changelogs(&self, tx: &mut StateTx<'_>, former: &Self) {
        for (name, view) in self.views.iter().filter(|(_, view)| view.changelog) {
            if former.views.get(name).is_some_and(|former| former.rows == view.rows && !former.changelog) {
                tx.trim_changelog(view.rows, u64::MAX);
            }
        }
    }
}

/// Name of the document that says how far the copy into a table of state has come. The id is in it, so that it never tells of rows
/// that are gone.
pub(super) fn mark_name(rows: TableId) -> String {
    format!("copy/{}", rows.0)
}
