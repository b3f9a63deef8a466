//! Rebuilds a source: its tables are copied again beside what is served of them, as if it were seen for the first time.
//!
//! ```text
//! old     X ─┤ set aside ──── its rows stand still, others go on ──────────── P ┐ intake stops
//! branch                └ C: X begins anew: streams and copies, alone ────────┤ the others stream from C up to P, take over ── published
//! ```
//!
//! Invariants: nothing of X's rows of before is on the branch, for its tables are new ones there. The branch takes over
//! when X's tables are complete and every other source is exactly where the old pipeline ended. Until then the old rows are served, and X is marked
//! in the old state: whoever is killed finds the mark and rebuilds again. What X's server kept for the old state is given up when the rebuild
//! begins; so after one that failed, X stays aside, nothing is kept for it, and the rebuild is tried again later.

use std::time::{Duration, Instant};

use smol_str::SmolStr;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tracing::{info, warn};

use super::apply::{ApplyPhase, ApplyRefusal, ApplyStatus, Plan, Release, Reply};
use super::aside::{Aside, Due, RELEASE_INTERVAL, SetAside};
use super::daemon::Daemon;
use super::error::PipelineError;
use super::generation::{Generation, Prepared};
use super::health::{LOOK_MAX, beyond_limit};
use super::preparing::refused;
use super::records;
use super::replacing::{Failure, end_branch, stopping};
use super::source::{Standing, connector};
use super::starting::{Late, Opening};
use super::status::{Condition, CopyStatus, Status};
use super::takeover::TakeOver;
use crate::config::SourceConfig;

/// How often it is looked how far the copy is.
const COPIED_POLL: Duration = Duration::from_millis(100);
/// How long a server may be away before the rebuild is given up: the other sources' servers keep their log meanwhile.
const AWAY_MAX: Duration = Duration::from_secs(10 * 60);
/// How long a server may take to be asked or let go.
const SERVER_MAX: Duration = Duration::from_secs(30);

impl Daemon {
    /// Rebuilds a source, for whoever asked or because it is due.
    pub(super) async fn rebuild(&mut self, source: &SmolStr, reply: Reply) -> Result<(), PipelineError> {
        if let Err(refusal) = self.can_be_rebuilt(source).await {
            self.not_rebuilt(source, &refusal);
            reply.done(Err(refusal));
            return Ok(());
        }
        let was_aside = self.asides.0.contains_key(source);
        if !was_aside {
            let mark = SetAside::for_now("it is being rebuilt".into(), Duration::ZERO);
            self.set_aside(source, Some(mark)).await?;
        }
        let config = self.generation.config.clone();
        match self.prepare(&config, Some(source)).await {
            Ok((prepared, plan)) => {
                self.show_begun(ApplyPhase::Copying);
                let turn = reply.begun(plan);
                let ended = self.rebuild_beside(source, prepared).await?;
                self.generation.release();
                match &ended.error {
                    None => drop(self.asides.0.remove(source)),
                    Some(error) => self.failed(source, error.clone()),
                }
                self.show_end(ended, turn);
            }
            Err(refusal) => {
                self.generation.release();
                if was_aside {
                    self.not_rebuilt(source, &refusal);
                } else {
                    self.set_aside(source, None).await?;
                }
                reply.done(Err(refusal));
            }
        }
        Ok(())
    }

    /// Whether there is such a source, and its database answers.
    async fn can_be_rebuilt(&self, source: &SmolStr) -> Result<(), ApplyRefusal> {
        let Some(configured) = self.configured(source) else {
            let names: Vec<_> = self.generation.projections.sources.iter().map(SmolStr::as_str).collect();
            return Err(ApplyRefusal::Refused {
                message: format!("there is no source \"{source}\""),
                hint: Some(format!("sources: {}", names.join(", "))),
            });
        };
        let mut connection = connector(configured).map_err(|error| refused(&error.into()))?;
        match tokio::time::timeout(SERVER_MAX, connection.identity()).await {
            Ok(answered) => answered.map(drop).map_err(|error| refused(&error.into())),
            Err(_) => Err(ApplyRefusal::Refused {
                message: format!("source \"{source}\" does not answer"),
                hint: Some("\"tailwater check\" says more".into()),
            }),
        }
    }

    fn configured(&self, source: &SmolStr) -> Option<&SourceConfig> {
        self.generation.config.sources.iter().find(|configured| configured.name() == source)
    }

