//! Messages that are handed over together.

use std::collections::BTreeMap;

use rdkafka::message::{BorrowedMessage, Message};

use super::faults::{Faults, Told};
use super::format::{BadMessage, DecodeError};
use super::reader::LostColumns;
use super::table::{TableReader, micros};
use crate::change::{Change, Transaction};
use crate::position::Position;
use crate::source::SourceError;

/// Messages of one round, and their bytes: more would only make a step longer.
const MESSAGES_MAX: usize = 4_000;
const BYTES_MAX: usize = 8 << 20;

/// Changes by topic and partition, in the order of offsets.
#[derive(Default)]
pub(super) struct Round {
    changes: BTreeMap<(usize, i32), Vec<Change>>,
    messages: usize,
    bytes: usize,
    newest_millis: Option<i64>,
}

impl Round {
    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.messages >= MESSAGES_MAX || self.bytes >= BYTES_MAX
    }

    /// Takes a message of the table at this place, or says what keeps it from that.
    pub(super) fn take(
        &mut self,
        (place, reader): (usize, &mut TableReader),
        message: &BorrowedMessage<'_>,
        faults: &Faults,
    ) -> Result<(), Told> {
        let fault = |error: SourceError| Err(Told::Fault(error));
        let change = match reader.read(message) {
            Ok(change) => change,
            Err(DecodeError::Bad(bad)) => match reader.bad_row(message, &bad) {
                Some(change) => Some(change),
                None => return fault(poison(reader, message, &bad, faults)),
            },
            Err(DecodeError::Unavailable { message }) => return fault(faults.unavailable(message)),
            Err(DecodeError::Refused { message, hint }) => {
                return fault(faults.table(reader.table.name(), message, hint));
            }
            Err(DecodeError::ColumnsLost { columns, reason }) => {
                match reader.bad_row(message, &BadMessage::new(&reason)) {
                    Some(change) => Some(change),
                    None => return Err(Told::Lost(LostColumns { table: place, columns, reason })),
                }
            }
        };
        self.messages += 1;
        self.bytes += message.payload_len() + message.key_len();
        self.newest_millis = self.newest_millis.max(message.timestamp().to_millis());
        self.changes.entry((place, message.partition())).or_default().extend(change);
        Ok(())
    }

    pub(super) fn transaction(self, position: Position) -> Transaction {
        let committed_at = self.newest_millis.map_or(0, micros);
        Transaction { position, committed_at, changes: self.changes.into_values().flatten().collect() }
    }
}

fn poison(reader: &TableReader, message: &BorrowedMessage<'_>, bad: &BadMessage, faults: &Faults) -> SourceError {
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    let message = format!("the message at offset {offset} of topic \"{topic}\", partition {partition}, {}", bad.reason);
    let hint = "correct the table's format and columns, or keep such messages aside with bad_messages = \"table\"";
    faults.table(reader.table.name(), message, hint)
}
