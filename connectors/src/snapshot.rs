//! The contract of pinned moments: what a source's database itself answers at exactly one position.
//!
//! Making a moment may have to wait for transactions that are open on the server. [`Snapshots::prepare`] does all waiting that can be
//! done beforehand; [`Snapshots::take`] then takes no longer than [`SNAPSHOT_TAKE_MAX`], because its caller holds something up meanwhile.

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::position::Position;
use crate::row::Row;
use crate::schema::TableName;
use crate::source::SourceError;
use crate::sql_type::SqlType;

/// A moment is pinned within this time, or not at all.
pub const SNAPSHOT_TAKE_MAX: Duration = Duration::from_millis(1_500);

/// Makes pinned moments of one source, beside its stream.
#[async_trait]
pub trait Snapshots: Send {
    /// Connects, and waits until a moment can be pinned quickly. Called before each `take`.
    async fn prepare(&mut self) -> Result<(), SnapshotError>;

    /// Pins the moment that is now, to ask about `tables`. Everything that anyone heard of from the source before this call is
    /// in it.
    async fn take(&mut self, tables: &[TableName]) -> Result<Box<dyn SourceSnapshot>, SnapshotError>;
}

/// One pinned moment. It costs the source something for as long as it lives (Postgres: dead rows are kept, and TRUNCATE and ALTER of the
/// tables wait). After an error, or an answer that was not read to its end, it is not asked again.
#[async_trait]
pub trait SourceSnapshot: Send {
    /// Every transaction whose position this covers is seen, and no other.
    fn position(&self) -> &Position;

    /// Sends the rows of `query` to `out` in batches, in any order; any number of times. `Ok` means that these were all. A closed
    /// `out` ends it with `Ok`: whoever closed it knows.
    async fn answer(&mut self, query: &SnapshotQuery, out: mpsc::Sender<Vec<Row>>) -> Result<(), SnapshotError>;
}

/// What a moment is asked.
#[derive(Clone, Debug)]
pub struct SnapshotQuery {
    /// One SELECT in the source's own dialect.
    pub sql: String,
    /// Types of its columns: how values are read.
    pub types: Vec<SqlType>,
}

/// Why a moment was not pinned, or did not answer. Texts name no row values.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Transactions that stay open keep the server from pinning a moment; later it may work.
    #[error(
        "source \"{source_name}\": the server cannot pin a moment while transactions stay open (some have been for more than {seconds} s)"
    )]
    OpenTransactions {
        /// The source.
        source_name: String,
        /// How long was waited for them.
        seconds: u64,
    },
    /// Pinning took longer than [`SNAPSHOT_TAKE_MAX`], mostly because of transactions that were open; a new moment may work.
    #[error("source \"{source_name}\": the server did not pin a moment quickly enough, because transactions were open")]
    TooSlow {
        /// The source.
        source_name: String,
    },
    /// A table was locked, truncated or rewritten at the wrong time; a new moment may work.
    #[error("source \"{source_name}\": a table was locked, truncated or rewritten while the moment was pinned")]
    TableMoved {
        /// The source.
        source_name: String,
    },
    /// The database itself cannot answer the query: an expression has no value for some row, or a name means nothing there.
    #[error("source \"{source_name}\" cannot answer the view's SQL itself: {message}")]
    NoAnswer {
        /// The source.
        source_name: String,
        /// What it said.
        message: String,
    },
    /// Anything else that can happen to a source.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl SnapshotError {
    /// Whether a new moment may help, without anyone acting.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TooSlow { .. } | Self::TableMoved { .. } => true,
            Self::OpenTransactions { .. } | Self::NoAnswer { .. } => false,
            Self::Source(error) => error.is_transient(),
        }
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::OpenTransactions { .. } | Self::TooSlow { .. } => Some(
                "try again when they have ended; pg_stat_activity (backend_xid, xact_start) and pg_prepared_xacts name them",
            ),
            Self::TableMoved { .. } => Some("try again"),
            Self::NoAnswer { .. } => Some("mend the rows, or leave this view out"),
            Self::Source(error) => error.hint(),
        }
    }
}