    /// A rebuild did not begin. One that is due comes later.
    fn not_rebuilt(&mut self, source: &SmolStr, refusal: &ApplyRefusal) {
        if let Some(aside) = self.asides.0.get_mut(source) {
            warn!(%source, error = %refusal, "the source is not rebuilt now");
            aside.failed(refusal.to_string());
        }
    }

    fn failed(&mut self, source: &SmolStr, error: String) {
        if let Some(aside) = self.asides.0.get_mut(source) {
            aside.failed(error);
            aside.release(Duration::ZERO);
        }
    }

    /// Ends a source's stream and marks it, or takes the mark away and lets it go on.
    async fn set_aside(&mut self, source: &SmolStr, mark: Option<SetAside>) -> Result<(), PipelineError> {
        let reached = self.generation.stop_intake().await?;
        records::set_aside(&self.generation.projections.state, source, mark.clone())?;
        match &mark {
            Some(mark) => {
                warn!(%source, reason = %mark.reason, "the source is set aside: its rows are served as they stand until it is rebuilt");
                self.asides.0.insert(source.clone(), Aside::new(mark));
            }
            None => drop(self.asides.0.remove(source)),
        }
        self.start_again(reached.step).await
    }

    /// Sets a source aside whose server keeps too much for it.
    pub(super) async fn let_go(&mut self, release: Release, reply: Reply) -> Result<(), PipelineError> {
        let Release { source, reason, after } = release;
        if !self.asides.0.contains_key(&source) && self.configured(&source).is_some() {
            self.set_aside(&source, Some(SetAside::for_now(reason, after))).await?;
            self.asides.0.get_mut(&source).into_iter().for_each(|aside| aside.release(Duration::ZERO));
        }
        reply.done(Ok(Plan::default()));
        Ok(())
    }

    /// Does what is due with a source, unless something else is being done.
    pub(super) async fn attend(&mut self, due: Due) -> Result<(), PipelineError> {
        match due {
            Due::Release(source) => self.release_source(&source).await,
            Due::Rebuild(source) => match self.live.apply().turn() {
                Some(turn) if self.configured(&source).is_some() => self.rebuild(&source, Reply::none(turn)).await?,
                Some(_) => drop(self.asides.0.remove(&source)),
                // Who has the turn has asked, and is answered first.
                None => tokio::time::sleep(COPIED_POLL).await,
            },
        }
        self.show_asides();
        Ok(())
    }

    async fn release_source(&mut self, source: &SmolStr) {
        let released = match self.configured(source).map(connector) {
            Some(Ok(mut connection)) => tokio::time::timeout(SERVER_MAX, connection.release()).await,
            Some(Err(error)) => Ok(Err(error)),
            None => Ok(Ok(())),
        };
        let Some(aside) = self.asides.0.get_mut(source) else { return };
        match released {
            Ok(Ok(())) => {
                info!(%source, "the server keeps nothing more for the source");
                aside.released();
            }
            Ok(Err(error)) => {
                info!(%source, %error, "the server cannot be let go yet");
                aside.release(RELEASE_INTERVAL);
            }
            Err(_) => aside.release(RELEASE_INTERVAL),
        }
    }

    pub(super) fn show_asides(&self) {
        self.generation.projections.status.update(|status| {
            for (source, aside) in &self.asides.0 {
                status.sources.get_mut(source).into_iter().for_each(|status| aside.show(status));
            }
        });
    }

    /// Lets a source begin anew on a branch, and the branch take over. Answers with what to show.
    async fn rebuild_beside(&mut self, source: &SmolStr, prepared: Prepared) -> Result<ApplyStatus, PipelineError> {
        info!(%source, "the source is rebuilt: its tables are copied again");
        let (branch, config) = (prepared.projections.state.clone(), prepared.config.clone());
        let opening = Opening::Alone(source.clone());
        let taken = match prepared.start(&self.stop, opening, self.live.apply()) {
            Ok(mut next) => match self.copied(&mut next, source).await {
                Ok(()) => self.taken_over_beside(next, source).await,
                Err(failure) => {
                    end_branch(next).await;
                    Err(failure)
                }
            },
            Err(error) => Err(Failure::before(error)),
        };
        let ended = self.settle(&config, branch, taken).await;
        self.generation.projections.status.update(|status| {
            status.sources.get_mut(source).into_iter().for_each(|source| source.copy = None);
        });
        ended
    }

