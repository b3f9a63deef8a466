//! Places in topics: of each partition the offset of the next message.
//!
//! Written `clicks:0=17,clicks:1=4`. A topic that is read once more from its beginning, because what is made of it is declared
//! otherwise now, has another *reading*, `clicks~1:0=17`: all of it lies behind all of the reading before.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smol_str::SmolStr;

/// Where no partition has been seen.
const NOWHERE: &str = "kafka:none";

/// The next offset of each partition, by topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KafkaPosition {
    topics: Arc<BTreeMap<SmolStr, TopicPosition>>,
}

/// Where one topic stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct TopicPosition {
    /// How often it was begun anew.
    pub(super) reading: u32,
    /// By partition.
    pub(super) offsets: BTreeMap<i32, i64>,
}

impl TopicPosition {
    fn covers(&self, other: &Self) -> bool {
        let reaches = |(partition, offset): (&i32, &i64)| self.offsets.get(partition).is_some_and(|at| at >= offset);
        self.reading > other.reading || (self.reading == other.reading && other.offsets.iter().all(reaches))
    }
}

impl KafkaPosition {
    /// Whether everything before `other` is also before `self`.
    pub fn covers(&self, other: &Self) -> bool {
        other.topics.iter().all(|(topic, place)| self.topics.get(topic).is_some_and(|at| at.covers(place)))
    }

    /// The next offset of a partition.
    pub fn offset(&self, topic: &str, partition: i32) -> Option<i64> {
        self.topics.get(topic)?.offsets.get(&partition).copied()
    }

    /// Where a topic stands.
    pub(super) fn topic(&self, topic: &str) -> Option<&TopicPosition> {
        self.topics.get(topic)
    }

    /// The same of one topic alone.
    pub(super) fn only(&self, topic: &SmolStr) -> Self {
        let place = self.topics.get(topic).map(|place| (topic.clone(), place.clone()));
        Self { topics: Arc::new(place.into_iter().collect()) }
    }

    /// Every partition: topic, partition, next offset.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (&SmolStr, i32, i64)> {
        self.topics.iter().flat_map(|(topic, place)| {
            place.offsets.iter().map(move |(partition, offset)| (topic, *partition, *offset))
        })
    }

    /// Places a partition.
    pub(super) fn set(&mut self, topic: &SmolStr, partition: i32, offset: i64) {
        let topics = Arc::make_mut(&mut self.topics);
        topics.entry(topic.clone()).or_default().offsets.insert(partition, offset);
    }

    /// Begins a topic anew, at these offsets; the first time where it was not there.
    pub(super) fn begin(&mut self, topic: &SmolStr, offsets: BTreeMap<i32, i64>) {
        let topics = Arc::make_mut(&mut self.topics);
        let reading = topics.get(topic).map_or(0, |before| before.reading + 1);
        topics.insert(topic.clone(), TopicPosition { reading, offsets });
    }
}

impl fmt::Display for KafkaPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (topic, TopicPosition { reading, offsets }) in self.topics.iter() {
            for (partition, offset) in offsets {
                f.write_str(separator)?;
                match reading {
                    0 => write!(f, "{topic}:{partition}={offset}")?,
                    _ => write!(f, "{topic}~{reading}:{partition}={offset}")?,
                }
                separator = ",";
            }
        }
        if separator.is_empty() { f.write_str(NOWHERE) } else { Ok(()) }
    }
}

/// Text that is no such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in topics of Kafka")]
pub struct KafkaPositionError;

impl FromStr for KafkaPosition {
    type Err = KafkaPositionError;

    fn from_str(text: &str) -> Result<Self, KafkaPositionError> {
        let text = text.trim();
        let mut topics: BTreeMap<SmolStr, TopicPosition> = BTreeMap::new();
        if text == NOWHERE {
            return Ok(Self::default());
        }
        for part in text.split(',') {
            let (topic, reading, partition, offset) = read_part(part).ok_or(KafkaPositionError)?;
            let place = topics.entry(topic.into()).or_insert_with(|| TopicPosition { reading, ..Default::default() });
            if place.reading != reading || place.offsets.insert(partition, offset).is_some() {
                return Err(KafkaPositionError);
            }
        }
        Ok(Self { topics: Arc::new(topics) })
    }
}

