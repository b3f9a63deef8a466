//! Looks at our slot from beside the stream, and writes the heartbeat.
//!
//! A slot whose stream has nothing to say moves by keepalives alone, and where nothing is decoded nothing proves that the whole way from
//! the log to the views is open. So a small transactional message goes through the log
//! (`pg_logical_emit_message`), but only after others have written [`HEARTBEAT_BYTES`] of it: an idle server is left in peace.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::conninfo::ConnInfo;
use super::server_error::ConnectionError;
use super::sql_client;
use crate::health::{LogRetention, SourceHealth};
use crate::position::Lsn;

/// Log that is written between two heartbeats: a heartbeat takes about a hundred bytes of it.
const HEARTBEAT_BYTES: u64 = 1 << 20;

/// The same session from look to look.
#[derive(Default)]
pub(super) struct SlotHealth {
    client: Option<Client>,
    /// End of the log at the last heartbeat.
    beat: Option<Lsn>,
    /// Why the server takes no heartbeat.
    refused: Option<String>,
}

/// `$1` is the slot. A standby has no current position, but what it replayed.
const LOOK: &str = "SELECT coalesce(wal_status, 'reserved'), safe_wal_size, \
     pg_catalog.pg_wal_lsn_diff(log.at, restart_lsn)::int8, pg_catalog.pg_wal_lsn_diff(log.at, confirmed_flush_lsn)::int8, log.at::text \
     FROM pg_catalog.pg_replication_slots, (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() \
     THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS at) log WHERE slot_name = $1";

/// With its arguments, which are more since Postgres 17.
const EMIT_FUNCTION: &str = "SELECT oid::regprocedure::text FROM pg_catalog.pg_proc WHERE proname = 'pg_logical_emit_message' \
     AND pronamespace = 'pg_catalog'::regnamespace AND proargtypes[2] = 'text'::regtype";

impl SlotHealth {
    /// Nothing where there is no such slot. The session is made anew after an error.
    pub(super) async fn look(
        &mut self,
        info: &ConnInfo,
        slot: &str,
        heartbeat: bool,
    ) -> Result<Option<SourceHealth>, ConnectionError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => sql_client::connect(info).await?,
        };
        let Some((mut health, end)) = read(&client, slot).await? else {
            self.client = Some(client);
            return Ok(None);
        };
        if heartbeat {
            self.beat_if_due(&client, end).await?;
            health.no_heartbeat = self.refused.clone();
        }
        self.client = Some(client);
        Ok(Some(health))
    }

    async fn beat_if_due(&mut self, client: &Client, end: Lsn) -> Result<(), ConnectionError> {
        let since = *self.beat.get_or_insert(end);
        if end.0.saturating_sub(since.0) < HEARTBEAT_BYTES {
            return Ok(());
        }
        self.beat = Some(end);
        let written = client.execute("SELECT pg_catalog.pg_logical_emit_message(true, 'tailwater', '')", &[]).await;
        self.refused = match written {
            Ok(_) => None,
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                let function: String = client.query_one(EMIT_FUNCTION, &[]).await?.try_get(0)?;
                Some(format!("the role may not write it: GRANT EXECUTE ON FUNCTION {function} to it"))
            }
            Err(error) if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => {
                Some("the server or the role's sessions are read only".into())
            }
            Err(error) if error.as_db_error().is_some_and(|error| error.message().contains("recovery")) => {
                Some("the server is a standby".into())
            }
            Err(error) => return Err(error.into()),
        };
        Ok(())
    }
}

async fn read(client: &Client, slot: &str) -> Result<Option<(SourceHealth, Lsn)>, ConnectionError> {
    let Some(row) = client.query_opt(LOOK, &[&slot]).await? else { return Ok(None) };
    let bytes = |column: usize| row.get::<_, Option<i64>>(column).map(|bytes| u64::try_from(bytes).unwrap_or(0));
    let retention = match row.get::<_, &str>(0) {
        "reserved" => LogRetention::Reserved,
        "extended" => LogRetention::Extended,
        "unreserved" => LogRetention::Unreserved,
        "lost" => LogRetention::Lost,
        other => return Err(ConnectionError::Protocol(format!("the slot's wal_status is \"{other}\""))),
    };
    let end = row.get::<_, &str>(4).parse();
    let end = end.map_err(|_| ConnectionError::Protocol("the end of the log is not a position".into()))?;
    let health = SourceHealth {
        retention,
        log_kept_bytes: bytes(2).unwrap_or(0),
        unconfirmed_bytes: bytes(3).unwrap_or(0),
        log_left_bytes: bytes(1),
        log_left_seconds: None,
        no_heartbeat: None,
    };
    Ok(Some((health, end)))
}
