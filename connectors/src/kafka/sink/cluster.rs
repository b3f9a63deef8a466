//! Questions to the brokers, and topics that are made. Everything here blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use tokio::runtime::Handle;

use crate::kafka::KafkaConnection;
use crate::sink::SinkError;

use super::error::{Place, Words};
use super::patience::Patience;

/// For what the client has to say.
const LISTEN: Duration = Duration::from_millis(20);

/// A topic's settings by name.
pub(super) type Settings = BTreeMap<String, String>;

/// Hands what the client says about itself to our log, where few want to read it: what matters comes as an error, in these words.
pub(super) struct Quiet(pub(super) Words);

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "kafka client");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
        self.0.hear(&error, reason);
    }
}

impl ConsumerContext for Quiet {}

/// Clients that ask.
pub(super) struct Cluster {
    place: Place,
    timeout: Duration,
    consumer: BaseConsumer<Quiet>,
    admin: AdminClient<Quiet>,
}

impl Cluster {
    /// Makes the clients; connects when it is asked.
    pub(super) fn new(connection: &KafkaConnection, place: &Place) -> Result<Self, SinkError> {
        let sorted = |error: KafkaError| place.sort(&error);
        let client = client(connection, place);
        let admin = client.create_with_context(Quiet(place.words.clone())).map_err(sorted)?;
        // What is there, whether it is committed or not.
        let quiet = Quiet(place.words.clone());
        let consumer = client.clone().set("isolation.level", "read_uncommitted").create_with_context(quiet);
        Ok(Self { place: place.clone(), timeout: connection.timeout, consumer: consumer.map_err(sorted)?, admin })
    }

    /// How many partitions a topic has; `None`: there is no such topic.
    pub(super) fn partitions(&self, topic: &str, patience: &Patience) -> Result<Option<i32>, SinkError> {
        let mut last = None;
        while !patience.is_over() {
            match self.consumer.fetch_metadata(Some(topic), patience.slice()) {
                Ok(metadata) => {
                    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { continue };
                    let code = found.error().map(Code::from);
                    let has_leaders = found.partitions().iter().all(|partition| partition.leader() >= 0);
                    match code {
                        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Ok(None),
                        Some(code) => last = Some(self.transient(code)?),
                        None if found.partitions().is_empty() || !has_leaders => {
                            last = Some(self.place.sort_code(Code::LeaderNotAvailable));
                        }
                        None => return Ok(Some(found.partitions().len() as i32)),
                    }
                }
                Err(error) => last = Some(self.transient_error(&error)?),
            }
            self.complain()?;
        }
        Err(last.unwrap_or_else(|| self.place.unavailable("its brokers do not answer in time")))
    }

    /// An error that may pass, or one that ends the question.
    fn transient(&self, code: Code) -> Result<SinkError, SinkError> {
        let error = self.place.sort_code(code);
        if error.is_transient() { Ok(error) } else { Err(error) }
    }

    fn transient_error(&self, error: &KafkaError) -> Result<SinkError, SinkError> {
        let error = self.place.sort(error);
        if error.is_transient() { Ok(error) } else { Err(error) }
    }

    /// What the client has to say of its connections.
    fn complain(&self) -> Result<(), SinkError> {
        // With no time at all, the first line of its log would be all that is heard.
        while let Some(said) = self.consumer.poll(LISTEN) {
            let Err(error) = said else { continue };
            self.transient_error(&error)?;
            if error.rdkafka_error_code() == Some(Code::AllBrokersDown) {
                return Err(self.place.unreached());
            }
        }
        Ok(())
    }

    /// Where the partitions of a topic end: the offset of the next message.
    pub(super) fn ends(&self, topic: &str, partitions: i32) -> Result<BTreeMap<i32, i64>, SinkError> {
        let end = |partition| {
            let marks = self.consumer.fetch_watermarks(topic, partition, self.timeout);
            marks.map(|(_, end)| (partition, end)).map_err(|error| self.place.sort(&error))
        };
        (0..partitions).map(end).collect()
    }

    /// A topic's settings.
    pub(super) fn settings(&self, topic: &str) -> Result<Settings, SinkError> {
        let options = AdminOptions::new().request_timeout(Some(self.timeout));
        let asked = [ResourceSpecifier::Topic(topic)];
        let answered = Handle::current().block_on(self.admin.describe_configs(&asked, &options));
        let answered = answered.map_err(|error| self.place.sort(&error))?;
        let Some(answer) = answered.into_iter().next() else { return Ok(Settings::new()) };
        let answer = answer.map_err(|code| self.place.sort_code(code))?;
        Ok(answer.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect())
    }

    /// Makes a topic; one that is there meanwhile is as good.
    pub(super) fn create(&self, topic: &NewTopic<'_>) -> Result<(), SinkError> {
        let timeout = Some(self.timeout);
        let options = AdminOptions::new().request_timeout(timeout).operation_timeout(timeout);
        let made = Handle::current().block_on(self.admin.create_topics([topic], &options));
        for made in made.map_err(|error| self.place.sort(&error))? {
            match made {
                Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(self.place.sort_code(code)),
            }
        }
        Ok(())
    }
}

/// Settings that all clients of a sink share.
pub(super) fn client(connection: &KafkaConnection, place: &Place) -> ClientConfig {
    connection.client(&format!("tailwater-{}", place.sink))
}
