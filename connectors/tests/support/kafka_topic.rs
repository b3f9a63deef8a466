//! What a reader of committed transactions finds in a topic: a client of its own, that knows nothing of ours. A file that the tests of both
//! packages include.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

/// Anything that is waited for happens within this, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message, with what stands in its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Found {
    /// The header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// All committed messages, in order within each partition; waits for transactions that are open.
pub(crate) fn committed(client: &ClientConfig, topic: &str) -> Vec<Found> {
    let consumer = |isolation: &str| -> BaseConsumer {
        let mut client = client.clone();
        client
            .set("group.id", "tests")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", isolation);
        client.create().expect("a client")
    };
    let (reader, all) = (consumer("read_committed"), consumer("read_uncommitted"));
    let metadata = all.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    let partitions = metadata.topics()[0].partitions().len() as i32;
    assert!(partitions > 0, "there is no topic {topic}");
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions {
        let end = |consumer: &BaseConsumer| consumer.fetch_watermarks(topic, partition, PATIENCE).expect("offsets").1;
        let (end_of_all, deadline) = (end(&all), Instant::now() + PATIENCE);
        while end(&reader) < end_of_all {
            assert!(Instant::now() < deadline, "a transaction in {topic} stays open");
        }
        assignment.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    }
    reader.assign(&assignment).expect("an assignment");
    let (mut found, mut left) = (Vec::new(), (0..partitions).collect::<BTreeSet<i32>>());
    while !left.is_empty() {
        match reader.poll(PATIENCE).expect("an answer") {
            Ok(message) => found.push(told(&message)),
            Err(KafkaError::PartitionEOF(partition)) => _ = left.remove(&partition),
            Err(error) => panic!("{topic} cannot be read: {error}"),
        }
    }
    found
}

fn told(message: &impl Message) -> Found {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let header = |header: rdkafka::message::Header<'_, &[u8]>| {
        (header.key.to_owned(), header.value.map(text).unwrap_or_default())
    };
    Found {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(text),
        value: message.payload().map(text),
        headers: message.headers().map(|headers| headers.iter().map(header).collect()).unwrap_or_default(),
    }
}
