//! Applies another configuration while the daemon runs.
//!
//! ```text
//! old   ───── steps, deliveries ──────────────── P ┐ intake stops                  ends, its state is removed
//! branch     └ C: planned, views filled            └ streams from C up to P, takes over ── published ── deliveries
//! ```
//!
//! A branch of the state is made at C and prepared as a start with the new configuration would prepare it, while everything goes on. Meanwhile the sources are told
//! of nothing behind C, so that they send it again. Then the old intake stops, at P, and the branch follows the stream
//! from C to exactly there; readers see the old rows at P until then, and the new ones at P afterwards. So no reader and no sink goes back,
//! and whatever fails before leaves the old state as it was. Whoever is killed starts from one or the other.

use std::ops::ControlFlow;
use std::sync::Arc;

use smol_str::SmolStr;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::apply::{ApplyPhase, ApplyRefusal, ApplyStatus, Asked, Plan, Rebuilt, Reply, Turn, Wish, refuse_restarts};
use super::daemon::Daemon;
use super::error::PipelineError;
use super::generation::{Generation, Prepared};
use super::preparing::{discard, drop_where_it_may_block, plan, prepared, refused};
use super::replacing::{Failure, stopping};
use super::starting::Opening;
use super::status::{Condition, Status};
use super::takeover::TakeOver;
use crate::config::{Config, ConfigError};
use crate::engine::ViewCondition;
use crate::fail_point::{FailPoint, pass};

/// Share of the memory that a branch has until it takes over.
const BRANCH_MEMORY_PART: usize = 4;

impl Daemon {
    /// Does what was asked for. An error is one with which the daemon cannot go on.
    pub(super) async fn answer(&mut self, asked: Asked) -> Result<(), PipelineError> {
        let Asked { wish, reply } = asked;
        match wish {
            Wish::Plan | Wish::Apply | Wish::Refill => self.take_up(wish, reply).await?,
            Wish::Rebuild(Rebuilt::Source(source)) => self.rebuild(&source, reply).await?,
            Wish::Rebuild(Rebuilt::View(view)) => self.fill_view_again(&view, reply).await?,
            Wish::Rebuild(Rebuilt::Sink(sink)) => self.fill_sink_again(&sink, reply).await?,
            Wish::Release(release) => self.let_go(release, reply).await?,
        }
        self.show_asides();
        Ok(())
    }

    /// Plans, and applies where that was asked for.
    pub(super) async fn take_up(&mut self, wish: Wish, reply: Reply) -> Result<(), PipelineError> {
        let planned = match self.wanted(&wish) {
            Ok(config) => self.prepare(&config, None).await.map(|(prepared, plan)| (config, prepared, plan)),
            Err(error) => Err(ApplyRefusal::Refused { message: error.to_string(), hint: None }),
        };
        let answered = match planned {
            Ok((config, prepared, plan)) if wish != Wish::Plan && !plan.is_empty() => {
                self.show_begun(ApplyPhase::Filling);
                let turn = reply.begun(plan.clone());
                let ended = self.in_stages(config, prepared, &plan).await?;
                self.generation.release();
                self.show_end(ended, turn);
                return Ok(());
            }
            Ok((_, prepared, plan)) => {
                discard(prepared).await;
                Ok(plan)
            }
            Err(refusal) => Err(refusal),
        };
        self.generation.release();
        reply.done(answered);
        Ok(())
    }

    pub(super) fn show_begun(&self, phase: ApplyPhase) {
        self.show(|status| *status = ApplyStatus { phase, ..begun() });
    }

    pub(super) fn show_end(&self, ended: ApplyStatus, turn: Turn) {
        // Who sees the end may ask for more.
        drop(turn);
        self.show(|status| *status = ApplyStatus { view: None, since: status.since.take(), ..ended });
    }

    fn wanted(&self, wish: &Wish) -> Result<Arc<Config>, ConfigError> {
        match wish {
            Wish::Plan | Wish::Apply => (self.load)().map(Arc::new),
            _ => Ok(self.generation.config.clone()),
        }
    }

