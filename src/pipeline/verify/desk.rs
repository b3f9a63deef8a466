//! Where verifications are asked for: one at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smol_str::SmolStr;
use thiserror::Error;
use tokio::sync::mpsc;

use super::report::Outcome;

/// Outcomes that wait for whoever asked.
const OUTCOMES_WAITING_MAX: usize = 16;

/// What to verify. With all three lists empty: every view and every sink.
#[derive(Clone, Debug, Default)]
pub struct VerifyWish {
    /// Views, sinks, or both of a name.
    pub names: Vec<SmolStr>,
    /// Views.
    pub views: Vec<SmolStr>,
    /// Sinks.
    pub sinks: Vec<SmolStr>,
    /// Whether to mend what differs: a sink is filled again from its view, a view from its tables.
    pub repair: bool,
}

/// Why no verification was begun.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VerifyRefusal {
    /// One at a time.
    #[error("a verification is running")]
    Busy,
    /// There is no such view or sink.
    #[error("no {kind} \"{name}\"")]
    Unknown {
        /// `view`, `sink`, or both words.
        kind: &'static str,
        /// What was asked for.
        name: SmolStr,
    },
    /// The daemon stops.
    #[error("the daemon is stopping")]
    Stopping,
}

/// Takes wishes; cheap to clone.
#[derive(Clone)]
pub struct VerifyDesk {
    asked: mpsc::Sender<Asked>,
    busy: Arc<AtomicBool>,
    views: Arc<[SmolStr]>,
    sinks: Arc<[SmolStr]>,
}

/// What a verification finds, as it is known. Whoever drops it ends the verification.
#[derive(Debug)]
pub struct Outcomes {
    outcomes: mpsc::Receiver<Outcome>,
    /// How many are still to come.
    left: usize,
}

impl Outcomes {
    /// The next one; `None` after the last, and when the verification was ended before.
    pub async fn recv(&mut self) -> Option<Outcome> {
        let outcome = self.outcomes.recv().await?;
        self.left = self.left.saturating_sub(1);
        Some(outcome)
    }

    /// Whether there was one for each view and sink that was asked for.
    pub fn are_complete(&self) -> bool {
        self.left == 0
    }
}

/// A wish on its way to the verifier.
pub(super) struct Asked {
    pub(super) views: BTreeSet<SmolStr>,
    pub(super) sinks: BTreeSet<SmolStr>,
    pub(super) repair: bool,
    /// Whether it is everything.
    pub(super) whole: bool,
    pub(super) outcomes: mpsc::Sender<Outcome>,
    _turn: Turn,
}

