//! What is different where the server is a physical standby (Postgres 16 and newer decode there).
//!
//! It replays commits in the order of the log, and a commit that is replayed is visible to every new snapshot: so all that the slot's position
//! is behind of is seen by every later snapshot, and no transaction ids need be compared. They could not be: what `pg_current_snapshot()` prints there
//! leaves out the transactions that are open. A slot is made there when its primary has logged which transactions are open, which it does
//! from time to time while it is written to, or when `pg_log_standby_snapshot()` is called on it.
//! <https://www.postgresql.org/docs/current/logicaldecoding-explanation.html#LOGICALDECODING-REPLICATION-SLOTS>

use tokio_postgres::Client;

use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::replication::{self, Lifetime};
use super::server_error::{ConnectionError, Scene};
use crate::source::SourceError;

/// The first version that decodes on a standby.
pub(super) const VERSION_MIN: u32 = 160_000;

const IN_RECOVERY: &str = "SELECT pg_catalog.pg_is_in_recovery()";

/// What a new snapshot sees, as `pg_current_snapshot()` prints it, and which position is behind all that it sees. On a standby: what is surely
/// seen; and nothing where more is replayed than was received, since then the end of the record that is being replayed is not known.
pub(super) const SNAPSHOT_AND_END: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
         THEN pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text || ':' || \
             pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text || ':' \
         ELSE pg_catalog.pg_current_snapshot()::text END, \
     CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_insert_lsn() \
         WHEN pg_catalog.pg_last_wal_receive_lsn() >= pg_catalog.pg_last_wal_replay_lsn() \
         THEN pg_catalog.pg_last_wal_receive_lsn() END";

/// Whether the server is one; an error where it is too old to decode.
pub(super) async fn is_standby(connection: &mut Connection, scene: &Scene) -> Result<bool, SourceError> {
    let is_standby = in_recovery(connection).await.map_err(|error| scene.error(error))?;
    if is_standby && connection.server_version() < VERSION_MIN {
        return Err(scene.refused(TOO_OLD, "name its primary, or upgrade to Postgres 16"));
    }
    Ok(is_standby)
}

pub(super) async fn in_recovery(connection: &mut Connection) -> Result<bool, ConnectionError> {
    Ok(replication::cell(&connection.simple_query(IN_RECOVERY).await?, 0) == Some("t"))
}

/// The same, asked in a session of SQL.
pub(super) async fn is_in_recovery(client: &Client) -> Result<bool, ConnectionError> {
    Ok(client.query_one(IN_RECOVERY, &[]).await?.try_get(0)?)
}

pub(super) const TOO_OLD: &str = "the server is a standby of a version that cannot decode there";

/// What only its primary can do.
pub(super) fn only_on_primary(scene: &Scene, publication: &str, statements: &[String]) -> SourceError {
    scene.refused(
        format!("the server is a standby, and publication \"{publication}\" does not have what is needed"),
        format!("run on its primary: {}", statements.join(" ")),
    )
}

/// Returns when every transaction that is open now is over and seen by new snapshots: a slot that begins now waits for them.
pub(super) async fn wait_for_open_transactions(info: &ConnInfo, scene: &Scene) -> Result<(), SourceError> {
    let work = async {
        // The slot goes with this session.
        let mut connection = Connection::connect(info, Purpose::Replication).await?;
        let slot = format!("tailwater_wait_{}", connection.backend_pid().unsigned_abs());
        replication::create_slot_in_use(&mut connection, &slot, Lifetime::Temporary).await
    };
    work.await.map(drop).map_err(|error| scene.error(error))
}