    /// Waits until the source's tables are complete on the branch, while the old generation goes on.
    async fn copied(&mut self, next: &mut Generation, source: &SmolStr) -> Result<(), Failure> {
        let (mut asked, mut heard): (Option<oneshot::Receiver<Standing>>, _) = (None, Instant::now());
        let mut begun = None;
        loop {
            let runs = self.generation.stepper.is_some();
            tokio::select! {
                ended = self.generation.engine_ended(), if runs => ended.map_err(|error| Failure::ours(error, false))?,
                ended = next.engine_ended() => {
                    return Err(Failure::before(ended.err().unwrap_or_else(|| self.why_ended(next))));
                }
                () = tokio::time::sleep(COPIED_POLL) => {}
            }
            if self.stop.is_cancelled() {
                return Err(Failure::before(stopping()));
            }
            let seen = next.projections.status.inspect(|status| Seen::of(status, source));
            self.mirror(source, &seen);
            match seen.condition {
                Condition::Failed => return Err(Failure::before(self.why_ended(next))),
                Condition::Retrying if heard.elapsed() > AWAY_MAX => {
                    return Err(Failure::before(self.why_ended(next)));
                }
                Condition::Retrying => {}
                _ => heard = Instant::now(),
            }
            let applied = next.projections.status.inspect(|status| status.applied.0.contains_key(source));
            let begun = applied.then(|| *begun.get_or_insert_with(Instant::now));
            let is_known = begun.is_some_and(|begun| begun.elapsed() > LOOK_MAX);
            self.within_limits(source, is_known.then_some(next)).map_err(Failure::before)?;
            match asked.as_mut().map(oneshot::Receiver::try_recv) {
                Some(Ok(standing)) if standing.position.is_some() && standing.copying.is_empty() => return Ok(()),
                // It fills views.
                Some(Err(TryRecvError::Empty)) => {}
                _ if seen.condition == Condition::Live => asked = next.late.as_ref().and_then(Late::ask),
                _ => asked = None,
            }
        }
    }

    /// Shows on the board that is served how far the branch is.
    fn mirror(&self, source: &SmolStr, seen: &Seen) {
        self.generation.projections.status.update(|status| {
            if let Some(source) = status.sources.get_mut(source) {
                (source.copy, source.rows_copied) = (seen.copy.clone(), seen.rows);
            }
            let apply = &mut status.apply;
            apply.phase = if seen.copy.is_some() { ApplyPhase::Copying } else { ApplyPhase::Filling };
            (apply.view, apply.rows) =
                seen.filling.clone().map_or((None, seen.rows), |(view, rows)| (Some(view), rows));
        });
    }

    /// Whoever waits makes servers keep their log: those of the other sources, and that of the source that begins anew, on the branch.
    fn within_limits(&self, anew: &SmolStr, next: Option<&Generation>) -> Result<(), PipelineError> {
        let beyond = |configured: &SourceConfig| {
            let side = if configured.name() == anew { next? } else { &self.generation };
            let health = |status: &Status| status.sources.get(configured.name())?.health.clone();
            beyond_limit(configured, &side.projections.status.inspect(health)?)
        };
        match self.generation.config.sources.iter().find_map(beyond) {
            Some(message) => {
                let hint = "raise wal_limit, or rebuild when less is written".into();
                Err(PipelineError::Misfit { message, hint })
            }
            None => Ok(()),
        }
    }

    /// Stops the old intake and lets the other sources come to where it ended; then publishes the branch. Answers with the old generation.
    async fn taken_over_beside(&mut self, mut next: Generation, source: &SmolStr) -> Result<Generation, Failure> {
        self.show(|status| (status.phase, status.view) = (ApplyPhase::CatchingUp, None));
        next.hold();
        let reached = match self.generation.stop_intake().await {
            Ok(reached) => reached,
            Err(error) => {
                end_branch(next).await;
                return Err(Failure::ours(error, true));
            }
        };
        let (done, taken) = oneshot::channel();
        let to = (&next.projections.sources[..], done);
        let takeover = TakeOver::new(&self.generation.projections, &reached, to).beside(source);
        next.follow(takeover).await;
        self.taken_over(next, taken, reached.step).await
    }
}

/// What the board of the branch tells.
struct Seen {
    condition: Condition,
    copy: Option<CopyStatus>,
    rows: u64,
    /// A view that is being filled, and the rows read for it.
    filling: Option<(String, u64)>,
}

impl Seen {
    fn of(status: &Status, source: &SmolStr) -> Self {
        let filling = status.views.iter().find(|(_, view)| view.condition == Condition::Loading && view.changes > 0);
        let filling = filling.map(|(name, view)| (name.to_string(), view.changes));
        let source = status.sources.get(source).cloned().unwrap_or_default();
        Self { condition: source.condition, copy: source.copy, rows: source.rows_copied, filling }
    }
}
