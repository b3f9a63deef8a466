//! Columns that a topic's schema has no more, or in another type.
//!
//! The message that says so is not read yet: what came before it is handed over, then the change, and only then is it read again, with
//! nothing in the place of the columns. So no view that reads them ever sees it, and a run that begins anew comes by here again.

use smol_str::SmolStr;

use super::{Closed, Outcome, Reader};
use crate::kafka::table::TableReader;
use crate::source::{SourceMessage, TableChange};

/// What a message's schema lacks.
#[derive(Debug)]
pub(in crate::kafka) struct LostColumns {
    /// Place of the table's reader.
    pub(in crate::kafka) table: usize,
    pub(in crate::kafka) columns: Vec<SmolStr>,
    /// What happened, to follow the table's name.
    pub(in crate::kafka) reason: String,
}

impl TableReader {
    /// From here on these columns are null. Says it of the table, which is gone where one of them belongs to its key.
    fn lose(&mut self, columns: &[SmolStr], reason: &str) -> TableChange {
        self.rows.lose(columns);
        let is_lost = |place: &usize| columns.contains(&self.schema.columns[*place].name);
        let lost: Vec<usize> = (0..self.table.messages.columns.len()).filter(is_lost).collect();
        let columns = (!lost.iter().any(|place| self.schema.key.contains(place))).then_some(lost);
        let reason = format!("has messages that break with its columns: {reason}");
        TableChange { table: self.schema.name.clone(), columns, reason }
    }
}

impl Reader {
    /// Tells it, and goes on without the columns; without the table, where its key is among them.
    pub(super) fn lose(&mut self, lost: &LostColumns) -> Outcome {
        let reader = &mut self.readers[lost.table];
        let change = reader.lose(&lost.columns, &lost.reason);
        tracing::warn!(source = %self.config.name, table = %change.table, reason = %change.reason, "a schema broke with the table's columns");
        if change.columns.is_none() {
            self.topics.remove(&reader.table.topic);
            self.copies.retain(|copy| copy.schema.name != change.table);
            // Where others wait for us at its messages, they would wait for ever.
            self.pass_unread();
        }
        if self.send(SourceMessage::TableChanged(change)).is_err() {
            return Ok(Err(Closed));
        }
        self.assign()?;
        Ok(Ok(()))
    }
}
