//! The loop that tails the log: events in, transactions out.
//!
//! A pipeline that takes nothing holds the reading up, and that the server, which waits for as long as the session asks it to.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use mysql_async::BinlogStream;
use smol_str::SmolStr;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::anchor::{Anchor, Verdict, check_of};
use super::assembler::{Assembler, Completed, EventEnd, Stop};
use super::binlog::{Decoder, Event, RawEvent};
use super::by_file::{FileLeft, still_there};
use super::position::{FilePosition, MysqlPosition};
use super::session::Connector;
use crate::change::Transaction;
use crate::position::Position;
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// Changes that are read ahead of the pipeline.
const CHANGES_AHEAD_MAX: usize = 20_000;
/// Progress is reported no more often than this: each report is a commit of the pipeline.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(20);

/// How far a stream has handed over.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    /// By transactions.
    pub(super) position: MysqlPosition,
    /// In the file; `None` until it was named.
    pub(super) place: Option<FilePosition>,
    /// Transactions since the stream began.
    pub(super) transactions: u64,
}

/// One run of the loop.
pub(super) struct Stream {
    connector: Connector,
    log: BinlogStream,
    decoder: Decoder,
    assembler: Assembler,
    /// By file and place: what is looked at before anything counts, and the file that it is in.
    anchor: Option<Anchor>,
    file: Option<(SmolStr, u32)>,
    out: TransactionSender,
    /// What has completed and was not handed over.
    pending: Vec<SourceMessage>,
    pending_changes: usize,
    /// Progress that was not reported.
    progress: bool,
    /// The server has not sent anything of its log yet: it may still refuse to.
    is_new: bool,
    progress_at: Instant,
    passed: Arc<watch::Sender<Passed>>,
}

impl Stream {
    pub(super) fn new(
        connector: Connector,
        log: BinlogStream,
        (decoder, assembler, anchor): (Decoder, Assembler, Option<Anchor>),
        out: TransactionSender,
    ) -> Self {
        let passed = Passed { position: assembler.position().clone(), place: None, transactions: 0 };
        Self {
            connector,
            log,
            decoder,
            assembler,
            anchor,
            file: None,
            out,
            pending: Vec::new(),
            pending_changes: 0,
            progress: false,
            is_new: true,
            progress_at: Instant::now(),
            passed: Arc::new(watch::Sender::new(passed)),
        }
    }

    /// How far it has handed over, as it goes.
    pub(super) fn passed(&self) -> watch::Receiver<Passed> {
        self.passed.subscribe()
    }

    /// Runs until an error, or until nobody listens.
    pub(super) async fn run(mut self) -> Result<(), SourceError> {
        let silence_max = self.connector.config.timeout;
        let mut heard_at = Instant::now();
        let out = self.out.clone();
        loop {
            let (has_pending, may_read) = (!self.pending.is_empty(), self.pending_changes < CHANGES_AHEAD_MAX);
            tokio::select! {
                biased;
                () = out.closed() => return Ok(()),
                permit = out.reserve(), if has_pending => {
                    let Ok(permit) = permit else { return Ok(()) };
                    permit.send(self.next_message());
                    self.note_passed();
                    heard_at = Instant::now();
                }
                event = self.log.next(), if may_read => {
                    heard_at = Instant::now();
                    match event {
                        Some(Ok(event)) => {
                            if let Some(left) = self.take(&event)? {
                                still_there(&self.connector, &left).await?;
                            }
                            self.note_passed();
                        }
                        Some(Err(error)) => return Err(self.connector.log_fault(self.assembler.position(), &error)),
                        None => return Err(self.connector.unavailable("the server ended its log")),
                    }
                }
                () = sleep_until(self.progress_at), if self.progress && !has_pending => self.report_progress(),
                () = sleep_until(heard_at + silence_max), if may_read => {
                    return Err(self.connector.unavailable(format!("no sign of life for {} s", silence_max.as_secs())));
                }
            }
        }
    }

