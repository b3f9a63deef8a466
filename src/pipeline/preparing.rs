//! Prepares a configuration over a state, or over a branch of it: plans it, opens its engine, and says what is different.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::{TableName, TableSchema};
use tokio_util::sync::CancellationToken;

use super::apply::{ApplyRefusal, News, Plan, Side, difference};
use super::error::PipelineError;
use super::generation::{Generation, Prepared, catalog};
use super::records;
use super::verify::open_engine;
use crate::config::Config;
use crate::engine::ViewCondition;
use crate::state::State;

/// How long planning may wait for databases.
const PLAN_MAX: Duration = Duration::from_secs(30);

pub(super) fn refused(error: &PipelineError) -> ApplyRefusal {
    ApplyRefusal::Refused { message: error.to_string(), hint: error.hint() }
}

pub(super) async fn discard(prepared: Prepared) {
    prepared.projections.state.doom();
    drop_where_it_may_block(prepared).await;
}

/// The last handle on a state closes RocksDB, and removes its files when it is doomed.
pub(super) async fn drop_where_it_may_block(held: impl Send + 'static) {
    let dropped = tokio::task::spawn_blocking(move || drop(held)).await;
    dropped.expect("dropping does not panic");
}

/// Plans over the branch and opens its engine; the source `anew` begins anew there. Databases are asked, but not waited for without end.
pub(super) async fn prepared(
    config: &Arc<Config>,
    branch: &Arc<State>,
    anew: Option<&SmolStr>,
    stop: &CancellationToken,
) -> Result<Prepared, ApplyRefusal> {
    let patience = stop.child_token();
    let timer = patience.clone();
    let limit = tokio::spawn(async move {
        tokio::time::sleep(PLAN_MAX).await;
        timer.cancel();
    });
    let prepared = async {
        if let Some(source) = anew {
            records::begin_anew(config, branch, source).await?;
        }
        prepare_over(config, branch, &patience).await
    };
    let prepared = prepared.await;
    limit.abort();
    prepared.map_err(|error| refused(&error))
}

/// Plans over a state and opens its engine. Databases that must be asked are waited for until the stop.
pub(super) async fn prepare_over(
    config: &Arc<Config>,
    state: &Arc<State>,
    stop: &CancellationToken,
) -> Result<Prepared, PipelineError> {
    let planning = records::plan(config, state, stop).await?;
    let (catalog, renewed) = (catalog(config, &planning), planning.renewed.clone());
    let opened = state.clone();
    let directory = config.state_dir.clone();
    let engine = tokio::task::spawn_blocking(move || open_engine(&opened, (catalog, &renewed), &directory)).await;
    let engine = engine.expect("opening the engine does not panic")?;
    Prepared::new(config.clone(), planning, (engine, state.clone()))
}

/// What is different from what runs.
pub(super) fn plan(old: &Generation, new: &Prepared) -> Result<Plan, PipelineError> {
    let mut uncopied = BTreeSet::<TableName>::new();
    for source in new.projections.sources.iter() {
        uncopied.extend(new.engine.copying_tables(source)?.into_iter().map(|copy| copy.table));
    }
    let tables: Vec<Arc<TableSchema>> = new.planning.tables().cloned().collect();
    let views = new.engine.views();
    let is_empty = |name: &&SmolStr| new.engine.view_condition(name) != ViewCondition::Live;
    let news = News {
        plans: new.planning.views(),
        empty: views.iter().map(|view| &view.name).filter(is_empty).cloned().collect(),
        uncopied,
    };
    let (was, is) = (
        Side { config: &old.config, tables: &old.tables, views: &old.projections.views },
        Side { config: &new.config, tables: &tables, views },
    );
    Ok(difference(&was, &is, &news))
}
