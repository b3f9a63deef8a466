//! Pins source and state at one position, and compares a view there.

use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::{SnapshotError, SnapshotQuery, Snapshots, SourceSnapshot, ViewSchema};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::compare::{Ask, Compared, Comparer, Only, Pinned, Rows, Share, key_types};
use super::gate::Gate;
use super::pace::Pace;
use super::question::Question;
use super::report::{Difference, KEYS_LISTED_MAX, Outcome};
use crate::pipeline::status::{Condition, StatusBoard};
use crate::state::{State, StateError};

/// How long the stepper may work towards the position. It is held up by nothing then, only behind.
const REACH_MAX: Duration = Duration::from_secs(120);
/// Logging in and waiting for old transactions; a server that stopped answering is not waited for.
const PREPARE_MAX: Duration = Duration::from_secs(60);
/// Batches between source and comparer.
const BATCHES_IN_FLIGHT_MAX: usize = 2;

/// Why a view was not compared.
pub(super) enum Excuse {
    /// Another moment may do.
    Again(String),
    /// It has to be said.
    Final { message: String, hint: Option<String> },
}

impl Excuse {
    fn told(message: impl Into<String>, hint: &str) -> Self {
        Self::Final { message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<SnapshotError> for Excuse {
    fn from(error: SnapshotError) -> Self {
        match error.is_transient() {
            true => Self::Again(error.to_string()),
            false => Self::Final { message: error.to_string(), hint: error.hint().map(Into::into) },
        }
    }
}

impl From<StateError> for Excuse {
    fn from(error: StateError) -> Self {
        Self::told(format!("the view cannot be read: {error}"), "look at the disk of the state directory")
    }
}

/// What a comparison needs of the daemon.
pub(super) struct Place<'a> {
    pub(super) state: &'a Arc<State>,
    pub(super) gate: &'a Arc<Gate>,
    pub(super) status: &'a StatusBoard,
}

/// A view pinned at the position of a moment; the pin ends with it.
struct PinnedView {
    snapshot: Box<dyn SourceSnapshot>,
    asks: mpsc::Sender<Ask>,
}

impl Place<'_> {
    /// Compares a view with what its source answers at a position of now.
    pub(super) async fn compare(
        &self,
        (view, question): (&Arc<ViewSchema>, &Question),
        snapshots: &mut dyn Snapshots,
        pace: &mut Pace,
    ) -> Result<Outcome, Excuse> {
        self.refuse_unready(&view.name, &question.source)?;
        let mut pinned = self.pin((view, question), snapshots).await?;
        // Live before and after: no step up to the position left the view behind.
        self.refuse_unready(&view.name, &question.source)?;
        let compared = pinned.ask(&question.query, pace, |rows, answer| Ask::Compare { rows, answer }).await?;
        let mut outcome = pinned.with_only(compared, &question.query, pace).await?;
        outcome.position = Some(pinned.snapshot.position().to_string());
        Ok(outcome)
    }

    fn refuse_unready(&self, view: &SmolStr, source: &SmolStr) -> Result<(), Excuse> {
        let (view_now, source_now) = self.status.inspect(|status| {
            let view = status.views.get(view).map(|view| view.condition);
            (view.unwrap_or_default(), status.sources.get(source).map(|source| source.condition).unwrap_or_default())
        });
        match (view_now, source_now) {
            (Condition::Live, Condition::Live) => Ok(()),
            (Condition::Live, other) => {
                Err(Excuse::told(format!("source \"{source}\" is {}", other.word()), "see \"tailwater status\""))
            }
            (other, _) => Err(Excuse::told(format!("the view is {}", other.word()), "see \"tailwater status\"")),
        }
    }

    async fn pin(
        &self,
        (view, question): (&Arc<ViewSchema>, &Question),
        snapshots: &mut dyn Snapshots,
    ) -> Result<PinnedView, Excuse> {
        let source = &question.source;
        let prepared = timeout(PREPARE_MAX, snapshots.prepare()).await;
        prepared.map_err(|_| Excuse::told("the source does not answer", "see \"tailwater status\""))??;
        let closed = Instant::now();
        let hold = self.gate.close(source);
        let snapshot = snapshots.take(&question.tables).await?;
        let at = snapshot.position().clone();
        if !hold.cut(source, &at) {
            return Err(Excuse::Again("the stream could not be held long enough".into()));
        }
        match timeout(REACH_MAX, hold.reached()).await {
            Ok(true) => {}
            Ok(false) => return Err(Excuse::Again("the stream could not be held long enough".into())),
            Err(_) => {
                let message = format!("the daemon did not reach position {at} within {} s", REACH_MAX.as_secs());
                return Err(Excuse::told(message, "try again when it has caught up with its source"));
            }
        }
        let comparer = Comparer {
            view: Arc::clone(view),
            freedom: question.freedom,
            reads: question.views.clone(),
            key_types: key_types(view),
        };
        let (asks, asked) = mpsc::channel(1);
        let (pin, pinned) = oneshot::channel();
        let state = Arc::clone(self.state);
        tokio::task::spawn_blocking(move || comparer.run(&state, pin, asked));
        let pinned = pinned.await.map_err(|_| Excuse::Again("the reading thread ended".into()))?;
        let in_time = hold.still_reached();
        drop(hold);
        debug!(view = %view.name, position = %at, after = ?closed.elapsed(), "pinned");
        if !in_time {
            return Err(Excuse::Again("the state could not be pinned in time".into()));
        }
        let Pinned { checkpoint, row_errors } = pinned?;
        if checkpoint.positions.0.get(source).is_some_and(|applied| !at.covers(applied)) {
            let message = format!("the state went beyond position {at} while it was held there");
            return Err(Excuse::told(message, "this is a fault of tailwater: report it"));
        }
        if row_errors > 0 {
            let message =
                format!("it cannot be compared while {row_errors} rows have errors: the source answers none of it");
            return Err(Excuse::told(message, "GET /v1/views/{view}/errors lists them; mend the rows"));
        }
        Ok(PinnedView { snapshot, asks })
    }
}

impl PinnedView {
    /// Sends the source's rows through one ask. What it answers is believed only when the source sent all rows.
    async fn ask<T>(
        &mut self,
        query: &SnapshotQuery,
        pace: &mut Pace,
        ask: impl FnOnce(Rows, oneshot::Sender<Result<T, StateError>>) -> Ask,
    ) -> Result<T, Excuse> {
        let gone = || Excuse::Again("the reading thread ended".into());
        let (sent, mut received) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let (forward, rows) = mpsc::channel(BATCHES_IN_FLIGHT_MAX);
        let (answer, answered) = oneshot::channel();
        self.asks.send(ask(rows, answer)).await.map_err(|_| gone())?;
        let forwarding = async move {
            while let Some(rows) = received.recv().await {
                let rows: Vec<_> = rows;
                pace.pay(rows.len() as u64).await;
                if forward.send(rows).await.is_err() {
                    return;
                }
            }
        };
        let (said, ()) = tokio::join!(self.snapshot.answer(query, sent), forwarding);
        said?;
        Ok(answered.await.map_err(|_| gone())??)
    }

