//! Looks at what a source's server keeps for us, whatever else the source does: a slot that nobody reads fills the server's disk, and
//! above all when its source has stopped.

use std::sync::Arc;
use std::time::Duration;

use tailwater_connectors::{LogRetention, Source, SourceError, SourceHealth};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::apply::{ApplyDesk, Release};
use super::source::connector;
use super::status::StatusBoard;
use crate::config::SourceConfig;

/// From look to look: a query of the server's catalog each.
const INTERVAL: Duration = Duration::from_secs(5);
/// A server that does not answer for so long is asked on a new session.
pub(super) const LOOK_MAX: Duration = Duration::from_secs(15);
/// Once less than this share of the server's bound is left, that is a warning.
const LEFT_SHARE_MIN: u64 = 4;

/// The watch over one source.
pub(super) struct HealthWatch {
    pub(super) config: Arc<SourceConfig>,
    /// Where it is told that the server keeps too much; `None` where nobody follows the source anyway.
    pub(super) desk: Option<ApplyDesk>,
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
                looked = tokio::time::timeout(LOOK_MAX, self.look(&mut source)) => match looked {
                    Ok(Ok(health)) => {
                        self.release_beyond_limit(health.as_ref());
                        self.show(health);
                    }
                    // What was seen last is no longer known; that the server is away is the supervisor's to tell.
                    Ok(Err(error)) => {
                        debug!(source = %self.config.name(), %error, "cannot look at the slot");
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

    async fn look(&self, source: &mut Option<Box<dyn Source>>) -> Result<Option<SourceHealth>, SourceError> {
        let source = match source {
            Some(source) => source,
            None => source.insert(connector(&self.config)?),
        };
        source.stands_at(self.status.inspect(|status| status.durable.0.get(self.config.name()).cloned()));
        source.health().await
    }

    /// Asks for a release where the configuration wants one. If something else is being done now, it is asked again at the next look.
    fn release_beyond_limit(&self, health: Option<&SourceHealth>) {
        let (Some(desk), Some(reason)) = (&self.desk, health.and_then(|health| beyond_limit(&self.config, health)))
        else {
            return;
        };
        let after = self.config.log_limit.and_then(|limit| limit.release).unwrap_or_default();
        let release = Release { source: self.config.name().clone(), reason, after };
        if let Err(refusal) = desk.release(release) {
            info!(source = %self.config.name(), %refusal, "the server keeps too much log, but it cannot be let go now");
        }
    }

    fn show(&self, health: Option<SourceHealth>) {
        let name = self.config.name();
        let warning = health.as_ref().and_then(|health| warning(health, &self.config));
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

/// Why the server is to be let go, where the configuration wants that.
pub(super) fn beyond_limit(config: &SourceConfig, health: &SourceHealth) -> Option<String> {
    let limit = config.log_limit.filter(|limit| limit.release.is_some() && health.log_kept_bytes >= limit.bytes)?;
    let (kept, limit) = (mebibytes(health.log_kept_bytes), mebibytes(limit.bytes));
    Some(format!("the server of source \"{}\" kept {kept} of log for it, and wal_limit is {limit}", config.name()))
}

/// What someone should know before it hurts.
fn warning(health: &SourceHealth, config: &SourceConfig) -> Option<String> {
    let bounds = [("wal_limit", config.log_limit.map(|limit| limit.bytes)), ("wal_warn", Some(config.log_warn_bytes))];
    let passed = bounds.into_iter().filter_map(|(name, bytes)| Some((name, bytes?)));
    let passed = passed.into_iter().find(|(_, bytes)| health.log_kept_bytes >= *bytes);
    let kept = mebibytes(health.log_kept_bytes);
    match (health.retention, health.log_left_bytes, health.log_left_seconds) {
        (LogRetention::Lost, ..) => Some("the server has removed log that is needed".into()),
        (LogRetention::Unreserved, _, Some(seconds)) => {
            Some(format!("the server may remove log that is needed in {seconds} s (binlog_expire_logs_seconds)"))
        }
        (LogRetention::Unreserved, ..) => {
            Some(format!("the server keeps {kept} of log for the slot and may remove it at its next checkpoint"))
        }
        (_, Some(left), _) if left < (health.log_kept_bytes.saturating_add(left)) / LEFT_SHARE_MIN => Some(format!(
            "the server keeps {kept} of log for the slot and removes it after {} more (max_slot_wal_keep_size)",
            mebibytes(left)
        )),
        _ => passed.map(|(name, bytes)| {
            format!("the server keeps {kept} of log for the slot, more than {name} ({})", mebibytes(bytes))
        }),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use tailwater_connectors::postgres::config::{CopySettings, PostgresSourceConfig};

    use super::*;
    use crate::config::{LogLimit, SourceKind};

    const MIB: u64 = 1 << 20;

    fn health(retention: LogRetention, kept: u64, left: Option<u64>) -> SourceHealth {
        SourceHealth {
            retention,
            log_kept_bytes: kept * MIB,
            unconfirmed_bytes: 0,
            log_left_bytes: left.map(|left| left * MIB),
            log_left_seconds: None,
            no_heartbeat: None,
        }
    }

    /// One that warns at 100 MiB.
    fn config(log_limit: Option<LogLimit>) -> SourceConfig {
        let postgres = PostgresSourceConfig {
            name: "shop".into(),
            url: "postgres://localhost".into(),
            slot: "tailwater".into(),
            publication: "tailwater".into(),
            heartbeat: true,
            timeout: INTERVAL,
            copy: CopySettings::default(),
        };
        SourceConfig { kind: SourceKind::Postgres(postgres), tables: None, log_warn_bytes: 100 * MIB, log_limit }
    }

    #[test]
    fn a_slot_within_its_bounds_is_no_warning() {
        assert_eq!(warning(&health(LogRetention::Reserved, 10, None), &config(None)), None);
        assert_eq!(warning(&health(LogRetention::Extended, 99, Some(40)), &config(None)), None);
    }

    #[test]
    fn beyond_the_limit_a_server_is_let_go_only_where_that_is_wanted() {
        let limit = |release| config(Some(LogLimit { bytes: 200 * MIB, release }));
        let [below, beyond] = [199, 200].map(|kept| health(LogRetention::Extended, kept, None));
        assert!(warning(&below, &limit(None)).unwrap().contains("wal_warn (100.0 MiB)"));
        assert!(warning(&beyond, &limit(None)).unwrap().contains("wal_limit (200.0 MiB)"));
        assert_eq!(beyond_limit(&limit(None), &beyond), None);
        assert_eq!(beyond_limit(&limit(Some(INTERVAL)), &below), None);
        let reason = beyond_limit(&limit(Some(INTERVAL)), &beyond).unwrap();
        assert!(reason.contains("\"shop\" kept 200.0 MiB") && reason.contains("wal_limit is 200.0 MiB"), "{reason}");
    }

    #[test]
    fn much_log_little_left_and_removed_log_are_warnings() {
        let text = |health| warning(&health, &config(None)).unwrap();
        assert!(text(health(LogRetention::Reserved, 100, None)).contains("wal_warn (100.0 MiB)"));
        assert!(text(health(LogRetention::Extended, 90, Some(20))).contains("after 20.0 MiB more"));
        assert!(text(health(LogRetention::Unreserved, 90, Some(0))).contains("next checkpoint"));
        assert!(text(health(LogRetention::Lost, 0, None)).contains("has removed"));
        let by_clock = SourceHealth { log_left_seconds: Some(40), ..health(LogRetention::Unreserved, 90, None) };
        assert!(text(by_clock).contains("in 40 s (binlog_expire_logs_seconds)"));
    }
}
