//! Follows a view's changelog for one sink.
//!
//! The sink says where it stands; what follows in the changelog is folded to one change per key, unless the sink tells of each step, and
//! written with the cursor. A sink that holds another life of the view, or whose place in the changelog is gone, gets all
//! rows of one checkpoint instead. Errors that may pass are tried again from what the sink then says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smol_str::SmolStr;
use tailwater_connectors::{ChangelogBatch, Cursor, Row, RowPages, Sink, SinkError, ViewSchema};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::backoff::Backoff;
use super::delivered::Delivered;
use super::fold::fold;
use super::status::{Condition, SinkStatus, StatusBoard};
use super::verify::{SinkAsk, answer_sink_ask};
use crate::fail_point::{FailPoint, pass};
use crate::state::{Checkpoint, Chunk, State, StateError};

/// Changelog read for one write: bounds memory and the size of the sink's transaction.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Rows per page of a refill.
const PAGE_ROWS: usize = 5_000;
/// An idle view's cursor is moved this often, so that the sink's position tells how fresh it is.
const IDLE_CURSOR_INTERVAL: Duration = Duration::from_secs(1);

/// What a delivery does next.
enum Next {
    /// At least one.
    Batches(Vec<ChangelogBatch>),
    Ask(SinkAsk),
}

/// The end of a view's life.
#[derive(Clone, Copy, Debug)]
pub(super) struct FormerLife {
    pub(super) fingerprint: u64,
    pub(super) step: u64,
}

/// Delivers one view to one sink.
pub(super) struct Delivery {
    pub(super) name: SmolStr,
    pub(super) view: Arc<ViewSchema>,
    /// The life of the view before this one, where the changelog tells the difference.
    pub(super) former: Option<FormerLife>,
    pub(super) state: Arc<State>,
    pub(super) checkpoints: watch::Receiver<Checkpoint>,
    pub(super) delivered: Arc<Delivered>,
    pub(super) status: Arc<StatusBoard>,
    /// What verifications ask, answered between two writes.
    pub(super) asks: mpsc::Receiver<SinkAsk>,
    pub(super) stop: CancellationToken,
}

