//! What a topic holds, compared with what a write of the rows would leave there.
//!
//! The topic is read once and then followed, so that pages between which something was written cost what was written. It is held until
//! the last entry is told, or the session ends.

use std::ops::ControlFlow;

use async_trait::async_trait;

use crate::read_back::{Held, HeldEntries, HeldEntry, ReadBack};
use crate::row::Row;
use crate::sink::SinkError;
use crate::value::Value;

use super::cluster::Cluster;
use super::encoder::{Encoder, Spot};
use super::held::{HeldTopic, Keys};
use super::kafka_sink::KafkaSink;
use super::key_values::key_values;
use super::session::Session;

/// A topic that is being compared.
pub(super) struct Reading {
    cluster: Cluster,
    topic: HeldTopic,
    /// While keys are told.
    keys: Option<Keys>,
}

#[async_trait]
impl ReadBack for KafkaSink {
    async fn held(&mut self, rows: &[Row]) -> Result<Vec<Held>, SinkError> {
        let rows = rows.to_vec();
        self.act(move |session| session.held(&rows)).await
    }

    async fn entries(&mut self, from: u64) -> Result<HeldEntries, SinkError> {
        self.act(move |session| session.entries(from)).await
    }

    fn name(&self, row: &Row) -> String {
        self.session.as_ref().map(|session| session.encoder.name(row)).unwrap_or_default()
    }
}

impl Session {
    /// The topic as it is now.
    fn read_on(&mut self) -> Result<&mut Reading, SinkError> {
        if self.reading.is_none() {
            let topic = HeldTopic::new(&self.config.connection, &self.place, &self.encoder)?;
            self.reading = Some(Reading { cluster: self.cluster()?, topic, keys: None });
        }
        let mut patience = self.patience();
        let reading = self.reading.as_mut().expect("it was made");
        reading.topic.refresh(&reading.cluster, &self.encoder, &mut patience)?;
        Ok(reading)
    }

    fn held(&mut self, rows: &[Row]) -> Result<Vec<Held>, SinkError> {
        let encoder = self.encoder.clone();
        let topic = &self.read_on()?.topic;
        let held = |row: &Row| match topic.state(&encoder.spot(row)?) {
            Some(state) if state == encoder.state(row)? => Ok(Held::Same),
            Some(_) => Ok(Held::Other),
            None => Ok(Held::Nothing),
        };
        rows.iter().map(held).collect()
    }

    /// `from` says no more than whether it is the first call: keys are told in the order of the topic.
    fn entries(&mut self, from: u64) -> Result<HeldEntries, SinkError> {
        let (encoder, place, config) = (self.encoder.clone(), self.place.clone(), self.config.clone());
        let mut patience = self.patience();
        let reading = self.read_on()?;
        let mut keys = match reading.keys.take().filter(|_| from > 0) {
            Some(keys) => keys,
            None if from == 0 => Keys::new(&config.connection, &place, &encoder)?,
            None => return Err(place.unavailable("its topic is no longer read")),
        };
        let (spots, flow) = keys.some((&reading.topic, &encoder), &reading.cluster, &mut patience)?;
        let entries = spots.into_iter().map(|spot| entry(&encoder, &spot)).collect();
        match flow {
            ControlFlow::Break(()) => reading.keys = Some(keys),
            ControlFlow::Continue(()) => self.reading = None,
        }
        Ok(HeldEntries { entries, next: flow.is_break().then_some(from + 1) })
    }
}

fn entry(encoder: &Encoder, spot: &Spot) -> HeldEntry {
    let values = key_values(encoder, &spot.key);
    let name = match (&values, std::str::from_utf8(&spot.key)) {
        (Some(values), _) => encoder.name_of_key(values),
        (None, Ok(text)) => text.into(),
        (None, Err(_)) => spot.key.iter().fold("\\x".into(), |name, byte| format!("{name}{byte:02x}")),
    };
    // In another partition than its own it is nobody's.
    let is_placed = |values: &Vec<Value>| encoder.spot_of_key(values).is_ok_and(|own| own == *spot);
    HeldEntry { name, key: values.filter(is_placed) }
}
