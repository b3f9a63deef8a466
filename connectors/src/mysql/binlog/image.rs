//! Rows as they were and as they are, and what the engine is told of them.

use std::sync::Arc;

use super::error::{BinlogError, RowFlaw};
use crate::change::{Change, NewRow, OldRow};
use crate::mysql::value::MysqlTable;
use crate::row::Row;
use crate::schema::TableSchema;
use crate::value::Value;

/// A row as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// As wide as the table of the state; null where `absent` names the column.
    pub row: Row,
    /// Columns (ascending) that the log leaves out: `binlog_row_image` is not `FULL`.
    pub absent: Vec<u16>,
}

/// What happened to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// It came.
    Insert {
        /// The row.
        new: Image,
    },
    /// It changed.
    Update {
        /// As it was.
        old: Image,
        /// As it is.
        new: Image,
    },
    /// It went.
    Delete {
        /// As it was.
        old: Image,
    },
}

impl Image {
    /// Whether all of these columns are there.
    pub fn has(&self, columns: &[usize]) -> bool {
        columns
            .iter()
            .all(|column| u16::try_from(*column).is_ok_and(|column| self.absent.binary_search(&column).is_err()))
    }
}

impl RowChange {
    /// In the words of the edge. What a new row does not have is filled from the old one, and where that does not have it, either, named as
    /// unchanged. What an inserted row does not have was not named by its statement, so it is the column's default.
    pub fn into_change(self, described: &MysqlTable) -> Result<Change, BinlogError> {
        let schema = &described.schema;
        let flawed =
            |reason| BinlogError::Row { schema: schema.name.schema.clone(), table: schema.name.table.clone(), reason };
        let no_key = || flawed(RowFlaw::NoKey);
        let table = || Arc::clone(schema);
        match self {
            Self::Insert { new } => {
                let new = with_defaults(new, described).map_err(flawed)?;
                Ok(Change::Insert { table: table(), new })
            }
            Self::Delete { old } => {
                let old = old_row(old, &table()).ok_or_else(no_key)?;
                Ok(Change::Delete { table: table(), old })
            }
            Self::Update { old, new } => {
                let new = completed(new, &old, described).map_err(flawed)?;
                let key = &table().key;
                let old = match old_row(old, &table()).ok_or_else(no_key)? {
                    OldRow::Key(row) if key.iter().all(|column| row[*column] == new.row[*column]) => OldRow::SameKey,
                    other => other,
                };
                Ok(Change::Update { table: table(), old, new })
            }
        }
    }
}

fn with_defaults(new: Image, table: &MysqlTable) -> Result<Row, RowFlaw> {
    if new.absent.is_empty() {
        return Ok(new.row);
    }
    let mut values = new.row.to_vec();
    for column in new.absent {
        let column = usize::from(column);
        let name = || table.columns[column].name.clone();
        values[column] = table.default_of(column).ok_or_else(|| RowFlaw::NoDefault { column: name() })?;
    }
    Ok(values.into())
}

/// `None`: it has not even the key.
fn old_row(old: Image, table: &TableSchema) -> Option<OldRow> {
    if old.absent.is_empty() {
        return Some(OldRow::Full(old.row));
    }
    if table.key.is_empty() || !old.has(&table.key) {
        return None;
    }
    let value = |(column, value): (usize, &Value)| match table.key.contains(&column) {
        true => value.clone(),
        false => Value::Null,
    };
    Some(OldRow::Key(old.row.iter().enumerate().map(value).collect()))
}

fn completed(new: Image, old: &Image, table: &MysqlTable) -> Result<NewRow, RowFlaw> {
    if new.absent.is_empty() {
        return Ok(NewRow { row: new.row, unchanged: Vec::new() });
    }
    // Those change with others, and nobody has said to what.
    if let Some(column) = new.absent.iter().map(|column| &table.columns[usize::from(*column)]).find(|it| it.generated) {
        return Err(RowFlaw::NotGenerated { column: column.name.clone() });
    }
    let mut values = new.row.to_vec();
    let mut unchanged = Vec::new();
    for column in new.absent {
        let place = usize::from(column);
        match old.has(&[place]) {
            true => values[place] = old.row[place].clone(),
            false => unchanged.push(column),
        }
    }
    Ok(NewRow { row: values.into(), unchanged })
}
