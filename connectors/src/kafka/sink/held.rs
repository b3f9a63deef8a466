//! What a topic holds, by key: a number for the place of each row and one for what it is, so that millions of rows fit into memory (some
//! 60 bytes each). 128 bits: no two are taken for one.

use std::collections::HashMap;
use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::kafka::KafkaConnection;
use crate::sink::SinkError;

use super::cluster::Cluster;
use super::encoder::{Encoder, Spot};
use super::error::Place;
use super::patience::Patience;
use super::reader::{Seen, TopicReader};

/// The number of a place.
pub(super) fn number(partition: i32, key: &[u8]) -> u128 {
    xxh3_128_with_seed(key, u64::from(partition.unsigned_abs()))
}

/// Numbers of rows by numbers of places.
pub(super) type States = HashMap<u128, u128>;

/// The topic as it was when it was read last.
pub(super) struct HeldTopic {
    reader: TopicReader,
    pub(super) states: States,
}

impl HeldTopic {
    /// Nothing is read yet.
    pub(super) fn new(connection: &KafkaConnection, place: &Place, encoder: &Encoder) -> Result<Self, SinkError> {
        let reader = TopicReader::new(connection, place, (&place.topic, encoder.partitions()))?;
        Ok(Self { reader, states: States::new() })
    }

    /// Reads what has come since.
    pub(super) fn refresh(
        &mut self,
        cluster: &Cluster,
        encoder: &Encoder,
        patience: &mut Patience,
    ) -> Result<(), SinkError> {
        let states = &mut self.states;
        self.reader.read(cluster, patience, &mut |seen: Seen<'_>| {
            // What has no key is told of no row of ours.
            let Some(key) = seen.key else { return };
            let number = number(seen.partition, key);
            match encoder.told(seen.value).state() {
                Some(state) => _ = states.insert(number, state),
                None => _ = states.remove(&number),
            }
        })
    }

    /// The number of the row at `spot`.
    pub(super) fn state(&self, spot: &Spot) -> Option<u128> {
        self.states.get(&number(spot.partition, &spot.key)).copied()
    }
}

/// Reads the keys that a topic holds, some at a time.
pub(super) struct Keys {
    reader: TopicReader,
}

impl Keys {
    /// Begins.
    pub(super) fn new(connection: &KafkaConnection, place: &Place, encoder: &Encoder) -> Result<Self, SinkError> {
        let reader = TopicReader::new(connection, place, (&place.topic, encoder.partitions()))?;
        Ok(Self { reader })
    }

    /// Some keys whose newest message tells of a row, as `held` says; breaks when there may be more.
    pub(super) fn some(
        &mut self,
        (held, encoder): (&HeldTopic, &Encoder),
        cluster: &Cluster,
        patience: &mut Patience,
    ) -> Result<(Vec<Spot>, ControlFlow<()>), SinkError> {
        let mut found = Vec::new();
        let flow = self.reader.read_until(cluster, patience, &mut |seen: Seen<'_>| {
            let Some(key) = seen.key else { return ControlFlow::Continue(()) };
            let state = encoder.told(seen.value).state();
            if state.is_some() && held.states.get(&number(seen.partition, key)).copied() == state {
                found.push(Spot { partition: seen.partition, key: key.to_vec() });
            }
            if found.len() < KEYS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((found, flow))
    }
}

/// Keys handed over at once.
const KEYS_MAX: usize = 5_000;
