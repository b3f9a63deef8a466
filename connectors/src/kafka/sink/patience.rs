//! How long something that blocks may take, and whether anyone still waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A call that blocks returns after this time, so that a stop is noticed.
const SLICE: Duration = Duration::from_millis(200);

/// Set when nobody waits any more.
pub(super) type GivenUp = Arc<AtomicBool>;

/// Time that is left until the next sign of life.
pub(super) struct Patience {
    span: Duration,
    deadline: Instant,
    given_up: GivenUp,
}

impl Patience {
    pub(super) fn new(span: Duration, given_up: &GivenUp) -> Self {
        Self { span, deadline: Instant::now() + span, given_up: given_up.clone() }
    }

    /// There was a sign of life.
    pub(super) fn renew(&mut self) {
        self.deadline = Instant::now() + self.span;
    }

    pub(super) fn is_over(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }

    /// For one call.
    pub(super) fn slice(&self) -> Duration {
        SLICE.min(self.deadline.saturating_duration_since(Instant::now()))
    }
}

/// Says that nobody waits any more, when it is dropped before [`Self::done`].
pub(super) struct Waiting(Option<GivenUp>);

impl Waiting {
    pub(super) fn for_end(given_up: &GivenUp) -> Self {
        Self(Some(given_up.clone()))
    }

    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(given_up) = &self.0 {
            given_up.store(true, Ordering::Relaxed);
        }
    }
}
