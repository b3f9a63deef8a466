//! Rows of one table: what stands in front of them, and the loop over them.
//!
//! ```text
//! event    table number, flags, columns that old and new images have
//! row      [old image] [new image]
//! image    [of documents: which are diffs]  which are null  cell cell ...
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use super::cell::cell_bytes;
use super::column::LogType;
use super::error::{BinlogError, Flaw, RowFlaw};
use super::image::{Image, RowChange};
use super::kind;
use super::query::inflate;
use super::reader::{Reader, bit};
use super::table_map::TableMap;
use crate::mysql::value::{RowPlan, apply_diffs};
use crate::row::Row;
use crate::value::Value;

/// Set in the last event of a statement.
const FLAG_STATEMENT_ENDS: u16 = 1;
/// In a row's options: documents come as diffs.
const PARTIAL_JSON: u64 = 1;
/// Most that compressed rows of one event may hold: the limit of a packet.
const ROWS_BYTES_MAX: u64 = 1 << 30;

/// What happened to the rows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsKind {
    /// They came.
    Insert,
    /// They changed.
    Update,
    /// They went.
    Delete,
}

/// Rows of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsEvent<'a> {
    /// What happened to them.
    pub kind: RowsKind,
    /// Their table as the log described it.
    pub table: Arc<TableMap>,
    /// The numbers of tables are not used again behind this.
    pub ends_statement: bool,
    /// Columns of the first image.
    first: &'a [u8],
    /// Columns of the second, which updates have.
    second: &'a [u8],
    /// New images may have diffs of documents.
    partial: bool,
    rows: Cow<'a, [u8]>,
}

/// Number of the table that an event with rows is about.
pub(super) fn table_id(data: &[u8]) -> Result<u64, Flaw> {
    Reader(data).little(6)
}

pub(super) fn ends_statement(data: &[u8]) -> Result<bool, Flaw> {
    let mut reader = Reader(data);
    reader.bytes(6)?;
    Ok(reader.u16()? & FLAG_STATEMENT_ENDS != 0)
}

/// Reads everything but the rows.
pub(super) fn read(kind: u8, data: &[u8], table: Arc<TableMap>) -> Result<RowsEvent<'_>, Flaw> {
    use kind::{
        DELETE_ROWS, MARIADB_DELETE_ROWS_COMPRESSED, MARIADB_WRITE_ROWS_COMPRESSED, PARTIAL_UPDATE_ROWS, WRITE_ROWS,
    };
    let mut reader = Reader(data);
    reader.bytes(6)?;
    let flags = reader.u16()?;
    if matches!(kind, WRITE_ROWS..=DELETE_ROWS | PARTIAL_UPDATE_ROWS)
        || matches!(kind, MARIADB_WRITE_ROWS_COMPRESSED..=MARIADB_DELETE_ROWS_COMPRESSED)
    {
        // Its length counts itself.
        let extra = usize::from(reader.u16()?).checked_sub(2).ok_or(Flaw::Wrong { field: "extra header" })?;
        reader.bytes(extra)?;
    }
    let width = usize::try_from(reader.packed()?).map_err(|_| Flaw::Short)?;
    if width != table.columns.len() {
        return Err(Flaw::Wrong { field: "number of columns" });
    }
    let first = reader.bytes(width.div_ceil(8))?;
    let what = what_happened(kind);
    let second = if what == RowsKind::Update { reader.bytes(width.div_ceil(8))? } else { &[] };
    let is_compressed = kind >= kind::MARIADB_WRITE_ROWS_COMPRESSED_V1;
    let rows = match is_compressed {
        true => Cow::Owned(inflate(reader.0, ROWS_BYTES_MAX)?),
        false => Cow::Borrowed(reader.0),
    };
    Ok(RowsEvent {
        kind: what,
        table,
        ends_statement: flags & FLAG_STATEMENT_ENDS != 0,
        first,
        second,
        partial: kind == PARTIAL_UPDATE_ROWS,
        rows,
    })
}

fn what_happened(kind: u8) -> RowsKind {
    match kind {
        kind::WRITE_ROWS_V1
        | kind::WRITE_ROWS
        | kind::MARIADB_WRITE_ROWS_COMPRESSED_V1
        | kind::MARIADB_WRITE_ROWS_COMPRESSED => RowsKind::Insert,
        kind::DELETE_ROWS_V1
        | kind::DELETE_ROWS
        | kind::MARIADB_DELETE_ROWS_COMPRESSED_V1
        | kind::MARIADB_DELETE_ROWS_COMPRESSED => RowsKind::Delete,
        _ => RowsKind::Update,
    }
}

