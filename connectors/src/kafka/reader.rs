//! The loop that reads topics: messages in, one transaction for each round of them out.
//!
//! A round is what the client has at hand, within a bound. Its changes are in the order of topic, partition and offset, and its position is
//! behind all of them, so whoever resumes from a position reads exactly what follows it. Between messages lie records that are none: ends of
//! transactions, messages of those that were aborted, keys that compaction took away. The client's own position passes them, and is
//! reported where nothing else comes.
//!
//! It blocks: it has a thread, and a pipeline that takes nothing holds it up, with a bound on what the client has read ahead.

mod columns;
mod looking;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use smol_str::SmolStr;

use super::beginning::{Beginning, Ids, TopicCopy};
use super::client::SourceConsumer;
use super::config::{KafkaSourceConfig, OnLost};
use super::faults::{Faults, Told};
use super::position::KafkaPosition;
use super::round::Round;
use super::table::TableReader;
use super::topics::Topics;
use crate::position::Position;
use crate::source::{DurablePosition, SourceError, SourceMessage, TransactionSender};

pub(super) use columns::LostColumns;

/// How long is waited for a message before something else is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How often offsets are shown under the consumer group.
const MIRROR_INTERVAL: Duration = Duration::from_secs(5);
/// Progress is reported no more often than this: each report is a commit of the pipeline.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(20);

/// One run of the loop.
pub(super) struct Reader {
    pub(super) config: KafkaSourceConfig,
    pub(super) faults: Faults,
    pub(super) consumer: SourceConsumer,
    pub(super) out: TransactionSender,
    pub(super) durable: DurablePosition,
    readers: Vec<TableReader>,
    /// Places in `readers`.
    topics: BTreeMap<SmolStr, usize>,
    position: KafkaPosition,
    /// What has been reported.
    reported: KafkaPosition,
    copies: Vec<TopicCopy>,
    ids: Ids,
    /// Where others are to meet us before we go further, see [`Reader::limit`].
    stop_at: Option<KafkaPosition>,
    /// Where we were when that was said.
    began_at: KafkaPosition,
    /// Topics begin anew in the run after that.
    postponed: bool,
    times: Times,
}

/// When what was done last.
struct Times {
    heard: Instant,
    looked: Instant,
    mirrored: Instant,
    progressed: Instant,
}

/// The pipeline does not listen any more.
struct Closed;

/// How a step of the loop ends.
type Outcome = Result<Result<(), Closed>, SourceError>;

impl Reader {
    /// What a run needs.
    pub(super) fn new(
        (config, faults): (KafkaSourceConfig, Faults),
        consumer: SourceConsumer,
        (out, durable): (TransactionSender, DurablePosition),
        (beginning, stop_at): (Beginning, Option<KafkaPosition>),
    ) -> Self {
        let Beginning { position, readers, copies, ids, postponed, .. } = beginning;
        let topics = readers.iter().enumerate().map(|(place, reader)| (reader.table.topic.clone(), place)).collect();
        let now = Instant::now();
        let times = Times { heard: now, looked: now, mirrored: now, progressed: now };
        let (reported, began_at) = (position.clone(), position.clone());
        Self {
            config,
            faults,
            consumer,
            out,
            durable,
            readers,
            topics,
            position,
            reported,
            copies,
            ids,
            stop_at,
            began_at,
            postponed,
            times,
        }
    }

    /// Runs until an error, or until nobody listens.
    pub(super) fn run(mut self, first: Vec<SourceMessage>) -> Result<(), SourceError> {
        for message in first {
            if self.out.blocking_send(message).is_err() {
                return Ok(());
            }
        }
        self.pass_unread();
        if !self.postponed && self.stop_at.as_ref().is_some_and(|stop_at| self.position.covers(stop_at)) {
            self.stop_at = None;
        }
        self.assign()?;
        let place = self.position.to_string();
        tracing::info!(source = %self.config.name, position = %place, topics = self.topics.len(), "reading");
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
        let (round, ended) = self.collect();
        // The client is already behind a message that ended the round.
        if matches!(ended, Told::Nothing) {
            self.pass_gaps()?;
        }
        if self.note_ids()?.is_err() || self.hand_over(round)?.is_err() || self.end_copies()?.is_err() {
            return Ok(Err(Closed));
        }
        // What came before an error has been handed over.
        match ended {
            Told::Nothing => {}
            Told::OutOfRange => self.find_lost()?,
            Told::Lost(lost) => return self.lose(&lost),
            Told::Fault(error) => return Err(error),
        }
        self.meet()?;
        self.mirror();
        self.look()?;
        Ok(Ok(()))
    }

