//! What the state directory remembers of the sources, brought to what the configuration asks for.
//!
//! Tables that the configuration reads now and did not before are asked of their source, and copied beside its stream; tables that it
//! reads no more are forgotten. Otherwise nobody is asked: a daemon serves its views although its databases are down.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tailwater_connectors::{SourceIdentity, TableName, TableSchema};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::backoff::Backoff;
use super::error::PipelineError;
use super::planning::{PlannedSource, Planning, plan_views, relations_read, wanted_tables};
use super::source::connector;
use crate::config::{Config, SourceConfig};
use crate::sql::UnresolvedName;
use crate::state::State;

/// What the state directory remembers of a source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SourceRecord {
    /// Who it was.
    pub(super) identity: SourceIdentity,
    /// Its tables as they are followed.
    pub(super) tables: Vec<Arc<TableSchema>>,
    /// Whether the server kept something under our name when there was no state yet: then it is not ours to take away.
    #[serde(default)]
    pub(super) foreign: bool,
}

/// Plans from the state's records. What they lack is asked of the sources, which it waits for, and recorded.
pub(super) async fn plan(
    config: &Config,
    state: &Arc<State>,
    stop: &CancellationToken,
) -> Result<Planning, PipelineError> {
    let names = relations_read(&config.views)?;
    let mut backoff = Backoff::default();
    let (sources, changed) = loop {
        match current(config, &names, state).await {
            Ok(current) => break current,
            Err(PipelineError::Source(error)) if error.is_transient() => {
                let wait = backoff.next();
                warn!(%error, ?wait, "source unavailable, retrying");
                tokio::select! {
                    () = stop.cancelled() => return Err(PipelineError::Source(error)),
                    () = tokio::time::sleep(wait) => {}
                }
            }
            Err(error) => return Err(error),
        }
    };
    let views = plan_views(&sources, &config.views)?;
    if changed {
        store(state, &sources)?;
    }
    Ok(Planning { sources, views })
}

/// The records as they should be now, and whether they are others than those in the state.
async fn current(
    config: &Config,
    names: &[UnresolvedName],
    state: &Arc<State>,
) -> Result<(Vec<PlannedSource>, bool), PipelineError> {
    let (mut sources, mut changed) = (Vec::new(), false);
    let positions = state.checkpoint()?.positions;
    for source in &config.sources {
        let name = source.postgres.name.clone();
        let wanted = wanted_tables(config, source, names);
        let recorded: Option<SourceRecord> = state.read(|reader| reader.meta_get(&document(&name)))?;
        let Some(mut record) = recorded else {
            sources.push(PlannedSource { name, record: asked(source, &wanted).await? });
            changed = true;
            continue;
        };
        changed |= follow(source, &mut record, &wanted).await?;
        if record.foreign && !positions.0.contains_key(&name) {
            changed |= release(source, &mut record).await?;
        }
        sources.push(PlannedSource { name, record });
    }
    Ok((sources, changed))
}

/// What a source says of itself.
pub(super) async fn asked(source: &SourceConfig, wanted: &[TableName]) -> Result<SourceRecord, PipelineError> {
    let mut connection = connector(source)?;
    let identity = connection.identity().await?;
    let tables = connection.tables(wanted).await?;
    let foreign = connection.health().await?.is_some();
    Ok(SourceRecord { identity, tables, foreign })
}

/// Takes tables into the record, and out of it.
async fn follow(source: &SourceConfig, record: &mut SourceRecord, wanted: &[TableName]) -> Result<bool, PipelineError> {
    let before = record.tables.len();
    record.tables.retain(|table| {
        let keep = wanted.contains(&table.name);
        if !keep {
            info!(table = %table.name, "nothing reads the table any more: what is held of it is dropped");
        }
        keep
    });
    let new: Vec<TableName> =
        wanted.iter().filter(|name| !record.tables.iter().any(|table| table.name == **name)).cloned().collect();
    if !new.is_empty() {
        let tables = connector(source)?.tables(&new).await?;
        tables
            .iter()
            .for_each(|table| info!(table = %table.name, "the table is new here: it is copied beside the stream"));
        record.tables.extend(tables);
    }
    Ok(!new.is_empty() || record.tables.len() != before)
}

/// Looks again at what a server kept before there was state: once a person took it away, what comes is ours. A server that does
/// not answer is asked again at the next start.
async fn release(source: &SourceConfig, record: &mut SourceRecord) -> Result<bool, PipelineError> {
    let released = matches!(connector(source)?.health().await, Ok(None));
    record.foreign &= !released;
    Ok(released)
}

/// Stored before anything is made on the servers. Positions stay.
fn store(state: &Arc<State>, sources: &[PlannedSource]) -> Result<(), PipelineError> {
    let mut tx = state.begin();
    for source in sources {
        tx.meta_put(&document(&source.name), &source.record)?;
    }
    let positions = tx.checkpoint().positions;
    tx.commit(&positions)?;
    Ok(state.flush()?)
}

/// Name of the document in state.
fn document(source: &str) -> String {
    format!("source/{source}")
}
