//! The stepper of a branch brings it exactly to where the former pipeline ended.
//!
//! Invariant: the step of the take-over is committed at the former positions of all sources that both have, no sooner and no later: what a
//! source hands over beyond its own waits until the others are there. A source that begins anew has no former position: it goes on meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Position, Positions, SourceMessage, Transaction, ViewSchema};
use tokio::sync::oneshot;

use super::Projections;
use super::error::PipelineError;
use super::source::{Item, Taken};
use super::status::{Condition, Status};
use super::stepper::Stepper;
use crate::engine::{Former, TakenOver};
use crate::state::{Checkpoint, State};

/// What is to be reached.
pub(super) struct TakeOver {
    /// Where the former pipeline ended, by source, as far as it is not reached.
    targets: BTreeMap<SmolStr, Position>,
    /// A source that begins anew on the branch.
    anew: Option<SmolStr>,
    /// The former state's last step.
    step: u64,
    /// The former state, and its views that have rows.
    state: Arc<State>,
    views: Vec<Arc<ViewSchema>>,
    /// Hears when it is done.
    done: oneshot::Sender<TakenOver>,
    /// What came of sources that are there.
    held: VecDeque<Taken>,
}

impl TakeOver {
    /// `former` is where the former pipeline ended; `sources` are those of the new one.
    pub(super) fn new(
        former: &Projections,
        reached: &Checkpoint,
        (sources, done): (&[SmolStr], oneshot::Sender<TakenOver>),
    ) -> Self {
        let Positions(all) = &reached.positions;
        let has_rows = |view: &&Arc<ViewSchema>| {
            let condition = |status: &Status| status.views.get(&view.name).map(|view| view.condition);
            former.status.inspect(condition) == Some(Condition::Live)
        };
        let targets = all.iter().filter(|(source, _)| sources.contains(source));
        Self {
            targets: targets.map(|(source, position)| (source.clone(), position.clone())).collect(),
            anew: None,
            step: reached.step,
            state: former.state.clone(),
            views: former.views.iter().filter(has_rows).cloned().collect(),
            done,
            held: VecDeque::new(),
        }
    }

    /// Where a source is to be met.
    pub(super) fn target(&self, source: &SmolStr) -> Option<&Position> {
        self.targets.get(source)
    }

    /// The same where `source` begins anew.
    pub(super) fn beside(mut self, source: &SmolStr) -> Self {
        self.targets.remove(source);
        Self { anew: Some(source.clone()), ..self }
    }
}

impl Stepper {
    /// Takes what came while a take-over is ahead. Gives it back when it is to be dealt with as usual.
    pub(super) fn before_takeover(&mut self, taken: Taken) -> Result<Option<Taken>, PipelineError> {
        let Some(takeover) = &mut self.takeover else { return Ok(Some(taken)) };
        if takeover.anew.as_ref() == Some(&taken.source) {
            return Ok(Some(taken));
        }
        let Some(target) = takeover.targets.get(&taken.source).cloned() else {
            takeover.held.push_back(taken);
            return Ok(None);
        };
        let Taken { source, item } = taken;
        match item {
            Item::Message(SourceMessage::Transactions(transactions)) => {
                self.up_to(&source, &target, transactions)?;
                Ok(None)
            }
            Item::Message(SourceMessage::Progress { position }) if position.covers(&target) => {
                self.reached(&source, target)?;
                Ok(None)
            }
            item => Ok(Some(Taken { source, item })),
        }
    }

    /// Steps through what the target covers; the rest waits.
    fn up_to(
        &mut self,
        source: &SmolStr,
        target: &Position,
        mut transactions: Vec<Transaction>,
    ) -> Result<(), PipelineError> {
        let covered = transactions.iter().take_while(|transaction| target.covers(&transaction.position)).count();
        let later = transactions.split_off(covered);
        if let Some(applied) = self.applied.0.get(source) {
            transactions.retain(|transaction| !applied.covers(&transaction.position));
        }
        self.step(source, &transactions)?;
        let Some(takeover) = self.takeover.as_mut().filter(|_| !later.is_empty()) else {
            return self.take_over_if_there();
        };
        let item = Item::Message(SourceMessage::Transactions(later));
        takeover.held.push_back(Taken { source: source.clone(), item });
        self.reached(source, target.clone())
    }

    /// A source has nothing more up to its target.
    fn reached(&mut self, source: &SmolStr, target: Position) -> Result<(), PipelineError> {
        self.progress(source.clone(), target)?;
        self.take_over_if_there()
    }

    /// Commits the take-over once every source is there, and lets go what was held.
    pub(super) fn take_over_if_there(&mut self) -> Result<(), PipelineError> {
        let applied = &self.applied.0;
        if let Some(takeover) = &mut self.takeover {
            takeover.targets.retain(|source, target| !applied.get(source).is_some_and(|at| at.covers(target)));
        }
        let Some(TakeOver { step, state, views, done, held, .. }) =
            self.takeover.take_if(|takeover| takeover.targets.is_empty())
        else {
            return Ok(());
        };
        let taken = self.patiently(|engine| engine.take_over(&Former { state: &state, step, views: &views }))?;
        self.announce(taken.checkpoint.clone());
        // Whoever waits may have given up.
        let _ = done.send(taken);
        self.released.extend(held);
        Ok(())
    }
}
