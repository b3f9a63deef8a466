//! The one thread that drives the engine: takes what the sources hand over, groups it into steps, commits, announces.
//!
//! A step starts at once when the engine is idle and takes everything that is queued, up to a bound, when it is
//! loaded. A transaction that the state already holds (sent again after a reconnect) is dropped.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use smol_str::SmolStr;
use tailwater_connectors::{Position, Positions, SourceMessage, TableChange, Transaction};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::copies::Copies;
use super::delivered::Delivered;
use super::error::PipelineError;
use super::source::{Item, Standing, Taken};
use super::status::{Condition, StatusBoard};
use super::takeover::TakeOver;
use super::touched::Touched;
use super::verify::Gate;
use crate::engine::{Engine, EngineError, StepOutcome, ViewCondition};
use crate::fail_point::{FailPoint, pass};
use crate::state::{Checkpoint, State};

/// Changes in one step, beyond which nothing is added to it: bounds memory and the time until readers see something. Larger
/// steps save nothing and fall out of the processor's caches.
const STEP_CHANGES_MAX: usize = 4_000;
/// How often a full disk is tried again.
const ROOM_POLL: Duration = Duration::from_millis(250);
/// Microseconds from the Unix epoch to Postgres' (2000-01-01).
const EPOCH_OFFSET_MICROS: i64 = 946_684_800_000_000;

/// Drives the engine until stopped.
pub(super) struct Stepper {
    pub(super) engine: Engine,
    pub(super) state: Arc<State>,
    pub(super) messages: mpsc::Receiver<Taken>,
    pub(super) checkpoints: watch::Sender<Checkpoint>,
    pub(super) applied: Positions,
    /// Which views a change of a table touches.
    pub(super) touched: Touched,
    /// Tables that are not complete.
    pub(super) copies: Copies,
    pub(super) delivered: Arc<Delivered>,
    pub(super) status: Arc<StatusBoard>,
    pub(super) gate: Arc<Gate>,
    /// Where a branch of the state is to take over, before anything else goes on.
    pub(super) takeover: Option<TakeOver>,
    /// What was held until then.
    pub(super) released: VecDeque<Taken>,
    pub(super) stop: CancellationToken,
}

impl Stepper {
    /// Runs on a thread of its own; returns when all sources have ended or the stop signal came.
    pub(super) fn run(mut self) -> Result<(), PipelineError> {
        for change in self.engine.changed_tables() {
            self.table_changed(&change)?;
        }
        self.show_missing();
        self.fill()?;
        self.show_views()?;
        self.take_over_if_there()?;
        let mut waiting = VecDeque::new();
        while !self.stop.is_cancelled() {
            waiting.extend(self.released.drain(..));
            let Some(taken) = waiting.pop_front().or_else(|| self.messages.blocking_recv()) else { break };
            match self.take(taken, &mut waiting) {
                // Stopped while it waited: what it could not write is sent again.
                Err(error) if error.is_transient() && self.stop.is_cancelled() => break,
                handled => handled?,
            }
        }
        Ok(())
    }

    fn take(&mut self, taken: Taken, waiting: &mut VecDeque<Taken>) -> Result<(), PipelineError> {
        match self.before_takeover(taken)? {
            Some(taken) => self.handle(taken, waiting),
            None => Ok(()),
        }
    }

    fn handle(&mut self, taken: Taken, waiting: &mut VecDeque<Taken>) -> Result<(), PipelineError> {
        let source = taken.source;
        match taken.item {
            // Whoever asked may be gone.
            Item::Stand(answer) => drop(answer.send(self.standing(&source)?)),
            Item::TakeOver(takeover) => {
                self.takeover = Some(*takeover);
                self.take_over_if_there()?;
            }
            Item::Message(SourceMessage::CopyBegins { position, marks }) => {
                self.copy_begins(&source, &position, &marks)?;
            }
            Item::Message(SourceMessage::CopyRows { table, rows }) => self.copy_rows(&source, &table, &rows)?,
            Item::Message(SourceMessage::CopyMark { table, mark }) => self.copy_mark(&source, &table, &mark)?,
            Item::Message(SourceMessage::CopyAgain { table }) => {
                self.patiently(|engine| engine.load_again(&table))?;
            }
            Item::Message(SourceMessage::CopyEnds { table, snapshot, incomplete }) => {
                let rows = self.copy_ends(&source, &table, snapshot.as_ref())?;
                // There is room for the one answer; whoever asked may be gone.
                let is_complete = rows.is_empty();
                drop(incomplete.try_send(rows));
                if is_complete {
                    // Views of this table alone may be complete with it, and are to be announced.
                    self.fill()?;
                    self.show_views()?;
                }
            }
            Item::Message(SourceMessage::Note(note)) => self.patiently(|engine| engine.keep_note(&source, &note))?,
            Item::Message(SourceMessage::TableChanged(change)) => self.table_changed(&change)?,
            Item::Message(SourceMessage::Transactions(transactions)) => {
                let transactions = self.gather(&source, transactions, waiting);
                let gate = Arc::clone(&self.gate);
                gate.pass(&source, &transactions, |part| self.step(&source, part))?;
            }
            Item::Message(SourceMessage::Progress { position }) => {
                self.gate.pass_progress(&source, &position);
                self.progress(source, position)?;
            }
        }
        Ok(())
    }

