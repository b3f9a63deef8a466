//! The contract of a source.

use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use crate::change::Transaction;
use crate::health::SourceHealth;
use crate::position::Position;
use crate::row::Row;
use crate::schema::{TableName, TableSchema};
use crate::snapshot::Snapshots;

/// What a source hands over, in order.
#[derive(Clone, Debug)]
pub enum SourceMessage {
    /// The answer to [`ResumePoint::FirstCopy`]: steps follow `position`, and the rows of the tables come beside them.
    CopyBegins {
        /// Where the stream begins.
        position: Position,
        /// Where each table's copy stands, to be kept with the position.
        marks: Vec<(TableName, CopyMark)>,
    },
    /// Rows of a table whose copy is under way. They are of a snapshot that sees all that committed before the stream began (for this
    /// table), and nothing that has not been handed over before. Rows of a table with a key may come again.
    CopyRows {
        /// The table.
        table: Arc<TableSchema>,
        /// Its rows, as many as make a good batch.
        rows: Vec<Row>,
    },
    /// How far a table's copy has come, by the rows handed over so far: to be kept, and given back in [`ResumePoint::Stream`].
    CopyMark {
        /// The table.
        table: TableName,
        /// To be kept instead of the one before.
        mark: CopyMark,
    },
    /// The rows of a table without a key come again, from the first one on.
    CopyAgain {
        /// The table.
        table: Arc<TableSchema>,
    },
    /// All rows of a table have been handed over.
    CopyEnds {
        /// The table.
        table: Arc<TableSchema>,
        /// Without a key: where its rows stand, which is no further than what has been handed over.
        snapshot: Option<Position>,
        /// Takes one answer: rows of which only the key is set, and which are wanted again (see `engine::copying`); none when
        /// the copy is complete.
        incomplete: mpsc::Sender<Vec<Row>>,
    },
    /// What the source wants to find again in [`ResumePoint::Stream`], kept before anything that comes after it.
    Note(String),
    /// From the next transaction on a table is not any more what the state knows of it.
    TableChanged(TableChange),
    /// Whole transactions in commit order.
    Transactions(Vec<Transaction>),
    /// Nothing of ours happened up to `position`, and everything before it has been handed over.
    Progress {
        /// A place outside any transaction.
        position: Position,
    },
}

/// What became of a table of the state. Everything else goes on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TableChange {
    /// The table.
    pub table: TableName,
    /// Columns, ascending positions in the state's schema, whose values are null from now on, none of the key. `None`: nothing of the
    /// table comes any more.
    pub columns: Option<Vec<usize>>,
    /// What happened to it, to follow its name.
    pub reason: String,
}

/// A table whose copy is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedCopy {
    /// The table.
    pub table: TableName,
    /// The mark that was kept last; `None`: the copy has not begun.
    pub mark: Option<CopyMark>,
}

/// How far the copy of a table has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CopyMark {
    /// What the source needs in order to go on; nobody else reads it.
    pub document: String,
    /// Bytes of the table, as it is stored there, that have been read.
    pub done_bytes: u64,
    /// Bytes to read in all.
    pub total_bytes: u64,
}

/// Bounded: a full channel is the back-pressure.
pub type TransactionSender = mpsc::Sender<SourceMessage>;

/// The last durable position of this source, `None` before the first; the source confirms no further than this.
pub type DurablePosition = watch::Receiver<Option<Position>>;

/// Where a source starts.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each connection")]
pub enum ResumePoint {
    /// There is no state: make (or re-make) what the source needs, then stream, and copy `tables` meanwhile.
    FirstCopy {
        /// Tables to copy.
        tables: Vec<TableName>,
        /// What the server keeps under our name (Postgres: a slot) was there before this state, so it may be another daemon's:
        /// it is not taken away. False: an interrupted copy of ours left it.
        foreign: bool,
    },
    /// State stands at this position: stream from exactly there or report why that cannot be.
    Stream {
        /// Durable position.
        position: Position,
        /// What the identity ([`Source::identity`]) was when the state was made.
        identity: SourceIdentity,
        /// Tables as the state knows them.
        tables: Vec<Arc<TableSchema>>,
        /// Those of which the copy is not complete.
        copying: Vec<UnfinishedCopy>,
        /// The last [`SourceMessage::Note`] of this stream.
        note: Option<String>,
    },
}

/// What must not change under a state directory.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceIdentity {
    /// Postgres: system identifier. MySQL and MariaDB: which of the two.
    pub system: String,
    /// Database name.
    pub database: String,
    /// Postgres: slot name.
    pub slot: String,
    /// Default collation of the database (`C`, `en_US.UTF-8`, `icu:en-US`): text ordered by us must be ordered as there.
    pub collation: String,
    /// Whether only ASCII letters have case there (`LC_CTYPE` is `C`).
    #[serde(default)]
    pub ascii_case: bool,
    /// Schema in which tables are looked up that are named without one.
    #[serde(default = "postgres_schema")]
    pub default_schema: String,
}

