//! A view that changes and now reads a table that must be copied first keeps its rows meanwhile: the tables come in a stage of their own.

use std::sync::Arc;
use std::time::Duration;

use tailwater_connectors::TableName;

use super::apply::{Action, ApplyPhase, ApplyRefusal, ApplyStatus, Plan, PlannedViewChange};
use super::daemon::Daemon;
use super::error::PipelineError;
use super::generation::Prepared;
use super::planning::{relations_read, wanted_tables};
use super::preparing::discard;
use crate::config::Config;

/// How often it is looked whether the tables are copied.
const COPIED_POLL: Duration = Duration::from_millis(100);

impl Daemon {
    /// Applies the configuration, after its new tables were copied where a view waits for them that is served. Answers with what to show.
    pub(super) async fn in_stages(
        &mut self,
        config: Arc<Config>,
        prepared: Prepared,
        plan: &Plan,
    ) -> Result<ApplyStatus, PipelineError> {
        let is_new =
            |name: &String| plan.tables.iter().any(|table| table.table == *name && table.action == Action::Add);
        let waits = |view: &PlannedViewChange| view.action == Action::Change && view.waits_for.iter().any(is_new);
        if !plan.views.iter().any(waits) {
            return self.apply(config, prepared, plan).await;
        }
        discard(prepared).await;
        self.generation.release();
        let stage = Arc::new(with_tables(&self.generation.config, &config)?);
        let ended = self.prepare_and_apply(stage).await?;
        if ended.phase != ApplyPhase::Applied {
            return Ok(ended);
        }
        self.generation.release();
        self.show(|status| status.phase = ApplyPhase::Copying);
        self.until_copied().await?;
        self.show(|status| status.phase = ApplyPhase::Filling);
        self.prepare_and_apply(config).await
    }

    async fn prepare_and_apply(&mut self, config: Arc<Config>) -> Result<ApplyStatus, PipelineError> {
        match self.prepare(&config, None).await {
            Ok((prepared, plan)) => self.apply(config, prepared, &plan).await,
            Err(refusal) => {
                let message = refusal.to_string();
                let hint = if let ApplyRefusal::Refused { hint, .. } = refusal { hint } else { None };
                Ok(ApplyStatus::failed(message, hint))
            }
        }
    }

    /// Waits until no table is being copied, or the daemon stops.
    async fn until_copied(&mut self) -> Result<(), PipelineError> {
        let board = self.generation.projections.status.clone();
        let copies = || board.inspect(|status| status.sources.values().any(|source| source.copy.is_some()));
        while copies() && !self.stop.is_cancelled() {
            let runs = self.generation.stepper.is_some();
            tokio::select! {
                ended = self.generation.engine_ended(), if runs => ended?,
                () = tokio::time::sleep(COPIED_POLL) => {}
            }
        }
        Ok(())
    }
}

/// The old views and sinks over the tables of both.
fn with_tables(old: &Config, new: &Config) -> Result<Config, PipelineError> {
    let mut config = Config { views: old.views.clone(), sinks: old.sinks.clone(), ..new.clone() };
    for source in &mut config.sources {
        let mut tables: Vec<TableName> = Vec::new();
        for side in [old, new] {
            let names = relations_read(&side.views)?;
            let same = side.sources.iter().find(|other| other.name() == source.name());
            let wanted = same.map(|source| wanted_tables(side, source, &names)).unwrap_or_default();
            tables.extend(wanted);
        }
        tables.sort_unstable();
        tables.dedup();
        source.tables = Some(tables);
    }
    Ok(config)
}
