//! The task that verifies: what is asked for, and by the clock what is configured.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use smol_str::SmolStr;
use tailwater_connectors::{Snapshots, ViewSchema};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::desk::{Asked, VerifyDesk, VerifyWish};
use super::gate::Gate;
use super::moment::{Excuse, Place};
use super::pace::Pace;
use super::question::{Questions, questions};
use super::refill;
use super::report::{Outcome, Subject, Verdict, VerifyStatus};
use super::sink::SinkUnderTest;
use super::sink_ask::SinkAsk;
use crate::config::Config;
use crate::pipeline::apply::{ApplyDesk, ApplyRefusal};
use crate::pipeline::planning::Planning;
use crate::pipeline::source::connector;
use crate::pipeline::status::StatusBoard;
use crate::state::State;

/// Moments tried for one view.
const MOMENTS_MAX: usize = 4;
/// A verification that was due while the daemon was down comes this long after the start, or when it is due anyway.
const OVERDUE_DELAY: Duration = Duration::from_secs(60);
/// What is known from former verifications, in the state directory.
const FILE: &str = "verify.json";

/// What the verifier is made of.
pub(in crate::pipeline) struct Parts {
    pub(in crate::pipeline) config: Arc<Config>,
    pub(in crate::pipeline) state: Arc<State>,
    pub(in crate::pipeline) status: Arc<StatusBoard>,
    pub(in crate::pipeline) gate: Arc<Gate>,
    /// Deliveries by sink.
    pub(in crate::pipeline) sinks: BTreeMap<SmolStr, mpsc::Sender<SinkAsk>>,
    /// Where marked views are filled again.
    pub(in crate::pipeline) apply: ApplyDesk,
    pub(in crate::pipeline) stop: CancellationToken,
}

/// How often it is asked again to fill views, while something else is being applied.
const REFILL_AGAIN: Duration = Duration::from_secs(1);

/// Verifies, one wish at a time.
pub(in crate::pipeline) struct Verifier {
    questions: Questions,
    views: Vec<Arc<ViewSchema>>,
    asked: mpsc::Receiver<Asked>,
    desk: VerifyDesk,
}

impl Verifier {
    /// A verifier for what is planned, and its desk.
    pub(in crate::pipeline) fn new(
        config: &Config,
        planning: &Planning,
        views: &[Arc<ViewSchema>],
    ) -> (Self, VerifyDesk) {
        let names = config.views.iter().map(|view| view.name.clone()).collect();
        let (desk, asked) = VerifyDesk::new(names, config.sinks.iter().map(|sink| sink.name().clone()).collect());
        let questions = questions(&config.views, planning);
        (Self { questions, views: views.to_vec(), asked, desk: desk.clone() }, desk)
    }

    /// Runs until stopped.
    pub(in crate::pipeline) async fn run(mut self, parts: Parts) {
        let known = parts.known();
        let mut due = parts.config.verify.every.map(|every| first_due(every, &known));
        parts.status.update(|status| status.verify = VerifyStatus { running: false, ..known });
        loop {
            let now_due = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = parts.stop.cancelled() => return,
                Some(asked) = self.asked.recv() => self.verify(&parts, asked).await,
                () = now_due => {
                    due = parts.config.verify.every.map(|every| Instant::now() + every);
                    self.verify_by_the_clock(&parts).await;
                }
            }
        }
    }

    /// Asks ourselves; what is found shows in log, status and metrics.
    async fn verify_by_the_clock(&mut self, parts: &Parts) {
        // Refused when someone has just asked for another one, which comes next; this one is left out then.
        let Ok(mut outcomes) = self.desk.ask(VerifyWish::default()) else { return };
        let Some(asked) = self.asked.recv().await else { return };
        let drained = async { while outcomes.recv().await.is_some() {} };
        tokio::join!(self.verify(parts, asked), drained);
    }

    async fn verify(&self, parts: &Parts, asked: Asked) {
        parts.status.update(|status| status.verify.running = true);
        let outcomes = asked.outcomes.clone();
        tokio::select! {
            () = parts.stop.cancelled() => {}
            () = outcomes.closed() => info!("a verification was given up by whoever asked for it"),
            () = self.verify_all(parts, &asked) => {}
        }
        parts.status.update(|status| status.verify.running = false);
        parts.keep();
        if asked.repair {
            parts.refill();
        }
    }

    async fn verify_all(&self, parts: &Parts, asked: &Asked) {
        let mut pace = Pace::new(parts.config.verify.rows_per_second);
        for view in self.views.iter().filter(|view| asked.views.contains(&view.name)) {
            let begun = Instant::now();
            let outcome = self.view(parts, view, &mut pace).await;
            let outcome = if asked.repair { parts.marked(outcome) } else { outcome };
            parts.tell(outcome, begun, &asked.outcomes).await;
        }
        for (name, asks) in parts.sinks.iter().filter(|(name, _)| asked.sinks.contains(*name)) {
            let begun = Instant::now();
            let sink = SinkUnderTest { name, asks, status: &parts.status };
            let outcome = sink.verify(asked.repair, &mut pace).await;
            parts.tell(outcome, begun, &asked.outcomes).await;
        }
        if asked.whole {
            parts.status.update(|status| status.verify.finished_at = Some(rfc3339(Utc::now())));
        }
    }

    async fn view(&self, parts: &Parts, view: &Arc<ViewSchema>, pace: &mut Pace) -> Outcome {
        let outcome = Outcome::new(Subject::View, view.name.clone());
        let question = match self.questions.get(&view.name) {
            Some(Ok(question)) => question,
            Some(Err(reason)) => {
                return Outcome { verdict: Verdict::Skipped, message: Some((*reason).into()), ..outcome };
            }
            None => return outcome.excused("it is not planned", None),
        };
        let mut snapshots = match parts.snapshots(&question.source) {
            Ok(snapshots) => snapshots,
            Err(message) => return outcome.excused(message, None),
        };
        let place = Place { state: &parts.state, gate: &parts.gate, status: &parts.status };
        let mut last = String::new();
        for _ in 0..MOMENTS_MAX {
            match place.compare((view, question), snapshots.as_mut(), pace).await {
                Ok(outcome) => return outcome,
                Err(Excuse::Again(reason)) => last = reason,
                Err(Excuse::Final { message, hint }) => return outcome.excused(message, hint.as_deref()),
            }
        }
        outcome.excused(last, Some("try again"))
    }
}

