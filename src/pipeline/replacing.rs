//! A generation takes the place of another, or does not and is ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::apply::{ApplyPhase, ApplyStatus};
use super::daemon::Daemon;
use super::error::PipelineError;
use super::generation::Generation;
use super::preparing::{drop_where_it_may_block, prepare_over};
use super::starting::Opening;
use super::status::{Condition, SourceStatus, Status, StatusBoard};
use super::verify::forget_marks;
use crate::config::Config;
use crate::engine::TakenOver;
use crate::fail_point::{FailPoint, pass};
use crate::state::State;

/// How long sinks get to come to the end of the old changelog; after that they are filled again.
const DELIVERED_MAX: Duration = Duration::from_secs(5);
/// How often it is looked whether the sources of a branch are there, and how long one may be away.
const STUCK_POLL: Duration = Duration::from_millis(100);
const AWAY_MAX: Duration = Duration::from_secs(60);

impl Daemon {
    /// Waits until `next` has taken over at `step`, and publishes it. Answers with the old generation.
    pub(super) async fn taken_over(
        &mut self,
        mut next: Generation,
        taken: oneshot::Receiver<TakenOver>,
        step: u64,
    ) -> Result<Generation, Failure> {
        let board = next.projections.status.clone();
        let outcome = tokio::select! {
            Ok(taken) = taken => Ok(taken),
            ended = next.engine_ended() => Err(ended.err().unwrap_or_else(|| self.why_ended(&next))),
            error = stuck(&board) => Err(error),
        };
        let outcome = match outcome {
            Ok(taken) => self.make_current(next.projections.state.clone()).await.map(|()| taken),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(taken) => Ok(self.publish(next, step, Some(&taken)).await),
            Err(error) => {
                end_branch(next).await;
                Err(Failure::late(error))
            }
        }
    }

    /// Ends what is not served any more: the former generation, or the branch. Answers with what to show.
    pub(super) async fn settle(
        &mut self,
        config: &Config,
        branch: Arc<State>,
        applied: Result<Generation, Failure>,
    ) -> Result<ApplyStatus, PipelineError> {
        match applied {
            Ok(former) => {
                if let Err(error) = branch.set_memory(config.memory_bytes) {
                    warn!(%error, "the memory of the state is as wanted, but RocksDB could not note it");
                }
                forget_marks(&config.state_dir);
                info!("the branch of the state has taken over");
                end_former(former);
                Ok(ApplyStatus { phase: ApplyPhase::Applied, ..ApplyStatus::default() })
            }
            Err(failure) => {
                branch.doom();
                drop_where_it_may_block(branch).await;
                error!(error = %failure.error, "the branch of the state did not take over; everything is as it was");
                if failure.intake_stopped && !self.stop.is_cancelled() {
                    let step = self.generation.projections.state.checkpoint()?.step;
                    self.start_again(step).await?;
                }
                if failure.is_ours {
                    return Err(failure.error);
                }
                Ok(ApplyStatus::failed(failure.error.to_string(), failure.error.hint()))
            }
        }
    }

    /// Lets `next` be seen and deliver, once the sinks have come to `step`, the last of what was seen before; answers with that.
    async fn publish(&mut self, mut next: Generation, step: u64, taken: Option<&TakenOver>) -> Generation {
        let shown = self.generation.projections.status.inspect(|status| status.apply.clone());
        next.projections.status.update(|status| status.apply = shown);
        self.generation.end_deliveries(step, DELIVERED_MAX).await;
        self.next.send_replace(Arc::new(next.projections.clone()));
        next.deliver(taken, self.live.apply());
        std::mem::replace(&mut self.generation, next)
    }

    /// Why a branch has ended without an error of its engine: it was stopped, or its sources cannot go on.
    pub(super) fn why_ended(&self, next: &Generation) -> PipelineError {
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

    /// Starts the configuration again over the state, where the intake has been stopped at `step`.
    pub(super) async fn start_again(&mut self, step: u64) -> Result<(), PipelineError> {
        let (config, state) = (self.generation.config.clone(), self.generation.projections.state.clone());
        let prepared = prepare_over(&config, &state, &self.stop).await?;
        let again = prepared.start(&self.stop, Opening::All, self.live.apply())?;
        end(self.publish(again, step, None).await);
        Ok(())
    }
}

/// Returns when a source cannot bring the branch to where it is to take over: nothing else goes on meanwhile.
async fn stuck(board: &StatusBoard) -> PipelineError {
    let mut heard = Instant::now();
    loop {
        tokio::time::sleep(STUCK_POLL).await;
        let away = |source: &&SourceStatus| {
            matches!(source.condition, Condition::Failed | Condition::Retrying) && source.rebuild_at.is_none()
        };
        let Some(source) = board.inspect(|status| status.sources.values().find(away).cloned()) else {
            heard = Instant::now();
            continue;
        };
        if source.condition == Condition::Failed || heard.elapsed() > AWAY_MAX {
            let message = source.error.unwrap_or_else(|| "a source is away".into());
            return PipelineError::Misfit {
                message,
                hint: source.hint.unwrap_or_else(|| "try again when it is back".into()),
            };
        }
    }
}

/// Why a branch has not taken over.
pub(super) struct Failure {
    pub(super) error: PipelineError,
    /// Whether the old intake must be started again.
    pub(super) intake_stopped: bool,
    /// Whether it is the old pipeline that failed.
    pub(super) is_ours: bool,
}

impl Failure {
    pub(super) fn before(error: PipelineError) -> Self {
        Self { error, intake_stopped: false, is_ours: false }
    }

    pub(super) fn late(error: PipelineError) -> Self {
        Self { error, intake_stopped: true, is_ours: false }
    }

    pub(super) fn ours(error: PipelineError, intake_stopped: bool) -> Self {
        Self { error, intake_stopped, is_ours: true }
    }
}

pub(super) async fn end_branch(next: Generation) {
    if let Err(error) = next.end().await {
        warn!(%error, "the branch ended");
    }
}

pub(super) fn stopping() -> PipelineError {
    PipelineError::Misfit { message: "the daemon is stopping".into(), hint: "start it again".into() }
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
