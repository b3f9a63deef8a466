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
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::apply::{ApplyPhase, ApplyRefusal, ApplyStatus, Asked, Plan, Wish, refuse_restarts};
use super::daemon::Daemon;
use super::error::PipelineError;
use super::generation::{Generation, Prepared};
use super::preparing::{discard, drop_where_it_may_block, plan, prepare_over, prepared, refused};
use super::status::{Condition, Status};
use super::takeover::TakeOver;
use super::verify::forget_marks;
use crate::config::{Config, ConfigError};
use crate::engine::{TakenOver, ViewCondition};
use crate::fail_point::{FailPoint, pass};
use crate::state::State;

/// Share of the memory that a branch has until it takes over.
const BRANCH_MEMORY_PART: usize = 4;
/// How long sinks get to come to the end of the old changelog; after that they are filled again.
const DELIVERED_MAX: Duration = Duration::from_secs(5);

impl Daemon {
    /// Plans, and applies where that was asked for. An error is one with which the daemon cannot go on.
    pub(super) async fn answer(&mut self, asked: Asked) -> Result<(), PipelineError> {
        let Asked { wish, answer, turn } = asked;
        let planned = match self.wanted(wish) {
            Ok(config) => self.prepare(&config).await.map(|(prepared, plan)| (config, prepared, plan)),
            Err(error) => Err(ApplyRefusal::Refused { message: error.to_string(), hint: None }),
        };
        let answered = match planned {
            Ok((config, prepared, plan)) if wish != Wish::Plan && !plan.is_empty() => {
                self.show(|status| *status = ApplyStatus { phase: ApplyPhase::Filling, ..begun() });
                let _ = answer.send(Ok(plan.clone()));
                let ended = self.in_stages(config, prepared, &plan).await?;
                self.generation.release();
                // Who sees the end may ask for more.
                drop(turn);
                self.show(|status| *status = ApplyStatus { view: None, since: status.since.take(), ..ended });
                return Ok(());
            }
            Ok((_, prepared, plan)) => {
                discard(prepared).await;
                Ok(plan)
            }
            Err(refusal) => Err(refusal),
        };
        self.generation.release();
        drop(turn);
        let _ = answer.send(answered);
        Ok(())
    }

    fn wanted(&self, wish: Wish) -> Result<Arc<Config>, ConfigError> {
        match wish {
            Wish::Plan | Wish::Apply => (self.load)().map(Arc::new),
            Wish::Refill => Ok(self.generation.config.clone()),
        }
    }

