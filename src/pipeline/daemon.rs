//! Puts the daemon together and takes it apart again.
//!
//! Start: open the state, plan the views (from the state's own records where there are some), open the engine, then start the
//! tasks: per source a supervisor, the stepper's thread, the flusher, per sink a delivery. Stop: the sources first, then
//! the step in progress, then the flush, then the sinks; nothing that was committed is lost, nothing else was promised.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::apply::{ApplyDesk, Asked};
use super::aside::{Asides, Due};
use super::error::PipelineError;
use super::generation::Generation;
use super::preparing::prepare_over;
use super::starting::Opening;
use super::verify::forget_marks;
use super::{Live, Projections};
use crate::config::{Config, ConfigError};
use crate::state::StateHome;

/// Reads the configuration again.
pub type LoadConfig = Box<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>;

/// A running daemon.
pub struct Daemon {
    pub(super) home: Arc<StateHome>,
    pub(super) generation: Generation,
    pub(super) next: watch::Sender<Arc<Projections>>,
    pub(super) load: LoadConfig,
    pub(super) stop: CancellationToken,
    pub(super) live: Live,
    pub(super) asides: Asides,
    asked: mpsc::Receiver<Asked>,
}

impl Daemon {
    /// Starts everything. Returns when the tasks run; whether sources and sinks are reached is on the board. Without
    /// state it waits for the sources, since views cannot be planned without tables. `load` reads the configuration again when
    /// another one is to be applied.
    pub async fn start(config: Config, load: LoadConfig, stop: CancellationToken) -> Result<Self, PipelineError> {
        let config = Arc::new(config);
        let (home, state) = StateHome::open(&config.state_dir, config.memory_bytes)?;
        let prepared = prepare_over(&config, &state, &stop).await?;
        forget_marks(&config.state_dir);
        let asides = Asides::recorded(&prepared.planning.sources);
        let (desk, asked) = ApplyDesk::new();
        let mut generation = prepared.start(&stop, Opening::All, &desk)?;
        generation.deliver(None, &desk);
        let (next, live) = Live::new(generation.projections.clone(), desk);
        Ok(Self { home, generation, next, load, stop, live, asides, asked })
    }

    /// What the servers may see, now and later.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Runs until the stop signal, or until the engine cannot go on; then takes everything apart.
    pub async fn run(mut self) -> Result<(), PipelineError> {
        let outcome = self.run_until_stopped().await;
        let state = self.generation.projections.state.clone();
        let outcome = outcome.and(self.generation.end().await);
        if let Err(error) = &outcome {
            error!(%error, "the engine cannot go on");
        }
        // The engine has ended, so nothing is written any more. What cannot be said makes sinks be filled again after a reboot.
        if let Err(error) = state.close() {
            error!(%error, "state could not be closed");
        }
        outcome
    }

    async fn run_until_stopped(&mut self) -> Result<(), PipelineError> {
        while !self.stop.is_cancelled() {
            let runs = self.generation.stepper.is_some();
            let due = self.asides.next();
            tokio::select! {
                // When every source has ended for good, what is committed is still served, and the status says why.
                ended = self.generation.engine_ended(), if runs => ended?,
                Some(asked) = self.asked.recv() => self.answer(asked).await?,
                due = come(due) => self.attend(due).await?,
                () = self.stop.cancelled() => {}
            }
        }
        Ok(())
    }
}

/// Waits until it is due; for ever when nothing is.
async fn come(due: Option<(Duration, Due)>) -> Due {
    match due {
        Some((wait, due)) => {
            tokio::time::sleep(wait).await;
            due
        }
        None => std::future::pending().await,
    }
}
