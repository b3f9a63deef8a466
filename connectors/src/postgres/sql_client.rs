//! Ordinary SQL sessions by `tokio_postgres`, over the same transport and with the same pinned settings as replication.

use futures::FutureExt;
use tokio_postgres::Client;
use tokio_postgres::config::{SslMode, SslNegotiation};

use super::connection::{SESSION_SETTINGS, connect_any};
use super::conninfo::ConnInfo;
use super::server_error::ConnectionError;
use super::server_error::Scene;
use super::session_attrs;
use super::transport::{Settled, Transport};
use crate::source::SourceError;

/// Logs in for SQL; `name` is the source's name for errors. The session ends when the client is dropped.
pub async fn connect_sql(info: &ConnInfo, name: &str) -> Result<Client, SourceError> {
    let scene = Scene { source_name: name.into(), slot: String::new(), resuming: None };
    connect(info).await.map_err(|error| scene.error(error))
}

pub(super) async fn connect(info: &ConnInfo) -> Result<Client, ConnectionError> {
    connect_any(info, |transport| log_in(info, transport).boxed()).await
}

async fn log_in(info: &ConnInfo, transport: Transport) -> Result<Client, ConnectionError> {
    let mut config = info.config().clone();
    if transport.is_tls() {
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    } else {
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_application_name().is_none() {
        config.application_name("tailwater");
    }
    let (client, connection) = config.connect_raw(transport, Settled).await?;
    // The driver ends with the client that it serves; its error shows as a failed query there.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "sql connection ended");
        }
    });
    client.batch_execute(&settings_sql()).await?;
    if session_attrs::matter(info) {
        let row = client.query_one(session_attrs::QUESTION, &[]).await?;
        session_attrs::check(info, Some(row.try_get(0)?))?;
    }
    Ok(client)
}

fn settings_sql() -> String {
    SESSION_SETTINGS.iter().map(|(name, value)| format!("SET {name} = '{value}';")).collect()
}
