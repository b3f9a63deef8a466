//! A topic that is to hold other rows: what it holds is read, and only what differs is written.
//!
//! ```text
//! row is there and equal      nothing
//! row is not there            it is written
//! row is there and differs    it is written; where messages tell what was before, that is looked up first, many at a time
//! no row, but a key           it is taken back
//! ```
//!
//! Until the last transaction the cursor says that the topic stands for no step. An interruption begins it all again, with what is
//! there by then.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::row::Row;
use crate::sink::{Cursor, SinkError};

use super::encoder::{Moment, Record, Spot};
use super::envelope::{Operation, Told};
use super::held::{HeldTopic, States, number};
use super::reader::{Seen, TopicReader};
use super::session::Session;
use super::transactions::Portion;

/// Records of one transaction: little enough for the brokers' memory and time limits.
const TRANSACTION_BYTES: usize = 4 << 20;
/// Rows, or keys, that wait for one more reading of the topic.
const WAITING_BYTES: usize = 32 << 20;

/// What is left to do.
pub(super) struct Replacement {
    moment: Moment,
    /// What was in the topic and is not in the view so far.
    held: States,
    /// What comes is told as there from the beginning.
    is_first: bool,
    pending: Vec<Record>,
    pending_bytes: usize,
    /// Rows that differ, with the number of what is there, until that is looked up.
    differing: HashMap<u128, (Row, u128)>,
    differing_bytes: usize,
}

impl Replacement {
    fn push(&mut self, record: Record) {
        self.pending_bytes += record.bytes();
        self.pending.push(record);
    }
}

impl Session {
    /// Says that the topic stands for no step, and reads it.
    pub(super) fn begin_replacement(&mut self, cursor: &Cursor) -> Result<(), SinkError> {
        self.reading = None;
        let is_first = !self.stored.filled;
        self.commit(&[], None)?;
        let mut topic = HeldTopic::new(&self.config.connection, &self.place, &self.encoder)?;
        topic.refresh(&self.cluster()?, &self.encoder, &mut self.patience())?;
        self.replacement = Some(Replacement {
            moment: Moment::now(cursor),
            held: topic.states,
            is_first,
            pending: Vec::new(),
            pending_bytes: 0,
            differing: HashMap::new(),
            differing_bytes: 0,
        });
        Ok(())
    }

    /// Writes what differs of some rows.
    pub(super) fn replace_rows(&mut self, rows: Vec<Row>) -> Result<(), SinkError> {
        let mut replacement = self.replacement.take().expect("a replacement was begun");
        let first = if replacement.is_first { Operation::Read } else { Operation::Create };
        for row in rows {
            let spot = self.encoder.spot(&row)?;
            let number = number(spot.partition, &spot.key);
            let operation = match replacement.held.remove(&number) {
                Some(state) if state == self.encoder.state(&row)? => continue,
                Some(state) if self.encoder.tells_before() => {
                    replacement.differing_bytes += row.memory_bytes();
                    replacement.differing.insert(number, (row, state));
                    continue;
                }
                Some(_) => Operation::Update,
                None => first,
            };
            let record = self.encoder.here(spot, (operation, None), &self.encoder.row(&row)?, &replacement.moment);
            replacement.push(record);
            if replacement.pending_bytes >= TRANSACTION_BYTES {
                self.commit_pending(&mut replacement)?;
            }
        }
        if replacement.differing_bytes >= WAITING_BYTES {
            self.settle(&mut replacement)?;
        }
        self.replacement = Some(replacement);
        Ok(())
    }

    /// Takes back what is not in the view, and says that the topic holds it at `cursor`.
    pub(super) fn end_replacement(&mut self, cursor: Cursor) -> Result<(), SinkError> {
        let mut replacement = self.replacement.take().expect("a replacement was begun");
        self.settle(&mut replacement)?;
        while !replacement.held.is_empty() {
            let before = replacement.held.len();
            self.take_back(&mut replacement)?;
            if replacement.held.len() == before {
                // Nothing tells of them any more.
                break;
            }
        }
        self.commit_pending(&mut replacement)?;
        self.commit(&[], Some(cursor))
    }

    /// Commits what waits, in transactions of bounded size.
    fn commit_pending(&mut self, replacement: &mut Replacement) -> Result<(), SinkError> {
        let mut records = std::mem::take(&mut replacement.pending).into_iter().peekable();
        replacement.pending_bytes = 0;
        while records.peek().is_some() {
            let mut bytes = 0;
            let part = std::iter::from_fn(|| {
                let record = records.next_if(|_| bytes < TRANSACTION_BYTES)?;
                bytes += record.bytes();
                Some(record)
            });
            let portion = Portion { records: part.collect(), moment: replacement.moment.clone() };
            self.commit(&[portion], None)?;
        }
        Ok(())
    }

    /// Looks up what rows that differ were before, and writes them.
    fn settle(&mut self, replacement: &mut Replacement) -> Result<(), SinkError> {
        if replacement.differing.is_empty() {
            return Ok(());
        }
        let mut differing = std::mem::take(&mut replacement.differing);
        replacement.differing_bytes = 0;
        let encoder = self.encoder.clone();
        self.read_rows(&mut |seen, told| {
            let Some(key) = seen.key else { return Ok(()) };
            let number = number(seen.partition, key);
            let (Told::Row(before), Some((_, state))) = (told, differing.get(&number)) else { return Ok(()) };
            if told.state() != Some(*state) {
                return Ok(());
            }
            let Some((row, _)) = differing.remove(&number) else { return Ok(()) };
            let (spot, after) = (encoder.spot(&row)?, encoder.row(&row)?);
            replacement.push(encoder.here(spot, (Operation::Update, Some(before)), &after, &replacement.moment));
            Ok(())
        })?;
        // What others wrote there says nothing that could stand as the former row.
        for (row, _) in differing.into_values() {
            let (spot, after) = (encoder.spot(&row)?, encoder.row(&row)?);
            replacement.push(encoder.here(spot, (Operation::Update, None), &after, &replacement.moment));
        }
        self.commit_pending(replacement)
    }

    /// Takes back some of the keys that are not in the view.
    fn take_back(&mut self, replacement: &mut Replacement) -> Result<(), SinkError> {
        let encoder = self.encoder.clone();
        let mut bytes = 0;
        self.read_rows(&mut |seen, told| {
            let Some(key) = seen.key.filter(|_| bytes < WAITING_BYTES) else { return Ok(()) };
            let number = number(seen.partition, key);
            if replacement.held.get(&number).copied() != told.state() || told == Told::Gone {
                return Ok(());
            }
            replacement.held.remove(&number);
            let before = if let Told::Row(row) = told { Some(row) } else { None };
            let mut records = Vec::new();
            let spot = Spot { partition: seen.partition, key: key.to_vec() };
            encoder.gone(spot, before, &replacement.moment, &mut records);
            bytes += records.iter().map(Record::bytes).sum::<usize>();
            records.into_iter().for_each(|record| replacement.push(record));
            Ok(())
        })?;
        self.commit_pending(replacement)
    }

    fn read_rows(&self, each: &mut dyn FnMut(Seen<'_>, Told<'_>) -> Result<(), SinkError>) -> Result<(), SinkError> {
        let topic = (self.place.topic.as_str(), self.encoder.partitions());
        let mut reader = TopicReader::new(&self.config.connection, &self.place, topic)?;
        let mut outcome = Ok(());
        let read = reader.read_until(&self.cluster()?, &mut self.patience(), &mut |seen: Seen<'_>| {
            let told = self.encoder.told(seen.value);
            outcome = each(seen, told);
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        read.and(outcome)
    }
}
