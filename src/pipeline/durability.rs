//! Makes committed steps survive a power cut, in groups, and says so to the sources.
//!
//! A position is announced as durable only after a flush that began after its step was committed. Sources confirm no
//! further than this.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::Position;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::status::StatusBoard;
use crate::fail_point::{FailPoint, pass};
use crate::state::{Checkpoint, State, StateError};

/// Flushes are at least this far apart: a confirmation may lag (sources send theirs twice a second), the disk must not be
/// kept busy by it.
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);

/// One source's durable position.
pub(super) type DurableSenders = BTreeMap<SmolStr, watch::Sender<Option<Position>>>;

/// Flushes after every step, grouped.
pub(super) struct Flusher {
    pub(super) state: Arc<State>,
    pub(super) checkpoints: watch::Receiver<Checkpoint>,
    pub(super) durable: DurableSenders,
    /// While it is set, the sources are told nothing: a branch of the state starts from what they know.
    pub(super) hold: Arc<AtomicBool>,
    pub(super) status: Arc<StatusBoard>,
    pub(super) stop: CancellationToken,
}

impl Flusher {
    /// Runs until stopped; the last flush comes after the stop.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                changed = self.checkpoints.changed() => if changed.is_err() { break },
            }
            if let Err(error) = self.flush().await {
                // Nothing is confirmed, so nothing is lost; the engine's next commit reports the same disk.
                error!(%error, "state could not be flushed to disk");
            }
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(FLUSH_INTERVAL) => {}
            }
        }
        if let Err(error) = self.flush().await {
            error!(%error, "state could not be flushed to disk");
        }
    }

    async fn flush(&mut self) -> Result<(), StateError> {
        let checkpoint = self.checkpoints.borrow_and_update().clone();
        let state = self.state.clone();
        tokio::task::spawn_blocking(move || state.flush()).await.expect("flushing does not panic")?;
        pass(FailPoint::AfterFlush);
        for (source, position) in &checkpoint.positions.0 {
            if let Some(sender) = self.durable.get(source).filter(|_| !self.hold.load(Ordering::SeqCst)) {
                sender.send_replace(Some(position.clone()));
            }
        }
        self.status.update(|status| status.durable = checkpoint.positions);
        Ok(())
    }
}
