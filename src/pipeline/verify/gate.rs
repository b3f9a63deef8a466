//! Holds the stepper for a moment, so that the state can be pinned at exactly one position of a source.
//!
//! ```text
//! verifier   close ── takes the moment at C ── cut at C ───────────── reached ── pins the state ── drops the hold
//! stepper       │ no transaction passes        │ those up to C pass      │ waits                        │ goes on
//! ```
//!
//! Promises: what passes between `close` and the end of the hold is covered by C; a hold that waits for the verifier ends after
//! [`Gate::hold_max`], or when its handle is dropped, whichever is first; working towards C is no wait.
//!
//! Why it is exact: the stepper asks with its transactions in hand. If the gate was open then, they had been received before it
//! closed, so before the moment was taken, and the moment holds them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use smol_str::SmolStr;
use tailwater_connectors::{Position, SNAPSHOT_TAKE_MAX, Transaction};
use tokio::sync::Notify;

/// Taking the moment, telling it and pinning the state fit into this.
const HOLD_MAX: Duration = SNAPSHOT_TAKE_MAX.saturating_add(Duration::from_millis(500));

/// Shared by the stepper and the verifier.
pub(in crate::pipeline) struct Gate {
    state: Mutex<State>,
    /// The stepper waits here.
    moved: Condvar,
    /// The verifier waits here.
    seen: Notify,
    hold_max: Duration,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// Tells the holds apart: a late handle does not open the gate of another.
    hold: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Nothing of the source passes.
    Closed { source: SmolStr },
    /// What this position covers passes.
    Cut { source: SmolStr, at: Position },
    /// The state stands at the cut.
    Reached,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(HOLD_MAX)
    }
}

impl Gate {
    fn new(hold_max: Duration) -> Self {
        Self { state: Mutex::default(), moved: Condvar::new(), seen: Notify::new(), hold_max }
    }

    /// Hands `transactions`, which ascend, to `step`: all at once, or cut where the verifier wants it.
    pub(in crate::pipeline) fn pass<E>(
        &self,
        source: &SmolStr,
        transactions: &[Transaction],
        mut step: impl FnMut(&[Transaction]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(last) = transactions.last() else { return Ok(()) };
        let cut = self.cut(source).filter(|at| last.position.covers(at));
        let covered = cut.as_ref().map_or(transactions.len(), |at| {
            transactions.iter().take_while(|transaction| at.covers(&transaction.position)).count()
        });
        let (now, later) = transactions.split_at(covered);
        if !now.is_empty() {
            step(now)?;
        }
        if cut.is_some() {
            self.reach();
        }
        if later.is_empty() { Ok(()) } else { step(later) }
    }

    /// The same for the news that everything up to `position` has passed.
    pub(in crate::pipeline) fn pass_progress(&self, source: &SmolStr, position: &Position) {
        if self.cut(source).is_some_and(|at| position.covers(&at)) {
            self.reach();
        }
    }

    /// Where to cut, if anywhere; waits while that is not known.
    fn cut(&self, source: &SmolStr) -> Option<Position> {
        let mut state = self.state.lock();
        let closed = |phase: &Phase| matches!(phase, Phase::Closed { source: held } if held == source);
        self.wait_while(&mut state, closed);
        match &state.phase {
            Phase::Cut { source: held, at } if held == source => Some(at.clone()),
            _ => None,
        }
    }

    /// Says that the state stands at the cut, and waits until it is pinned.
    fn reach(&self) {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Cut { .. }) {
            return;
        }
        state.phase = Phase::Reached;
        self.seen.notify_one();
        self.wait_while(&mut state, |phase| *phase == Phase::Reached);
    }

    /// Waits, but not for ever: then the gate opens.
    fn wait_while(&self, state: &mut parking_lot::MutexGuard<'_, State>, mut held: impl FnMut(&Phase) -> bool) {
        let (deadline, hold) = (Instant::now() + self.hold_max, state.hold);
        while held(&state.phase) && state.hold == hold {
            if self.moved.wait_until(state, deadline).timed_out() {
                if held(&state.phase) && state.hold == hold {
                    state.phase = Phase::Open;
                    self.seen.notify_one();
                }
                return;
            }
        }
    }

    /// Closes the gate for transactions of `source`; the hold ends with the handle. There is one hold at a time: the
    /// former must be dropped.
    pub(super) fn close(self: &Arc<Self>, source: &SmolStr) -> Hold {
        let mut state = self.state.lock();
        state.hold += 1;
        state.phase = Phase::Closed { source: source.clone() };
        Hold { gate: Arc::clone(self), number: state.hold }
    }
}

/// A closed gate.
pub(super) struct Hold {
    gate: Arc<Gate>,
    number: u64,
}

impl Hold {
    /// Lets pass what `at` covers. False when the gate has opened meanwhile.
    pub(super) fn cut(&self, source: &SmolStr, at: &Position) -> bool {
        let mut state = self.gate.state.lock();
        let holds = state.hold == self.number && state.phase == Phase::Closed { source: source.clone() };
        if holds {
            state.phase = Phase::Cut { source: source.clone(), at: at.clone() };
            self.gate.moved.notify_all();
        }
        holds
    }

    /// Returns when the state stands at the cut: true; or when the gate has opened: false. With true the stepper waits, until
    /// the handle is dropped.
    pub(super) async fn reached(&self) -> bool {
        loop {
            let seen = self.gate.seen.notified();
            match &self.gate.state.lock().phase {
                Phase::Reached => return true,
                Phase::Open => return false,
                Phase::Closed { .. } | Phase::Cut { .. } => {}
            }
            seen.await;
        }
    }

    /// Whether the stepper still waits at the cut: what was pinned before this answer is of the cut.
    pub(super) fn still_reached(&self) -> bool {
        let state = self.gate.state.lock();
        state.hold == self.number && state.phase == Phase::Reached
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.gate.state.lock();
        if state.hold == self.number {
            state.phase = Phase::Open;
            self.gate.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;