/// What it was before it could be another.
fn postgres_schema() -> String {
    "public".into()
}

/// Tails one database. Made by its connector from checked configuration; driven by `pipeline` alone.
#[async_trait]
pub trait Source: Send {
    /// Connects and looks: which tables there are, as they are now. Called before `run`, any number of times.
    async fn tables(&mut self, wanted: &[TableName]) -> Result<Vec<Arc<TableSchema>>, SourceError>;

    /// Asks the server who it is. Called before `run`.
    async fn identity(&mut self) -> Result<SourceIdentity, SourceError>;

    /// Asks what the server keeps for us, and keeps a way that is silent alive where the configuration wants that. Called every few
    /// seconds beside `run`, on a value of its own; `None` where nothing is kept yet.
    async fn health(&mut self) -> Result<Option<SourceHealth>, SourceError>;

    /// Tells where the durable state stands, before each [`Self::health`] beside `run`: a server that keeps nothing under our name does not
    /// know what we need.
    fn stands_at(&mut self, position: Option<Position>) {
        let _ = position;
    }

    /// Lets the server keep nothing more for us, for good: what we hold cannot be continued then. Nothing need be kept. Called on a value of
    /// its own, while nobody runs.
    async fn release(&mut self) -> Result<(), SourceError>;

    /// A way to pin moments of the database beside `run`; connects to nothing yet. Called on a value of its own.
    fn snapshots(&self) -> Box<dyn Snapshots>;

    /// Runs until an error, or until `out` is closed, which is how it is stopped (then `Ok`). A transient error makes the
    /// pipeline call `run` on a new value, from the durable position.
    async fn run(
        self: Box<Self>,
        resume: ResumePoint,
        out: TransactionSender,
        durable: DurablePosition,
    ) -> Result<(), SourceError>;
}

/// Why a source stopped. Texts name no row values and no secrets.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The server cannot be reached now, was restarted, or closed the connection; trying again may help.
    #[error("source \"{source_name}\" is unavailable: {message}")]
    Unavailable {
        /// The source.
        source_name: String,
        /// What happened.
        message: String,
    },
    /// Another process streams from the slot; trying again may help.
    #[error("source \"{source_name}\": slot \"{slot}\" is in use by another process")]
    SlotInUse {
        /// The source.
        source_name: String,
        /// The slot.
        slot: String,
    },
    /// The slot is gone, invalidated or does not fit our state: what we hold cannot be continued.
    #[error("source \"{source_name}\" cannot continue from {position}: {reason}")]
    CannotResume {
        /// The source.
        source_name: String,
        /// Our durable position.
        position: Position,
        /// Why not.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// Login, permission or settings on the server are wrong.
    #[error("source \"{source_name}\": {message}")]
    Refused {
        /// The source.
        source_name: String,
        /// What the server said.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A table changed in a way this state cannot follow, or cannot be followed at all.
    #[error("source \"{source_name}\", table \"{table}\": {message}")]
    Table {
        /// The source.
        source_name: String,
        /// The table.
        table: String,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// What the server sent of an open transaction could not be kept, or not be read back. Nothing is lost: it is sent again when the
    /// source runs again.
    #[error("source \"{source_name}\" cannot keep a transaction that is still open: {message}")]
    NotKept {
        /// The source.
        source_name: String,
        /// What failed, and where.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The server failed at sending a transaction that is still open. Asked for whole ones alone (a value without a place for open
    /// ones) it may not fail.
    #[error("source \"{source_name}\": the server cannot send a transaction that is still open: {message}")]
    OpenNotSent {
        /// The source.
        source_name: String,
        /// What the server said.
        message: String,
    },
    /// The server sent bytes we do not understand: never skipped.
    #[error("source \"{source_name}\" broke the protocol: {message}")]
    Protocol {
        /// The source.
        source_name: String,
        /// What was read.
        message: String,
    },
}

impl SourceError {
    /// Whether trying again, without anyone acting, may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::SlotInUse { .. } | Self::NotKept { .. } | Self::OpenNotSent { .. } => true,
            Self::CannotResume { .. } | Self::Refused { .. } | Self::Table { .. } | Self::Protocol { .. } => false,
        }
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::CannotResume { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Table { hint, .. }
            | Self::NotKept { hint, .. } => Some(hint),
            Self::SlotInUse { .. } => Some("stop the other one, or name another slot in the source's configuration"),
            Self::Unavailable { .. } | Self::OpenNotSent { .. } | Self::Protocol { .. } => None,
        }
    }
}
