//! Questions about topics, each with a bound: they are asked between messages, and nobody waits long for a source that is to stop.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use smol_str::SmolStr;

use super::client::SourceConsumer;
use super::faults::{Faults, Told};
use crate::source::{SourceError, TransactionSender};

/// One question takes no longer.
const QUESTION_MAX: Duration = Duration::from_secs(1);
/// From an answer that is an error to the next question.
const AGAIN: Duration = Duration::from_millis(100);

/// Offsets of a partition: of the first message that is there, and behind the last that may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) low: i64,
    pub(super) high: i64,
}

/// Asks on a consumer of a source.
pub(super) struct Topics<'a> {
    pub(super) consumer: &'a SourceConsumer,
    pub(super) faults: &'a Faults,
    /// Once it is closed nobody wants to know any more.
    pub(super) out: Option<&'a TransactionSender>,
    /// Whether the client's own words are heard here. Not of one that is assigned partitions: messages are among them.
    pub(super) hears: bool,
    /// How long brokers that do not answer are asked again.
    pub(super) patience: Duration,
}

impl Topics<'_> {
    /// Number of partitions; `None`: there is no such topic.
    pub(super) fn partitions(&self, topic: &str) -> Result<Option<i32>, SourceError> {
        let what = format!("topic \"{topic}\" cannot be looked at");
        self.patiently(|| {
            let answered = self.consumer.fetch_metadata(Some(topic), QUESTION_MAX);
            let metadata = answered.map_err(|error| self.faults.asked(&what, &error))?;
            let found = metadata.topics().iter().find(|found| found.name() == topic);
            let Some(found) = found else { return Ok(None) };
            match found.error().map(RDKafkaErrorCode::from) {
                None if found.partitions().is_empty() => Err(self.faults.unavailable(what.clone())),
                None => Ok(i32::try_from(found.partitions().len()).ok()),
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(None),
                Some(code) => Err(self.faults.asked(&what, &rdkafka::error::KafkaError::MetadataFetch(code))),
            }
        })
    }

    /// What is there of a partition.
    pub(super) fn extent(&self, topic: &str, partition: i32) -> Result<Extent, SourceError> {
        let what = format!("offsets of topic \"{topic}\", partition {partition}, cannot be asked for");
        self.patiently(|| {
            let answered = self.consumer.fetch_watermarks(topic, partition, QUESTION_MAX);
            let (low, high) = answered.map_err(|error| self.faults.asked(&what, &error))?;
            Ok(Extent { low, high })
        })
    }

    /// What is there of every partition of a topic; `None`: there is no such topic.
    pub(super) fn extents(&self, topic: &SmolStr) -> Result<Option<BTreeMap<i32, Extent>>, SourceError> {
        let Some(number) = self.partitions(topic)? else { return Ok(None) };
        let extent = |partition| Ok((partition, self.extent(topic, partition)?));
        (0..number).map(extent).collect::<Result<BTreeMap<_, _>, SourceError>>().map(Some)
    }

    /// The cluster's id.
    pub(super) fn cluster(&self) -> Result<String, SourceError> {
        self.patiently(|| {
            let answered = self.consumer.client().fetch_cluster_id(QUESTION_MAX);
            answered.ok_or_else(|| self.faults.unavailable("no broker answers"))
        })
    }

    /// Asks again while brokers do not answer, unless the client says that they never will.
    fn patiently<T>(&self, ask: impl Fn() -> Result<T, SourceError>) -> Result<T, SourceError> {
        let begun = Instant::now();
        loop {
            let error = match ask() {
                Err(error) if error.is_transient() => error,
                done => return done,
            };
            let reason = if self.hears { self.hear()? } else { None };
            if begun.elapsed() >= self.patience || self.out.is_some_and(TransactionSender::is_closed) {
                return Err(match (error, reason) {
                    (SourceError::Unavailable { message, .. }, Some(reason)) => {
                        self.faults.unavailable(format!("{message}: {reason}"))
                    }
                    (error, _) => error,
                });
            }
            if !self.hears {
                std::thread::sleep(AGAIN);
            }
        }
    }

    /// Listens for a while to what the client says of brokers: an error that does not pass by itself, or what keeps it from them.
    fn hear(&self) -> Result<Option<String>, SourceError> {
        let until = Instant::now() + AGAIN;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.consumer.poll(left) {
                None => return Ok(Some(self.consumer.client().context().last_error()).filter(|said| !said.is_empty())),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let reason = self.consumer.client().context().last_error();
                    if let Told::Fault(error) = self.faults.told(&error, &reason)
                        && !error.is_transient()
                    {
                        return Err(error);
                    }
                }
            }
        }
    }
}
