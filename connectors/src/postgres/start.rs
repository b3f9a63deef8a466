//! Starts a source: from nothing, or from where the state stands; with it the tables whose copy is not complete.

use std::sync::Arc;

use tokio_postgres::Client;

use super::copy::{Described, TableCopy, describe, floor_of_now};
use super::first_start::FirstStart;
use super::logical_messages::{self, is_messages};
use super::publication;
use super::relation_map::KnownTable;
use super::server_error::Scene;
use super::source::PostgresSource;
use super::table_changes::{Examined, examine};
use super::{sql_client, watch};
use crate::position::{Lsn, Position};
use crate::schema::{TableName, TableSchema};
use crate::source::{SourceError, SourceMessage, TransactionSender, UnfinishedCopy};

/// Where the stream starts, and what is copied beside it.
pub(super) struct Start {
    pub(super) position: Lsn,
    pub(super) known: Vec<KnownTable>,
    /// The table of logical messages, where it is followed.
    pub(super) messages: Option<Arc<TableSchema>>,
    pub(super) copies: Vec<TableCopy>,
}

impl PostgresSource {
    /// Makes what the server keeps for us, and says where the stream begins.
    pub(super) async fn start_first(
        &self,
        (tables, foreign): (&[TableName], bool),
        out: &TransactionSender,
    ) -> Result<Start, SourceError> {
        let messages = tables.iter().any(is_messages).then(|| logical_messages::schema(&self.config.name));
        let tables = &logical_messages::stored(tables);
        let scene = self.scene(None);
        let (config, info) = (&self.config, &self.info);
        let first = FirstStart { config, info, scene: &scene, tables, foreign };
        let make = async {
            let client = sql_client::connect(info).await.map_err(|error| scene.error(error))?;
            first.ensure_publication(&client).await?;
            let described = self.describe_first(&client, &scene, tables).await?;
            let slot = first.make_slot().await?;
            let (mut known, mut copies) = (Vec::new(), Vec::new());
            for described in described {
                let schema = Arc::new(described.table.schema.clone());
                known.push(KnownTable { schema: schema.clone(), type_oids: described.table.type_oids.clone() });
                copies.push(TableCopy::new(&client, &scene, (described, schema), (None, slot.floor.as_deref())).await?);
            }
            Ok(Start { position: slot.consistent_point, known, messages, copies })
        };
        // It may wait for locks and old transactions for as long as it takes, but not for a server that is gone.
        let start = tokio::select! {
            made = make => made?,
            gone = watch::until_gone(info) => return Err(scene.error(gone)),
        };
        let position = Position::Lsn(start.position);
        let marks = start.copies.iter().map(|copy| (copy.name().clone(), copy.mark())).collect();
        tracing::info!(source = %config.name, %position, "the stream begins");
        // A closed channel is noticed by the stream that follows.
        let _ = out.send(SourceMessage::CopyBegins { position, marks }).await;
        if let Some(messages) = &start.messages {
            logical_messages::begin(messages, out).await;
        }
        Ok(start)
    }

    async fn describe_first(
        &self,
        client: &Client,
        scene: &Scene,
        tables: &[TableName],
    ) -> Result<Vec<Described>, SourceError> {
        let described = describe(client, scene, tables).await?;
        let is_changed = |schema: &TableSchema| self.seen.get(&schema.name).is_some_and(|seen| **seen != *schema);
        if let Some(changed) = described.iter().find(|described| is_changed(&described.table.schema)) {
            return Err(SourceError::Table {
                source_name: scene.source_name.clone(),
                table: changed.table.schema.name.to_string(),
                message: "changed while the first copy was being prepared".into(),
                hint: "start again".into(),
            });
        }
        let schemas: Vec<&TableSchema> = described.iter().map(|described| &described.table.schema).collect();
        let name = &self.config.publication;
        let state = publication::look(client, name, tables).await.map_err(|error| scene.error(error))?;
        publication::check(&state, scene, name, &schemas)?;
        Ok(described)
    }

    /// Looks at the tables of the state, with the types that their columns have on the wire now, and goes on with those that are not
    /// complete.
    pub(super) async fn start_again(
        &self,
        scene: &Scene,
        position: Lsn,
        (tables, copying): (&[Arc<TableSchema>], &[UnfinishedCopy]),
        out: &TransactionSender,
    ) -> Result<Start, SourceError> {
        let (messages, tables): (Vec<_>, Vec<_>) = tables.iter().cloned().partition(|table| is_messages(&table.name));
        let (messages, tables) = (messages.into_iter().next(), &tables);
        if let Some(table) = messages.as_ref().filter(|table| copying.iter().any(|copy| copy.table == table.name)) {
            logical_messages::begin(table, out).await;
        }
        let fault = |error| scene.error(error);
        let client = sql_client::connect(&self.info).await.map_err(fault)?;
        let new: Vec<TableName> =
            copying.iter().filter(|copy| copy.mark.is_none()).map(|copy| copy.table.clone()).collect();
        let new = logical_messages::stored(&new);
        if !new.is_empty() {
            let (config, info) = (&self.config, &self.info);
            let first = FirstStart { config, info, scene, tables: &new, foreign: false };
            first.ensure_publication(&client).await?;
        }
        let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
        let state = publication::look(&client, &self.config.publication, &names).await.map_err(fault)?;
        publication::check(&state, scene, &self.config.publication, &[])?;
        let Examined { known, changed, described } =
            examine(&client, scene, tables, (&state, &self.config.publication)).await?;
        for change in &changed {
            // A closed channel is noticed by the stream that follows.
            let _ = out.send(SourceMessage::TableChanged(change.clone())).await;
        }
        // Of what began before now, the stream may have told only a part under this publication, or to nobody who knew the table.
        let floor = if new.is_empty() { None } else { floor_of_now(&client, &self.info, scene).await? };
        let mut copies = Vec::new();
        for described in described {
            let name = &described.table.schema.name;
            let Some(unfinished) = copying.iter().find(|copy| copy.table == *name) else { continue };
            let Some(schema) = tables.iter().find(|table| table.name == *name).cloned() else { continue };
            // Nobody reads what is left of it.
            if changed.iter().any(|change| change.table == *name) {
                continue;
            }
            let copy =
                TableCopy::new(&client, scene, (described, schema), (unfinished.mark.as_ref(), floor.as_deref()))
                    .await?;
            // A closed channel is noticed by the stream that follows.
            let _ = out.send(SourceMessage::CopyMark { table: copy.name().clone(), mark: copy.mark() }).await;
            copies.push(copy);
        }
        Ok(Start { position, known, messages, copies })
    }
}
