//! What the log says of a table in front of its rows.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html>

use std::sync::Arc;

use smol_str::SmolStr;

use super::column::LogType;
use super::error::Flaw;
use super::metadata;
use super::reader::{Reader, bit};
use crate::mysql::flavor::Flavor;

/// A table as the log describes it in front of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    /// Its number in the log, good up to the end of a statement.
    pub id: u64,
    /// Its schema.
    pub schema: SmolStr,
    /// Its name.
    pub table: SmolStr,
    /// Its columns.
    pub columns: Vec<LogColumn>,
    /// How much is said of them.
    pub metadata: MetadataLevel,
    /// Places of the primary key's columns, in its order; `None` where that is not said.
    pub primary_key: Option<Vec<usize>>,
}

/// How much the log says of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetadataLevel {
    /// Types alone (MariaDB's default).
    Types,
    /// Signs and character sets, too (MySQL's default, `binlog_row_metadata=MINIMAL`).
    Minimal,
    /// Names, labels and the primary key, too (`binlog_row_metadata=FULL`).
    Full,
}

/// A column as the log describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogColumn {
    /// How its values are written.
    pub log_type: LogType,
    /// Whether it can be null.
    pub nullable: bool,
    /// Of numbers: whether they are unsigned, where that is said.
    pub unsigned: Option<bool>,
    /// Number of the collation of its text or labels, where that is said.
    pub collation: Option<u16>,
    /// Its name, where that is said.
    pub name: Option<SmolStr>,
    /// Labels of an enum or set in their own character set, where that is said.
    pub labels: Option<Arc<[Box<[u8]>]>>,
}

/// Reads the body of the event.
pub(super) fn read(data: &[u8], flavor: Flavor) -> Result<TableMap, Flaw> {
    let mut reader = Reader(data);
    let id = reader.little(6)?;
    reader.bytes(2)?;
    let (schema, table) = (name(&mut reader)?, name(&mut reader)?);
    let count = reader.count()?;
    let types = reader.bytes(count)?;
    let mut block = Reader(reader.packed_bytes()?);
    let nullable = reader.bytes(count.div_ceil(8))?;
    let mut columns = Vec::with_capacity(count);
    for (index, number) in types.iter().enumerate() {
        let log_type = LogType::read(*number, &mut block)?;
        columns.push(LogColumn {
            log_type,
            nullable: bit(nullable, index),
            unsigned: None,
            collation: None,
            name: None,
            labels: None,
        });
    }
    // A type that is not known may have metadata that is not understood.
    if !columns.iter().any(|column| matches!(column.log_type, LogType::Unknown(_))) {
        block.end()?;
    }
    let mut map = TableMap { id, schema, table, columns, metadata: MetadataLevel::Types, primary_key: None };
    metadata::read(reader, flavor, &mut map)?;
    Ok(map)
}

/// A name of at most 255 bytes and the zero behind it.
fn name(reader: &mut Reader<'_>) -> Result<SmolStr, Flaw> {
    let length = usize::from(reader.u8()?);
    let name = std::str::from_utf8(reader.bytes(length)?).map_err(|_| Flaw::NotUtf8)?;
    match reader.u8()? {
        0 => Ok(name.into()),
        value => Err(Flaw::Unknown { field: "byte behind a name", value }),
    }
}