    /// Reads from `position` on.
    fn assign(&mut self) -> Result<(), SourceError> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in
            self.position.partitions().filter(|(topic, ..)| self.topics.contains_key(*topic))
        {
            list.add_partition_offset(topic, partition, Offset::Offset(offset))
                .map_err(|error| self.faults.asked("partitions cannot be assigned", &error))?;
        }
        self.consumer.assign(&list).map_err(|error| self.faults.asked("partitions cannot be assigned", &error))
    }

    /// Takes what is at hand, or waits a little; also says what came in place of a message.
    fn collect(&mut self) -> (Round, Told) {
        let mut round = Round::default();
        while !round.is_full() {
            let wait = if round.is_empty() { POLL } else { Duration::ZERO };
            let message = match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    let reason = self.consumer.client().context().last_error();
                    match self.faults.told(&error, &reason) {
                        Told::Nothing => continue,
                        ended => return (round, ended),
                    }
                }
            };
            let Some((topic, place)) = self.topics.get_key_value(message.topic()) else { continue };
            let (partition, offset) = (message.partition(), message.offset());
            let Some(next) = self.position.offset(topic, partition) else { continue };
            if offset < next {
                continue;
            }
            if let Some(limit) =
                limit((&self.stop_at, &self.began_at), topic, partition).filter(|limit| offset >= *limit)
            {
                // It comes again once everyone is there.
                self.position.set(topic, partition, limit);
                continue;
            }
            if let Err(ended) = round.take((*place, &mut self.readers[*place]), &message, &self.faults) {
                return (round, ended);
            }
            let topic = topic.clone();
            self.position.set(&topic, partition, offset + 1);
        }
        (round, Told::Nothing)
    }

    /// Passes what lies between messages and is none.
    fn pass_gaps(&mut self) -> Result<(), SourceError> {
        let positions = self.consumer.position().map_err(|error| self.faults.asked("no place is known", &error))?;
        for element in positions.elements() {
            let (Offset::Offset(offset), Some((topic, _))) =
                (element.offset(), self.topics.get_key_value(element.topic()))
            else {
                continue;
            };
            let (topic, partition) = (topic.clone(), element.partition());
            let limit = limit((&self.stop_at, &self.began_at), &topic, partition).unwrap_or(i64::MAX);
            if self.position.offset(&topic, partition).is_some_and(|at| at < offset.min(limit)) {
                self.position.set(&topic, partition, offset.min(limit));
            }
        }
        Ok(())
    }

    /// Topics have the ids that they had, and new ones are kept before their messages are.
    fn note_ids(&mut self) -> Outcome {
        let told = self.consumer.client().context().ids();
        let mut differs = false;
        for (topic, id) in told.into_iter().filter(|(topic, _)| self.topics.contains_key(topic)) {
            match self.ids.0.get(&topic) {
                Some(known) if *known == id => {}
                Some(_) => {
                    let reason = format!("topic \"{topic}\" was deleted and made again");
                    return Err(self.faults.cannot_resume(&self.reported, reason));
                }
                None => {
                    self.ids.0.insert(topic, id);
                    differs = true;
                }
            }
        }
        if !differs {
            return Ok(Ok(()));
        }
        let note = serde_json::to_string(&self.ids).expect("names and ids are text");
        Ok(self.send(SourceMessage::Note(note)))
    }

    fn send(&self, message: SourceMessage) -> Result<(), Closed> {
        self.out.blocking_send(message).map_err(|_| Closed)
    }

    fn hand_over(&mut self, round: Round) -> Outcome {
        if !round.is_empty() {
            self.times.heard = Instant::now();
            self.reported = self.position.clone();
            let transaction = round.transaction(Position::Kafka(self.position.clone()));
            return Ok(self.send(SourceMessage::Transactions(vec![transaction])));
        }
        if self.position == self.reported || self.times.progressed.elapsed() < PROGRESS_INTERVAL {
            return Ok(Ok(()));
        }
        self.times.progressed = Instant::now();
        self.reported = self.position.clone();
        Ok(self.send(SourceMessage::Progress { position: Position::Kafka(self.position.clone()) }))
    }

    /// Ends the copies of tables whose target is reached, by what has been handed over.
    fn end_copies(&mut self) -> Outcome {
        let reported = self.reported.clone();
        let (complete, left) =
            std::mem::take(&mut self.copies).into_iter().partition(|copy| reported.covers(&copy.target));
        self.copies = left;
        let complete: Vec<TopicCopy> = complete;
        for TopicCopy { schema, .. } in complete {
            let (incomplete, mut answer) = tokio::sync::mpsc::channel(1);
            if self.send(SourceMessage::CopyEnds { table: schema, snapshot: None, incomplete }).is_err() {
                return Ok(Err(Closed));
            }
            match answer.blocking_recv() {
                None => return Ok(Err(Closed)),
                Some(rows) if rows.is_empty() => {}
                Some(_) => return Err(self.faults.protocol("rows lack values that messages always have")),
            }
        }
        Ok(Ok(()))
    }

    /// Whether others have met us: from there on we go further.
    fn meet(&mut self) -> Result<(), SourceError> {
        if self.stop_at.as_ref().is_some_and(|stop_at| self.reported.covers(stop_at)) {
            self.stop_at = None;
            if self.postponed {
                return Err(self.faults.unavailable("everyone has met: a topic begins anew"));
            }
            self.assign()?;
        }
        Ok(())
    }

    /// What we do not read of where others are: topics that are ours no more.
    fn pass_unread(&mut self) {
        let Some(stop_at) = &self.stop_at else { return };
        for (topic, partition, offset) in stop_at.partitions().filter(|(topic, ..)| !self.topics.contains_key(*topic)) {
            self.position.set(topic, partition, offset);
        }
    }

    /// Messages were removed before they were read, or there are fewer than there were.
    fn find_lost(&mut self) -> Result<(), SourceError> {
        let read: Vec<(SmolStr, i32, i64)> =
            self.position.partitions().map(|(topic, partition, offset)| (topic.clone(), partition, offset)).collect();
        for (topic, partition, next) in read.into_iter().filter(|(topic, ..)| self.topics.contains_key(topic)) {
            let extent = self.asking().extent(&topic, partition)?;
            if next > extent.high {
                let reason = format!(
                    "topic \"{topic}\", partition {partition}, ends at offset {}: it was truncated, or made again",
                    extent.high
                );
                return Err(self.faults.cannot_resume(&self.position, reason));
            }
            if next >= extent.low {
                continue;
            }
            let lost = format!("offsets {next} to {} of topic \"{topic}\", partition {partition}", extent.low - 1);
            match self.config.on_lost {
                OnLost::Stop => {
                    let reason = format!("{lost} were removed before they were read");
                    return Err(self.faults.cannot_resume(&self.position, reason));
                }
                OnLost::Skip => {
                    tracing::warn!(source = %self.config.name, messages = extent.low - next, "skipped: {lost} were removed before they were read");
                    self.position.set(&topic, partition, extent.low);
                }
            }
        }
        self.assign()
    }

    /// Shows how far the state is on disk to tools that watch consumer groups.
    fn mirror(&mut self) {
        if self.config.group.is_none() || self.times.mirrored.elapsed() < MIRROR_INTERVAL {
            return;
        }
        self.times.mirrored = Instant::now();
        let durable = self.durable.borrow_and_update().clone();
        let Some(Position::Kafka(durable)) = durable else { return };
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in durable.partitions().filter(|(topic, ..)| self.topics.contains_key(*topic)) {
            let _ = list.add_partition_offset(topic, partition, Offset::Offset(offset));
        }
        // What comes of it the client's context is told.
        let _ = self.consumer.commit(&list, CommitMode::Async);
    }

    fn asking(&self) -> Topics<'_> {
        Topics {
            consumer: &self.consumer,
            faults: &self.faults,
            out: Some(&self.out),
            hears: false,
            patience: Duration::ZERO,
        }
    }
}

/// The offset up to which a partition is read until everyone has met.
fn limit((stop_at, began_at): (&Option<KafkaPosition>, &KafkaPosition), topic: &str, partition: i32) -> Option<i64> {
    let stop_at = stop_at.as_ref()?;
    Some(stop_at.offset(topic, partition).or_else(|| began_at.offset(topic, partition)).unwrap_or(0))
}
