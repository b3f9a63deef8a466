//! Messages of the log become whole transactions, in the tables' own columns.

use std::sync::Arc;

use super::pgoutput::{Decoder, Message, OldKind, TupleData};
use super::relation_map::{CellError, KnownTable, Mapping, RelationMap};
use crate::change::{Change, NewRow, OldRow, Transaction};
use crate::position::{Lsn, Position};
use crate::row::Row;
use crate::source::SourceError;
use crate::sql_type::SqlType;
use crate::value::Value;

/// Builds transactions. A new one is made for each connection: relations must be announced again.
#[derive(Debug)]
pub(super) struct Assembler {
    source_name: String,
    decoder: Decoder,
    relations: RelationMap,
    open: Option<Vec<Change>>,
    /// Reused for each row.
    scratch: Vec<Value>,
}

/// What a message completed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completed {
    /// Nothing yet.
    Nothing,
    /// A transaction with changes.
    Transaction(Transaction),
    /// A transaction without changes of ours, ending here.
    Empty(Lsn),
}

impl Assembler {
    pub(super) fn new(source_name: String, proto_version: u32, tables: Vec<KnownTable>) -> Self {
        Self {
            decoder: Decoder::new(proto_version, false),
            relations: RelationMap::new(source_name.clone(), tables),
            source_name,
            open: None,
            scratch: Vec::new(),
        }
    }

    /// Whether a transaction has begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes one message.
    pub(super) fn accept(&mut self, payload: &[u8]) -> Result<Completed, SourceError> {
        let message = self.decoder.decode(payload).map_err(|error| self.protocol(error.to_string()))?;
        match message {
            Message::Insert { relation, new, .. } => self.insert(relation, new)?,
            Message::Update { relation, old, new, .. } => self.update(relation, old, new)?,
            Message::Delete { relation, old, .. } => self.delete(relation, old)?,
            Message::Truncate { relations, .. } => self.truncate(&relations)?,
            Message::Relation(relation) => self.relations.announce(&relation)?,
            Message::Begin { .. } => self.open = Some(Vec::new()),
            Message::Commit { end_lsn, committed_at, .. } => return self.commit(end_lsn, committed_at),
            Message::Origin { .. } | Message::Type { .. } | Message::Logical { .. } => {}
            other => {
                let text = format!("{other:?}");
                let name = text.split([' ', '(', '{']).next().unwrap_or_default();
                return Err(self.protocol(format!("message {name} was not asked for")));
            }
        }
        Ok(Completed::Nothing)
    }

    fn commit(&mut self, end_lsn: Lsn, committed_at: i64) -> Result<Completed, SourceError> {
        let changes = self.open.take().ok_or_else(|| self.protocol("a commit without a begin".into()))?;
        if changes.is_empty() {
            return Ok(Completed::Empty(end_lsn));
        }
        Ok(Completed::Transaction(Transaction { position: Position::Lsn(end_lsn), committed_at, changes }))
    }

    fn push(&mut self, change: Change) -> Result<(), SourceError> {
        match &mut self.open {
            Some(changes) => changes.push(change),
            None => return Err(self.protocol("a change outside a transaction".into())),
        }
        Ok(())
    }

    fn insert(&mut self, relation: u32, new: TupleData<'_>) -> Result<(), SourceError> {
        let Some(mapping) = self.relations.get(relation).cloned() else { return Ok(()) };
        let new = self.whole_row(&mapping, new)?;
        self.push(Change::Insert { table: mapping.table.clone(), new })
    }

    fn update(
        &mut self,
        relation: u32,
        old: Option<(OldKind, TupleData<'_>)>,
        new: TupleData<'_>,
    ) -> Result<(), SourceError> {
        let Some(mapping) = self.relations.get(relation).cloned() else { return Ok(()) };
        let old = match old {
            Some(old) => self.old_row(&mapping, old)?,
            None if mapping.table.key.is_empty() => {
                return Err(self.protocol("an update of a table without a key came without its old row".into()));
            }
            None => OldRow::SameKey,
        };
        let mut unchanged = Vec::new();
        self.read(&mapping, new, &mut unchanged)?;
        // The old row knows values that the new row left out.
        if let OldRow::Key(row) | OldRow::Full(row) = &old {
            let whole = matches!(old, OldRow::Full(_));
            unchanged.retain(|&column| {
                let column = usize::from(column);
                let known = whole || mapping.table.key.contains(&column);
                if known {
                    self.scratch[column] = row[column].clone();
                }
                !known
            });
        }
        let new = NewRow { row: self.scratch.drain(..).collect(), unchanged };
        self.push(Change::Update { table: mapping.table.clone(), old, new })
    }

    fn delete(&mut self, relation: u32, old: (OldKind, TupleData<'_>)) -> Result<(), SourceError> {
        let Some(mapping) = self.relations.get(relation).cloned() else { return Ok(()) };
        let old = self.old_row(&mapping, old)?;
        self.push(Change::Delete { table: mapping.table.clone(), old })
    }

    fn truncate(&mut self, relations: &[u32]) -> Result<(), SourceError> {
        let table = |relation: &u32| self.relations.get(*relation).map(|mapping| mapping.table.clone());
        let tables: Vec<_> = relations.iter().filter_map(table).collect();
        if tables.is_empty() { Ok(()) } else { self.push(Change::Truncate { tables }) }
    }

    fn old_row(
        &mut self,
        mapping: &Arc<Mapping>,
        (kind, old): (OldKind, TupleData<'_>),
    ) -> Result<OldRow, SourceError> {
        let row = self.whole_row(mapping, old)?;
        match kind {
            OldKind::Full => Ok(OldRow::Full(row)),
            OldKind::Key if mapping.table.key.is_empty() => Err(self.protocol("a key of a table that has none".into())),
            OldKind::Key => Ok(OldRow::Key(row)),
        }
    }

    fn whole_row(&mut self, mapping: &Arc<Mapping>, tuple: TupleData<'_>) -> Result<Row, SourceError> {
        let mut unchanged = Vec::new();
        self.read(mapping, tuple, &mut unchanged)?;
        match unchanged.is_empty() {
            true => Ok(self.scratch.drain(..).collect()),
            false => Err(self.cell_error(mapping, CellError::Unchanged)),
        }
    }

    fn read(
        &mut self,
        mapping: &Arc<Mapping>,
        tuple: TupleData<'_>,
        unchanged: &mut Vec<u16>,
    ) -> Result<(), SourceError> {
        let read = mapping.read(tuple, &mut self.scratch, unchanged);
        read.map_err(|error| self.cell_error(mapping, error))
    }

    fn cell_error(&self, mapping: &Mapping, error: CellError) -> SourceError {
        match error {
            CellError::Unchanged => self.protocol("a row left out a value where there is no older one".into()),
            CellError::Value { column, message } => {
                let column = &mapping.table.columns[column];
                SourceError::Table {
                    source_name: self.source_name.clone(),
                    table: mapping.table.name.to_string(),
                    message: format!("column \"{}\": {message}", column.name),
                    hint: match column.sql_type {
                        SqlType::Enum(_) => {
                            format!(
                                "if the enum has a new label, run \"tailwater source drop {}\", remove the state directory and start again",
                                self.source_name
                            )
                        }
                        _ => "this is a fault of tailwater: report the type".into(),
                    },
                }
            }
        }
    }

    fn protocol(&self, message: String) -> SourceError {
        SourceError::Protocol { source_name: self.source_name.clone(), message }
    }
}

#[cfg(test)]
#[path = "assembler_tests.rs"]
mod tests;