    /// A table is not any more what it was: the views that it touches stop, alone.
    fn table_changed(&mut self, change: &TableChange) -> Result<(), PipelineError> {
        let touched = self.touched.by(change);
        let stopped = self.patiently(|engine| engine.table_changed(change, &touched))?;
        self.forget_copy(&change.table);
        if !stopped.is_empty() {
            let names: Vec<&str> = stopped.iter().map(|(view, _)| view.as_str()).collect();
            warn!(table = %change.table, reason = %change.reason, stopped = %names.join(", "), "a table has changed");
        }
        self.show_views()
    }

    fn standing(&self, source: &SmolStr) -> Result<Standing, PipelineError> {
        let position = self.applied.0.get(source).cloned();
        Ok(Standing { position, copying: self.engine.copying_tables(source)?, note: self.engine.note(source)? })
    }

    fn fill(&mut self) -> Result<(), PipelineError> {
        let (status, stop) = (self.status.clone(), self.stop.clone());
        let mut progress = |view: &str, rows: u64| {
            status.update(|status| {
                let view = status.views.entry(view.into()).or_default();
                view.condition = Condition::Loading;
                view.changes = rows;
            });
            pass(FailPoint::InFill);
            if stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.patiently(|engine| engine.fill(&mut progress))?;
        let checkpoint = self.state.checkpoint()?;
        self.announce(checkpoint);
        Ok(())
    }

    /// Adds what is queued from the same source, up to the bound; anything else waits its turn.
    fn gather(&mut self, source: &SmolStr, first: Vec<Transaction>, waiting: &mut VecDeque<Taken>) -> Vec<Transaction> {
        let mut transactions = first;
        let mut changes: usize = transactions.iter().map(|transaction| transaction.changes.len()).sum();
        while changes < STEP_CHANGES_MAX && waiting.is_empty() {
            match self.messages.try_recv() {
                Ok(Taken { source: other, item: Item::Message(SourceMessage::Transactions(more)) })
                    if other == *source =>
                {
                    changes += more.iter().map(|transaction| transaction.changes.len()).sum::<usize>();
                    transactions.extend(more);
                }
                Ok(other) => waiting.push_back(other),
                Err(_) => break,
            }
        }
        if let Some(applied) = self.applied.0.get(source) {
            transactions.retain(|transaction| !applied.covers(&transaction.position));
        }
        transactions
    }

    pub(super) fn step(&mut self, source: &SmolStr, transactions: &[Transaction]) -> Result<(), PipelineError> {
        let Some(last) = transactions.last() else { return Ok(()) };
        self.trim();
        pass(FailPoint::BeforeStep);
        let outcome = self.patiently(|engine| engine.step(source, transactions))?;
        for (view, changes) in &outcome.changed {
            let view = &self.engine.views()[*view].name;
            self.delivered.committed(view, outcome.checkpoint.step, *changes);
        }
        self.show_step(source, last, transactions, &outcome);
        for (view, number) in &outcome.row_errors {
            self.show_row_errors(&self.engine.views()[*view].name, *number);
        }
        self.announce(outcome.checkpoint);
        if !outcome.failed.is_empty() {
            self.show_views()?;
        }
        Ok(())
    }

    pub(super) fn progress(&mut self, source: SmolStr, position: Position) -> Result<(), PipelineError> {
        // Heard from, whether or not it is news: a source that was away is back.
        let condition = self.copies.condition(&source);
        self.show_source(&source, |status| {
            status.condition = condition;
            (status.error, status.hint) = (None, None);
        });
        if !self.applied.0.get(&source).is_some_and(|applied| applied.covers(&position)) {
            self.trim();
            let checkpoint = self.patiently(|engine| engine.progress(&source, &position))?;
            self.announce(checkpoint);
        }
        Ok(())
    }

    /// Lets the engine work, again and again while the disk of the state is full: an engine whose commit failed is as it was.
    pub(super) fn patiently<T>(
        &mut self,
        mut work: impl FnMut(&mut Engine) -> Result<T, EngineError>,
    ) -> Result<T, PipelineError> {
        let mut waits = false;
        loop {
            match work(&mut self.engine) {
                Err(error) if error.is_transient() && !self.stop.is_cancelled() => {
                    if !waits {
                        warn!(error = %words(&error), "state cannot be written, waiting");
                        self.show_state(Condition::Retrying, Some(&error));
                    }
                    waits = true;
                    std::thread::sleep(ROOM_POLL);
                }
                done => {
                    if waits && done.is_ok() {
                        info!("state can be written again");
                        self.show_state(Condition::Live, None);
                    }
                    return Ok(done?);
                }
            }
        }
    }

    fn show_state(&self, condition: Condition, error: Option<&EngineError>) {
        self.status.update(|status| {
            status.state.condition = condition;
            status.state.error = error.map(words);
            status.state.hint = error.and_then(|error| error.hint().map(Into::into));
        });
    }

    fn trim(&mut self) {
        for (view, step) in self.delivered.trimmable() {
            self.engine.trim_changelog(&view, step);
        }
    }

    pub(super) fn announce(&mut self, checkpoint: Checkpoint) {
        self.applied = checkpoint.positions.clone();
        self.status.update(|status| {
            status.step = checkpoint.step;
            status.applied = checkpoint.positions.clone();
        });
        self.checkpoints.send_replace(checkpoint);
    }

    fn show_step(&self, source: &SmolStr, last: &Transaction, transactions: &[Transaction], outcome: &StepOutcome) {
        let (views, condition) = (self.engine.views(), self.copies.condition(source));
        self.status.update(|status| {
            let source = status.sources.entry(source.clone()).or_default();
            source.condition = condition;
            source.error = None;
            source.transactions += transactions.len() as u64;
            source.changes += transactions.iter().map(|transaction| transaction.changes.len() as u64).sum::<u64>();
            source.last_commit_at = Some(rfc3339(last.committed_at));
            source.last_lag_ms = Some((now_micros() - last.committed_at) as f64 / 1000.0);
            for (view, changes) in &outcome.changed {
                status.views.entry(views[*view].name.clone()).or_default().changes += changes;
            }
        });
    }

    pub(super) fn show_source(&self, source: &SmolStr, change: impl FnOnce(&mut super::status::SourceStatus)) {
        self.status.update(|status| change(status.sources.entry(source.clone()).or_default()));
    }

    /// Shows how many rows of a view are out, and says when that begins and ends.
    fn show_row_errors(&self, view: &SmolStr, number: u64) {
        let mut before = number;
        self.status.update(|status| {
            let status = status.views.entry(view.clone()).or_default();
            before = std::mem::replace(&mut status.row_errors, number);
        });
        match (before, number) {
            (0, 1..) => warn!(%view, row_errors = number, "rows have errors and are kept out of the view"),
            (1.., 0) => info!(%view, "no row of the view has an error any more"),
            _ => {}
        }
    }

    fn show_views(&self) -> Result<(), PipelineError> {
        for view in self.engine.views() {
            let condition = self.engine.view_condition(&view.name);
            if condition == ViewCondition::Live {
                let total = self.state.read(|reader| reader.view_errors_total(&view.name))?;
                self.show_row_errors(&view.name, total);
            }
            if let ViewCondition::Failed { error, .. } = &condition {
                error!(view = %view.name, %error, "view stopped");
            }
            self.status.update(|status| {
                let status = status.views.entry(view.name.clone()).or_default();
                if condition != ViewCondition::Live {
                    status.row_errors = 0;
                }
                (status.condition, status.error, status.hint) = match condition {
                    ViewCondition::Filling => (Condition::Loading, None, None),
                    ViewCondition::Live => (Condition::Live, None, None),
                    ViewCondition::Failed { error, hint } => (Condition::Failed, Some(error), hint),
                };
            });
        }
        Ok(())
    }
}

/// What the state says where it is the state that failed; the engine only says that it did.
fn words(error: &EngineError) -> String {
    match error {
        EngineError::State(state) => state.to_string(),
        other => other.to_string(),
    }
}

fn now_micros() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_micros() as i64 - EPOCH_OFFSET_MICROS
}

fn rfc3339(micros: i64) -> String {
    let moment = chrono::DateTime::from_timestamp_micros(micros.saturating_add(EPOCH_OFFSET_MICROS));
    moment.map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)).unwrap_or_default()
}
