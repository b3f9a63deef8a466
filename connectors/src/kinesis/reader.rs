//! The loop that reads streams: records in, one transaction for each round of them out.
//!
//! A round is what a few shards answered that were asked at the same time. Its changes are in the order of table, shard and sequence number,
//! and its position is behind all of them, so whoever resumes from a position reads exactly what follows it. Children of a shard are asked
//! when the shard is at its end, so records of one partition key come in the order in which they were written, however the stream was split
//! and merged in between.
//!
//! It blocks: it has a thread, and a pipeline that takes nothing holds it up.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use smol_str::SmolStr;

use super::answer::Records;
use super::beginning::{Beginning, StreamCopy, note};
use super::client::Client;
use super::config::KinesisSourceConfig;
use super::faults::Faults;
use super::kept::Kept;
use super::position::KinesisPosition;
use super::reading::{Question, Reading};
use super::round::Round;
use super::sequence::{Place, ShardId};
use super::shards::{Parents, readable};
use super::table::TableReader;
use crate::position::Position;
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// Shards that are asked at the same time: as many answers of at most 10 MiB are held.
const SHARDS_AT_ONCE: usize = 4;
/// How long is waited before something else is looked at.
const POLL: Duration = Duration::from_millis(50);
/// Progress is reported no more often than this: each report is a commit of the pipeline.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(20);
/// Up to when all is read is noted when it is later by so much, by the server's clock. Records are kept for a day at least.
const NOTE_SECONDS: i64 = 30;

/// One run of the loop.
pub(super) struct Reader {
    pub(super) config: KinesisSourceConfig,
    pub(super) faults: Faults,
    pub(super) client: Client,
    out: TransactionSender,
    readers: Vec<TableReader>,
    /// Of whom shards are the children, and how long records are kept, by stream.
    pub(super) streams: BTreeMap<SmolStr, Stream>,
    /// By place in `readers`.
    pub(super) shards: BTreeMap<(usize, ShardId), Reading>,
    pub(super) position: KinesisPosition,
    /// What has been reported.
    reported: KinesisPosition,
    copies: Vec<StreamCopy>,
    pub(super) kept: Kept,
    /// Where others are to meet us before we go further, see [`Reader::limit`].
    pub(super) stop_at: Option<KinesisPosition>,
    /// Where we were when that was said.
    began_at: KinesisPosition,
    /// Streams begin anew in the run after that.
    postponed: bool,
    progressed: Instant,
}

/// What is known of a stream.
#[derive(Default)]
pub(super) struct Stream {
    /// Its table, as a place in `readers`.
    pub(super) reader: usize,
    pub(super) parents: Parents,
    pub(super) retention_seconds: i64,
    /// When it was looked at.
    pub(super) looked: Option<Instant>,
}

/// The pipeline does not listen any more.
pub(super) struct Closed;

/// How a step of the loop ends.
type Outcome = Result<Result<(), Closed>, SourceError>;

impl Reader {
    /// What a run needs.
    pub(super) fn new(
        (config, faults): (KinesisSourceConfig, Faults),
        client: Client,
        out: TransactionSender,
        (beginning, stop_at): (Beginning, Option<KinesisPosition>),
    ) -> Self {
        let Beginning { position, readers, copies, kept, postponed, .. } = beginning;
        let stream = |(reader, table): (usize, &TableReader)| {
            (table.table.stream.clone(), Stream { reader, ..Default::default() })
        };
        let streams = readers.iter().enumerate().map(stream).collect();
        let (reported, began_at) = (position.clone(), position.clone());
        let (shards, progressed) = (BTreeMap::new(), Instant::now());
        Self {
            config,
            faults,
            client,
            out,
            readers,
            streams,
            shards,
            position,
            reported,
            copies,
            kept,
            stop_at,
            began_at,
            postponed,
            progressed,
        }
    }

    /// Runs until an error, or until nobody listens.
    pub(super) fn run(mut self, first: Vec<SourceMessage>) -> Result<(), SourceError> {
        for message in first {
            if self.send(message).is_err() {
                return Ok(());
            }
        }
        self.pass_unread();
        if !self.postponed && self.stop_at.as_ref().is_some_and(|stop_at| self.position.covers(stop_at)) {
            self.stop_at = None;
        }
        let place = self.position.to_string();
        tracing::info!(source = %self.config.name, position = %place, streams = self.readers.len(), "reading");
        loop {
            if self.turn()?.is_err() {
                return Ok(());
            }
        }
    }

