//! Where it is asked for that a running daemon changes: one thing at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smol_str::SmolStr;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::plan::Plan;

/// Why nothing was planned or applied. Nothing has changed then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ApplyRefusal {
    /// One at a time.
    #[error("a configuration is being applied, or something is being rebuilt")]
    Busy,
    /// The daemon stops.
    #[error("the daemon is stopping")]
    Stopping,
    /// The configuration is wrong, cannot be kept, or cannot be applied without a restart; or what is to be rebuilt cannot be.
    #[error("{message}")]
    Refused {
        /// All that is wrong, with places.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) enum Wish {
    /// What the configuration file would change.
    Plan,
    /// To do it.
    Apply,
    /// To fill marked views again, with the configuration as it runs.
    Refill,
    /// To make something again from what is before it, with the configuration as it runs.
    Rebuild(Rebuilt),
    /// To let a source's server keep nothing more, and to rebuild the source later.
    Release(Release),
}

/// What can be made again while what was before is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// A source: its tables are copied again, the views over them filled.
    Source(SmolStr),
    /// A view: it is filled again, with the views that read it.
    View(SmolStr),
    /// A sink: it is filled again from its view.
    Sink(SmolStr),
}

/// A source that is to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Release {
    pub(in crate::pipeline) source: SmolStr,
    pub(in crate::pipeline) reason: String,
    /// When it is to be rebuilt.
    pub(in crate::pipeline) after: Duration,
}

/// What is asked, and by whom.
#[derive(Debug)]
pub(in crate::pipeline) struct Asked {
    pub(in crate::pipeline) wish: Wish,
    pub(in crate::pipeline) reply: Reply,
}

/// Who asked, until they have their answer.
#[derive(Debug)]
pub(in crate::pipeline) struct Reply {
    answer: Option<oneshot::Sender<Result<Plan, ApplyRefusal>>>,
    /// Held until all is done.
    turn: Turn,
}

impl Reply {
    /// Of nobody.
    pub(in crate::pipeline) fn none(turn: Turn) -> Self {
        Self { answer: None, turn }
    }

    /// Who asked hears what is going to be done. Others wait for the end of it.
    pub(in crate::pipeline) fn begun(self, plan: Plan) -> Turn {
        let _ = self.answer.map(|answer| answer.send(Ok(plan)));
        self.turn
    }

    /// That was all.
    pub(in crate::pipeline) fn done(self, answered: Result<Plan, ApplyRefusal>) {
        drop(self.turn);
        let _ = self.answer.map(|answer| answer.send(answered));
    }
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

    /// Begins to make something again. How it goes on is on the board (`Status::apply`).
    pub async fn rebuild(&self, what: Rebuilt) -> Result<Plan, ApplyRefusal> {
        self.ask(Wish::Rebuild(what)).await
    }

    /// Asks for a release, and does not wait for it: who asks may be what ends with it.
    pub(in crate::pipeline) fn release(&self, release: Release) -> Result<(), ApplyRefusal> {
        self.put(Wish::Release(release)).map(drop)
    }

    /// The turn of someone who need not ask; `None` while somebody else has it.
    pub(in crate::pipeline) fn turn(&self) -> Option<Turn> {
        (!self.busy.swap(true, Ordering::AcqRel)).then(|| Turn(Arc::clone(&self.busy)))
    }

    async fn ask(&self, wish: Wish) -> Result<Plan, ApplyRefusal> {
        self.put(wish)?.await.unwrap_or(Err(ApplyRefusal::Stopping))
    }

    fn put(&self, wish: Wish) -> Result<oneshot::Receiver<Result<Plan, ApplyRefusal>>, ApplyRefusal> {
        let turn = self.turn().ok_or(ApplyRefusal::Busy)?;
        let (answer, answered) = oneshot::channel();
        let reply = Reply { answer: Some(answer), turn };
        self.asked.try_send(Asked { wish, reply }).map_err(|_| ApplyRefusal::Stopping)?;
        Ok(answered)
    }
}
