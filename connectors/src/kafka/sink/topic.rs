//! What topics of a sink must be like. A missing one is made; one that does not fit is refused, with the command that mends it.

use rdkafka::admin::{NewTopic, TopicReplication};

use crate::sink::SinkError;

use super::cluster::{Cluster, Settings};
use super::config::KafkaSinkConfig;
use super::error::Place;
use super::patience::Patience;

const CLEANUP: &str = "cleanup.policy";
const MESSAGE_BYTES_MAX: &str = "max.message.bytes";
/// What Kafka says where nobody says anything.
const DEFAULT_MESSAGE_BYTES_MAX: usize = 1_048_588;
/// The topic of cursors is read to its end at every start: only closed segments are compacted, so they must be small.
const CURSOR_SETTINGS: [(&str, &str); 3] =
    [("segment.bytes", "16777216"), ("min.cleanable.dirty.ratio", "0.1"), ("delete.retention.ms", "60000")];

/// The largest batch of a topic that is made.
pub(super) fn message_bytes_max(config: &KafkaSinkConfig) -> usize {
    let set = config.topic_config.iter().find(|(name, _)| name == MESSAGE_BYTES_MAX);
    set.and_then(|(_, text)| text.parse().ok()).unwrap_or(DEFAULT_MESSAGE_BYTES_MAX)
}

/// A topic as it must be.
pub(super) struct Wanted<'a> {
    name: &'a str,
    cleanup: &'a str,
    partitions: Option<u32>,
    replication: Option<u32>,
    /// Of a topic that is made; of one that is there, where `is_checked`.
    settings: Vec<(&'a str, &'a str)>,
    is_checked: bool,
}

/// A topic as it is.
pub(super) struct Topic {
    pub(super) partitions: i32,
    /// The largest batch that it takes.
    pub(super) message_bytes_max: usize,
}

impl<'a> Wanted<'a> {
    /// The topic with the rows.
    pub(super) fn rows(config: &'a KafkaSinkConfig) -> Self {
        Self {
            name: &config.topic,
            cleanup: config.mode.cleanup_policy(),
            partitions: config.partitions,
            replication: config.replication,
            settings: config.topic_config.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            is_checked: true,
        }
    }

    /// The topic with the cursors of all sinks.
    pub(super) fn cursors(config: &'a KafkaSinkConfig) -> Self {
        Self {
            name: &config.cursor_topic,
            cleanup: "compact",
            partitions: Some(1),
            replication: config.replication,
            settings: CURSOR_SETTINGS.to_vec(),
            is_checked: false,
        }
    }

    /// The topic, if it is there; refuses one that does not fit.
    pub(super) fn look(
        &self,
        cluster: &Cluster,
        place: &Place,
        patience: &Patience,
    ) -> Result<Option<Topic>, SinkError> {
        let Some(partitions) = cluster.partitions(self.name, patience)? else { return Ok(None) };
        let settings = cluster.settings(self.name)?;
        self.judge(partitions, &settings, place)?;
        let bytes = settings.get(MESSAGE_BYTES_MAX).and_then(|text| text.parse().ok());
        Ok(Some(Topic { partitions, message_bytes_max: bytes.unwrap_or(DEFAULT_MESSAGE_BYTES_MAX) }))
    }

    /// Makes the topic and waits until it is there.
    pub(super) fn make(&self, cluster: &Cluster, place: &Place, patience: &Patience) -> Result<Topic, SinkError> {
        let count = |number: Option<u32>| number.map_or(-1, |number| i32::try_from(number).unwrap_or(i32::MAX));
        let replication = TopicReplication::Fixed(count(self.replication));
        let mut topic = NewTopic::new(self.name, count(self.partitions), replication).set(CLEANUP, self.cleanup);
        for (name, value) in &self.settings {
            topic = topic.set(name, value);
        }
        cluster.create(&topic)?;
        while !patience.is_over() {
            if let Some(topic) = self.look(cluster, place, patience)? {
                tracing::info!(sink = place.sink, topic = self.name, partitions = topic.partitions, "topic made");
                return Ok(topic);
            }
            std::thread::sleep(patience.slice());
        }
        Err(place.unavailable(format!("topic \"{}\" was made and does not appear", self.name)))
    }

    fn judge(&self, partitions: i32, settings: &Settings, place: &Place) -> Result<(), SinkError> {
        let Self { name, cleanup, .. } = self;
        let alter = |setting: String| {
            let brokers = &place.brokers;
            format!(
                "kafka-configs.sh --bootstrap-server {brokers} --alter --entity-type topics --entity-name {name} --add-config {setting}"
            )
        };
        let policy = settings.get(CLEANUP).map_or("", String::as_str);
        if policy != *cleanup {
            let why = match *cleanup {
                "compact" => "rows that do not change would go, or every version stay",
                _ => "it would lose what happened to a row before",
            };
            let message = format!("topic \"{name}\" has cleanup.policy = {policy}, not {cleanup}: {why}");
            return Err(place.refused(message, alter(format!("{CLEANUP}={cleanup}"))));
        }
        if let Some(wanted) =
            self.partitions.filter(|wanted| self.is_checked && i64::from(*wanted) != i64::from(partitions))
        {
            let message = format!("topic \"{name}\" has {partitions} partitions, \"partitions\" says {wanted}");
            let more = format!(
                "kafka-topics.sh --bootstrap-server {} --alter --topic {name} --partitions {wanted}, or leave \"partitions\" out",
                place.brokers
            );
            let hint = if i64::from(wanted) > i64::from(partitions) {
                more
            } else {
                format!("write partitions = {partitions}")
            };
            return Err(place.refused(message, hint));
        }
        for (setting, wanted) in self.settings.iter().filter(|_| self.is_checked) {
            let is = settings.get(*setting).map_or("not set", String::as_str);
            if is != *wanted {
                let message = format!("topic \"{name}\" has {setting} = {is}, \"topic_config\" says {wanted}");
                return Err(place.refused(message, alter(format!("{setting}={wanted}"))));
            }
        }
        Ok(())
    }
}
