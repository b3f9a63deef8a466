//! Reads a topic to its end, as a reader of committed transactions sees it. Everything here blocks.
//!
//! The end is where the log ends at the moment of the question, with what others have not committed yet: their transactions
//! hide what came behind them, which may be what is looked for. So the reader waits until they are over.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::kafka::KafkaConnection;
use crate::sink::SinkError;

use super::cluster::{Cluster, Quiet, client};
use super::error::Place;
use super::patience::Patience;

/// Fetched ahead, over all partitions.
const AHEAD_KIBIBYTES: &str = "16384";
/// From one look at an open transaction to the next.
const OPEN_POLL: Duration = Duration::from_millis(10);
/// For a question about one partition.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A message.
pub(super) struct Seen<'a> {
    pub(super) partition: i32,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// Reads one topic.
pub(super) struct TopicReader {
    place: Place,
    consumer: BaseConsumer<Quiet>,
    topic: String,
    partitions: i32,
    /// By partition the offset that is read next; none: from the beginning.
    next: BTreeMap<i32, i64>,
    /// Until transactions are over that hide what came behind them.
    waits: bool,
}

impl TopicReader {
    /// A reader that stands at the topic's beginning.
    pub(super) fn new(
        connection: &KafkaConnection,
        place: &Place,
        (topic, partitions): (&str, i32),
    ) -> Result<Self, SinkError> {
        let mut client = client(connection, place);
        client
            // Nothing is committed for it; the client wants it for reading at all.
            .set("group.id", format!("tailwater-{}", place.sink))
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", AHEAD_KIBIBYTES);
        let consumer = client.create_with_context(Quiet(place.words.clone())).map_err(|error| place.sort(&error))?;
        Ok(Self { place: place.clone(), consumer, topic: topic.into(), partitions, next: BTreeMap::new(), waits: true })
    }

    /// The same, up to the first transaction that is open.
    pub(super) fn without_waiting(self) -> Self {
        Self { waits: false, ..self }
    }

    /// Hands over every message from where the last call ended to the topic's end.
    pub(super) fn read(
        &mut self,
        cluster: &Cluster,
        patience: &mut Patience,
        each: &mut dyn FnMut(Seen<'_>),
    ) -> Result<(), SinkError> {
        let mut all = |seen: Seen<'_>| {
            each(seen);
            ControlFlow::Continue(())
        };
        self.read_until(cluster, patience, &mut all).map(drop)
    }

    /// Hands over messages until one breaks off, from where the last call ended to the topic's end.
    pub(super) fn read_until(
        &mut self,
        cluster: &Cluster,
        patience: &mut Patience,
        each: &mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SinkError> {
        let ends = cluster.ends(&self.topic, self.partitions)?;
        let mut open = self.assign(&ends, patience)?;
        let mut flow = ControlFlow::Continue(());
        while !open.is_empty() && flow.is_continue() {
            match self.consumer.poll(patience.slice()) {
                Some(Ok(message)) => {
                    patience.renew();
                    let (partition, offset) = (message.partition(), message.offset());
                    self.next.insert(partition, offset + 1);
                    flow = each(Seen { partition, key: message.key(), value: message.payload() });
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                    // Behind the last message there may be what only the brokers read.
                    let next = self.next.entry(partition).or_default();
                    *next = (*next).max(ends.get(&partition).copied().unwrap_or_default());
                }
                Some(Err(error)) => self.judge(&error)?,
                None if patience.is_over() => {
                    return Err(self.place.unavailable(format!("topic \"{}\" is not read in time", self.topic)));
                }
                None => {}
            }
        }
        self.consumer.unassign().map_err(|error| self.place.sort(&error))?;
        Ok(flow)
    }

    /// Begins to fetch the partitions that are not read to their end; answers which.
    fn assign(&self, ends: &BTreeMap<i32, i64>, patience: &Patience) -> Result<BTreeSet<i32>, SinkError> {
        let (mut open, mut assignment) = (BTreeSet::new(), TopicPartitionList::new());
        for (&partition, &end) in ends {
            let next = self.next.get(&partition).copied();
            if end == 0 || next.is_some_and(|next| next >= end) {
                continue;
            }
            if self.waits {
                self.wait_until_stable(partition, end, patience)?;
            }
            let from = next.map_or(Offset::Beginning, Offset::Offset);
            let added = assignment.add_partition_offset(&self.topic, partition, from);
            added.map_err(|error| self.place.sort(&error))?;
            open.insert(partition);
        }
        self.consumer.assign(&assignment).map_err(|error| self.place.sort(&error))?;
        Ok(open)
    }

    /// Waits until no transaction that is open hides what is before `end`.
    fn wait_until_stable(&self, partition: i32, end: i64, patience: &Patience) -> Result<(), SinkError> {
        loop {
            let marks = self.consumer.fetch_watermarks(&self.topic, partition, ANSWER_MAX);
            let (_, stable) = marks.map_err(|error| self.place.sort(&error))?;
            if stable >= end {
                return Ok(());
            }
            if patience.is_over() {
                let (topic, brokers) = (&self.topic, &self.place.brokers);
                return Err(self.place.unavailable(format!(
                    "a transaction of another program, or one that the brokers lost, stays open in topic \"{topic}\", partition {partition}, \
                     from offset {stable} on; if nobody ends it, kafka-transactions.sh --bootstrap-server {brokers} abort --topic {topic} \
                     --partition {partition} --start-offset {stable} does"
                )));
            }
            std::thread::sleep(OPEN_POLL);
        }
    }

    /// Errors that the client gets over by itself are none.
    fn judge(&self, error: &KafkaError) -> Result<(), SinkError> {
        match error.rdkafka_error_code() {
            // Groups are not asked for anything.
            Some(Code::GroupAuthorizationFailed) => Ok(()),
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                Err(self.place.unavailable(format!("topic \"{}\" was cut while it was read", self.topic)))
            }
            _ => match self.place.sort(error) {
                passing if passing.is_transient() => Ok(()),
                error => Err(error),
            },
        }
    }
}
