//! The first copy: a new slot exports a snapshot; several sessions read the tables under it. What they hand over is exactly
//! what had committed before the slot's consistent point, and the slot streams exactly what committed after it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::future::try_join_all;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::catalog::CatalogTable;
use super::config::PostgresSourceConfig;
use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::copy_table::{Chunk, chunks, copy_chunk};
use super::relation_map::KnownTable;
use super::replication::{self, CreatedSlot};
use super::server_error::{ConnectionError, Scene};
use super::sql_text::{literal, table};
use super::{catalog, publication, slot, sql_client};
use crate::position::{Lsn, Position};
use crate::schema::{TableName, TableSchema};
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// Sessions that read at once: enough to keep the server's disk and our decoding busy, few enough for a small server.
const IMPORTERS: usize = 3;

/// How long a session waits for a table's lock.
const LOCK_TIMEOUT_MS: u32 = 3_000;

/// A copy to be made.
pub(super) struct FirstCopy<'a> {
    pub(super) config: &'a PostgresSourceConfig,
    pub(super) info: &'a ConnInfo,
    pub(super) scene: &'a Scene,
    /// Tables as they were when the views were planned.
    pub(super) seen: &'a HashMap<TableName, Arc<TableSchema>>,
    pub(super) tables: &'a [TableName],
    /// Whether a slot that is there may be someone else's.
    pub(super) foreign: bool,
    pub(super) out: &'a TransactionSender,
}

/// What has been copied.
pub(super) struct Copied {
    pub(super) tables: Vec<KnownTable>,
    pub(super) consistent_point: Lsn,
}

