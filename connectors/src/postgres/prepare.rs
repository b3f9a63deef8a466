//! What a person runs once: make the publication, and remove publication and slot again.
//!
//! The slot is not made here: it is made on first start, when there is a state that goes on from it. A
//! slot that waits for a first start would only make the server keep its log.

use postgres_protocol::escape::escape_identifier;

use super::config::PostgresSourceConfig;
use super::conninfo::ConnInfo;
use super::logical_messages::stored;
use super::server_error::Scene;
use super::sql_text::{fill, literal, statements};
use super::{publication, sql_client, standby};
use crate::schema::TableName;
use crate::source::SourceError;

const DROP_PUBLICATION: &str = include_str!("../../../migrations/postgres/publication.down.sql");
const DROP_SLOT: &str = include_str!("../../../migrations/postgres/slot.down.sql");

/// Makes what is missing on the server so that `tables` can be streamed, and answers with the statements that were run; none
/// when everything was there. A second call does nothing.
pub async fn prepare(config: &PostgresSourceConfig, tables: &[TableName]) -> Result<Vec<String>, SourceError> {
    let session = Session::open(config).await?;
    let statements = session.missing(&stored(tables)).await?;
    let fault = |error| session.scene.error(error);
    if !statements.is_empty() && standby::is_in_recovery(&session.client).await.map_err(fault)? {
        return Err(standby::only_on_primary(&session.scene, &config.publication, &statements));
    }
    session.run(&statements).await?;
    Ok(statements)
}

/// The statements that [`prepare`] would run now, for a person to run with more rights.
pub async fn prepare_sql(config: &PostgresSourceConfig, tables: &[TableName]) -> Result<Vec<String>, SourceError> {
    Session::open(config).await?.missing(&stored(tables)).await
}

/// Removes slot and publication, and answers with the statements that were run. A slot that is being read is an error.
pub async fn drop(config: &PostgresSourceConfig) -> Result<Vec<String>, SourceError> {
    let session = Session::open(config).await?;
    let statements = drop_sql(config);
    session.run(&statements).await?;
    Ok(statements)
}

/// Removes the slot alone. One that is being read is an error.
pub(super) async fn release(config: &PostgresSourceConfig) -> Result<(), SourceError> {
    Session::open(config).await?.run(&[filled(DROP_SLOT, config)]).await
}

/// The statements that [`drop()`] runs.
pub fn drop_sql(config: &PostgresSourceConfig) -> Vec<String> {
    [DROP_SLOT, DROP_PUBLICATION].iter().map(|template| filled(template, config)).collect()
}

fn filled(template: &str, config: &PostgresSourceConfig) -> String {
    let (slot, publication) = (literal(&config.slot), escape_identifier(&config.publication));
    statements(&fill(template, &[("slot", slot.as_str()), ("publication", publication.as_str())]))
}

struct Session<'a> {
    config: &'a PostgresSourceConfig,
    client: tokio_postgres::Client,
    scene: Scene,
}

impl<'a> Session<'a> {
    async fn open(config: &'a PostgresSourceConfig) -> Result<Self, SourceError> {
        let scene = Scene { source_name: config.name.to_string(), slot: config.slot.clone(), resuming: None };
        let info = ConnInfo::of(config)?;
        let client = sql_client::connect(&info).await.map_err(|error| scene.error(error))?;
        Ok(Self { config, client, scene })
    }

    async fn missing(&self, tables: &[TableName]) -> Result<Vec<String>, SourceError> {
        let name = &self.config.publication;
        let state = publication::look(&self.client, name, tables).await.map_err(|error| self.scene.error(error))?;
        Ok(publication::missing_statements(&state, name, tables))
    }

    async fn run(&self, statements: &[String]) -> Result<(), SourceError> {
        for sql in statements {
            self.client.batch_execute(sql).await.map_err(|error| self.scene.error(error.into()))?;
        }
        Ok(())
    }
}
