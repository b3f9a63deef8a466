//! Places in streams: how far each shard is read.
//!
//! Written `clicks:shardId-000000000002=4957…,clicks:shardId-000000000003=start`. A shard that is read to its end, which takes no more
//! records, is left out once a later one is named: shards are numbered as they are made, so **one that is not named is at its end if a later one
//! is**, and not there yet otherwise. So a position stays as short as the stream has shards, however often these were split and merged.
//!
//! A stream that is read once more from its beginning, because what is made of it is declared otherwise now, has another *reading*,
//! `clicks~1:…`: all of it lies behind all of the reading before.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::sequence::{Place, ShardId};

/// Where no stream has been seen.
const NOWHERE: &str = "kinesis:none";
/// Longest name of a stream.
const NAME_BYTES_MAX: usize = 128;

/// How far shards are read, by stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KinesisPosition {
    streams: Arc<BTreeMap<SmolStr, StreamPosition>>,
}

/// Where one stream stands. At its end is the last shard alone, if at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct StreamPosition {
    /// How often it was begun anew.
    pub(super) reading: u32,
    shards: BTreeMap<ShardId, Place>,
}

impl StreamPosition {
    /// `None`: the shard is not known here.
    pub(super) fn place(&self, shard: ShardId) -> Option<&Place> {
        self.shards.get(&shard).or_else(|| self.last().filter(|last| shard < *last).map(|_| &Place::End))
    }

    /// Shards that are not at their ends, and the last one.
    pub(super) fn shards(&self) -> impl Iterator<Item = (ShardId, &Place)> {
        self.shards.iter().map(|(shard, place)| (*shard, place))
    }

    /// The last shard that is known.
    pub(super) fn last(&self) -> Option<ShardId> {
        self.shards.keys().next_back().copied()
    }

    fn set(&mut self, shard: ShardId, place: Place) {
        self.shards.insert(shard, place);
        let last = self.last();
        self.shards.retain(|shard, place| *place != Place::End || Some(*shard) == last);
    }

    fn covers(&self, other: &Self) -> bool {
        if self.reading != other.reading {
            return self.reading > other.reading;
        }
        // Of shards that neither names it holds where it holds of the other's last one.
        let named = self.shards.keys().chain(other.shards.keys());
        named.into_iter().all(|shard| self.place(*shard) >= other.place(*shard))
    }
}

impl KinesisPosition {
    /// Whether everything before `other` is also before `self`.
    pub fn covers(&self, other: &Self) -> bool {
        other.streams.iter().all(|(stream, place)| self.streams.get(stream).is_some_and(|at| at.covers(place)))
    }

    /// Where a stream stands.
    pub(super) fn stream(&self, stream: &str) -> Option<&StreamPosition> {
        self.streams.get(stream)
    }

    /// Every stream.
    pub(super) fn streams(&self) -> impl Iterator<Item = (&SmolStr, &StreamPosition)> {
        self.streams.iter()
    }

    /// Where a shard stands; `None`: it is not known here.
    pub(super) fn place(&self, stream: &str, shard: ShardId) -> Option<&Place> {
        self.stream(stream)?.place(shard)
    }

    /// Places a shard.
    pub(super) fn set(&mut self, stream: &SmolStr, shard: ShardId, place: Place) {
        Arc::make_mut(&mut self.streams).entry(stream.clone()).or_default().set(shard, place);
    }

    /// Places all of a stream.
    pub(super) fn set_stream(&mut self, stream: &SmolStr, position: StreamPosition) {
        Arc::make_mut(&mut self.streams).insert(stream.clone(), position);
    }

    /// Begins a stream anew, with these shards; the first time where it was not there.
    pub(super) fn begin(&mut self, stream: &SmolStr, shards: impl Iterator<Item = ShardId>) {
        let reading = self.streams.get(stream).map_or(0, |before| before.reading + 1);
        let shards = shards.map(|shard| (shard, Place::Start)).collect();
        self.set_stream(stream, StreamPosition { reading, shards });
    }
}

impl fmt::Display for KinesisPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (stream, StreamPosition { reading, shards }) in self.streams.iter() {
            for (shard, place) in shards {
                f.write_str(separator)?;
                match reading {
                    0 => write!(f, "{stream}:{shard}={place}")?,
                    _ => write!(f, "{stream}~{reading}:{shard}={place}")?,
                }
                separator = ",";
            }
        }
        if separator.is_empty() { f.write_str(NOWHERE) } else { Ok(()) }
    }
}

/// Text that is no such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in streams of Kinesis")]
pub struct KinesisPositionError;

impl FromStr for KinesisPosition {
    type Err = KinesisPositionError;

    fn from_str(text: &str) -> Result<Self, KinesisPositionError> {
        let text = text.trim();
        if text == NOWHERE {
            return Ok(Self::default());
        }
        let mut streams: BTreeMap<SmolStr, StreamPosition> = BTreeMap::new();
        for part in text.split(',') {
            let (stream, reading, shard, place) = read_part(part).ok_or(KinesisPositionError)?;
            let position =
                streams.entry(stream.into()).or_insert_with(|| StreamPosition { reading, ..Default::default() });
            if position.reading != reading || position.shards.insert(shard, place).is_some() {
                return Err(KinesisPositionError);
            }
        }
        let is_short = |position: &StreamPosition| {
            position.shards().all(|(shard, place)| *place != Place::End || Some(shard) == position.last())
        };
        streams.values().all(is_short).then(|| Self { streams: Arc::new(streams) }).ok_or(KinesisPositionError)
    }
}