fn read_part(part: &str) -> Option<(&str, u32, i32, i64)> {
    let (place, offset) = part.rsplit_once('=')?;
    let (named, partition) = place.rsplit_once(':')?;
    let (topic, reading) = match named.rsplit_once('~') {
        Some((topic, reading)) => (topic, number(reading)?),
        None => (named, 0),
    };
    is_topic_name(topic).then_some((topic, reading, number(partition)?, number(offset)?))
}

/// Digits alone: no sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Whether a broker would take it for a topic's name.
pub fn is_topic_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(name, "" | "." | "..") && name.len() <= 249 && name.bytes().all(good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::position::{Position, Positions};

    fn at(text: &str) -> KafkaPosition {
        text.parse().expect("a position")
    }

    #[test]
    fn positions_compare_partition_by_partition() {
        assert!(at("a:0=5,a:1=2").covers(&at("a:0=5")));
        assert!(at("a:0=5,a:1=2,b:0=0").covers(&at("a:0=4,a:1=2")));
        assert!(!at("a:0=5,a:1=2").covers(&at("a:0=4,a:1=3")), "ahead in one, behind in another");
        assert!(!at("a:0=4,a:1=3").covers(&at("a:0=5,a:1=2")));
        assert!(!at("a:0=5").covers(&at("b:0=1")));
        assert!(at("a~1:0=0").covers(&at("a:0=900,a:1=7")), "a later reading is behind all of the one before");
        assert!(!at("a:0=900").covers(&at("a~1:0=0")));
        assert!(at("a:0=1").covers(&at(NOWHERE)));
    }

    #[test]
    fn a_topic_that_begins_anew_lies_behind_its_former_readings() {
        let mut position = at("a:0=900,b:0=3");
        let before = position.clone();
        position.begin(&"a".into(), BTreeMap::from([(0, 2)]));
        assert_eq!(position.to_string(), "a~1:0=2,b:0=3");
        assert!(position.covers(&before) && !before.covers(&position));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for wrong in [
            "",
            "a",
            "a:0",
            "a:0=",
            "a:=1",
            "a:0=-1",
            "a:0=+1",
            ":0=1",
            "a b:0=1",
            "a:0=1,a:0=2",
            "a=a:0=1",
            "a~:0=1",
            "a:0=1,a~1:1=1",
        ] {
            assert_eq!(wrong.parse::<KafkaPosition>(), Err(KafkaPositionError), "{wrong}");
        }
    }

    fn positions() -> impl Strategy<Value = KafkaPosition> {
        let offsets = proptest::collection::btree_map(0..i32::MAX, 0..i64::MAX, 1..4);
        let topic = (0..3u32, offsets).prop_map(|(reading, offsets)| TopicPosition { reading, offsets });
        proptest::collection::btree_map(
            "[a-zA-Z0-9._-]{1,8}".prop_filter("a name", |name| is_topic_name(name)),
            topic,
            0..4,
        )
        .prop_map(|topics| KafkaPosition {
            topics: Arc::new(topics.into_iter().map(|(name, at)| (name.into(), at)).collect()),
        })
    }

    proptest! {
        #[test]
        fn positions_are_written_and_read_again(position in positions(), other in positions()) {
            prop_assert_eq!(&position.to_string().parse::<KafkaPosition>().expect("a position"), &position);
            let whole = Position::Kafka(position);
            prop_assert_eq!(&whole.to_string().parse::<Position>().expect("a position"), &whole);
            // Alone it may stand without its source's name; among others it has one.
            let names = ["clicks".into(), "shop".into()];
            let alone = Positions(BTreeMap::from([(SmolStr::from("clicks"), whole.clone())]));
            prop_assert_eq!(&Positions::parse(&alone.to_string(), &names[..1]).expect("a position"), &alone);
            prop_assert_eq!(&Positions::parse(&format!("clicks={whole}"), &names[..1]).expect("a position"), &alone);
            let both = Positions(BTreeMap::from([(names[0].clone(), whole), (names[1].clone(), Position::Kafka(other))]));
            prop_assert_eq!(&Positions::parse(&both.to_string(), &names).expect("positions"), &both);
        }

        #[test]
        fn covering_is_a_partial_order(a in positions(), b in positions(), c in positions()) {
            prop_assert!(a.covers(&a));
            prop_assert!(!(a.covers(&b) && b.covers(&a)) || a == b);
            prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
        }
    }
}
