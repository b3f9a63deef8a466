//! The loop that tails the log: events in, transactions out.
//!
//! A pipeline that takes nothing holds the reading up, and that the server, which waits for as long as the session asks it to.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use mysql_async::BinlogStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::assembler::{Assembler, Completed, Stop};
use super::binlog::{Decoder, Event, RawEvent};
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
}

/// One run of the loop.
pub(super) struct Stream {
    connector: Connector,
    log: BinlogStream,
    decoder: Decoder,
    assembler: Assembler,
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
        (decoder, assembler): (Decoder, Assembler),
        out: TransactionSender,
    ) -> Self {
        let passed = Passed { position: assembler.position().clone(), place: None };
        Self {
            connector,
            log,
            decoder,
            assembler,
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
                        Some(Ok(event)) => self.take(&event)?,
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

    fn take(&mut self, event: &mysql_async::binlog::events::Event) -> Result<(), SourceError> {
        let raw = RawEvent::from(event);
        let next_place = if raw.inner { 0 } else { u64::from(raw.header.next_position) };
        let decoded = self.decoder.decode(&raw).map_err(|error| self.connector.protocol(error.to_string()))?;
        let is_quiet = matches!(decoded, Event::Heartbeat { .. });
        let is_of_log = !matches!(decoded, Event::Rotate { .. } | Event::Format { .. });
        if is_of_log && std::mem::take(&mut self.is_new) {
            // Nothing new, but a sign that the stream is there, although a quiet server may send nothing for long.
            self.progress = true;
        }
        let completed = self.assembler.take(decoded, next_place).map_err(|stop| self.stopped(&stop))?;
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
        self.note_passed();
        Ok(())
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
            let passed = Passed { position: self.assembler.position().clone(), place: self.assembler.place() };
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