    /// Takes an event; a file that the stream has left with it, and which is to be looked at once more before anything is made of it.
    fn take(&mut self, event: &mysql_async::binlog::events::Event) -> Result<Option<FileLeft>, SourceError> {
        let raw = RawEvent::from(event);
        let next_position = raw.header.next_position;
        let decoded = self.decoder.decode(&raw).map_err(|error| self.connector.protocol(error.to_string()))?;
        let is_in_file = !raw.inner && next_position != 0 && !matches!(decoded, Event::Heartbeat { .. });
        let check = self.anchor.as_ref().map(|_| check_of(&raw));
        let end = is_in_file.then_some(EventEnd { next_position, check });
        if let Some(anchor) = &mut self.anchor {
            let verdict = anchor.look(&raw, &decoded);
            match verdict.map_err(|error| self.connector.cannot_resume(self.assembler.position(), error.to_string()))? {
                Verdict::Take => {}
                Verdict::Drop => return Ok(self.begins_file(&raw, &decoded)),
                Verdict::Reached => {
                    self.assembler.stands_at(anchor.position());
                    self.progress = true;
                    return Ok(None);
                }
            }
        }
        let left = self.begins_file(&raw, &decoded);
        let is_quiet = matches!(decoded, Event::Heartbeat { .. });
        let is_of_log = !matches!(decoded, Event::Rotate { .. } | Event::Format { .. });
        if is_of_log && std::mem::take(&mut self.is_new) {
            // Nothing new, but a sign that the stream is there, although a quiet server may send nothing for long.
            self.progress = true;
        }
        let completed = self.assembler.take(decoded, end).map_err(|stop| self.stopped(&stop))?;
        for completed in completed {
            match completed {
                Completed::Table(change) => {
                    self.progress = false;
                    self.pending.push(SourceMessage::TableChanged(change));
                }
                Completed::Shapes(shapes) => self.pending.push(SourceMessage::Note(shapes)),
                Completed::Transaction(transaction) => self.add(transaction),
                Completed::Progress(_) => self.progress = true,
            }
        }
        if is_quiet && self.progress {
            self.progress_at = Instant::now();
        }
        Ok(left)
    }

    /// By file and place: the file before, where another one begins.
    fn begins_file(&mut self, raw: &RawEvent<'_>, event: &Event<'_>) -> Option<FileLeft> {
        let MysqlPosition::File(position) = self.assembler.position() else { return None };
        let (Event::Format { .. }, Some(place)) = (event, self.assembler.place()) else { return None };
        let (left, began) = self.file.replace((place.file.clone(), raw.header.timestamp))?;
        (left != place.file).then(|| FileLeft { began, place: position.clone() })
    }

    fn add(&mut self, transaction: Transaction) {
        self.progress = false;
        self.pending_changes += transaction.changes.len();
        match self.pending.last_mut() {
            Some(SourceMessage::Transactions(batch)) => batch.push(transaction),
            _ => self.pending.push(SourceMessage::Transactions(vec![transaction])),
        }
    }

    fn next_message(&mut self) -> SourceMessage {
        let message = self.pending.remove(0);
        if let SourceMessage::Transactions(batch) = &message {
            self.pending_changes -= batch.iter().map(|transaction| transaction.changes.len()).sum::<usize>();
        }
        message
    }

    fn report_progress(&mut self) {
        self.progress = false;
        self.progress_at = Instant::now() + PROGRESS_INTERVAL;
        let position = Position::Mysql(self.assembler.position().clone());
        self.pending.push(SourceMessage::Progress { position });
    }

    fn note_passed(&mut self) {
        if self.pending.is_empty() {
            let (position, place) = (self.assembler.position().clone(), self.assembler.place());
            let passed = Passed { position, place, transactions: self.assembler.transactions() };
            self.passed.send_replace(passed);
        }
    }

    fn stopped(&self, stop: &Stop) -> SourceError {
        match stop {
            Stop::Decoding(_) | Stop::Order(_) => self.connector.protocol(stop.to_string()),
            Stop::Untold(_) => self.connector.cannot_resume(self.assembler.position(), stop.to_string()),
        }
    }
}
