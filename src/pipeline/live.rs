//! The daemon as its servers see it over time.

use std::sync::Arc;

use tokio::sync::watch;

use super::Projections;
use super::apply::ApplyDesk;

/// What may be seen now. When a configuration has been applied, other projections take the place of those before, as one: views, their state and
/// the board belong together. Whoever reads takes [`Live::now`] once and reads all from it.
#[derive(Clone)]
pub struct Live {
    now: watch::Receiver<Arc<Projections>>,
    apply: ApplyDesk,
}

impl Live {
    /// What is seen first, and where to put what comes later.
    pub fn new(first: Projections, apply: ApplyDesk) -> (watch::Sender<Arc<Projections>>, Self) {
        let (next, now) = watch::channel(Arc::new(first));
        (next, Self { now, apply })
    }

    /// What may be seen now. It stays readable, but stands still, once others have taken its place.
    pub fn now(&self) -> Arc<Projections> {
        Arc::clone(&self.now.borrow())
    }

    /// Returns when others have taken the place of those that this handle has seen last by [`Live::now_and_later`]; never when the daemon has ended.
    pub async fn replaced(&mut self) {
        if self.now.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether others may have taken the place of `seen`, which this handle has taken by [`Live::now_and_later`]. Takes no lock while the daemon
    /// runs: to be asked before every read.
    pub fn is_replaced(&self, seen: &Arc<Projections>) -> bool {
        self.now.has_changed().unwrap_or_else(|_| !Arc::ptr_eq(&self.now.borrow(), seen))
    }

    /// [`Live::now`], after which [`Live::replaced`] waits for others.
    pub fn now_and_later(&mut self) -> Arc<Projections> {
        Arc::clone(&self.now.borrow_and_update())
    }

    /// Where another configuration is asked for.
    pub fn apply(&self) -> &ApplyDesk {
        &self.apply
    }
}