    fn turn(&mut self) -> Outcome {
        if self.out.is_closed() {
            return Ok(Err(Closed));
        }
        self.look()?;
        let (due, wait) = self.due();
        if due.is_empty() {
            thread::sleep(wait);
        }
        for questions in due.chunks(SHARDS_AT_ONCE) {
            let (round, ended) = self.collect(questions);
            // What came before an error is handed over.
            if self.hand_over(round)?.is_err() {
                return Ok(Err(Closed));
            }
            ended?;
        }
        // What was too soon to be told is told also where nothing is due any more: others may wait for it.
        if self.hand_over(Round::default())?.is_err() || self.end_copies()?.is_err() || self.keep().is_err() {
            return Ok(Err(Closed));
        }
        self.meet()?;
        Ok(Ok(()))
    }

    /// Shards that can be read now, in order.
    fn readable(&self) -> Vec<(usize, SmolStr, ShardId)> {
        let of_stream = |(name, stream): (&SmolStr, &Stream)| {
            let place = self.position.stream(name);
            let ids = place.map(|place| readable(place, &stream.parents).collect::<Vec<_>>()).unwrap_or_default();
            let is_before_limit = |id: &ShardId| match self.limit(name, *id) {
                Some(limit) => self.position.place(name, *id).is_some_and(|place| *place < limit),
                None => true,
            };
            ids.into_iter().filter(is_before_limit).map(|id| (stream.reader, name.clone(), id)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.streams.iter().flat_map(of_stream).collect();
        all.sort();
        all
    }

    /// What is to be asked now; where there is nothing, how long to wait.
    fn due(&mut self) -> (Vec<(usize, Question)>, Duration) {
        let now = Instant::now();
        let (mut due, mut wait) = (Vec::new(), POLL);
        for (reader, stream, shard) in self.readable() {
            let Some(place) = self.position.place(&stream, shard).cloned() else { continue };
            let reading = self.shards.entry((reader, shard)).or_insert_with(Reading::new);
            if reading.due <= now {
                due.push((reader, reading.question((&stream, shard), &place)));
            }
            wait = wait.min(reading.due.saturating_duration_since(now));
        }
        (due, wait)
    }

    /// Asks these shards at the same time, and takes what they answer; also says what came in place of an answer.
    fn collect(&mut self, questions: &[(usize, Question)]) -> (Round, Result<(), SourceError>) {
        let client = &self.client;
        let answers: Vec<_> = thread::scope(|scope| {
            let ask = |question: &'_ Question| question.ask(client);
            let asked: Vec<_> = questions.iter().map(|(_, question)| scope.spawn(move || ask(question))).collect();
            asked
                .into_iter()
                .map(|answer| answer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let mut round = Round::default();
        for ((reader, question), answer) in questions.iter().zip(answers) {
            if let Err(error) = self.take(&mut round, (*reader, question), answer) {
                return (round, Err(error));
            }
        }
        (round, Ok(()))
    }

    /// Takes records of a shard up to where it is to be read.
    pub(super) fn take_records(
        &mut self,
        round: &mut Round,
        (reader, stream, shard): (usize, &SmolStr, ShardId),
        records: &Records,
    ) -> Result<(), SourceError> {
        let limit = self.limit(stream, shard);
        for record in &records.records {
            let place = Place::After(record.sequence.clone());
            if self.position.place(stream, shard).is_none_or(|before| *before >= place) {
                let message = format!("stream \"{stream}\": {shard} gave record {} again", record.sequence);
                return Err(self.faults.protocol(message));
            }
            if let Some(limit) = limit.clone().filter(|limit| place > *limit) {
                // It comes again once everyone is there.
                self.position.set(stream, shard, limit);
                self.shards.remove(&(reader, shard));
                return Ok(());
            }
            round.take((&mut self.readers[reader], shard), record, &self.faults)?;
            self.position.set(stream, shard, place);
        }
        if records.next.is_none() {
            self.shards.remove(&(reader, shard));
            match limit {
                Some(limit) if limit != Place::End => self.position.set(stream, shard, limit),
                _ => self.end(stream, shard)?,
            }
        }
        Ok(())
    }

    /// A shard is at its end: its children are to be known before that is told.
    fn end(&mut self, stream: &SmolStr, shard: ShardId) -> Result<(), SourceError> {
        tracing::info!(source = %self.config.name, %stream, %shard, "read to its end");
        self.list(stream)?;
        self.position.set(stream, shard, Place::End);
        Ok(())
    }

    fn send(&self, message: SourceMessage) -> Result<(), Closed> {
        self.out.blocking_send(message).map_err(|_| Closed)
    }

    fn hand_over(&mut self, round: Round) -> Outcome {
        if !round.is_empty() {
            self.reported = self.position.clone();
            let transaction = round.transaction(Position::Kinesis(self.position.clone()));
            return Ok(self.send(SourceMessage::Transactions(vec![transaction])));
        }
        if self.position == self.reported || self.progressed.elapsed() < PROGRESS_INTERVAL {
            return Ok(Ok(()));
        }
        self.progressed = Instant::now();
        self.reported = self.position.clone();
        Ok(self.send(SourceMessage::Progress { position: Position::Kinesis(self.position.clone()) }))
    }

    /// Up to when all of a stream is read; `None`: that is not known of every shard.
    fn through(&self, name: &str) -> Option<i64> {
        let (stream, place) = (self.streams.get(name)?, self.position.stream(name)?);
        let of_shard = |shard| self.shards.get(&(stream.reader, shard)).and_then(|reading| reading.through);
        readable(place, &stream.parents).map(of_shard).min().flatten()
    }

    /// Ends the copies of tables whose target is reached, by what has been handed over.
    fn end_copies(&mut self) -> Outcome {
        if self.position != self.reported {
            return Ok(Ok(()));
        }
        let copies = std::mem::take(&mut self.copies);
        let is_complete = |copy: &StreamCopy| {
            let (Some(stream), Some(place)) = (self.streams.get(&copy.stream), self.position.stream(&copy.stream))
            else {
                return false;
            };
            // What waits for its parents may be older, too.
            let unread = place.shards().filter(|(_, place)| **place != Place::End).count();
            unread == readable(place, &stream.parents).count()
                && self.through(&copy.stream).is_some_and(|through| through >= copy.target.moment)
        };
        let (complete, left): (Vec<_>, Vec<_>) = copies.into_iter().partition(is_complete);
        self.copies = left;
        for StreamCopy { schema, .. } in complete {
            let (incomplete, mut answer) = tokio::sync::mpsc::channel(1);
            if self.send(SourceMessage::CopyEnds { table: schema, snapshot: None, incomplete }).is_err() {
                return Ok(Err(Closed));
            }
            match answer.blocking_recv() {
                None => return Ok(Err(Closed)),
                Some(rows) if rows.is_empty() => {}
                Some(_) => return Err(self.faults.protocol("rows lack values that records always have")),
            }
        }
        Ok(Ok(()))
    }

    /// Keeps up to when all is read, which says later whether something was removed unread.
    fn keep(&mut self) -> Result<(), Closed> {
        let is_much = |kept: Option<i64>, through: i64| kept.is_none_or(|kept| through - kept >= NOTE_SECONDS);
        let reached: Vec<_> = self.streams.keys().filter_map(|it| Some((it.clone(), self.through(it)?))).collect();
        let is_later = |(stream, through): &(SmolStr, i64)| {
            self.kept.0.get(stream).is_some_and(|kept| is_much(kept.through, *through))
        };
        if self.position != self.reported || !reached.iter().any(is_later) {
            return Ok(());
        }
        for (stream, through) in reached {
            if let Some(kept) = self.kept.0.get_mut(&stream) {
                kept.through = kept.through.max(Some(through));
            }
        }
        self.send(note(&self.kept))
    }

    /// Whether others have met us: from there on we go further.
    fn meet(&mut self) -> Result<(), SourceError> {
        if self.stop_at.as_ref().is_some_and(|stop_at| self.reported.covers(stop_at)) {
            self.stop_at = None;
            if self.postponed {
                return Err(self.faults.unavailable("everyone has met: a stream begins anew"));
            }
            self.streams.values_mut().for_each(|stream| stream.looked = None);
        }
        Ok(())
    }

    /// What we do not read of where others are: streams that are ours no more.
    fn pass_unread(&mut self) {
        let Some(stop_at) = &self.stop_at else { return };
        for (stream, place) in stop_at.streams().filter(|(stream, _)| !self.streams.contains_key(*stream)) {
            self.position.set_stream(stream, place.clone());
        }
    }

    /// Up to where a shard is read until everyone has met; `None`: further.
    fn limit(&self, stream: &str, shard: ShardId) -> Option<Place> {
        let stop_at = self.stop_at.as_ref()?;
        let known = stop_at.place(stream, shard).or_else(|| self.began_at.place(stream, shard));
        Some(known.cloned().unwrap_or(Place::Start))
    }
}
