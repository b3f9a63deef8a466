//! Topics compared with the database's own answers, and their messages with each other: each goes on where the last of its key ended.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value as Json;

use super::database::Database;
use super::kafka_topic::{Found, committed};

/// A topic that a sink of its name fills.
#[derive(Clone, Copy)]
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) view: &'static str,
    pub(crate) format: &'static str,
    pub(crate) mode: &'static str,
    /// All messages are of one life of the state, whose steps only go up.
    pub(crate) is_one_life: bool,
}

/// Compares; nothing may be written meanwhile. Answers how many messages there are.
pub(crate) fn audit(database: &Database, client: &ClientConfig, topic: Topic, sql: &str) -> usize {
    let messages = committed(client, topic.name);
    let mut replayed = Replayed::default();
    for message in &messages {
        replayed.take(topic, message);
    }
    let held = replayed.rows.into_iter().map(|(key, (_, row))| (key, text_of(&row))).collect::<BTreeMap<_, _>>();
    let wanted: BTreeMap<_, _> = database
        .rows(&format!("select id::text, row_to_json(v)::text from ({sql}) v"))
        .into_iter()
        .map(|mut cells| {
            let row: Json = serde_json::from_str(&cells.pop().flatten().unwrap()).unwrap();
            (format!("{{\"id\":{}}}", cells[0].as_deref().unwrap()), text_of(&row))
        })
        .collect();
    let differing: Vec<_> = held.iter().filter(|(key, row)| wanted.get(*key) != Some(row)).take(5).collect();
    let missing: Vec<_> = wanted.iter().filter(|(key, _)| !held.contains_key(*key)).take(5).collect();
    assert!(
        differing.is_empty() && missing.is_empty(),
        "topic {}: differing {differing:#?}, missing {missing:#?}",
        topic.name
    );
    messages.len()
}

/// Members by name, numbers and strings alike as text: the two sides differ in which numbers they write as strings.
fn text_of(row: &Json) -> BTreeMap<String, String> {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// What messages say, one after the other.
#[derive(Default)]
struct Replayed {
    /// By key the partition that tells of it, and the row.
    rows: BTreeMap<String, (i32, Json)>,
    /// By key the partition that told of it first.
    places: HashMap<String, i32>,
    /// By partition.
    steps: HashMap<i32, u64>,
}

impl Replayed {
    fn take(&mut self, topic: Topic, message: &Found) {
        let key = message.key.clone().unwrap();
        let place = *self.places.entry(key.clone()).or_insert(message.partition);
        assert_eq!(place, message.partition, "{key} is told of in two partitions");
        let step: u64 = message.header("tailwater.step").unwrap().parse().unwrap();
        let last = self.steps.insert(place, step).unwrap_or_default();
        assert!(last <= step || !topic.is_one_life, "step {step} comes behind step {last}: {message:?}");
        let former = self.rows.remove(&key).map(|(_, row)| row);
        let value: Option<Json> = message.value.as_deref().map(|value| serde_json::from_str(value).unwrap());
        let now = match topic.mode {
            "upsert" => value,
            _ => Some(Self::event(former.as_ref(), &value.expect("an event"))).filter(|row| !row.is_null()),
        };
        assert!(former != now, "said twice: {message:?}");
        if let Some(now) = now {
            self.rows.insert(key, (place, now));
        }
    }

    /// The row behind an event, which goes on where the last one ended.
    fn event(former: Option<&Json>, event: &Json) -> Json {
        assert_eq!(&event["before"], former.unwrap_or(&Json::Null), "{event}");
        let letter = event["op"].as_str().unwrap();
        match (former.is_some(), event["after"].is_null()) {
            (false, false) => assert!(matches!(letter, "c" | "r"), "{event}"),
            (true, false) => assert_eq!(letter, "u", "{event}"),
            _ => assert_eq!(letter, "d", "{event}"),
        }
        event["after"].clone()
    }
}

/// How many messages are committed.
pub(crate) fn written(client: &ClientConfig, topic: &str) -> usize {
    committed(client, topic).len()
}

/// How many keys there are.
pub(crate) fn rows(client: &ClientConfig, topic: &str) -> usize {
    let mut rows = BTreeMap::new();
    for message in committed(client, topic) {
        rows.insert(message.key, message.value);
    }
    rows.values().flatten().count()
}

/// Writes as any other program may.
pub(crate) fn plant(client: &ClientConfig, topic: &str, (key, value): (&str, Option<&str>)) {
    let producer: BaseProducer = client.clone().set("partitioner", "murmur2_random").create().unwrap();
    let mut record = BaseRecord::to(topic).key(key);
    record.payload = value;
    producer.send(record).unwrap();
    producer.flush(Duration::from_secs(30)).unwrap();
}
