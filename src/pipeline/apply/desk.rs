//! Where a new configuration is asked for: one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::plan::Plan;

/// Why nothing was planned or applied. Nothing has changed then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ApplyRefusal {
    /// One at a time.
    #[error("a configuration is being applied")]
    Busy,
    /// The daemon stops.
    #[error("the daemon is stopping")]
    Stopping,
    /// The configuration is wrong, cannot be kept, or cannot be applied without a restart.
    #[error("{message}")]
    Refused {
        /// All that is wrong, with places.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) enum Wish {
    /// What the configuration file would change.
    Plan,
    /// To do it.
    Apply,
    /// To fill marked views again, with the configuration as it runs.
    Refill,
}

/// What is asked, and by whom.
#[derive(Debug)]
pub(in crate::pipeline) struct Asked {
    pub(in crate::pipeline) wish: Wish,
    pub(in crate::pipeline) answer: oneshot::Sender<Result<Plan, ApplyRefusal>>,
    /// Held until all is done.
    pub(in crate::pipeline) turn: Turn,
}

/// Whoever has it plans or applies, nobody else.
#[derive(Debug)]
pub(in crate::pipeline) struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Takes wishes; cheap to clone. It outlives what is applied.
#[derive(Clone, Debug)]
pub struct ApplyDesk {
    asked: mpsc::Sender<Asked>,
    busy: Arc<AtomicBool>,
}

impl ApplyDesk {
    /// A desk, and where what is asked comes out.
    pub(in crate::pipeline) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (asked, receiver) = mpsc::channel(1);
        (Self { asked, busy: Arc::default() }, receiver)
    }

    /// A desk that nobody sits at: every wish is refused.
    pub fn closed() -> Self {
        Self::new().0
    }

    /// What the configuration file as it is now would change. Changes nothing.
    pub async fn plan(&self) -> Result<Plan, ApplyRefusal> {
        self.ask(Wish::Plan).await
    }

    /// The same, and begins to do it. How it goes on is on the board (`Status::apply`).
    pub async fn apply(&self) -> Result<Plan, ApplyRefusal> {
        self.ask(Wish::Apply).await
    }

    /// Begins to fill the views again that a verification has marked, beside what is served.
    pub(in crate::pipeline) async fn refill(&self) -> Result<Plan, ApplyRefusal> {
        self.ask(Wish::Refill).await
    }

    async fn ask(&self, wish: Wish) -> Result<Plan, ApplyRefusal> {
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(ApplyRefusal::Busy);
        }
        let turn = Turn(Arc::clone(&self.busy));
        let (answer, answered) = oneshot::channel();
        self.asked.try_send(Asked { wish, answer, turn }).map_err(|_| ApplyRefusal::Stopping)?;
        answered.await.unwrap_or(Err(ApplyRefusal::Stopping))
    }
}
