//! Records that are handed over together.

use super::answer::Record;
use super::faults::Faults;
use super::sequence::ShardId;
use super::table::TableReader;
use crate::change::{Change, Transaction};
use crate::kafka::format::{BadMessage, DecodeError};
use crate::kafka::micros;
use crate::position::Position;
use crate::source::SourceError;

/// Changes in the order in which shards were asked, and of records in them.
#[derive(Default)]
pub(super) struct Round {
    changes: Vec<Change>,
    records: usize,
    newest_millis: Option<i64>,
}

impl Round {
    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Takes a record of this shard.
    pub(super) fn take(
        &mut self,
        (reader, shard): (&mut TableReader, ShardId),
        record: &Record,
        faults: &Faults,
    ) -> Result<(), SourceError> {
        let table = reader.table.name().clone();
        let (bad, hint) = match reader.read(shard, record) {
            Ok(change) => {
                self.add(change, record);
                return Ok(());
            }
            Err(DecodeError::Unavailable { message }) => return Err(faults.unavailable(message)),
            Err(DecodeError::Refused { message, hint }) => return Err(faults.table(&table, message, hint)),
            Err(DecodeError::Bad(bad)) => {
                let stream = &reader.table.stream;
                let at = format!("the record {} of stream \"{stream}\", {shard}, {}", record.sequence, bad.reason);
                (
                    bad,
                    (
                        at,
                        "correct the table's format and columns, or keep such records aside with bad_messages = \"table\"",
                    ),
                )
            }
            Err(DecodeError::ColumnsLost { reason, .. }) => {
                let hint = "declare the table's columns as the schema has them, or keep such records aside with bad_messages = \"table\"";
                (BadMessage::new(&reason), (reason, hint))
            }
        };
        match reader.bad_row(shard, record, &bad) {
            Some(change) => self.add(change, record),
            None => return Err(faults.table(&table, hint.0, hint.1)),
        }
        Ok(())
    }

    fn add(&mut self, change: Change, record: &Record) {
        self.changes.push(change);
        self.records += 1;
        self.newest_millis = self.newest_millis.max(record.arrived);
    }

    pub(super) fn transaction(self, position: Position) -> Transaction {
        let committed_at = self.newest_millis.map_or(0, micros);
        Transaction { position, committed_at, changes: self.changes }
    }
}
