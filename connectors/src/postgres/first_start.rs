//! What the server keeps for us is made once, when there is no state: the publication, and the slot, with the transactions that lie before
//! its beginning.

use super::config::PostgresSourceConfig;
use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::replication::{self, Lifetime};
use super::server_error::{ConnectionError, Scene};
use super::{publication, slot, standby};
use crate::position::Lsn;
use crate::schema::TableName;
use crate::source::SourceError;

/// How long to wait for the locks of the tables that come into the publication.
const LOCK_TIMEOUT_MS: u32 = 3_000;

/// What is to be made.
pub(super) struct FirstStart<'a> {
    pub(super) config: &'a PostgresSourceConfig,
    pub(super) info: &'a ConnInfo,
    pub(super) scene: &'a Scene,
    pub(super) tables: &'a [TableName],
    /// Whether a slot that is there may be someone else's.
    pub(super) foreign: bool,
}

/// A slot that was just made.
pub(super) struct MadeSlot {
    /// Where its stream begins.
    pub(super) consistent_point: Lsn,
    /// What committed before that, as `pg_current_snapshot()` prints it; `None`: every snapshot since sees it.
    pub(super) floor: Option<String>,
}

impl FirstStart<'_> {
    /// Makes the slot. Waits for the transactions that are open on the whole server.
    pub(super) async fn make_slot(&self) -> Result<MadeSlot, SourceError> {
        let mut connection = Connection::connect(self.info, Purpose::Replication).await.map_err(self.fault())?;
        replication::check_version(&connection, self.scene)?;
        let is_standby = standby::is_standby(&mut connection, self.scene).await?;
        self.remove_leftover_slot(&mut connection).await?;
        let waits_for = if is_standby {
            "open transactions are waited for, and that the primary logs which are: \"select pg_log_standby_snapshot()\" there does it at once"
        } else {
            "open transactions are waited for"
        };
        tracing::info!(source = %self.config.name, slot = %self.config.slot, "making the slot; {waits_for}");
        // A standby's own slots are not synchronised any further.
        let lifetime = if is_standby { Lifetime::Lasting } else { Lifetime::Synchronised };
        let slot = replication::create_slot_in_use(&mut connection, &self.config.slot, lifetime).await;
        let consistent_point = slot.map_err(self.fault())?;
        // Under the slot's own snapshot, which is given up at once.
        let rows = connection.simple_query("SELECT pg_catalog.pg_current_snapshot()").await.map_err(self.fault())?;
        connection.simple_query("COMMIT").await.map_err(self.fault())?;
        let floor = replication::cell(&rows, 0).ok_or_else(|| self.scene.protocol("a snapshot has no text"))?;
        Ok(MadeSlot { consistent_point, floor: (!is_standby).then(|| floor.into()) })
    }

    fn fault(&self) -> impl Fn(ConnectionError) -> SourceError {
        |error| self.scene.error(error)
    }

    /// What an interrupted start of ours left has no state that goes on from it. A slot that was there
    /// before us is the promise of a server to someone, and only a person takes that back; but one that never became
    /// consistent promises nothing.
    async fn remove_leftover_slot(&self, connection: &mut Connection) -> Result<(), SourceError> {
        let name = &self.config.slot;
        let Some(found) = slot::find(connection, name).await.map_err(self.fault())? else { return Ok(()) };
        if !found.is_ours(self.info.database()) {
            return Err(self.scene.refused(
                format!("slot \"{name}\" exists already and belongs to something else"),
                "name another slot in the source's configuration",
            ));
        }
        if found.active {
            return Err(SourceError::SlotInUse { source_name: self.scene.source_name.clone(), slot: name.clone() });
        }
        if self.foreign && found.confirmed.is_some() {
            return Err(self.scene.refused(
                format!("slot \"{name}\" was there before this state directory: another daemon may go on from it"),
                format!(
                    "if none does, run \"tailwater source drop {}\" and start again; else name another slot in the \
                     source's configuration",
                    self.config.name
                ),
            ));
        }
        tracing::warn!(source = %self.config.name, slot = %name, "dropping the slot of an interrupted start");
        replication::drop_slot(connection, name).await.map_err(self.fault())
    }

    /// Makes the publication, or adds the tables to it.
    pub(super) async fn ensure_publication(&self, client: &tokio_postgres::Client) -> Result<(), SourceError> {
        let name = &self.config.publication;
        let state = publication::look(client, name, self.tables).await.map_err(self.fault())?;
        let statements = publication::missing_statements(&state, name, self.tables);
        if statements.is_empty() {
            return Ok(());
        }
        if standby::is_in_recovery(client).await.map_err(self.fault())? {
            return Err(standby::only_on_primary(self.scene, name, &statements));
        }
        // Others queue behind it meanwhile.
        let patience = format!("SET lock_timeout = {LOCK_TIMEOUT_MS}");
        client.batch_execute(&patience).await.map_err(|error| self.scene.error(error.into()))?;
        for sql in statements {
            tracing::info!(source = %self.config.name, %sql, "preparing the publication");
            client.batch_execute(&sql).await.map_err(|error| self.scene.error(error.into()))?;
        }
        Ok(())
    }
}