impl FirstCopy<'_> {
    /// Makes what is missing on the server, copies, and reports the copy as done.
    pub(super) async fn run(&self) -> Result<Copied, SourceError> {
        let client = sql_client::connect(self.info).await.map_err(self.fault())?;
        self.ensure_publication(&client).await?;
        // It looks at tables that the importers hold, so it must not queue for ever either.
        let patience = format!("SET lock_timeout = {LOCK_TIMEOUT_MS}");
        client.batch_execute(&patience).await.map_err(|error| self.scene.error(error.into()))?;
        let mut connection = Connection::connect(self.info, Purpose::Replication).await.map_err(self.fault())?;
        replication::check_version(&connection, self.scene)?;
        self.remove_leftover_slot(&mut connection).await?;
        tracing::info!(source = %self.config.name, slot = %self.config.slot, "making the slot; open transactions are waited for");
        let slot = replication::create_slot(&mut connection, &self.config.slot).await.map_err(self.fault())?;
        let mut importers = self.open_importers(&slot).await.map_err(self.fault())?;
        if let Some(importer) = importers.first_mut() {
            self.refuse_rewritten(importer).await?;
        }
        // Every importer holds the snapshot and the tables' locks: the session that exported it is not needed any more, and
        // no table can change its shape before it is read.
        drop(connection);
        let tables = self.read_schemas(&client).await?;
        let chunks = chunks(&client, &tables).await.map_err(self.fault())?;
        self.copy(importers, chunks).await?;
        let position = Position::Lsn(slot.consistent_point);
        tracing::info!(source = %self.config.name, %position, "first copy complete");
        // A closed channel is noticed by the stream that follows.
        let _ = self.out.send(SourceMessage::CopyDone { position }).await;
        let known = |table: CatalogTable| KnownTable { schema: Arc::new(table.schema), type_oids: table.type_oids };
        Ok(Copied { tables: tables.into_iter().map(known).collect(), consistent_point: slot.consistent_point })
    }

    fn fault(&self) -> impl Fn(ConnectionError) -> SourceError {
        |error| self.scene.error(error)
    }

    async fn ensure_publication(&self, client: &tokio_postgres::Client) -> Result<(), SourceError> {
        let name = &self.config.publication;
        let state = publication::look(client, name, self.tables).await.map_err(self.fault())?;
        for sql in publication::missing_statements(&state, name, self.tables) {
            tracing::info!(source = %self.config.name, %sql, "preparing the publication");
            client.batch_execute(&sql).await.map_err(|error| self.scene.error(error.into()))?;
        }
        Ok(())
    }

    /// What an interrupted copy of ours left cannot be continued: its consistent point was not copied from. A slot that was there
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
        tracing::warn!(source = %self.config.name, slot = %name, "dropping the slot of an interrupted copy");
        replication::drop_slot(connection, name).await.map_err(self.fault())
    }

    /// TRUNCATE and rewrites ignore snapshots: what committed between the slot's snapshot and our locks left a table that
    /// reads as empty, although the slot streams changes of the rows that it had.
    async fn refuse_rewritten(&self, importer: &mut Connection) -> Result<(), SourceError> {
        let tables: Vec<String> =
            self.tables.iter().map(|name| format!("{}::regclass", literal(&table(name)))).collect();
        // The catalog is read under the snapshot, the function answers what holds now.
        let sql = format!(
            "SELECT c.oid::regclass FROM unnest(ARRAY[{}]) AS t (relid), LATERAL ( \
                SELECT t.relid UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(t.relid) AS p) AS r (relid) \
             JOIN pg_catalog.pg_class c ON c.oid = r.relid \
             WHERE c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid)",
            tables.join(", ")
        );
        let rows = importer.simple_query(&sql).await.map_err(self.fault())?;
        match replication::cell(&rows, 0) {
            None => Ok(()),
            Some(name) => Err(SourceError::Unavailable {
                source_name: self.scene.source_name.clone(),
                message: format!("table {name} was truncated or rewritten while the first copy began"),
            }),
        }
    }

    /// Waits for locks only briefly: while one importer holds a table and a TRUNCATE or ALTER queues behind it, the others
    /// queue behind that, and nobody goes on, nor does any writer of the table. Giving up releases all; the copy is tried again.
    async fn open_importers(&self, slot: &CreatedSlot) -> Result<Vec<Connection>, ConnectionError> {
        let begin = format!(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; \
             SET LOCAL row_security = off; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; LOCK TABLE {} IN ACCESS SHARE MODE",
            literal(&slot.snapshot),
            self.tables.iter().map(table).collect::<Vec<_>>().join(", ")
        );
        let open = || async {
            let mut connection = Connection::connect(self.info, Purpose::Sql).await?;
            connection.simple_query(&begin).await?;
            Ok(connection)
        };
        try_join_all((0..IMPORTERS).map(|_| open())).await
    }

    /// Read after the locks are held, so that it is what the copy reads.
    async fn read_schemas(&self, client: &tokio_postgres::Client) -> Result<Vec<CatalogTable>, SourceError> {
        let tables = catalog::tables(client, &self.config.name, self.tables).await?;
        if let Some(changed) = tables.iter().find(|table| self.is_changed(&table.schema)) {
            return Err(SourceError::Table {
                source_name: self.scene.source_name.clone(),
                table: changed.schema.name.to_string(),
                message: "changed while the first copy was being prepared".into(),
                hint: "start again".into(),
            });
        }
        let schemas: Vec<_> = tables.iter().map(|table| &table.schema).collect();
        let name = &self.config.publication;
        let state = publication::look(client, name, self.tables).await.map_err(self.fault())?;
        publication::check(&state, self.scene, name, &schemas)?;
        Ok(tables)
    }

    fn is_changed(&self, schema: &TableSchema) -> bool {
        self.seen.get(&schema.name).is_some_and(|seen| **seen != *schema)
    }

    /// Importers take chunks until there are none. The first failure stops all.
    async fn copy(&self, importers: Vec<Connection>, chunks: VecDeque<Chunk>) -> Result<(), SourceError> {
        let queue = Arc::new(Mutex::new(chunks));
        let mut tasks = JoinSet::new();
        for mut connection in importers {
            let (queue, out, scene) = (queue.clone(), self.out.clone(), self.scene.clone());
            tasks.spawn(async move {
                loop {
                    let next = queue.lock().pop_front();
                    let Some(chunk) = next else { break };
                    copy_chunk(&mut connection, &chunk, &out, &scene).await?;
                }
                connection.simple_query("COMMIT").await.map_err(|error| scene.error(error)).map(drop)
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(|error| self.scene.protocol(format!("a copying task failed: {error}")))??;
        }
        Ok(())
    }
}