/// Whoever has it verifies, nobody else.
struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl VerifyDesk {
    /// A desk, and where what is asked comes out.
    pub(super) fn new(views: Arc<[SmolStr]>, sinks: Arc<[SmolStr]>) -> (Self, mpsc::Receiver<Asked>) {
        let (asked, receiver) = mpsc::channel(1);
        (Self { asked, busy: Arc::default(), views, sinks }, receiver)
    }

    /// A desk that nobody sits at: every wish is refused.
    pub fn closed() -> Self {
        Self::new(Arc::from([]), Arc::from([])).0
    }

    /// Begins a verification.
    pub fn ask(&self, wish: VerifyWish) -> Result<Outcomes, VerifyRefusal> {
        let (views, sinks) = self.chosen(&wish)?;
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(VerifyRefusal::Busy);
        }
        let turn = Turn(Arc::clone(&self.busy));
        let (outcomes, receiver) = mpsc::channel(OUTCOMES_WAITING_MAX);
        let left = views.len() + sinks.len();
        let whole = views.len() == self.views.len() && sinks.len() == self.sinks.len();
        let asked = Asked { views, sinks, repair: wish.repair, whole, outcomes, _turn: turn };
        self.asked.try_send(asked).map_err(|_| VerifyRefusal::Stopping)?;
        Ok(Outcomes { outcomes: receiver, left })
    }

    fn chosen(&self, wish: &VerifyWish) -> Result<(BTreeSet<SmolStr>, BTreeSet<SmolStr>), VerifyRefusal> {
        let unknown = |kind, name: &SmolStr| Err(VerifyRefusal::Unknown { kind, name: name.clone() });
        if let Some(name) = wish.names.iter().find(|name| !self.views.contains(name) && !self.sinks.contains(name)) {
            return unknown("view or sink", name);
        }
        if let Some(name) = wish.views.iter().find(|name| !self.views.contains(name)) {
            return unknown("view", name);
        }
        if let Some(name) = wish.sinks.iter().find(|name| !self.sinks.contains(name)) {
            return unknown("sink", name);
        }
        let everything = wish.names.is_empty() && wish.views.is_empty() && wish.sinks.is_empty();
        let chosen = |all: &[SmolStr], named: &[SmolStr]| {
            let wanted = |name: &&SmolStr| everything || named.contains(name) || wish.names.contains(name);
            all.iter().filter(wanted).cloned().collect()
        };
        Ok((chosen(&self.views, &wish.views), chosen(&self.sinks, &wish.sinks)))
    }

    /// Names of all views and sinks, for hints.
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.views.iter().chain(self.sinks.iter()).map(SmolStr::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Subject;
    use super::*;

    fn names(names: &[&str]) -> Vec<SmolStr> {
        names.iter().map(|name| SmolStr::new(*name)).collect()
    }

    #[test]
    fn one_verification_at_a_time_and_the_next_when_its_turn_is_over() {
        let (desk, mut asked) = VerifyDesk::new(names(&["v"]).into(), names(&["s"]).into());
        let first = desk.ask(VerifyWish::default()).unwrap();
        assert_eq!(desk.ask(VerifyWish::default()).unwrap_err(), VerifyRefusal::Busy);
        drop(first);
        assert_eq!(desk.ask(VerifyWish::default()).unwrap_err(), VerifyRefusal::Busy);
        let running = asked.try_recv().unwrap();
        assert!(running.whole);
        drop(running);
        assert!(desk.ask(VerifyWish::default()).is_ok());
        drop(asked);
        assert_eq!(VerifyDesk::closed().ask(VerifyWish::default()).unwrap_err(), VerifyRefusal::Stopping);
    }

    #[tokio::test]
    async fn outcomes_are_complete_when_each_view_and_sink_has_one() {
        let (desk, mut asked) = VerifyDesk::new(names(&["v"]).into(), names(&["s"]).into());
        for told in 0..=2 {
            let mut outcomes = desk.ask(VerifyWish::default()).unwrap();
            let running = asked.recv().await.unwrap();
            for name in &["v", "s"][..told] {
                running.outcomes.send(Outcome::new(Subject::View, (*name).into())).await.unwrap();
            }
            drop(running);
            while outcomes.recv().await.is_some() {}
            assert_eq!(outcomes.are_complete(), told == 2, "{told}");
        }
    }

    #[test]
    fn names_choose_views_and_sinks_and_unknown_ones_are_refused() {
        let (desk, mut asked) = VerifyDesk::new(names(&["a", "b"]).into(), names(&["b", "c"]).into());
        let _outcomes = desk.ask(VerifyWish { names: names(&["b"]), ..VerifyWish::default() }).unwrap();
        let chosen = asked.try_recv().unwrap();
        let only_b = BTreeSet::from([SmolStr::new("b")]);
        assert_eq!((&chosen.views, &chosen.sinks), (&only_b, &only_b));
        assert!(!chosen.whole);
        drop(chosen);
        let wrong = desk.ask(VerifyWish { views: names(&["c"]), ..VerifyWish::default() });
        assert_eq!(wrong.unwrap_err(), VerifyRefusal::Unknown { kind: "view", name: "c".into() });
    }
}
