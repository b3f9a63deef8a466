//! What may be read now, and waiting for what may be read later.
//!
//! Every request takes the projections of its moment once and reads all from them; when a configuration has been applied, the next one takes others.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tailwater_connectors::Positions;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::generation::Generation;
use crate::pipeline::Live;

/// Longest time a reader may wait for a position.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(60);

/// A position that was not reached.
#[derive(Debug, Error)]
pub(super) enum WaitError {
    #[error("the position was not reached in time")]
    TimedOut { reached: Positions },
    #[error("the server is stopping")]
    Stopping,
}

/// Committed state as it is now.
pub(super) struct Reads {
    /// The daemon over time.
    pub(super) live: Live,
    /// Ends waits.
    pub(super) stop: CancellationToken,
    current: RwLock<Current>,
}

/// What was seen last.
struct Current {
    live: Live,
    generation: Arc<Generation>,
}

impl Reads {
    pub(super) fn new(live: Live, stop: CancellationToken) -> Self {
        let mut current = live.clone();
        let generation = Arc::new(Generation::new(current.now_and_later(), 1));
        Self { live, stop, current: RwLock::new(Current { live: current, generation }) }
    }

    /// The projections of this moment. Cheap: the lock is taken for writing only when others have taken their place.
    pub(super) fn now(&self) -> Arc<Generation> {
        let current = self.current.read();
        if !current.live.is_replaced(&current.generation.projections) {
            return Arc::clone(&current.generation);
        }
        drop(current);
        self.renew()
    }

    fn renew(&self) -> Arc<Generation> {
        let mut current = self.current.write();
        let projections = current.live.now_and_later();
        if Arc::ptr_eq(&projections, &current.generation.projections) {
            return Arc::clone(&current.generation);
        }
        let next = Arc::new(Generation::new(projections, current.generation.number + 1));
        let gone = std::mem::replace(&mut current.generation, Arc::clone(&next));
        // Closing its files, where nobody else holds them, must not keep readers waiting.
        drop(current);
        drop(gone);
        next
    }

    /// Lets projections go when others have taken their place, also while nobody asks. Returns with the stop signal.
    pub(super) async fn follow(&self) {
        let mut live = self.live.clone();
        loop {
            live.now_and_later();
            self.now();
            tokio::select! {
                () = live.replaced() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Returns when everything up to `wanted` is committed here, with what is: a read that starts then sees it. When others take the place
    /// of these projections, it goes on waiting for theirs.
    pub(super) async fn reach(&self, wanted: &Positions, within: Duration) -> Result<Positions, WaitError> {
        let (mut live, deadline) = (self.live.clone(), Instant::now() + within);
        loop {
            let mut checkpoints = live.now_and_later().checkpoints.clone();
            let reach = async {
                let reached = checkpoints.wait_for(|checkpoint| checkpoint.positions.covers(wanted)).await;
                let reached = reached.map(|checkpoint| checkpoint.positions.clone());
                match reached {
                    Ok(positions) => positions,
                    // Nothing is committed here any more, but perhaps in what comes next.
                    Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                reached = timeout_at(deadline, reach) => {
                    return reached.map_err(|_| WaitError::TimedOut { reached: checkpoints.borrow().positions.clone() });
                }
                () = live.replaced() => {}
                () = self.stop.cancelled() => return Err(WaitError::Stopping),
            }
        }
    }
}
