//! Looks at what a source's server keeps for us, whatever else the source does: a slot that nobody reads fills the server's disk, and
//! above all when its source has stopped.

use std::sync::Arc;
use std::time::Duration;

use tailwater_connectors::{LogRetention, Source, SourceError, SourceHealth};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::source::connector;
use super::status::StatusBoard;
use crate::config::SourceConfig;

/// From look to look: a query of the server's catalog each.
const INTERVAL: Duration = Duration::from_secs(5);
/// A server that does not answer for so long is asked on a new session.
const LOOK_MAX: Duration = Duration::from_secs(15);
/// Once less than this share of the server's bound is left, that is a warning.
const LEFT_SHARE_MIN: u64 = 4;

/// The watch over one source.
pub(super) struct HealthWatch {
    pub(super) config: Arc<SourceConfig>,
    pub(super) status: Arc<StatusBoard>,
    pub(super) stop: CancellationToken,
}

impl HealthWatch {
    /// Runs until stopped.
    pub(super) async fn run(self) {
        let mut source = None;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                looked = tokio::time::timeout(LOOK_MAX, look(&self.config, &mut source)) => match looked {
                    Ok(Ok(health)) => self.show(health),
                    // What was seen last is no longer known; that the server is away is the supervisor's to tell.
                    Ok(Err(error)) => {
                        debug!(source = %self.config.postgres.name, %error, "cannot look at the slot");
                        self.show(None);
                    }
                    Err(_) => {
                        source = None;
                        self.show(None);
                    }
                },
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    fn show(&self, health: Option<SourceHealth>) {
        let name = &self.config.postgres.name;
        let warning = health.as_ref().and_then(|health| warning(health, self.config.log_warn_bytes));
        let known = health.is_some();
        let before = self.status.inspect(|status| status.sources.get(name).and_then(|source| source.warning.clone()));
        match (&before, &warning) {
            (None, Some(text)) => warn!(source = %name, "{text}"),
            (Some(_), None) if known => info!(source = %name, "the server keeps no more log for us than it may"),
            _ => {}
        }
        self.status.update(|status| {
            let source = status.sources.entry(name.clone()).or_default();
            source.health = health;
            source.warning = warning;
        });
    }
}

async fn look(
    config: &SourceConfig,
    source: &mut Option<Box<dyn Source>>,
) -> Result<Option<SourceHealth>, SourceError> {
    let source = match source {
        Some(source) => source,
        None => source.insert(connector(config)?),
    };
    source.health().await
}

/// What someone should know before it hurts.
fn warning(health: &SourceHealth, warn_bytes: u64) -> Option<String> {
    let kept = mebibytes(health.log_kept_bytes);
    match (health.retention, health.log_left_bytes) {
        (LogRetention::Lost, _) => Some("the server has removed log that the slot needs".into()),
        (LogRetention::Unreserved, _) => {
            Some(format!("the server keeps {kept} of log for the slot and may remove it at its next checkpoint"))
        }
        (_, Some(left)) if left < (health.log_kept_bytes.saturating_add(left)) / LEFT_SHARE_MIN => Some(format!(
            "the server keeps {kept} of log for the slot and removes it after {} more (max_slot_wal_keep_size)",
            mebibytes(left)
        )),
        _ if health.log_kept_bytes >= warn_bytes => {
            Some(format!("the server keeps {kept} of log for the slot, more than wal_warn ({})", mebibytes(warn_bytes)))
        }
        _ => None,
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn health(retention: LogRetention, kept: u64, left: Option<u64>) -> SourceHealth {
        SourceHealth {
            retention,
            log_kept_bytes: kept * MIB,
            unconfirmed_bytes: 0,
            log_left_bytes: left.map(|left| left * MIB),
            no_heartbeat: None,
        }
    }

    #[test]
    fn a_slot_within_its_bounds_is_no_warning() {
        assert_eq!(warning(&health(LogRetention::Reserved, 10, None), 100 * MIB), None);
        assert_eq!(warning(&health(LogRetention::Extended, 99, Some(40)), 100 * MIB), None);
    }

    #[test]
    fn much_log_little_left_and_removed_log_are_warnings() {
        let text = |health| warning(&health, 100 * MIB).unwrap();
        assert!(text(health(LogRetention::Reserved, 100, None)).contains("wal_warn (100.0 MiB)"));
        assert!(text(health(LogRetention::Extended, 90, Some(20))).contains("after 20.0 MiB more"));
        assert!(text(health(LogRetention::Unreserved, 90, Some(0))).contains("next checkpoint"));
        assert!(text(health(LogRetention::Lost, 0, None)).contains("has removed"));
    }
}
