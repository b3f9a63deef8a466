//! The consumer of a source: its settings, and what it tells beside messages.
//!
//! The client library tells a topic's id, by which one that was deleted and made again is known, only where it logs what it learns from
//! metadata; so those lines are read. They come in order with the messages: a message of a new topic comes behind its id.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{ClientContext, TopicPartitionList};
use smol_str::SmolStr;

use super::config::{Isolation, KafkaSourceConfig};

/// Messages that wait in the client to be read.
const QUEUED_KIBIBYTES_MAX: u32 = 32 << 10;
/// No group is ever joined. But for so long the client waits for a group's coordinator that does not answer, or that we have no rights to,
/// before it gives up an offset that it was to show there; and a client that is let go waits with it. Milliseconds.
const COORDINATOR_MAX: &str = "3000";
/// The client wants it to be less; milliseconds.
const HEARTBEAT: &str = "1000";
/// Group that a client must name, where none is shown.
const NO_GROUP: &str = "tailwater";

/// A consumer of ours.
pub(super) type SourceConsumer = BaseConsumer<Context>;

/// Hears what the client tells beside messages.
#[derive(Default)]
pub(super) struct Context {
    source: SmolStr,
    ids: Mutex<BTreeMap<SmolStr, SmolStr>>,
    last_error: Mutex<String>,
    mirror_fails: Mutex<bool>,
}

impl Context {
    /// Ids of the topics of which one has been told.
    pub(super) fn ids(&self) -> BTreeMap<SmolStr, SmolStr> {
        self.ids.lock().clone()
    }

    /// What the client said last of a broker that it does not reach; no secrets.
    pub(super) fn last_error(&self) -> String {
        self.last_error.lock().clone()
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if matches!(level, RDKafkaLogLevel::Debug) {
            if let Some((topic, id)) = read_id(message) {
                self.ids.lock().insert(topic.into(), id.into());
            }
        } else {
            tracing::debug!(source = %self.source, facility, "{message}");
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut last = self.last_error.lock();
        // That none is reached says less than why one is not.
        if last.is_empty() || error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            reason.clone_into(&mut last);
        }
    }
}

impl ConsumerContext for Context {
    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        let failed = std::mem::replace(&mut *self.mirror_fails.lock(), result.is_err());
        match result {
            Err(error) if !failed => {
                tracing::warn!(source = %self.source, %error, "offsets cannot be shown under the consumer group");
            }
            _ => {}
        }
    }
}

/// Topic and id of a line like `[thrd:main]: Topic clicks changed id from AAAA to BBBB`.
fn read_id(line: &str) -> Option<(&str, &str)> {
    let (_, told) = line.split_once("Topic ")?;
    let (topic, ids) = told.split_once(" changed id from ")?;
    let (_, id) = ids.split_once(" to ")?;
    Some((topic, id.trim()))
}

/// Makes a consumer; it connects by itself.
pub(super) fn consumer(config: &KafkaSourceConfig) -> KafkaResult<SourceConsumer> {
    let mut client = config.connection.client(&format!("tailwater-{}", config.name));
    let isolation = match config.isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    client
        .set("group.id", config.group.as_deref().unwrap_or(NO_GROUP))
        .set("session.timeout.ms", COORDINATOR_MAX)
        .set("heartbeat.interval.ms", HEARTBEAT)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "false")
        .set("auto.offset.reset", "error")
        .set("isolation.level", isolation)
        .set("check.crcs", "true")
        .set("queued.max.messages.kbytes", QUEUED_KIBIBYTES_MAX.to_string())
        .set("debug", "metadata")
        .set_log_level(RDKafkaLogLevel::Debug);
    BaseConsumer::from_config_and_context(&client, Context { source: config.name.clone(), ..Context::default() })
}

#[cfg(test)]
mod tests {
    use super::read_id;

    #[test]
    fn ids_of_topics_are_read_from_the_clients_log() {
        let line = "[thrd:main]: Topic a.b_c-1 changed id from AAAAAAAAAAAAAAAAAAAAAA to Zk3xT2yQS4-0Y7y2J5a1bQ";
        assert_eq!(read_id(line), Some(("a.b_c-1", "Zk3xT2yQS4-0Y7y2J5a1bQ")));
        assert_eq!(read_id("[thrd:main]: Topic a [0] Leader 1 Epoch 0"), None);
    }
}