impl Parts {
    fn snapshots(&self, source: &SmolStr) -> Result<Box<dyn Snapshots>, String> {
        let config = self.config.sources.iter().find(|config| config.name() == source);
        let config = config.ok_or_else(|| format!("source \"{source}\" is not configured"))?;
        connector(config).map(|source| source.snapshots()).map_err(|error| error.to_string())
    }

    /// Lets the marked views be filled again. It ends this verifier, and is not its to wait for.
    fn refill(&self) {
        let desk = self.apply.clone();
        tokio::spawn(async move {
            // Whatever is being applied may have begun before the marks were made.
            while let Err(ApplyRefusal::Busy) = desk.refill().await {
                sleep(REFILL_AGAIN).await;
            }
        });
    }

    /// A view that differs is marked to be filled again.
    fn marked(&self, outcome: Outcome) -> Outcome {
        if outcome.verdict != Verdict::Different {
            return outcome;
        }
        let (message, hint) = match refill::mark(&self.config.state_dir, &outcome.name) {
            Ok(()) => (
                "it is filled again from its tables beside what is served; \"tailwater status\" tells when that is done".to_owned(),
                "verify again then; if it still differs, its tables were copied wrong: run \"tailwater source drop\", remove the state \
                 directory and start again",
            ),
            Err(error) => {
                (format!("it cannot be marked to be filled again: {error}"), "look at the disk of the state directory")
            }
        };
        Outcome { message: Some(message), hint: Some(hint.into()), ..outcome }
    }

    /// Log, status, and whoever asked.
    async fn tell(&self, outcome: Outcome, begun: Instant, out: &mpsc::Sender<Outcome>) {
        let outcome = Outcome { seconds: begun.elapsed().as_secs_f64(), finished_at: rfc3339(Utc::now()), ..outcome };
        let Outcome { subject, name, verdict, rows, differing, .. } = &outcome;
        let (subject, verdict_word) = (subject.word(), verdict.word());
        let message = outcome.message.as_deref().unwrap_or_default();
        match verdict {
            Verdict::Different => error!(subject, %name, rows, differing, message, "verified: it is different"),
            Verdict::Repaired => warn!(subject, %name, rows, differing, message, "verified: it was different"),
            Verdict::NotCompared => warn!(subject, %name, message, "could not be verified"),
            Verdict::Equal | Verdict::Skipped => info!(subject, %name, rows, message, "verified: {verdict_word}"),
        }
        self.status.update(|status| status.verify.note(&outcome));
        let _ = out.send(outcome).await;
    }

    /// What former verifications found.
    fn known(&self) -> VerifyStatus {
        let text = std::fs::read_to_string(self.file()).ok();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps it for the next start. Lost, the next verification is merely due sooner.
    fn keep(&self) {
        let known = self.status.inspect(|status| status.verify.clone());
        let draft = self.file().with_extension("json.new");
        let written = serde_json::to_string(&known).map_err(std::io::Error::from);
        let kept =
            written.and_then(|text| std::fs::write(&draft, text)).and_then(|()| std::fs::rename(&draft, self.file()));
        if let Err(error) = kept {
            warn!(%error, "what was verified cannot be kept for the next start");
        }
    }

    fn file(&self) -> PathBuf {
        self.config.state_dir.join(FILE)
    }
}

fn first_due(every: Duration, known: &VerifyStatus) -> Instant {
    let last = known.finished_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let since = last.and_then(|last| (Utc::now() - last.with_timezone(&Utc)).to_std().ok());
    let wait = since.map_or(every, |since| every.saturating_sub(since).max(OVERDUE_DELAY.min(every)));
    Instant::now() + wait
}

fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}
