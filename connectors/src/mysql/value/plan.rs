//! From the log's columns to those of a table of the state: made once for each description that the log gives of the table.

use std::sync::Arc;

use smol_str::SmolStr;
use thiserror::Error;

use super::reading::Reading;
use super::table::MysqlTable;
use crate::mysql::binlog::{MetadataLevel, TableMap, bit};
use crate::schema::TableSchema;

/// How rows of one description become rows of one table.
#[derive(Clone, Debug)]
pub struct RowPlan {
    table: Arc<TableSchema>,
    /// Per column of the log: ours, and how it is read.
    cells: Vec<Option<(usize, Reading)>>,
}

/// Columns of the state that the log does not have, or has with another type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Their places in the state's schema, ascending; their values are null.
    pub columns: Vec<usize>,
    /// What happened to them, to follow the table's name.
    pub reason: String,
}

/// Why rows of a table cannot be read as the state knows it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct Misfit {
    /// To follow the table's name.
    pub reason: String,
}

impl RowPlan {
    /// For rows that the log describes like this. Where it names columns they are found by name, else by their place.
    pub fn new(map: &TableMap, table: &MysqlTable) -> Result<(Self, Lost), Misfit> {
        let by_name = map.metadata == MetadataLevel::Full;
        if !by_name && map.columns.len() != table.width {
            let (found, expected) = (map.columns.len(), table.width);
            return Err(Misfit { reason: format!("has {found} columns in the log instead of {expected}") });
        }
        let mut cells = vec![None; map.columns.len()];
        let mut lost = Vec::new();
        for (target, column) in table.columns.iter().enumerate() {
            let place = match by_name {
                true => map.columns.iter().position(|found| found.name.as_ref() == Some(&column.name)),
                // Without a name it is none any more.
                false => (!column.name.is_empty()).then_some(column.place),
            };
            let log = place.and_then(|place| Some((place, map.columns.get(place)?)));
            match log.and_then(|(place, log)| Some((place, Reading::of_log(log, column, table.zero_dates)?))) {
                Some((place, reading)) => cells[place] = Some((target, reading)),
                None => lost.push((target, log.is_some())),
            }
        }
        if let Some((target, there)) = lost.iter().find(|(target, _)| table.schema.key.contains(target)) {
            let name = &table.columns[*target].name;
            let what = if *there { "has another type" } else { "is gone" };
            return Err(Misfit { reason: format!("column \"{name}\" of its key {what}") });
        }
        same_key(map, table)?;
        let reason = reason(&lost, table);
        let columns = lost.into_iter().map(|(target, _)| target).collect();
        Ok((Self { table: Arc::clone(&table.schema), cells }, Lost { columns, reason }))
    }

    pub(in crate::mysql) fn width(&self) -> usize {
        self.table.columns.len()
    }

    /// Our column, and how it is read, of the log's column at this place.
    pub(in crate::mysql) fn cell(&self, place: usize) -> Option<(usize, &Reading)> {
        self.cells[place].as_ref().map(|(target, reading)| (*target, reading))
    }

    pub(in crate::mysql) fn column_name(&self, target: usize) -> SmolStr {
        self.table.columns[target].name.clone()
    }

    /// Our columns, ascending, that an image with these columns of the log does not have.
    pub(in crate::mysql) fn absent(&self, present: &[u8]) -> Vec<u16> {
        let missing = self.cells.iter().enumerate().filter(|(place, _)| !bit(present, *place));
        let mut absent: Vec<u16> = missing.filter_map(|(_, cell)| Some(cell.as_ref()?.0 as u16)).collect();
        absent.sort_unstable();
        absent
    }
}

/// The log names the primary key, or says that there is none, where it names columns. Of a table without one it names a unique key, if there
/// is any: such a table is known by its whole rows.
fn same_key(map: &TableMap, table: &MysqlTable) -> Result<(), Misfit> {
    if table.schema.key.is_empty() || map.metadata != MetadataLevel::Full {
        return Ok(());
    }
    let name = |place: &usize| map.columns[*place].name.as_ref();
    let found: Vec<_> = map.primary_key.iter().flatten().filter_map(name).collect();
    let known: Vec<_> = table.schema.key.iter().map(|column| &table.columns[*column].name).collect();
    match found == known {
        true => Ok(()),
        false => Err(Misfit { reason: "has another primary key".to_owned() }),
    }
}

fn reason(lost: &[(usize, bool)], table: &MysqlTable) -> String {
    let named = |wanted: bool| {
        let columns = lost.iter().filter(|(_, there)| *there == wanted);
        columns.map(|(target, _)| format!("\"{}\"", table.columns[*target].name)).collect::<Vec<_>>().join(", ")
    };
    match (named(true), named(false)) {
        (changed, gone) if changed.is_empty() && gone.is_empty() => String::new(),
        (changed, gone) if gone.is_empty() => format!("changed the type of {changed}"),
        (changed, gone) if changed.is_empty() => format!("no longer has {gone}"),
        (changed, gone) => format!("no longer has {gone} and changed the type of {changed}"),
    }
}
