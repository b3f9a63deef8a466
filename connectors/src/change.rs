//! What a source reports: changes, grouped into whole transactions.

use std::sync::Arc;

use crate::position::Position;
use crate::row::Row;
use crate::schema::TableSchema;

/// What the log said about the old row of an update or delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldRow {
    /// Nothing: the key did not change and is the new row's.
    SameKey,
    /// A row of full width in which only the replica identity's columns are set, the rest null.
    Key(Row),
    /// The whole old row.
    Full(Row),
}

/// The new row of an insert or update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// Values; null where `unchanged` names the column.
    pub row: Row,
    /// Columns (ascending) whose large value was not sent because it did not change (Postgres: unchanged TOAST). The
    /// engine fills them from the input table before anything reads the row. Empty for inserts.
    pub unchanged: Vec<u16>,
}

/// One change of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A row came.
    Insert {
        /// Its table.
        table: Arc<TableSchema>,
        /// The row.
        new: Row,
    },
    /// A row changed, its key perhaps with it.
    Update {
        /// Its table.
        table: Arc<TableSchema>,
        /// Old image.
        old: OldRow,
        /// New image.
        new: NewRow,
    },
    /// A row went. `old` is never `SameKey`.
    Delete {
        /// Its table.
        table: Arc<TableSchema>,
        /// Old image.
        old: OldRow,
    },
    /// Of a table with a key whose source does not tell what was there before: the row under this key is this one now.
    Upsert {
        /// Its table.
        table: Arc<TableSchema>,
        /// The row.
        new: Row,
    },
    /// The counterpart: there is no row under this key now, whether or not there was one.
    Remove {
        /// Its table.
        table: Arc<TableSchema>,
        /// A row of full width in which only the key's columns are set, the rest null.
        key: Row,
    },
    /// All rows of these tables went at once.
    Truncate {
        /// The tables.
        tables: Vec<Arc<TableSchema>>,
    },
}

impl Change {
    /// The tables that it changes.
    pub fn tables(&self) -> &[Arc<TableSchema>] {
        match self {
            Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. }
            | Self::Upsert { table, .. }
            | Self::Remove { table, .. } => std::slice::from_ref(table),
            Self::Truncate { tables } => tables,
        }
    }
}

/// One committed transaction, whole, in the order of its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Position behind the transaction (Postgres: `end_lsn` of its commit). Having applied it means having applied
    /// everything up to here.
    pub position: Position,
    /// Commit time, microseconds since 2000-01-01 UTC, by the source's clock.
    pub committed_at: i64,
    /// Its changes.
    pub changes: Vec<Change>,
}
