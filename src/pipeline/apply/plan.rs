//! What a configuration would change, in words for people and for scripts.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What is done with a table, a view or a sink. What is not named stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new: a table is copied, a view or sink filled.
    Add,
    /// It is another one of the same name: built beside the old one, which is served until it takes its place.
    Change,
    /// It is dropped.
    Drop,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTableChange {
    /// `source.schema.table`
    pub table: String,
    /// [`Action::Change`]: it is copied again, as it has another shape now.
    pub action: Action,
}

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedViewChange {
    /// Its name.
    pub view: SmolStr,
    /// [`Action::Change`] also where only something below it has changed.
    pub action: Action,
    /// Tables and views that are read to fill it.
    pub reads: Vec<String>,
    /// Those of them that must be copied before.
    pub waits_for: Vec<String>,
}

/// A sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSinkChange {
    /// Its name.
    pub sink: SmolStr,
    /// Its view.
    pub view: SmolStr,
    /// What is done.
    pub action: Action,
}

/// The difference between what a daemon does and what its configuration asks for now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Tables.
    pub tables: Vec<PlannedTableChange>,
    /// Views.
    pub views: Vec<PlannedViewChange>,
    /// Sinks.
    pub sinks: Vec<PlannedSinkChange>,
    /// Settings of sources that change, as `source.NAME.KEY`.
    pub settings: Vec<String>,
}

impl Plan {
    /// Whether nothing would be done.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.views.is_empty() && self.sinks.is_empty() && self.settings.is_empty()
    }
}