    /// Prepares the configuration over a branch. From here on the sources are told of nothing, until they are released.
    pub(super) async fn prepare(&mut self, config: &Arc<Config>) -> Result<(Prepared, Plan), ApplyRefusal> {
        let old = &self.generation;
        refuse_restarts(&old.config, config)?;
        let positions = old.projections.state.checkpoint().map_err(|error| refused(&error.into()))?.positions;
        if let Some(source) = old.projections.sources.iter().find(|source| !positions.0.contains_key(*source)) {
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
        let prepared = prepared(config, &branch, &self.stop).await.and_then(|prepared| {
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
        let (branch, begun) = (prepared.projections.state.clone(), std::time::Instant::now());
        let applied = match self.fill(prepared).await {
            Ok(prepared) => self.switch(prepared).await,
            Err(failure) => Err(failure),
        };
        match applied {
            Ok(former) => {
                if let Err(error) = branch.set_memory(config.memory_bytes) {
                    warn!(%error, "the memory of the state is as wanted, but RocksDB could not note it");
                }
                forget_marks(&config.state_dir);
                info!(took = ?begun.elapsed(), "the configuration is applied");
                end_former(former);
                Ok(ApplyStatus { phase: ApplyPhase::Applied, ..ApplyStatus::default() })
            }
            Err(failure) => {
                branch.doom();
                drop_where_it_may_block(branch).await;
                error!(error = %failure.error, "the configuration was not applied; everything is as it was");
                if failure.intake_stopped && !self.stop.is_cancelled() {
                    self.go_back().await?;
                }
                if failure.is_ours {
                    return Err(failure.error);
                }
                Ok(ApplyStatus::failed(failure.error.to_string(), failure.error.hint()))
            }
        }
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
                return Err(Failure { is_ours: true, ..Failure::before(error) });
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
        let ours = |error: PipelineError| Failure { error, intake_stopped: true, is_ours: true };
        let reached = self.generation.stop_intake().await.map_err(ours)?;
        let late = |error: PipelineError| Failure { error, intake_stopped: true, is_ours: false };
        let branch = prepared.projections.state.clone();
        let (done, taken) = oneshot::channel();
        let to = (&prepared.projections.sources[..], done);
        let takeover = TakeOver::new(&self.generation.projections, &reached, to);
        let mut next = prepared.start(&self.stop, Some(takeover)).map_err(late)?;
        next.hold();
        let outcome = tokio::select! {
            Ok(taken) = taken => Ok(taken),
            ended = next.engine_ended() => Err(ended.err().unwrap_or_else(|| self.why_ended(&next))),
        };
        let outcome = match outcome {
            Ok(taken) => self.make_current(branch).await.map(|()| taken),
            Err(error) => Err(error),
        };
        let taken = match outcome {
            Ok(taken) => taken,
            Err(error) => {
                if let Err(error) = next.end().await {
                    warn!(%error, "the branch ended");
                }
                return Err(late(error));
            }
        };
        Ok(self.publish(next, reached.step, Some(&taken)).await)
    }

    /// Lets `next` be seen and deliver, once the sinks have come to `step`, the last of what was seen before; answers with that.
    async fn publish(&mut self, mut next: Generation, step: u64, taken: Option<&TakenOver>) -> Generation {
        let shown = self.generation.projections.status.inspect(|status| status.apply.clone());
        next.projections.status.update(|status| status.apply = shown);
        self.generation.end_deliveries(step, DELIVERED_MAX).await;
        self.next.send_replace(Arc::new(next.projections.clone()));
        next.deliver(taken, self.live.apply());
        next.release();
        std::mem::replace(&mut self.generation, next)
    }

    /// Why a branch has ended without an error of its engine: it was stopped, or its sources cannot go on.
    fn why_ended(&self, next: &Generation) -> PipelineError {
        if self.stop.is_cancelled() {
            return stopping();
        }
        let failed = |status: &Status| {
            let failed = status.sources.values().find_map(|source| Some((source.error.clone()?, source.hint.clone())));
            failed.unwrap_or_else(|| ("its sources have ended".into(), None))
        };
        let (message, hint) = next.projections.status.inspect(failed);
        PipelineError::Misfit { message, hint: hint.unwrap_or_else(|| "see the daemon's log, then apply again".into()) }
    }

    async fn make_current(&self, branch: Arc<State>) -> Result<(), PipelineError> {
        let home = self.home.clone();
        pass(FailPoint::BeforeCurrent);
        let made = tokio::task::spawn_blocking(move || home.make_current(&branch)).await;
        made.expect("making a branch current does not panic")?;
        pass(FailPoint::AfterCurrent);
        Ok(())
    }

    /// Starts the old configuration again over the old state.
    async fn go_back(&mut self) -> Result<(), PipelineError> {
        let (config, state) = (self.generation.config.clone(), self.generation.projections.state.clone());
        let prepared = prepare_over(&config, &state, &self.stop).await?;
        let reached = state.checkpoint()?;
        let again = prepared.start(&self.stop, None)?;
        end(self.publish(again, reached.step, None).await);
        Ok(())
    }

    pub(super) fn show(&self, change: impl FnOnce(&mut ApplyStatus)) {
        self.generation.projections.status.update(|status| change(&mut status.apply));
    }
}

/// Why a configuration was not applied.
struct Failure {
    error: PipelineError,
    /// Whether the old intake must be started again.
    intake_stopped: bool,
    /// Whether it is the old pipeline that failed.
    is_ours: bool,
}

impl Failure {
    fn before(error: PipelineError) -> Self {
        Self { error, intake_stopped: false, is_ours: false }
    }
}

fn stopping() -> PipelineError {
    PipelineError::Misfit { message: "the daemon is stopping".into(), hint: "start it again".into() }
}

fn begun() -> ApplyStatus {
    let since = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    ApplyStatus { since: Some(since), ..ApplyStatus::default() }
}

/// Ends what is not shown any more; its files go with its last reader.
fn end_former(former: Generation) {
    former.projections.state.doom();
    end(former);
}

fn end(former: Generation) {
    tokio::spawn(async move {
        let state = former.projections.state.clone();
        if let Err(error) = former.end().await {
            warn!(%error, "the pipeline of before ended");
        }
        drop_where_it_may_block(state).await;
    });
}
