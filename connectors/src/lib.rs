//! The edge of Tailwater: the words that cross it (values, rows, changes, positions), the contracts [`Source`] and
//! [`Sink`], and one folder per outside system with its pure decoder or encoder.

pub mod change;
pub mod copy_settings;
pub mod finding;
pub mod health;
pub mod json;
pub mod kafka;
pub mod kinesis;
pub mod mysql;
mod no_snapshots;
pub mod numeric;
pub mod open_transactions;
pub mod position;
pub mod postgres;
pub mod read_back;
pub mod redis;
pub mod row;
pub mod schema;
pub mod search;
pub mod sink;
pub mod snapshot;
pub mod source;
pub mod sql_type;
pub mod text;
pub mod value;

pub use change::{Change, NewRow, OldRow, Transaction};
pub use copy_settings::CopySettings;
pub use finding::{Finding, Severity};
pub use health::{LogRetention, SourceHealth};
pub use numeric::Numeric;
pub use open_transactions::{OpenTransactions, OpenTransactionsSender};
pub use position::{Lsn, Position, Positions};
pub use read_back::{Held, HeldEntries, HeldEntry, ReadBack};
pub use row::Row;
pub use schema::{Collation, CollationOrder, Column, Declared, ReplicaIdentity, TableName, TableSchema, ViewSchema};
pub use sink::{ChangelogBatch, Cursor, RowChange, RowPages, Sink, SinkError};
pub use snapshot::{SNAPSHOT_TAKE_MAX, SnapshotError, SnapshotQuery, Snapshots, SourceSnapshot};
pub use source::{
    CopyMark, DurablePosition, ResumePoint, Source, SourceError, SourceIdentity, SourceMessage, TableChange,
    TransactionSender, UnfinishedCopy,
};
pub use sql_type::{EnumType, SqlType};
pub use value::{Array, Interval, Value};
