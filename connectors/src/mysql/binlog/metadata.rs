//! What `binlog_row_metadata` adds to the description of a table. Fields that are not known are left out: what is needed of them is
//! in the catalog, too.

use std::sync::Arc;

use smol_str::SmolStr;

use super::column::LogType;
use super::error::Flaw;
use super::reader::Reader;
use super::table_map::{MetadataLevel, TableMap};
use crate::mysql::flavor::Flavor;

const SIGNEDNESS: u8 = 1;
const DEFAULT_CHARSET: u8 = 2;
const COLUMN_CHARSET: u8 = 3;
const COLUMN_NAME: u8 = 4;
const SET_LABELS: u8 = 5;
const ENUM_LABELS: u8 = 6;
const PRIMARY_KEY: u8 = 8;
const PRIMARY_KEY_WITH_PREFIX: u8 = 9;
const LABELS_DEFAULT_CHARSET: u8 = 10;
const LABELS_COLUMN_CHARSET: u8 = 11;

/// Reads all fields behind the description itself.
pub(super) fn read(mut reader: Reader<'_>, flavor: Flavor, map: &mut TableMap) -> Result<(), Flaw> {
    let is_text = match flavor {
        Flavor::Mysql => LogType::is_text,
        Flavor::Mariadb => LogType::is_text_or_shape,
    };
    while !reader.is_empty() {
        let kind = reader.u8()?;
        let mut field = Reader(reader.packed_bytes()?);
        match kind {
            SIGNEDNESS => signs(&mut field, map)?,
            DEFAULT_CHARSET => default_collation(&mut field, map, is_text)?,
            COLUMN_CHARSET => collations(&mut field, map, is_text)?,
            COLUMN_NAME => names(&mut field, map)?,
            SET_LABELS => labels(&mut field, map, |it| matches!(it, LogType::Set(_)))?,
            ENUM_LABELS => labels(&mut field, map, |it| matches!(it, LogType::Enum(_)))?,
            PRIMARY_KEY => primary_key(&mut field, map, false)?,
            PRIMARY_KEY_WITH_PREFIX => primary_key(&mut field, map, true)?,
            LABELS_DEFAULT_CHARSET => default_collation(&mut field, map, has_labels)?,
            LABELS_COLUMN_CHARSET => collations(&mut field, map, has_labels)?,
            _ => continue,
        }
        field.end()?;
    }
    Ok(())
}

fn has_labels(log_type: LogType) -> bool {
    matches!(log_type, LogType::Enum(_) | LogType::Set(_))
}

/// Places of the columns that a field counts.
fn places(map: &TableMap, counts: impl Fn(LogType) -> bool) -> Vec<usize> {
    let columns = map.columns.iter().enumerate();
    columns.filter(|(_, column)| counts(column.log_type)).map(|(place, _)| place).collect()
}

fn at_least(map: &mut TableMap, level: MetadataLevel) {
    map.metadata = map.metadata.max(level);
}

/// One bit for each number, the highest one of the first byte first.
fn signs(field: &mut Reader<'_>, map: &mut TableMap) -> Result<(), Flaw> {
    let numbers = places(map, LogType::is_numeric);
    let bits = field.bytes(numbers.len().div_ceil(8))?;
    for (index, place) in numbers.into_iter().enumerate() {
        map.columns[place].unsigned = Some(bits[index / 8] << (index % 8) & 0x80 != 0);
    }
    at_least(map, MetadataLevel::Minimal);
    Ok(())
}

fn collation(field: &mut Reader<'_>) -> Result<u16, Flaw> {
    u16::try_from(field.packed()?).map_err(|_| Flaw::Wrong { field: "collation" })
}

/// One for all, and the number among them and the collation of those that have another.
fn default_collation(field: &mut Reader<'_>, map: &mut TableMap, counts: fn(LogType) -> bool) -> Result<(), Flaw> {
    let default = collation(field)?;
    let places = places(map, counts);
    places.iter().for_each(|place| map.columns[*place].collation = Some(default));
    while !field.is_empty() {
        let index = usize::try_from(field.packed()?).map_err(|_| Flaw::Short)?;
        let place = places.get(index).ok_or(Flaw::Wrong { field: "column number" })?;
        map.columns[*place].collation = Some(collation(field)?);
    }
    at_least(map, MetadataLevel::Minimal);
    Ok(())
}

fn collations(field: &mut Reader<'_>, map: &mut TableMap, counts: fn(LogType) -> bool) -> Result<(), Flaw> {
    for place in places(map, counts) {
        map.columns[place].collation = Some(collation(field)?);
    }
    at_least(map, MetadataLevel::Minimal);
    Ok(())
}

fn names(field: &mut Reader<'_>, map: &mut TableMap) -> Result<(), Flaw> {
    for column in &mut map.columns {
        let name = std::str::from_utf8(field.packed_bytes()?).map_err(|_| Flaw::NotUtf8)?;
        column.name = Some(SmolStr::new(name));
    }
    at_least(map, MetadataLevel::Full);
    Ok(())
}

fn labels(field: &mut Reader<'_>, map: &mut TableMap, counts: fn(LogType) -> bool) -> Result<(), Flaw> {
    for place in places(map, counts) {
        let count = field.count()?;
        let mut labels: Vec<Box<[u8]>> = Vec::new();
        for _ in 0..count {
            labels.push(field.packed_bytes()?.into());
        }
        map.columns[place].labels = Some(Arc::from(labels));
    }
    Ok(())
}

fn primary_key(field: &mut Reader<'_>, map: &mut TableMap, with_prefix: bool) -> Result<(), Flaw> {
    let mut key = Vec::new();
    while !field.is_empty() {
        let place = usize::try_from(field.packed()?).map_err(|_| Flaw::Short)?;
        if place >= map.columns.len() {
            return Err(Flaw::Wrong { field: "column number" });
        }
        if with_prefix {
            field.packed()?;
        }
        key.push(place);
    }
    map.primary_key = Some(key);
    Ok(())
}