    /// Prepares the configuration over a branch, on which a source may begin anew. From here on the sources are told of nothing, until they
    /// are released.
    pub(super) async fn prepare(
        &mut self,
        config: &Arc<Config>,
        anew: Option<&SmolStr>,
    ) -> Result<(Prepared, Plan), ApplyRefusal> {
        let old = &self.generation;
        refuse_restarts(&old.config, config)?;
        let positions = old.projections.state.checkpoint().map_err(|error| refused(&error.into()))?.positions;
        let begun = |source: &&SmolStr| positions.0.contains_key(*source) || anew == Some(*source);
        if let Some(source) = old.projections.sources.iter().find(|source| !begun(source)) {
            return Err(ApplyRefusal::Refused {
                message: format!("the stream of source \"{source}\" has not begun yet"),
                hint: Some("see \"tailwater status\"; restart the daemon if its configuration is wrong".into()),
            });
        }
        old.hold();
        let (home, state) = (self.home.clone(), old.projections.state.clone());
        let memory = config.memory_bytes / BRANCH_MEMORY_PART;
        let branch = tokio::task::spawn_blocking(move || home.branch(&state, memory)).await;
        let branch = branch.expect("branching does not panic").map_err(|error| refused(&error.into()))?;
        pass(FailPoint::Branched);
        let prepared = prepared(config, &branch, anew, &self.stop).await.and_then(|prepared| {
            let plan = plan(old, &prepared).map_err(|error| refused(&error))?;
            Ok((prepared, plan))
        });
        if prepared.is_err() {
            branch.doom();
        }
        drop_where_it_may_block(branch).await;
        prepared
    }

    /// Fills the branch and lets it take over. Answers with what to show of it.
    pub(super) async fn apply(
        &mut self,
        config: Arc<Config>,
        prepared: Prepared,
        plan: &Plan,
    ) -> Result<ApplyStatus, PipelineError> {
        info!(
            views = plan.views.len(),
            sinks = plan.sinks.len(),
            tables = plan.tables.len(),
            "applying the configuration"
        );
        let branch = prepared.projections.state.clone();
        let applied = match self.fill(prepared).await {
            Ok(prepared) => self.switch(prepared).await,
            Err(failure) => Err(failure),
        };
        self.settle(&config, branch, applied).await
    }

    /// Fills the views, while the old generation goes on.
    async fn fill(&mut self, mut prepared: Prepared) -> Result<Prepared, Failure> {
        let (board, stop) = (self.generation.projections.status.clone(), CancellationToken::new());
        let cancel = stop.clone().drop_guard();
        let (daemon, filling) = (self.stop.clone(), stop.clone());
        let filled = tokio::task::spawn_blocking(move || {
            let mut progress = |view: &str, rows: u64| {
                board.update(|status| (status.apply.view, status.apply.rows) = (Some(view.into()), rows));
                let stops = daemon.is_cancelled() || filling.is_cancelled();
                if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            prepared.engine.fill(&mut progress).map(|()| prepared)
        });
        let has_ended = self.generation.stepper.is_none();
        let filled = tokio::select! {
            filled = filled => filled.expect("filling does not panic").map_err(|error| Failure::before(error.into()))?,
            Err(error) = self.generation.engine_ended(), if !has_ended => {
                return Err(Failure::ours(error, false));
            }
        };
        drop(cancel);
        if self.stop.is_cancelled() {
            return Err(Failure::before(stopping()));
        }
        let was_live = |name: &SmolStr| {
            let condition = |status: &Status| status.views.get(name).map(|view| view.condition);
            self.generation.projections.status.inspect(condition) != Some(Condition::Failed)
        };
        for view in filled.engine.views() {
            if let ViewCondition::Failed { error, hint } = filled.engine.view_condition(&view.name)
                && was_live(&view.name)
            {
                let hint = hint.unwrap_or_else(|| "mend the view, or the rows, and apply again".into());
                let message = format!("view \"{}\" cannot be kept: {error}", view.name);
                return Err(Failure::before(PipelineError::Misfit { message, hint }));
            }
        }
        Ok(filled)
    }

    /// Stops the old intake, brings the branch to where it ended, and publishes it. Answers with the old generation.
    async fn switch(&mut self, prepared: Prepared) -> Result<Generation, Failure> {
        self.show(|status| (status.phase, status.view) = (ApplyPhase::CatchingUp, None));
        let reached = self.generation.stop_intake().await.map_err(|error| Failure::ours(error, true))?;
        let (done, taken) = oneshot::channel();
        let to = (&prepared.projections.sources[..], done);
        let takeover = TakeOver::new(&self.generation.projections, &reached, to);
        let next = prepared.start(&self.stop, Opening::TakeOver(takeover), self.live.apply()).map_err(Failure::late)?;
        next.hold();
        self.taken_over(next, taken, reached.step).await
    }

    pub(super) fn show(&self, change: impl FnOnce(&mut ApplyStatus)) {
        self.generation.projections.status.update(|status| change(&mut status.apply));
    }
}

fn begun() -> ApplyStatus {
    let since = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    ApplyStatus { since: Some(since), ..ApplyStatus::default() }
}