    /// Adds the keys that one side has alone, if there are any.
    async fn with_only(
        &mut self,
        compared: Compared,
        query: &SnapshotQuery,
        pace: &mut Pace,
    ) -> Result<Outcome, Excuse> {
        let Some(of) = compared.shares() else { return Ok(compared.outcome) };
        let (extra, mut outcome) = (compared.extra(), compared.outcome);
        let mut all = Only::default();
        for number in 0..of {
            let share = Share { number, of };
            let only = self.ask(query, pace, |rows, answer| Ask::Only { rows, share, answer }).await?;
            all.extra += only.extra;
            all.twice += only.twice;
            all.extra_keys.extend(only.extra_keys);
            all.twice_keys.extend(only.twice_keys);
            // Without keys that come twice all are counted already: the rest would only be listed.
            let listed = all.extra_keys.len() as u64 >= extra.min(KEYS_LISTED_MAX as u64);
            if all.twice == 0 && extra > 0 && listed {
                break;
            }
        }
        let rest = all.extra.max(extra) - all.extra_keys.len() as u64 + all.twice - all.twice_keys.len() as u64;
        all.extra_keys.into_iter().for_each(|key| outcome.differs(Difference::Extra, || key));
        all.twice_keys.into_iter().for_each(|key| outcome.differs(Difference::Twice, || key));
        outcome.differing += rest;
        outcome.judge();
        Ok(outcome)
    }
}
