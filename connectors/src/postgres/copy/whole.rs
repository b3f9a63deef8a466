//! A table without a key is read in one go. Its rows cannot be told from one another, so what counts is which of the streamed changes they
//! have in them: a temporary slot's snapshot sees exactly what committed before the slot's position.

use std::time::Duration;

use tokio_postgres::Client;

use super::rows::{ReadError, read_rows};
use super::session::{Outcome, Reason, Session};
use super::table::{Target, moved, shape_sql};
use crate::position::Position;
use crate::postgres::connection::{Connection, Purpose};
use crate::postgres::replication::{self, Lifetime, cell};
use crate::postgres::server_error::ConnectionError;
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// How long it waits for the table's lock.
const LOCK_TIMEOUT_MS: u32 = 3_000;
/// How long the stream may take to come to the slot's position. The table is read under a long transaction anyway.
const WAIT: Duration = Duration::from_secs(600);

impl Session {
    /// Reads the whole table and hands it over; answers with where its rows stand, or why it must be tried again later.
    pub(super) async fn read_whole(
        &mut self,
        (target, client): (&Target, &Client),
        out: &TransactionSender,
    ) -> Result<Result<Position, Outcome>, SourceError> {
        let scene = self.scene().clone();
        match self.attempt_whole((target, client), out).await {
            Err(ReadError::Connection(ConnectionError::Server(error))) if error.code == "55P03" => {
                Ok(Err(Outcome::Later(Reason::Locked)))
            }
            done => done.map_err(|error| error.at(&scene)),
        }
    }

    async fn attempt_whole(
        &mut self,
        (target, client): (&Target, &Client),
        out: &TransactionSender,
    ) -> Result<Result<Position, Outcome>, ReadError> {
        let scene = self.scene().clone();
        // The slot goes with this session.
        let mut connection = Connection::connect(self.info(), Purpose::Replication).await?;
        let slot = format!("tailwater_copy_{}", connection.backend_pid().unsigned_abs());
        tracing::info!(source = %scene.source_name, table = %target.schema.name, "copying a table without a key; open transactions are waited for");
        let start = replication::create_slot_in_use(&mut connection, &slot, Lifetime::Temporary).await?;
        let lock = format!(
            "SET LOCAL row_security = off; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; LOCK TABLE {} IN ACCESS SHARE MODE",
            target.name
        );
        connection.simple_query(&lock).await?;
        if is_rewritten(&mut connection, target).await? {
            return Ok(Err(Outcome::Later(Reason::Locked)));
        }
        // With the lock held, what another session sees of the columns is what will be read.
        let sql = format!("SELECT {}", shape_sql(target.schema.id));
        let shape: Option<String> = client.query_one(&sql, &[]).await.map_err(ConnectionError::from)?.get(0);
        if shape.as_deref() != Some(&target.shape) {
            return Err(ReadError::Source(moved(&scene, &target.schema.name)));
        }
        if !self.wait_for(start, WAIT).await {
            return Ok(Err(Outcome::Later(Reason::Behind)));
        }
        // When nobody receives any more, the source's own loop ends this task.
        let _ = out.send(SourceMessage::CopyAgain { table: target.schema.clone() }).await;
        let only = if target.partitioned { "" } else { "ONLY " };
        let select = format!("SELECT {} FROM {only}{}", target.select, target.name);
        read_rows(&mut connection, (target, &select), out, &scene).await?;
        connection.simple_query("COMMIT").await?;
        Ok(Ok(Position::Lsn(start)))
    }
}

/// TRUNCATE and rewrites ignore snapshots: what committed between the slot's snapshot and our lock left a table that reads as
/// empty, although the slot streams changes of the rows that it had.
async fn is_rewritten(connection: &mut Connection, target: &Target) -> Result<bool, ConnectionError> {
    let oid = target.schema.id;
    // The catalog is read under the snapshot, the function answers what holds now.
    let sql = format!(
        "SELECT count(*) FROM (SELECT {oid}::oid UNION SELECT p.relid FROM pg_catalog.pg_partition_tree({oid}::oid::regclass) AS p) \
             AS r (relid) \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = r.relid \
         WHERE c.oid IS NULL OR c.relfilenode <> coalesce(pg_catalog.pg_relation_filenode(c.oid), 0::oid)"
    );
    let rows = connection.simple_query(&sql).await?;
    Ok(cell(&rows, 0) != Some("0"))
}
