//! Messages of one transaction become its changes, in the tables' own columns.

use std::collections::HashMap;
use std::sync::Arc;

use super::logical_messages::LogicalMessage;
use super::pgoutput::{Message, OldKind, TupleData};
use super::relation_map::{CellError, KnownTable, Mapping, RelationMap};
use crate::change::{Change, NewRow, OldRow};
use crate::row::Row;
use crate::schema::TableSchema;
use crate::source::{SourceError, TableChange};
use crate::sql_type::SqlType;
use crate::value::Value;

/// The changes of the transaction that is being read, and the relations announced so far.
#[derive(Debug)]
pub(super) struct Changes {
    source_name: String,
    relations: RelationMap,
    /// The table of messages, where it is followed.
    messages: Option<Arc<TableSchema>>,
    open: Option<Vec<Change>>,
    /// Reused for each row.
    scratch: Vec<Value>,
}

impl Changes {
    pub(super) fn new(source_name: String, tables: Vec<KnownTable>) -> Self {
        Self { relations: RelationMap::new(tables), source_name, messages: None, open: None, scratch: Vec::new() }
    }

    /// Those of a streamed transaction that is replayed now: begun, with relations of its own.
    pub(super) fn of_streamed(&self) -> Self {
        let relations = self.relations.of_streamed();
        let source_name = self.source_name.clone();
        Self { source_name, relations, messages: None, open: Some(Vec::new()), scratch: Vec::new() }
    }

    /// Makes messages rows of this table.
    pub(super) fn follow_messages(&mut self, table: Option<Arc<TableSchema>>) {
        self.messages = table;
    }

    /// The row of a message; `None` where it is nobody's.
    pub(super) fn message(&self, message: LogicalMessage<'_>) -> Option<Change> {
        message.change(self.messages.as_ref()?)
    }

    /// Takes over the relations that a streamed transaction announced, by the numbers of their announcements.
    pub(super) fn adopt_relations(&mut self, streamed: &mut Self, announced: &HashMap<u32, u64>) {
        self.relations.adopt(&mut streamed.relations, announced);
    }

    /// What became of tables since this was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<TableChange> {
        self.relations.take_changed()
    }

    /// The number of an announcement made now.
    pub(super) fn next_announcement(&mut self) -> u64 {
        self.relations.next_announcement()
    }

    /// Whether changes of the relation can be anybody's.
    pub(super) fn is_followed(&self, relation: u32) -> bool {
        self.relations.is_known(relation)
    }

    /// Whether a transaction has begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn begin(&mut self) {
        self.open = Some(Vec::new());
    }

    /// The changes of the transaction that ends here.
    pub(super) fn end(&mut self) -> Result<Vec<Change>, SourceError> {
        self.open.take().ok_or_else(|| self.protocol("a commit without a begin"))
    }

    /// Takes a message from inside a transaction.
    pub(super) fn accept(&mut self, message: Message<'_>) -> Result<(), SourceError> {
        match message {
            Message::Insert { relation, new, .. } => self.insert(relation, new),
            Message::Update { relation, old, new, .. } => self.update(relation, old, new),
            Message::Delete { relation, old, .. } => self.delete(relation, old),
            Message::Truncate { relations, .. } => self.truncate(&relations),
            Message::Relation(relation) => {
                self.relations.announce(&relation);
                Ok(())
            }
            Message::Logical { transactional, lsn, prefix, content, .. } => {
                match self.message(LogicalMessage { lsn, transactional, prefix, content }) {
                    Some(change) => self.push(change),
                    None => Ok(()),
                }
            }
            Message::Origin { .. } | Message::Type { .. } => Ok(()),
            other => {
                let text = format!("{other:?}");
                let name = text.split([' ', '(', '{']).next().unwrap_or_default();
                Err(self.protocol(&format!("message {name} was not asked for")))
            }
        }
    }

    fn push(&mut self, change: Change) -> Result<(), SourceError> {
        match &mut self.open {
            Some(changes) => changes.push(change),
            None => return Err(self.protocol("a change outside a transaction")),
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
                return Err(self.protocol("an update of a table without a key came without its old row"));
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
            OldKind::Key if mapping.table.key.is_empty() => Err(self.protocol("a key of a table that has none")),
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
            CellError::Unchanged => self.protocol("a row left out a value where there is no older one"),
            CellError::Value { column, message } => {
                let column = &mapping.table.columns[column];
                SourceError::Table {
                    source_name: self.source_name.clone(),
                    table: mapping.table.name.to_string(),
                    message: format!("column \"{}\": {message}", column.name),
                    hint: match column.sql_type {
                        SqlType::Enum(_) => {
                            format!(
                                "if the enum has a new label, run \"tailwater rebuild source {}\": its tables are copied again",
                                self.source_name
                            )
                        }
                        _ => "this is a fault of tailwater: report the type".into(),
                    },
                }
            }
        }
    }

    fn protocol(&self, message: &str) -> SourceError {
        SourceError::Protocol { source_name: self.source_name.clone(), message: message.to_owned() }
    }
}
