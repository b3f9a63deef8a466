//! Compares what a sink holds with its view, page by page, and fills it again where that is wanted.

use std::collections::HashSet;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::pace::Pace;
use super::report::{Outcome, Subject, Verdict};
use super::sink_ask::{Answer, SinkAsk, SinkPage, SinkRefusal};
use crate::pipeline::status::{Condition, StatusBoard};

/// How long a delivery may take to answer for one page: it may be writing, or trying to reach its sink again.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long a sink may be too far behind.
const BEHIND_MAX: Duration = Duration::from_secs(60);
/// From one look at a sink that is behind to the next.
const BEHIND_POLL: Duration = Duration::from_millis(50);

/// A sink to be compared.
pub(super) struct SinkUnderTest<'a> {
    pub(super) name: &'a SmolStr,
    pub(super) asks: &'a mpsc::Sender<SinkAsk>,
    pub(super) status: &'a StatusBoard,
}

/// Why not.
enum NotCompared {
    NotReadable,
    Because(String),
}

impl SinkUnderTest<'_> {
    /// Compares; with `repair` a sink that differs is filled again and compared once more.
    pub(super) async fn verify(&self, repair: bool, pace: &mut Pace) -> Outcome {
        let first = self.compare(pace).await;
        if !repair || first.verdict != Verdict::Different {
            return first;
        }
        let (answer, filled) = oneshot::channel();
        let asked = self.asks.send(SinkAsk::Refill { answer }).await.is_ok();
        if !asked || filled.await.is_err() {
            let message = "it was to be filled again and failed at it; its delivery tries on";
            return Outcome { message: Some(message.into()), hint: Some("see \"tailwater status\"".into()), ..first };
        }
        let second = self.compare(pace).await;
        match second.verdict {
            Verdict::Equal => Outcome {
                verdict: Verdict::Repaired,
                position: second.position,
                message: Some("filled again from its view; it is equal now".into()),
                ..first
            },
            _ => Outcome { message: Some("it was filled again, and is still not equal".into()), ..second },
        }
    }

    async fn compare(&self, pace: &mut Pace) -> Outcome {
        let outcome = Outcome::new(Subject::Sink, self.name.clone());
        let condition = self.status.inspect(|status| status.sinks.get(self.name).map(|sink| sink.condition));
        match condition.unwrap_or_default() {
            Condition::Live => {}
            other => return outcome.excused(format!("the sink is {}", other.word()), Some("see \"tailwater status\"")),
        }
        let mut compared = outcome.clone();
        match self.pages(&mut compared, pace).await {
            Ok(()) => {
                compared.judge();
                compared
            }
            Err(NotCompared::NotReadable) => {
                let message = Some("what it holds cannot be read back".into());
                Outcome { verdict: Verdict::Skipped, message, ..outcome }
            }
            Err(NotCompared::Because(message)) => outcome.excused(message, Some("try again; see \"tailwater status\"")),
        }
    }

    async fn pages(&self, outcome: &mut Outcome, pace: &mut Pace) -> Result<(), NotCompared> {
        let mut after = None;
        loop {
            let page = self.page(|answer| SinkAsk::Rows { after: after.clone(), answer }).await?;
            outcome.rows += page.compared;
            outcome.position = Some(page.positions.to_string());
            page.found.into_iter().for_each(|(difference, name)| outcome.differs(difference, || name));
            pace.pay(page.compared).await;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        // A scan may show an entry twice.
        let (mut from, mut extra) = (0, HashSet::new());
        loop {
            let page = self.page(|answer| SinkAsk::Entries { from, answer }).await?;
            outcome.position = Some(page.positions.to_string());
            for (difference, name) in page.found {
                if extra.insert(name.clone()) {
                    outcome.differs(difference, || name);
                }
            }
            pace.pay(page.compared).await;
            match page.next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    /// One page; waits for a sink that is behind.
    async fn page<T>(&self, ask: impl Fn(Answer<T>) -> SinkAsk) -> Result<SinkPage<T>, NotCompared> {
        let deadline = Instant::now() + BEHIND_MAX;
        loop {
            let (answer, answered) = oneshot::channel();
            let asking = async {
                let _ = self.asks.send(ask(answer)).await;
                answered.await
            };
            let answered = timeout(ANSWER_MAX, asking).await;
            match answered.map_err(|_| NotCompared::Because("its delivery does not answer".into()))? {
                Ok(Ok(page)) => return Ok(page),
                Ok(Err(SinkRefusal::NotReadable)) => return Err(NotCompared::NotReadable),
                Ok(Err(SinkRefusal::Failed(message))) => return Err(NotCompared::Because(message)),
                Ok(Err(SinkRefusal::Behind)) if Instant::now() < deadline => sleep(BEHIND_POLL).await,
                Ok(Err(SinkRefusal::Behind)) => {
                    return Err(NotCompared::Because("the sink is too far behind its view".into()));
                }
                Err(_) => return Err(NotCompared::Because("its delivery has stopped".into())),
            }
        }
    }
}