impl Delivery {
    /// Runs until stopped or until an error that someone must act on.
    pub(super) async fn run(mut self, mut sink: Box<dyn Sink>) {
        let mut backoff = Backoff::default();
        let stop = self.stop.clone();
        loop {
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = self.follow(sink.as_mut(), &mut backoff) => outcome,
            };
            let Err(error) = outcome else { return };
            if !error.is_transient() {
                error!(sink = %self.name, %error, "sink stopped");
                return self.condition(Condition::Failed, Some(&error));
            }
            let wait = backoff.next();
            warn!(sink = %self.name, %error, ?wait, "sink unavailable, retrying");
            self.condition(Condition::Retrying, Some(&error));
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn follow(&mut self, sink: &mut dyn Sink, backoff: &mut Backoff) -> Result<(), SinkError> {
        let held = sink.open(&self.view).await?;
        self.wait_until_live().await;
        let mut cursor = match held.map(|cursor| self.in_this_life(cursor)) {
            Some(cursor) if self.continues(&cursor)? => cursor,
            None => self.refill(sink, "it holds nothing").await?,
            Some(_) => self.refill(sink, "it does not hold this life of the view").await?,
        };
        info!(sink = %self.name, step = cursor.step, positions = %cursor.positions, "sink follows");
        self.show(&cursor, 0);
        self.condition(Condition::Live, None);
        let mut idle_since = None;
        loop {
            let batches = match self.next((&cursor, sink.tells_each_step()), &mut idle_since).await? {
                Next::Batches(batches) => batches,
                Next::Ask(SinkAsk::Refill { answer }) => {
                    cursor = self.refill(sink, "a verification asked for it").await?;
                    self.show(&cursor, 0);
                    self.condition(Condition::Live, None);
                    let _ = answer.send(());
                    continue;
                }
                Next::Ask(ask) => {
                    answer_sink_ask(ask, (&self.state, &self.view, &cursor), sink).await?;
                    continue;
                }
            };
            pass(FailPoint::BeforeDelivery);
            sink.write_steps(&batches).await?;
            pass(FailPoint::AfterDelivery);
            backoff.reset();
            idle_since = None;
            let changes = batches.iter().map(|batch| batch.changes.len() as u64).sum();
            cursor = batches.into_iter().next_back().expect("there is one").cursor;
            self.show(&cursor, changes);
        }
    }

    /// Waits until the view's rows are complete: its fill is done and it has not failed.
    async fn wait_until_live(&mut self) {
        loop {
            let live = |status: &super::status::Status| {
                status.views.get(&self.view.name).is_some_and(|view| view.condition == Condition::Live)
            };
            if live(&self.status.read()) {
                return;
            }
            // Conditions change with steps and fills; both announce a checkpoint, before or after the board is written.
            let _ = tokio::time::timeout(CONDITION_POLL, self.checkpoints.changed()).await;
        }
    }

    /// Whether the changelog holds everything after `cursor`.
    fn continues(&self, cursor: &Cursor) -> Result<bool, SinkError> {
        if cursor.generation != self.generation() {
            return Ok(false);
        }
        let range = self.state.read(|reader| {
            let floor = reader.changelog_floor(&self.view.name)?;
            Ok((floor, reader.checkpoint()?.step))
        });
        let (floor, step) = range.map_err(|error| self.damaged(&error))?;
        Ok(cursor.step >= floor && cursor.step <= step)
    }

    async fn refill(&self, sink: &mut dyn Sink, reason: &str) -> Result<Cursor, SinkError> {
        info!(sink = %self.name, view = %self.view.name, reason, "sink is filled");
        self.condition(Condition::Loading, None);
        let (pages, rows) = tokio::sync::mpsc::channel(2);
        let (pinned, checkpoint) = tokio::sync::oneshot::channel();
        let (state, view) = (self.state.clone(), self.view.name.clone());
        let reading = tokio::task::spawn_blocking(move || read_pages(&state, &view, pinned, &pages));
        let outcome = match checkpoint.await {
            Ok(checkpoint) => {
                let cursor = self.cursor(checkpoint);
                let mut pages = Pages { rows };
                sink.replace(&mut pages, &cursor).await.map(|()| Some(cursor))
            }
            Err(_) => Ok(None),
        };
        let read = reading.await.expect("reading pages does not panic");
        read.map_err(|error| self.damaged(&error))?;
        Ok(outcome?.expect("a read without error pinned a checkpoint"))
    }

    /// A sink that holds the former life as it ended goes on with the difference to this one.
    fn in_this_life(&self, cursor: Cursor) -> Cursor {
        let ended = |former: FormerLife| {
            cursor.generation == self.generation_of(former.fingerprint) && cursor.step == former.step
        };
        match self.former.is_some_and(ended) {
            true => Cursor { generation: self.generation(), ..cursor },
            false => cursor,
        }
    }

    fn generation(&self) -> SmolStr {
        self.generation_of(self.view.fingerprint)
    }

    fn generation_of(&self, fingerprint: u64) -> SmolStr {
        smol_str::format_smolstr!("{}-{fingerprint:016x}", self.state.id())
    }

    fn cursor(&self, checkpoint: Checkpoint) -> Cursor {
        Cursor { generation: self.generation(), step: checkpoint.step, positions: checkpoint.positions }
    }

    /// Waits for changes after `cursor`, or for a verification.
    async fn next(
        &mut self,
        (cursor, is_each_step): (&Cursor, bool),
        idle_since: &mut Option<Instant>,
    ) -> Result<Next, SinkError> {
        loop {
            if let Ok(ask) = self.asks.try_recv() {
                return Ok(Next::Ask(ask));
            }
            let newest = self.checkpoints.borrow_and_update().clone();
            if newest.step > cursor.step {
                let batches = self.read_batches(cursor, is_each_step).map_err(|error| self.damaged(&error))?;
                let idle = *idle_since.get_or_insert_with(Instant::now);
                // When the engine has ended, this is where the sink goes on from.
                let is_last = self.checkpoints.has_changed().is_err();
                let is_empty = batches.iter().all(|batch| batch.changes.is_empty());
                if !is_empty || idle.elapsed() >= IDLE_CURSOR_INTERVAL || is_last {
                    return Ok(Next::Batches(batches));
                }
            }
            let idles = newest.step > cursor.step;
            tokio::select! {
                changed = self.checkpoints.changed() => if changed.is_err() && !idles {
                    std::future::pending::<()>().await;
                },
                Some(ask) = self.asks.recv() => return Ok(Next::Ask(ask)),
                () = tokio::time::sleep(IDLE_CURSOR_INTERVAL), if idles => {}
            }
        }
    }

    fn read_batches(&self, cursor: &Cursor, is_each_step: bool) -> Result<Vec<ChangelogBatch>, StateError> {
        let (newest, chunks) = self.state.read(|reader| {
            let chunks = reader.chunks(&self.view.name, cursor.step, BATCH_BYTES_MAX)?;
            Ok::<_, StateError>((reader.checkpoint()?, chunks))
        })?;
        let batch = |(reached, committed_at, changes)| {
            let cursor = self.cursor(reached);
            ChangelogBatch { changes, cursor, committed_at }
        };
        let parts = |chunk: Chunk| (chunk.checkpoint, chunk.committed_at, chunk.changes);
        if is_each_step && !chunks.is_empty() {
            return Ok(chunks.into_iter().map(parts).map(batch).collect());
        }
        let committed_at = chunks.last().and_then(|chunk| chunk.committed_at);
        let reached = chunks.last().map_or(newest, |chunk| chunk.checkpoint.clone());
        let chunks = chunks.into_iter().map(|chunk| (chunk.checkpoint, chunk.changes)).collect();
        Ok(vec![batch((reached, committed_at, fold(&self.view, chunks)?))])
    }

    fn damaged(&self, error: &StateError) -> SinkError {
        if matches!(error, StateError::ChangelogTrimmed { .. }) {
            // What it needs next is gone from a changelog that must not grow for ever: the next `open` leads to a refill.
            let message = "it was left too far behind".into();
            return SinkError::Unavailable { sink: self.name.to_string(), message };
        }
        SinkError::Refused {
            sink: self.name.to_string(),
            message: format!("its view's changelog cannot be read: {error}"),
            hint: "look at the disk of the state directory, then start again".into(),
        }
    }

    fn show(&self, cursor: &Cursor, changes: u64) {
        self.delivered.report(&self.view.name, &self.name, cursor.step);
        let newest = self.checkpoints.borrow().step;
        self.sink_status(|sink| {
            sink.step = cursor.step;
            sink.positions = cursor.positions.clone();
            sink.steps_behind = newest.saturating_sub(cursor.step);
            sink.changes += changes;
        });
    }

    fn condition(&self, condition: Condition, error: Option<&SinkError>) {
        self.sink_status(|sink| {
            sink.condition = condition;
            sink.error = error.map(ToString::to_string);
            sink.hint = error.and_then(|error| error.hint().map(Into::into));
        });
    }

    fn sink_status(&self, change: impl FnOnce(&mut SinkStatus)) {
        self.status.update(|status| {
            let sink = status.sinks.entry(self.name.clone()).or_default();
            sink.view = self.view.name.clone();
            change(sink);
        });
    }
}

/// The board is looked at again this often while a view is not live.
const CONDITION_POLL: Duration = Duration::from_millis(100);

/// Says which checkpoint is pinned, then sends all rows of the view at it.
fn read_pages(
    state: &State,
    view: &SmolStr,
    pinned: tokio::sync::oneshot::Sender<Checkpoint>,
    pages: &tokio::sync::mpsc::Sender<Vec<Row>>,
) -> Result<(), StateError> {
    state.read(|reader| {
        let _ = pinned.send(reader.checkpoint()?);
        let mut after = None;
        loop {
            let page = reader.view_rows(view, after.as_deref(), PAGE_ROWS)?;
            pass(FailPoint::InRefill);
            // A closed channel: the sink gave up, and says why itself.
            if pages.blocking_send(page.rows).is_err() || page.next.is_none() {
                return Ok(());
            }
            after = page.next;
        }
    })
}

/// Pages on their way from the reading thread. A read error closes the channel early, which would look like the end:
/// [`Delivery::refill`] therefore joins the reader before it believes the sink.
struct Pages {
    rows: tokio::sync::mpsc::Receiver<Vec<Row>>,
}

#[async_trait]
impl RowPages for Pages {
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError> {
        Ok(self.rows.recv().await)
    }
}
