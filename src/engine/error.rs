//! Why the engine stopped: one view of it, or all of it.

use smol_str::SmolStr;
use tailwater_connectors::TableName;
use thiserror::Error;

use super::scalar::RowError;
use crate::state::StateError;

/// Why a view, or the engine, could not go on. Texts name no row values.
#[derive(Debug, Error)]
pub enum EngineError {
    /// State could not be read or written.
    #[error("state failed")]
    State(#[from] StateError),
    /// An expression of a view has no value for a row; the database would answer the same error.
    #[error("a row has no result: {0}")]
    Row(#[from] RowError),
    /// The same, of a row that is there when all changes are in.
    #[error("a row has no result: {message}")]
    RowErrors {
        /// Postgres' message.
        message: String,
    },
    /// Two rows of a view have one key.
    #[error("key ({columns}) of view \"{view}\" is not unique")]
    KeyNotUnique {
        /// The view.
        view: SmolStr,
        /// Its key's columns.
        columns: String,
    },
    /// A view that this one reads is stopped.
    #[error("view \"{reads}\", which it reads, is stopped")]
    Upstream {
        /// The stopped view.
        reads: SmolStr,
    },
    /// The changes do not fit the rows held: going on would be wrong.
    #[error("table \"{table}\": {message}")]
    TableDisagrees {
        /// The table.
        table: TableName,
        /// What does not fit.
        message: &'static str,
    },
    /// A table does not look as it did when its rows were copied.
    #[error("table \"{table}\" changed its columns or key")]
    TableChanged {
        /// The table.
        table: TableName,
    },
    /// A table is not any more what it was at its source.
    #[error("table \"{table}\" {reason}")]
    TableMoved {
        /// The table.
        table: TableName,
        /// What became of it.
        reason: String,
    },
    /// A plan that does not fit its relations: a fault in the planner.
    #[error("plan of view \"{view}\" is not sound: {message}")]
    Plan {
        /// The view.
        view: SmolStr,
        /// What is wrong.
        message: String,
    },
    /// A recursion goes on and on, as it would in the database.
    #[error("the recursion did not end after {rounds} rounds, or a round of it has too many rows")]
    Endless {
        /// Rounds made.
        rounds: u64,
    },
    /// Rows of a view's state contradict each other: a fault of ours, found before it could be shown.
    #[error("state of an operator contradicts its input: {what}")]
    Inconsistent {
        /// Which promise broke.
        what: &'static str,
    },
}

impl EngineError {
    /// Whether trying again, without anyone acting, may help. A deterministic engine fails again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::State(error) if error.is_transient())
    }

    /// Whether only the view in whose dataflow it happened must stop.
    pub(super) fn stops_one_view(&self) -> bool {
        match self {
            Self::Row(_)
            | Self::RowErrors { .. }
            | Self::KeyNotUnique { .. }
            | Self::Upstream { .. }
            | Self::TableMoved { .. }
            | Self::Plan { .. } => true,
            Self::Inconsistent { .. } | Self::Endless { .. } | Self::State(StateError::Key { .. }) => true,
            Self::State(_) | Self::TableDisagrees { .. } | Self::TableChanged { .. } => false,
        }
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::State(error) => error.hint(),
            Self::Row(_) | Self::RowErrors { .. } => Some(
                "the same SELECT fails in the database: guard the expression (CASE, NULLIF) or correct the row, then restart; or set \
                 row_errors = \"quarantine\"",
            ),
            Self::Endless { .. } => Some(
                "the rows lead in a circle: write UNION instead of UNION ALL, or bound the depth in the recursive part's WHERE",
            ),
            Self::KeyNotUnique { .. } => Some("declare a key that is unique for every row of the view"),
            Self::TableMoved { .. } => Some(
                "adapt the view if it reads what is gone, then \"tailwater apply\" or a restart: the table is copied again",
            ),
            Self::Upstream { .. } => Some("mend the view it reads, then \"tailwater apply\" or a restart"),
            Self::TableDisagrees { .. } | Self::TableChanged { .. } => Some(
                "run \"tailwater source drop\", remove the state directory and start again: the tables are copied anew",
            ),
            Self::Plan { .. } | Self::Inconsistent { .. } => {
                Some("this is a fault in tailwater: please report it with the view's SQL")
            }
        }
    }
}
