//! Sources that are set aside: nobody follows their stream, what is held of their tables is served as it stood, and they are rebuilt, at
//! once or later.
//!
//! The mark stands in the state's record of the source, so that whoever starts next knows, and goes on with it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::planning::PlannedSource;
use super::status::{Condition, SourceStatus};

/// Wait after the first rebuild that failed; it doubles up to [`AGAIN_MAX`].
const AGAIN_FIRST: Duration = Duration::from_secs(60);
const AGAIN_MAX: Duration = Duration::from_secs(60 * 60);
/// From try to try to take away what the server keeps.
pub(super) const RELEASE_INTERVAL: Duration = Duration::from_secs(2);

/// The mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SetAside {
    /// Why.
    pub(super) reason: String,
    /// When it is to be rebuilt, in milliseconds since the Unix epoch.
    pub(super) rebuild_at: i64,
}

impl SetAside {
    /// To be rebuilt after that time.
    pub(super) fn for_now(reason: String, after: Duration) -> Self {
        Self { reason, rebuild_at: from_now(after).timestamp_millis() }
    }
}

/// A source that is set aside.
#[derive(Debug)]
pub(super) struct Aside {
    reason: String,
    /// When it is tried to rebuild it.
    rebuild_at: DateTime<Utc>,
    /// When it is tried to take away what the server keeps for it; `None`: it keeps nothing.
    release_at: Option<DateTime<Utc>>,
    /// Rebuilds that failed, and why the last one did.
    failures: u32,
    error: Option<String>,
}

impl Aside {
    pub(super) fn new(mark: &SetAside) -> Self {
        let rebuild_at = DateTime::from_timestamp_millis(mark.rebuild_at).unwrap_or_else(Utc::now);
        Self { reason: mark.reason.clone(), rebuild_at, release_at: None, failures: 0, error: None }
    }

    /// The server is to keep nothing for it.
    pub(super) fn release(&mut self, after: Duration) {
        self.release_at = Some(from_now(after));
    }

    /// The server keeps nothing for it.
    pub(super) fn released(&mut self) {
        self.release_at = None;
    }

    /// A rebuild failed; the next one comes later.
    pub(super) fn failed(&mut self, error: String) {
        let wait = AGAIN_FIRST.saturating_mul(1 << self.failures.min(16)).min(AGAIN_MAX);
        (self.rebuild_at, self.error) = (from_now(wait), Some(error));
        self.failures += 1;
    }

    pub(super) fn show(&self, status: &mut SourceStatus) {
        let at = self.rebuild_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        status.condition = Condition::Retrying;
        status.error = Some(match &self.error {
            Some(error) => format!("{}; rebuilding it failed: {error}", self.reason),
            None => self.reason.clone(),
        });
        status.hint = Some(format!("it is rebuilt at {at}; \"tailwater rebuild source\" does it now"));
        status.rebuild_at = Some(at);
    }
}

/// What is due with a source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Release(SmolStr),
    Rebuild(SmolStr),
}

/// All sources that are set aside.
#[derive(Debug, Default)]
pub(super) struct Asides(pub(super) BTreeMap<SmolStr, Aside>);

impl Asides {
    /// Those that the state knows.
    pub(super) fn recorded(sources: &[PlannedSource]) -> Self {
        let aside = |source: &PlannedSource| Some((source.name.clone(), Aside::new(source.record.aside.as_ref()?)));
        Self(sources.iter().filter_map(aside).collect())
    }

    /// What is due first, and in how long. A server is let go before anything is built.
    pub(super) fn next(&self) -> Option<(Duration, Due)> {
        let now = Utc::now();
        let all = self.0.iter().flat_map(|(name, aside)| {
            let release = aside.release_at.map(|at| (at.max(now), Due::Release(name.clone())));
            release.into_iter().chain([(aside.rebuild_at.max(now), Due::Rebuild(name.clone()))])
        });
        // The first of those that are due.
        let (at, due) = all.min_by_key(|(at, due)| (*at, matches!(due, Due::Rebuild(_))))?;
        Some(((at - now).to_std().unwrap_or_default(), due))
    }
}

fn from_now(after: Duration) -> DateTime<Utc> {
    Utc::now() + TimeDelta::from_std(after).unwrap_or(TimeDelta::days(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(after: Duration) -> Asides {
        let aside = Aside::new(&SetAside::for_now("its slot is gone".into(), after));
        Asides(BTreeMap::from([("shop".into(), aside)]))
    }

    #[test]
    fn a_release_comes_before_a_later_rebuild_and_not_again_once_it_is_done() {
        let mut asides = one(Duration::from_secs(600));
        assert!(asides.next().is_some_and(|(wait, due)| wait > AGAIN_FIRST && due == Due::Rebuild("shop".into())));
        asides.0.get_mut("shop").unwrap().release(Duration::ZERO);
        assert_eq!(asides.next(), Some((Duration::ZERO, Due::Release("shop".into()))));
        asides.0.get_mut("shop").unwrap().rebuild_at = Utc::now() - TimeDelta::hours(1);
        assert_eq!(asides.next(), Some((Duration::ZERO, Due::Release("shop".into()))));
        asides.0.get_mut("shop").unwrap().released();
        assert!(matches!(asides.next(), Some((_, Due::Rebuild(_)))));
        assert_eq!(Asides::default().next(), None);
    }

    #[test]
    fn rebuilds_that_fail_come_later_each_time_and_say_why() {
        let mut asides = one(Duration::ZERO);
        let mut waits = Vec::new();
        for _ in 0..8 {
            asides.0.get_mut("shop").unwrap().failed("no such table".into());
            waits.push(asides.next().unwrap().0.as_secs_f64().round() as u64);
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        let mut status = SourceStatus::default();
        asides.0["shop"].show(&mut status);
        assert_eq!(status.error.as_deref(), Some("its slot is gone; rebuilding it failed: no such table"));
        assert!(status.hint.unwrap().contains(&status.rebuild_at.unwrap()));
    }
}
