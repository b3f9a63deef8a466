//! Pins a moment: a temporary slot exports the snapshot of its consistent point, a session takes it over, and the slot goes.
//!
//! The snapshot sees exactly the transactions whose commits end at the consistent point or before it: the log's own order, the one
//! in which the stream hands them over. Making a slot waits for the transactions that are open on the whole server, one after the
//! other, so we look beforehand whether any has been open for long, and the server itself ends the wait by `lock_timeout`:
//! a session that we leave would wait on, and keep the slot.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::replication;
use super::server_error::{ConnectionError, Scene};
use super::snapshot_rows::Reading;
use super::standby;
use crate::position::Position;
use crate::row::Row;
use crate::schema::TableName;
use crate::snapshot::{SNAPSHOT_TAKE_MAX, SnapshotError, SnapshotQuery, Snapshots, SourceSnapshot};

/// A transaction that has been open for less is expected to end soon.
const OPEN_SHORTLY: Duration = Duration::from_millis(250);
/// How long to wait for older ones.
const OPEN_LONG_MAX: Duration = Duration::from_secs(10);
/// Longest wait for one transaction while the slot is made, in milliseconds.
const SLOT_LOCK_TIMEOUT_MS: u32 = 1_000;
/// A lock was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Makes moments of one database.
pub(super) struct PostgresSnapshots {
    info: ConnInfo,
    scene: Scene,
    ready: Option<Sessions>,
}

/// Logged in, so that pinning takes no logins.
struct Sessions {
    /// Makes the slot.
    replication: Connection,
    /// Takes over the snapshot and reads.
    reader: Connection,
}

impl PostgresSnapshots {
    pub(super) fn new(info: ConnInfo, scene: Scene) -> Self {
        Self { info, scene, ready: None }
    }

    fn too_slow(&self) -> SnapshotError {
        SnapshotError::TooSlow { source_name: self.scene.source_name.clone() }
    }

    async fn log_in(&self) -> Result<Sessions, SnapshotError> {
        let fault = |error: ConnectionError| self.scene.error(error);
        let reader = Connection::connect(&self.info, Purpose::Sql).await.map_err(fault)?;
        let mut replication = Connection::connect(&self.info, Purpose::Replication).await.map_err(fault)?;
        replication::check_version(&replication, &self.scene)?;
        if standby::is_standby(&mut replication, &self.scene).await? {
            let hint = "verify with a source that names its primary";
            return Err(self
                .scene
                .refused("the server is a standby: no moment can be pinned there at will", hint)
                .into());
        }
        let patience = format!("SET lock_timeout = {SLOT_LOCK_TIMEOUT_MS}");
        replication.simple_query(&patience).await.map_err(fault)?;
        Ok(Sessions { replication, reader })
    }

    /// Waits until no transaction is open that was open a moment before.
    async fn wait_for_old_transactions(&self, session: &mut Connection) -> Result<(), SnapshotError> {
        let deadline = Instant::now() + OPEN_LONG_MAX;
        let mut before = open_transactions(session).await.map_err(|error| self.scene.error(error))?;
        while !before.is_empty() {
            sleep(OPEN_SHORTLY).await;
            let now = open_transactions(session).await.map_err(|error| self.scene.error(error))?;
            if before.is_disjoint(&now) {
                break;
            }
            if Instant::now() > deadline {
                let (source_name, seconds) = (self.scene.source_name.clone(), OPEN_LONG_MAX.as_secs());
                return Err(SnapshotError::OpenTransactions { source_name, seconds });
            }
            before = now;
        }
        Ok(())
    }
}

/// Transactions that have an id and are not over, of all databases of the server, prepared ones too: each holds its own id.
/// (`pg_current_snapshot()` does not tell those that began last.)
async fn open_transactions(session: &mut Connection) -> Result<BTreeSet<String>, ConnectionError> {
    const OPEN: &str = "SELECT transactionid FROM pg_catalog.pg_locks \
         WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted";
    let rows = session.simple_query(OPEN).await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

#[async_trait]
impl Snapshots for PostgresSnapshots {
    async fn prepare(&mut self) -> Result<(), SnapshotError> {
        let mut sessions = self.log_in().await?;
        self.wait_for_old_transactions(&mut sessions.reader).await?;
        self.ready = Some(sessions);
        Ok(())
    }

    async fn take(&mut self, tables: &[TableName]) -> Result<Box<dyn SourceSnapshot>, SnapshotError> {
        let Some(sessions) = self.ready.take() else {
            return Err(self.scene.protocol("a moment was to be pinned without preparation").into());
        };
        let pinned = timeout(SNAPSHOT_TAKE_MAX, self.pin(sessions, tables)).await;
        pinned.unwrap_or_else(|_| Err(self.too_slow()))
    }
}

impl PostgresSnapshots {
    async fn pin(&self, sessions: Sessions, tables: &[TableName]) -> Result<Box<dyn SourceSnapshot>, SnapshotError> {
        let Sessions { mut replication, reader } = sessions;
        let name = format!("tailwater_verify_{}", replication.backend_pid().unsigned_abs());
        let slot = match replication::create_temporary_slot(&mut replication, &name).await {
            Ok(slot) => slot,
            Err(ConnectionError::Server(error)) if error.code == LOCK_NOT_AVAILABLE => {
                return Err(self.too_slow());
            }
            Err(error) => return Err(self.scene.error(error).into()),
        };
        let position = Position::Lsn(slot.consistent_point);
        let mut snapshot =
            PostgresSnapshot { position, reading: Reading { session: reader, scene: self.scene.clone() } };
        snapshot.reading.begin(&slot.snapshot, tables).await?;
        // The reader has its snapshot. With its session the temporary slot goes: no log is kept for the moment.
        drop(replication);
        Ok(Box::new(snapshot))
    }
}

/// A moment, kept by the open transaction that reads it.
struct PostgresSnapshot {
    position: Position,
    reading: Reading,
}

#[async_trait]
impl SourceSnapshot for PostgresSnapshot {
    fn position(&self) -> &Position {
        &self.position
    }

    async fn answer(&mut self, query: &SnapshotQuery, out: mpsc::Sender<Vec<Row>>) -> Result<(), SnapshotError> {
        self.reading.run(query, &out).await
    }
}
