//! What the state directory remembers of the sources, brought to what the configuration asks for.
//!
//! Tables that the configuration reads now and did not before are asked of their source, and copied beside its stream; tables that it
//! reads no more are forgotten. Otherwise nobody is waited for: a daemon serves its views although its databases are down.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tailwater_connectors::{Positions, SourceError, SourceIdentity, TableName, TableSchema};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::aside::SetAside;
use super::backoff::Backoff;
use super::declared;
use super::error::PipelineError;
use super::planning::{PlannedSource, Planning, plan_views, relations_read, wanted_tables};
use super::source::connector;
use crate::config::{Config, SourceConfig};
use crate::engine::{ViewPlan, changed_tables, note_name};
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
    /// Nobody follows its stream until it is rebuilt.
    #[serde(default)]
    pub(super) aside: Option<SetAside>,
}

/// Plans from the state's records. What they lack is asked of the sources, which it waits for, and recorded.
pub(super) async fn plan(
    config: &Config,
    state: &Arc<State>,
    stop: &CancellationToken,
) -> Result<Planning, PipelineError> {
    let names = relations_read(&config.views)?;
    let changed: Vec<TableName> = changed_tables(state)?.into_iter().map(|change| change.table).collect();
    let now = reached(config, (&names, &changed), state, stop).await?;
    let views = match plan_views(&now.sources, &config.views) {
        // The views that read what is gone stay stopped, and the others go on.
        Err(PipelineError::Views(errors)) if !now.renewed.is_empty() => {
            errors.iter().for_each(|error| error!("{error}"));
            let before = reached(config, (&names, &[]), state, stop).await?;
            let views = plan_views(&before.sources, &config.views)?;
            return before.kept(state, views);
        }
        planned => planned?,
    };
    now.kept(state, views)
}

/// The records as they should be now.
struct Current {
    sources: Vec<PlannedSource>,
    /// Tables of which another shape is recorded than before.
    renewed: Vec<TableName>,
    /// Whether the records are others than those in the state.
    differ: bool,
}

impl Current {
    fn kept(mut self, state: &Arc<State>, views: Vec<ViewPlan>) -> Result<Planning, PipelineError> {
        if self.differ {
            store(state, &self.sources)?;
        }
        // Where no stream has begun, no row is of it.
        let Positions(begun) = state.checkpoint()?.positions;
        for source in self.sources.iter().filter(|source| !begun.contains_key(&source.name)) {
            self.renewed.extend(source.record.tables.iter().map(|table| table.name.clone()));
        }
        Ok(Planning { sources: self.sources, renewed: self.renewed, views })
    }
}

/// Looks, and waits for sources that must be asked.
async fn reached(
    config: &Config,
    read: (&[UnresolvedName], &[TableName]),
    state: &Arc<State>,
    stop: &CancellationToken,
) -> Result<Current, PipelineError> {
    let mut backoff = Backoff::default();
    loop {
        match current(config, read, state).await {
            Err(PipelineError::Source(error)) if error.is_transient() => {
                let wait = backoff.next();
                warn!(%error, ?wait, "source unavailable, retrying");
                tokio::select! {
                    () = stop.cancelled() => return Err(PipelineError::Source(error)),
                    () = tokio::time::sleep(wait) => {}
                }
            }
            found => return found,
        }
    }
}

/// Looks: names that the views read, tables that have changed.
async fn current(
    config: &Config,
    (names, changed): (&[UnresolvedName], &[TableName]),
    state: &Arc<State>,
) -> Result<Current, PipelineError> {
    let mut now = Current { sources: Vec::new(), renewed: Vec::new(), differ: false };
    let positions = state.checkpoint()?.positions;
    for source in &config.sources {
        let name = source.name().clone();
        let wanted = wanted_tables(config, source, names);
        let recorded: Option<SourceRecord> = state.read(|reader| reader.meta_get(&document(&name)))?;
        let Some(mut record) = recorded else {
            now.sources.push(PlannedSource { name, record: asked(source, &wanted).await? });
            now.differ = true;
            continue;
        };
        now.differ |= follow(source, &mut record, &wanted).await?;
        // What is set aside is copied again as a whole, and its database may be gone for good.
        if record.aside.is_none() {
            let changed = [changed, source.redeclared(&record.tables).as_slice()].concat();
            let renewed = renew(source, &mut record, &changed).await?;
            now.differ |= !renewed.is_empty();
            now.differ |= declared::renew(config, source, &mut record).await?;
            now.renewed.extend(renewed);
        }
        if record.foreign && !positions.0.contains_key(&name) {
            now.differ |= release(source, &mut record).await?;
        }
        now.sources.push(PlannedSource { name, record });
    }
    Ok(now)
}

/// Takes tables that have changed as they are now. One that cannot be followed stays as it was, without the views that it touches.
async fn renew(
    source: &SourceConfig,
    record: &mut SourceRecord,
    changed: &[TableName],
) -> Result<Vec<TableName>, PipelineError> {
    let mut renewed = Vec::new();
    for table in record.tables.iter_mut().filter(|table| changed.contains(&table.name)) {
        match connector(source)?.tables(std::slice::from_ref(&table.name)).await {
            Ok(found) => {
                for now in found {
                    info!(table = %now.name, "the table has changed: it is copied again");
                    renewed.push(now.name.clone());
                    *table = now;
                }
            }
            Err(error @ SourceError::Table { .. }) => warn!(%error, "the table is not followed any more"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(renewed)
}

/// What a source says of itself.
pub(super) async fn asked(source: &SourceConfig, wanted: &[TableName]) -> Result<SourceRecord, PipelineError> {
    let mut connection = connector(source)?;
    let identity = connection.identity().await?;
    let tables = connection.tables(wanted).await?;
    let foreign = connection.health().await?.is_some();
    Ok(SourceRecord { identity, tables, foreign, aside: None })
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

/// Sets a source aside, or takes that back.
pub(super) fn set_aside(state: &Arc<State>, source: &SmolStr, aside: Option<SetAside>) -> Result<(), PipelineError> {
    let mut tx = state.begin();
    if let Some(record) = tx.meta_get::<SourceRecord>(&document(source))? {
        tx.meta_put(&document(source), &SourceRecord { aside, ..record })?;
    }
    let positions = tx.checkpoint().positions;
    tx.commit(&positions)?;
    Ok(state.flush()?)
}

/// Records the source as it is now, as if it were seen for the first time; but what its server keeps under our name is ours, if it was.
pub(super) async fn begin_anew(config: &Config, state: &Arc<State>, source: &SmolStr) -> Result<(), PipelineError> {
    let names = relations_read(&config.views)?;
    let configured = config.sources.iter().find(|configured| configured.name() == source);
    let Some(configured) = configured else { return Ok(()) };
    let now = asked(configured, &wanted_tables(config, configured, &names)).await?;
    let mut tx = state.begin();
    let before: Option<SourceRecord> = tx.meta_get(&document(source))?;
    let record = SourceRecord { foreign: before.is_none_or(|before| before.foreign), ..now };
    tx.meta_put(&document(source), &record)?;
    tx.meta_delete(&note_name(source));
    tx.forget_position(source);
    let Positions(mut positions) = tx.checkpoint().positions;
    positions.remove(source);
    tx.commit(&Positions(positions))?;
    Ok(state.flush()?)
}

/// Name of the document in state.
fn document(source: &str) -> String {
    format!("source/{source}")
}
