//! What a snapshot must see so that nothing of before now is missing in it.

use tokio_postgres::Client;

use crate::postgres::conninfo::ConnInfo;
use crate::postgres::server_error::Scene;
use crate::postgres::standby;
use crate::source::SourceError;

/// Sees all that was given an id before now, and nothing else. Only an id of our own is above all that were given: a snapshot's end is
/// not, it lies behind the last transaction that is over. `None`: every snapshot from now on sees that.
pub(in crate::postgres) async fn floor_of_now(
    client: &Client,
    info: &ConnInfo,
    scene: &Scene,
) -> Result<Option<String>, SourceError> {
    if standby::is_in_recovery(client).await.map_err(|error| scene.error(error))? {
        standby::wait_for_open_transactions(info, scene).await?;
        return Ok(None);
    }
    let fault = |error: tokio_postgres::Error| scene.error(error.into());
    client.batch_execute("SET synchronous_commit = local").await.map_err(fault)?;
    let row = client.query_one("SELECT pg_catalog.pg_current_xact_id()::text", &[]).await.map_err(fault)?;
    let next: String = row.get(0);
    Ok(Some(format!("{next}:{next}:")))
}
