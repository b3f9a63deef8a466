//! What a binary log says.

use std::borrow::Cow;
use std::sync::Arc;

use smol_str::SmolStr;

use super::rows::RowsEvent;
use super::table_map::TableMap;
use crate::mysql::gtid_set::{Gtid, GtidSet};
use crate::mysql::maria_gtids::MariaGtid;

/// One event, as far as it says something of rows, transactions or places.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The beginning of a file, and of what is sent after a connect.
    Format {
        /// Version of the server that writes.
        server_version: String,
    },
    /// The file ends here, or (`artificial`) begins here for this connection.
    Rotate {
        /// The file that follows.
        file: SmolStr,
        /// Where in it.
        position: u64,
        /// Made up for this connection. MariaDB's ends in bytes that do not belong to the name where the log has checksums.
        artificial: bool,
    },
    /// MySQL: a transaction, or a statement that is one, begins.
    Gtid {
        /// Its id.
        gtid: Gtid,
        /// Commit time on the server that sends, microseconds since 2000-01-01 UTC.
        committed_at: i64,
    },
    /// MySQL: a transaction begins that has no id.
    AnonymousGtid {
        /// Commit time on the server that sends, microseconds since 2000-01-01 UTC.
        committed_at: i64,
    },
    /// MariaDB: a transaction begins.
    MariaGtid {
        /// Its id.
        gtid: MariaGtid,
        /// The statement that follows is all of it. Otherwise it ends by [`Event::Xid`] or a statement that says so, and does not
        /// begin by a statement.
        standalone: bool,
        /// What becomes of a two-phase transaction by it.
        xa: MariaXa,
        /// Commit time in whole seconds, microseconds since 2000-01-01 UTC.
        committed_at: i64,
    },
    /// MySQL: what is in the files before.
    PreviousGtids(GtidSet),
    /// MariaDB: the last ones of each domain and server in the files before.
    GtidList(Vec<MariaGtid>),
    /// A statement in words.
    Query {
        /// Default database.
        schema: Cow<'a, str>,
        /// The statement.
        sql: Cow<'a, str>,
        /// What it means.
        kind: QueryKind,
    },
    /// The transaction is committed.
    Xid,
    /// The two-phase transaction is prepared.
    XaPrepare {
        /// Its name, as `XA COMMIT` writes it.
        xid: String,
        /// It is committed with it.
        one_phase: bool,
    },
    /// What the rows that follow look like.
    TableMap(Arc<TableMap>),
    /// Rows.
    Rows(RowsEvent<'a>),
    /// Nothing to send at this place.
    Heartbeat {
        /// The file.
        file: SmolStr,
        /// Where in it.
        position: u64,
    },
    /// The server lost something that should be here.
    Incident {
        /// What it says.
        message: String,
    },
    /// A compressed transaction begins; its events follow one by one.
    Payload {
        /// Bytes that the transport holds for it.
        uncompressed_bytes: u64,
    },
    /// The server stopped in order; the file ends.
    Stop,
    /// Nothing of rows, transactions or places.
    Ignored,
}

/// What a MariaDB transaction is to a two-phase one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MariaXa {
    /// Nothing.
    No,
    /// It is the rows up to `XA PREPARE`; they do not count yet. Its name, as `XA COMMIT` writes it.
    Prepares(String),
    /// It is `XA COMMIT` or `XA ROLLBACK` of this name.
    Completes(String),
}

/// What a statement means for the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryKind {
    /// A transaction begins.
    Begin,
    /// It is committed.
    Commit,
    /// It is rolled back; rows of it are there because tables without transactions keep them.
    Rollback,
    /// A savepoint, or back to one: rows that are gone with it are not in the log, unless of tables that keep them.
    Savepoint,
    /// `XA START`: a two-phase transaction begins.
    XaStart,
    /// `XA END`: no more rows of it.
    XaEnd,
    /// The two-phase transaction of this name is committed.
    XaCommit(String),
    /// It is rolled back.
    XaRollback(String),
    /// Shapes or names of tables changed, or a table was emptied.
    Definition,
    /// MySQL: a table is made and filled; its rows follow, up to [`Event::Xid`].
    DefinitionWithRows,
    /// Rows were changed by a statement of which the rows are not in the log (statement format).
    Rows,
    /// None of these.
    Other,
}