impl RowsEvent<'_> {
    /// Its rows, read by a plan that was made for its table. After an error nothing follows.
    pub fn changes<'e>(&'e self, plan: &'e RowPlan) -> RowChanges<'e> {
        RowChanges { event: self, plan, rest: Reader(&self.rows) }
    }

    /// Bytes of the rows, for budgets.
    pub fn rows_bytes(&self) -> usize {
        self.rows.len()
    }
}

/// The rows of an event, one after the other.
#[derive(Clone, Debug)]
pub struct RowChanges<'e> {
    event: &'e RowsEvent<'e>,
    plan: &'e RowPlan,
    rest: Reader<'e>,
}

/// Where a row's documents stand, in their binary form, by place in the log's columns.
type Documents<'e> = Vec<(usize, &'e [u8])>;
/// Which documents of an image are diffs, and the documents before.
type Diffs<'d, 'e> = (&'d [u8], &'d [(usize, &'e [u8])]);

impl<'e> RowChanges<'e> {
    fn change(&mut self) -> Result<RowChange, RowFlaw> {
        let event = self.event;
        let mut documents = Vec::new();
        let first = self.image(event.first, None, event.partial.then_some(&mut documents))?;
        Ok(match event.kind {
            RowsKind::Insert => RowChange::Insert { new: first },
            RowsKind::Delete => RowChange::Delete { old: first },
            RowsKind::Update => {
                let diffs = if event.partial { self.which_are_diffs()? } else { None };
                let new = self.image(event.second, diffs.map(|bits| (bits, documents.as_slice())), None)?;
                RowChange::Update { old: first, new }
            }
        })
    }

    /// One bit for each document of the table, where any of them is a diff.
    fn which_are_diffs(&mut self) -> Result<Option<&'e [u8]>, Flaw> {
        if self.rest.packed()? & PARTIAL_JSON == 0 {
            return Ok(None);
        }
        let columns = &self.event.table.columns;
        let documents = columns.iter().filter(|column| matches!(column.log_type, LogType::Json(_))).count();
        self.rest.bytes(documents.div_ceil(8)).map(Some)
    }

    /// One image. `diffs`: which documents are diffs, and the documents before; `documents`: takes those of this image.
    fn image(
        &mut self,
        present: &[u8],
        diffs: Option<Diffs<'_, 'e>>,
        mut documents: Option<&mut Documents<'e>>,
    ) -> Result<Image, RowFlaw> {
        let columns = &self.event.table.columns;
        let count = (0..columns.len()).filter(|place| bit(present, *place)).count();
        let nulls = self.rest.bytes(count.div_ceil(8))?;
        let mut values = vec![Value::Null; self.plan.width()];
        let (mut index, mut document) = (0, 0);
        for (place, column) in columns.iter().enumerate() {
            let is_document = matches!(column.log_type, LogType::Json(_));
            let diff = diffs.filter(|(bits, _)| is_document && bit(bits, document));
            document += usize::from(is_document);
            if !bit(present, place) {
                continue;
            }
            let is_null = bit(nulls, index);
            index += 1;
            if is_null {
                continue;
            }
            let bytes = cell_bytes(column.log_type, &mut self.rest)?;
            if let (true, Some(documents)) = (is_document, documents.as_deref_mut()) {
                documents.push((place, bytes));
            }
            let Some((target, reading)) = self.plan.cell(place) else { continue };
            let name = || self.plan.column_name(target);
            let value = match diff {
                None => reading.value(bytes),
                Some((_, before)) => match before.iter().find(|(at, _)| *at == place) {
                    Some((_, before)) => apply_diffs(before, bytes),
                    None => return Err(RowFlaw::NoDocument { column: name() }),
                },
            };
            values[target] = value.map_err(|error| RowFlaw::Value { column: name(), error })?;
        }
        let row = Row::from(values);
        Ok(Image { row, absent: self.plan.absent(present) })
    }
}

impl Iterator for RowChanges<'_> {
    type Item = Result<RowChange, BinlogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let before = self.rest.0.len();
        let change = self.change().and_then(|change| match self.rest.0.len() == before {
            // Rows of tables without a column that is written have no bytes; there is no end to them.
            true => Err(RowFlaw::Bytes(Flaw::Short)),
            false => Ok(change),
        });
        if change.is_err() {
            self.rest = Reader(&[]);
        }
        let table = &self.event.table;
        let wrap = |reason| BinlogError::Row { schema: table.schema.clone(), table: table.table.clone(), reason };
        Some(change.map_err(wrap))
    }
}
