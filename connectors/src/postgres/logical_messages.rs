//! What applications write into the log with `pg_logical_emit_message`, as the table `pg_logical.messages`, for who reads it. No table of the
//! server can have that name: schemas that begin with `pg_` are the system's.
//! <https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION>
//!
//! A message of a transaction is a row from the transaction's commit on, at its place among the changes; one without a transaction is a
//! transaction of its own, which ends one byte behind the beginning of its record: the server sends messages again whose records begin at the
//! position that is resumed from, or behind it. There is nothing to copy: the table begins when it is first followed.

use std::sync::Arc;

use num_bigint::BigInt;
use tokio::sync::mpsc;

use crate::change::Change;
use crate::numeric::Numeric;
use crate::position::Lsn;
use crate::row::Row;
use crate::schema::{Column, ReplicaIdentity, TableName, TableSchema};
use crate::source::{CopyMark, SourceMessage, TransactionSender};
use crate::sql_type::SqlType;
use crate::value::Value;

const SCHEMA: &str = "pg_logical";
const TABLE: &str = "messages";
/// That of heartbeats of this program, which are nobody's rows.
const OWN_PREFIX: &str = "tailwater";

/// Whether a table is the one of messages.
pub fn is_messages(name: &TableName) -> bool {
    name.schema == SCHEMA && name.table == TABLE
}

/// The tables that the server has.
pub(super) fn stored(tables: &[TableName]) -> Vec<TableName> {
    tables.iter().filter(|name| !is_messages(name)).cloned().collect()
}

/// The table.
pub(super) fn schema(source: &str) -> Arc<TableSchema> {
    let column = |name: &str, sql_type| Column::new(name, sql_type, false);
    Arc::new(TableSchema {
        name: TableName { source: source.into(), schema: SCHEMA.into(), table: TABLE.into() },
        // No relation has this one.
        id: 0,
        columns: vec![
            column("lsn", SqlType::Numeric(None)),
            column("transactional", SqlType::Bool),
            column("prefix", SqlType::Text),
            column("content", SqlType::Bytea),
        ],
        key: vec![0],
        identity: ReplicaIdentity::Default,
    })
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogicalMessage<'a> {
    pub(super) lsn: Lsn,
    pub(super) transactional: bool,
    pub(super) prefix: &'a str,
    pub(super) content: &'a [u8],
}

impl LogicalMessage<'_> {
    /// Its row; `None` where it is nobody's.
    pub(super) fn change(&self, table: &Arc<TableSchema>) -> Option<Change> {
        let values = [
            Value::Numeric(Numeric::from_parts(BigInt::from(self.lsn.0), 0)),
            Value::Bool(self.transactional),
            Value::text(self.prefix),
            Value::Bytes(self.content.into()),
        ];
        let new: Row = values.into_iter().collect();
        (self.prefix != OWN_PREFIX).then(|| Change::Insert { table: table.clone(), new })
    }

    /// The position behind one without a transaction.
    pub(super) fn end(&self) -> Lsn {
        Lsn(self.lsn.0 + 1)
    }
}

/// Says that nothing is missing, to who takes the table for one that is to be copied.
pub(super) async fn begin(table: &Arc<TableSchema>, out: &TransactionSender) {
    // Closed channels are noticed by the stream that follows.
    let _ = out.send(SourceMessage::CopyMark { table: table.name.clone(), mark: CopyMark::default() }).await;
    let (incomplete, _nobody_asks) = mpsc::channel(1);
    let _ = out.send(SourceMessage::CopyEnds { table: table.clone(), snapshot: None, incomplete }).await;
}