fn read_part(part: &str) -> Option<(&str, u32, ShardId, Place)> {
    let (at, place) = part.rsplit_once('=')?;
    let (named, shard) = at.rsplit_once(':')?;
    let (stream, reading) = match named.rsplit_once('~') {
        Some((stream, reading)) => {
            let is_number = reading.bytes().all(|byte| byte.is_ascii_digit());
            (stream, is_number.then(|| reading.parse().ok()).flatten()?)
        }
        None => (named, 0),
    };
    is_stream_name(stream).then_some((stream, reading, ShardId::read(shard)?, Place::read(place)?))
}

/// Whether Kinesis would take it for a stream's name.
pub fn is_stream_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sequence::Sequence;
    use super::*;
    use crate::position::{Position, Positions};

    /// `a:0=5,a:1=2` for `a:shardId-000000000000=5,...`
    fn at(text: &str) -> KinesisPosition {
        let long = |part: &str| match part.split_once(':').map(|(stream, rest)| (stream, rest.split_once('='))) {
            Some((stream, Some((shard, place)))) => {
                format!("{stream}:{}={place}", ShardId(shard.parse().expect("a number")))
            }
            _ => part.to_owned(),
        };
        text.split(',').map(long).collect::<Vec<_>>().join(",").parse().expect("a position")
    }

    #[test]
    fn positions_compare_shard_by_shard_and_by_number() {
        assert!(at("a:0=5,a:1=2").covers(&at("a:0=5,a:1=start")));
        assert!(at("a:0=10,a:1=2").covers(&at("a:0=9,a:1=2")), "as numbers, not as text");
        assert!(!at("a:0=5,a:1=2").covers(&at("a:0=4,a:1=3")), "ahead in one, behind in another");
        assert!(!at("a:0=5").covers(&at("b:0=1")));
        assert!(at("a~1:0=start").covers(&at("a:0=900,a:1=7")), "a later reading is behind all of the one before");
        assert!(!at("a:0=900").covers(&at("a~1:0=start")));
        assert!(at("a:0=1").covers(&at("kinesis:none")));
    }

    #[test]
    fn a_shard_that_is_not_named_is_at_its_end_if_a_later_one_is() {
        let (before, after) = (at("a:0=5,a:1=7"), at("a:1=7,a:2=start,a:3=start"));
        assert!(after.covers(&before) && !before.covers(&after), "0 was split into 2 and 3");
        let merged = at("a:4=start");
        assert!(merged.covers(&after) && !after.covers(&merged), "all was merged into 4");
        assert!(!after.covers(&at("a:2=start,a:3=start")), "1 is at its end there");
        assert!(!at("a:1=9,a:3=4").covers(&at("a:0=6,a:3=5")));
    }

    #[test]
    fn shards_at_their_ends_are_left_out_once_a_later_one_is_there() {
        let stream = "a".into();
        let mut position = at("a:0=5");
        position.set(&stream, ShardId(0), Place::End);
        assert_eq!(position, at("a:0=end"), "the last one stays, for what comes next is not known");
        position.set(&stream, ShardId(1), Place::Start);
        position.set(&stream, ShardId(2), Place::Start);
        assert_eq!(position, at("a:1=start,a:2=start"));
        assert_eq!(position.place("a", ShardId(0)), Some(&Place::End));
        assert_eq!(position.place("a", ShardId(3)), None);
        let before = position.clone();
        position.begin(&stream, [ShardId(1), ShardId(2)].into_iter());
        assert_eq!(position, at("a~1:1=start,a~1:2=start"));
        assert!(position.covers(&before) && !before.covers(&position));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for wrong in [
            "",
            "a",
            "a:0=1",
            "a:shardId-000000000000",
            "a:shardId-000000000000=",
            "a:shardId-000000000000=-1",
            ":shardId-000000000000=1",
            "a b:shardId-000000000000=1",
            "a:shardId-000000000000=1,a:shardId-000000000000=2",
            "a:shardId-000000000000=end,a:shardId-000000000001=2",
            "a~:shardId-000000000000=1",
            "a:shardId-000000000000=1,a~1:shardId-000000000001=1",
        ] {
            assert_eq!(wrong.parse::<KinesisPosition>(), Err(KinesisPositionError), "{wrong}");
        }
    }

    fn positions() -> impl Strategy<Value = KinesisPosition> {
        let place = prop_oneof![
            Just(Place::Start),
            "[1-9][0-9]{0,56}".prop_map(|digits| Place::After(Sequence::read(&digits).expect("digits"))),
            Just(Place::End)
        ];
        let shards = proptest::collection::vec((0..9u64, place), 1..5);
        let streams = proptest::collection::vec(("[a-c]", 0..2u32, shards), 0..3);
        streams.prop_map(|streams| {
            let mut position = KinesisPosition::default();
            for (name, reading, shards) in streams {
                let mut stream = StreamPosition { reading, ..Default::default() };
                shards.into_iter().for_each(|(shard, place)| stream.set(ShardId(shard), place));
                position.set_stream(&name.into(), stream);
            }
            position
        })
    }

    proptest! {
        #[test]
        fn positions_are_written_and_read_again(position in positions(), other in positions()) {
            prop_assert_eq!(&position.to_string().parse::<KinesisPosition>().expect("a position"), &position);
            let whole = Position::Kinesis(position);
            prop_assert_eq!(&whole.to_string().parse::<Position>().expect("a position"), &whole);
            // Alone it may stand without its source's name; among others it has one.
            let names = ["clicks".into(), "shop".into()];
            let alone = Positions(BTreeMap::from([(SmolStr::from("clicks"), whole.clone())]));
            prop_assert_eq!(&Positions::parse(&alone.to_string(), &names[..1]).expect("a position"), &alone);
            let both = Positions(BTreeMap::from([(names[0].clone(), whole), (names[1].clone(), Position::Kinesis(other))]));
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
