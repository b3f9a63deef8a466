//! A table whose copy is under way: chunks of its rows come in, in any order, while the stream changes it.
//!
//! What the source promises, with C the position at which the stream began:
//! - All changes from C on come in, in order.
//! - A chunk holds rows of one snapshot. The snapshot sees everything that committed before C, and whatever else it sees has been
//!   handed over before the chunk.
//! - At the end every row that was there at C and was never changed since has been in a chunk.
//!
//! The invariant, for a table with a key: a key that the stream changed is *marked*, and what is held under it is its row at the position
//! reached. A key without a mark has not changed since C, so a chunk's row of it is its row at C, and now; it is held once a chunk
//! had it. A chunk's row of a marked key is of no interest: it may be older or the same, never newer.
//!
//! An update may leave out large values that it did not change (`NewRow::unchanged`), of a row that no chunk had yet. Such a row is
//! kept aside with its *holes* until a row of that key comes in. The values are right whatever snapshot it is of: while there is a hole,
//! nothing since C changed its value. That does not hold for a row that *moved*, from a key at which no chunk had it to another one: what an older
//! snapshot has there is another row. Its holes are filled at the end, when the source is asked for it and answers from snapshots that see
//! everything that had been handed over by then.
//!
//! A table without a key is counted: rows of one snapshot on one side, on the other a log of what the stream added and took
//! away, by position. The end names the position of the snapshot, and what is behind it in the log counts.
//!
//! TRUNCATE makes a table known as a whole: chunks are of no interest any more.

use std::ops::ControlFlow;

use tailwater_connectors::{OldRow, Position, Row, SqlType, Transaction};

use super::error::EngineError;
use super::input_table::{InputTable, Kind, Operation, patched};
use super::relation::{Layout, append_key, decode_count, encode_count, whole_row};
use crate::state::{Run, StateError, StateTx, TableId, Version, decode_row, encode_row};

/// Key aside that says that the table is known as a whole; no other key is empty.
const WHOLE: &[u8] = &[];
/// Rows with holes that are asked for at once.
const INCOMPLETE_ROWS_MAX: usize = 1_000;

/// The table as a step or a chunk sees it.
#[derive(Clone, Copy)]
pub(super) struct CopyingTable<'a> {
    pub(super) input: InputTable<'a>,
    /// Marks, or the log of a table without a key.
    pub(super) aside: TableId,
}

/// What is known of a key.
enum Known {
    /// No chunk had it, nothing changed it.
    Nothing,
    Gone,
    Row(Row),
    /// All but some values.
    Holes(Holes),
}

/// A row without the values of some columns.
struct Holes {
    row: Row,
    columns: Vec<u16>,
    /// Whether it was under another key at C.
    moved: bool,
}

/// Set in the number of holes of a row that moved.
const MOVED: u16 = 0x8000;

impl CopyingTable<'_> {
    /// Applies the changes of a step, in their order.
    pub(super) fn apply(
        &self,
        tx: &mut StateTx<'_>,
        operations: Vec<Operation<'_>>,
        transactions: &[Transaction],
    ) -> Result<(), EngineError> {
        for Operation { transaction, kind } in operations {
            match &self.input.relation.layout {
                Layout::Keyed(_) => self.change(tx, kind)?,
                Layout::Multiset => {
                    let mut prefix = tx.step().to_be_bytes().to_vec();
                    prefix.extend((transaction as u32).to_be_bytes());
                    tx.put(self.aside, prefix.clone(), print_position(&transactions[transaction].position)?);
                    self.count(tx, &prefix, kind)?;
                }
            }
        }
        Ok(())
    }

    /// Takes rows of a chunk: those of keys without a mark into `run`, the others into `tx`. `asked`: they are what [`Self::finish`] asked for.
    pub(super) fn load(
        &self,
        tx: &mut StateTx<'_>,
        rows: &[Row],
        (run, asked): (&mut Run, bool),
    ) -> Result<(), EngineError> {
        let none_aside = tx.is_empty(self.aside, Version::New)?;
        if !none_aside && self.is_whole(tx)? {
            return Ok(());
        }
        let key_columns = match &self.input.relation.layout {
            Layout::Keyed(columns) => columns,
            Layout::Multiset => {
                return rows.iter().try_for_each(|row| self.add(tx, (self.rows(), &whole_row(row)), 1).map(drop));
            }
        };
        let types = &self.input.relation.types;
        if none_aside {
            return rows.iter().try_for_each(|row| put_row(run, (types, key_columns), row));
        }
        let keys = rows.iter().map(|row| self.input.relation.key_of(row)).collect::<Result<Vec<_>, _>>()?;
        tx.prefetch(self.aside, &keys)?;
        for (key, row) in keys.into_iter().zip(rows) {
            match tx.get(self.aside, &key, Version::New)? {
                None => put_row(run, (types, key_columns), row)?,
                Some(mark) if mark.is_empty() => {}
                Some(mark) => {
                    let holes = read_holes(&mark)?;
                    if asked || !holes.moved {
                        self.hold(tx, key, patched(&holes.row, &holes.columns, row));
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets what chunks brought of a table without a key, whose rows cannot be told from one another: they come again.
    pub(super) fn load_again(&self, tx: &mut StateTx<'_>) -> Result<(), EngineError> {
        if self.input.relation.layout == Layout::Multiset && !self.is_whole(tx)? {
            tx.drop_table(self.rows());
        }
        Ok(())
    }

    /// All chunks are in. Answers with rows that have holes, of which the key is set; when there are none, the rows of the
    /// table are those of the position reached. `snapshot` is the position of the rows of a table without a key: none of
    /// what the log has is in them when there is none.
    pub(super) fn finish(&self, tx: &mut StateTx<'_>, snapshot: Option<&Position>) -> Result<Vec<Row>, EngineError> {
        match self.input.relation.layout {
            Layout::Multiset => self.merge(tx, snapshot)?,
            Layout::Keyed(_) => {
                let incomplete = self.incomplete(tx)?;
                if !incomplete.is_empty() {
                    return Ok(incomplete);
                }
            }
        }
        tx.drop_table(self.aside);
        Ok(Vec::new())
    }

    /// Table of state of its rows.
    pub(super) fn rows(&self) -> TableId {
        self.input.relation.table
    }

    fn is_whole(&self, tx: &StateTx<'_>) -> Result<bool, StateError> {
        Ok(tx.get(self.aside, WHOLE, Version::New)?.is_some())
    }

    fn known(&self, tx: &StateTx<'_>, key: &[u8]) -> Result<Known, EngineError> {
        let mark = tx.get(self.aside, key, Version::New)?;
        if let Some(mark) = mark.as_ref().filter(|mark| !mark.is_empty()) {
            return Ok(Known::Holes(read_holes(mark)?));
        }
        Ok(match tx.get(self.rows(), key, Version::New)? {
            Some(row) => Known::Row(decode_row(&row)?),
            None if mark.is_some() || self.is_whole(tx)? => Known::Gone,
            None => Known::Nothing,
        })
    }

    /// Marks the key and holds `row` under it.
    fn hold(&self, tx: &mut StateTx<'_>, key: Vec<u8>, row: Row) {
        tx.put(self.aside, key.clone(), Vec::new());
        tx.put(self.rows(), key, whole_row(&row));
    }

    fn change(&self, tx: &mut StateTx<'_>, kind: Kind<'_>) -> Result<(), EngineError> {
        match kind {
            Kind::Insert { key, row } => {
                self.insert(tx, key, Holes { row: row.clone(), columns: Vec::new(), moved: false })
            }
            Kind::Delete { key, .. } => self.remove(tx, key).map(drop),
            Kind::Update { old_key, new_key, old, new } => {
                let is_moving = old_key != new_key;
                let before = self.remove(tx, old_key)?;
                let image = match old {
                    OldRow::Full(row) => Some(row),
                    OldRow::Key(_) | OldRow::SameKey => None,
                };
                let (known, holes): (Option<&Row>, &[u16]) = match (&before, image) {
                    (Known::Row(row), _) => (Some(row), &[]),
                    (_, Some(image)) => (Some(image), &[]),
                    (Known::Holes(holes), None) => (Some(&holes.row), &holes.columns),
                    (Known::Nothing | Known::Gone, None) => (None, &[]),
                };
                let is_known = |column: &u16| known.is_some() && !holes.contains(column);
                let (filled, left): (Vec<u16>, Vec<u16>) = new.unchanged.iter().copied().partition(is_known);
                let row = known.map_or_else(|| new.row.clone(), |known| patched(&new.row, &filled, known));
                let moved = is_moving || matches!(&before, Known::Holes(holes) if holes.moved);
                self.insert(tx, new_key, Holes { row, columns: left, moved })
            }
            Kind::Upsert { key, row } => {
                self.vacate(tx, key.clone());
                self.insert(tx, key, Holes { row: row.clone(), columns: Vec::new(), moved: false })
            }
            Kind::Remove { key } => {
                self.vacate(tx, key);
                Ok(())
            }
            Kind::Truncate => {
                self.truncate(tx);
                Ok(())
            }
        }
    }

    /// Marks the key and holds nothing under it.
    fn vacate(&self, tx: &mut StateTx<'_>, key: Vec<u8>) {
        tx.put(self.aside, key.clone(), Vec::new());
        tx.delete(self.rows(), key);
    }

    fn truncate(&self, tx: &mut StateTx<'_>) {
        tx.drop_table(self.rows());
        tx.drop_table(self.aside);
        tx.put(self.aside, WHOLE.to_vec(), Vec::new());
    }

    /// What was known of the key, which is gone now.
    fn remove(&self, tx: &mut StateTx<'_>, key: Vec<u8>) -> Result<Known, EngineError> {
        let known = self.known(tx, &key)?;
        if matches!(known, Known::Gone) {
            return Err(self.input.disagrees("the source changed a row that is not held"));
        }
        tx.put(self.aside, key.clone(), Vec::new());
        tx.delete(self.rows(), key);
        Ok(known)
    }

    fn insert(&self, tx: &mut StateTx<'_>, key: Vec<u8>, new: Holes) -> Result<(), EngineError> {
        if new.row.len() != self.input.schema.columns.len() {
            return Err(EngineError::TableChanged { table: self.input.schema.name.clone() });
        }
        if matches!(self.known(tx, &key)?, Known::Row(_) | Known::Holes(..)) {
            return Err(self.input.disagrees("the source inserted a row under a key that is already held"));
        }
        match new.columns.is_empty() {
            true => self.hold(tx, key, new.row),
            false => tx.put(self.aside, key, print_holes(&new)),
        }
        Ok(())
    }

    fn incomplete(&self, tx: &StateTx<'_>) -> Result<Vec<Row>, EngineError> {
        let mut incomplete = Vec::new();
        tx.scan(self.aside, &[], Version::New, &mut |_, mark| {
            if !mark.is_empty() {
                incomplete.push(read_holes(mark)?.row);
            }
            Ok(match incomplete.len() < INCOMPLETE_ROWS_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            })
        })?;
        Ok(incomplete)
    }

    fn count(&self, tx: &mut StateTx<'_>, prefix: &[u8], kind: Kind<'_>) -> Result<(), EngineError> {
        let entry = |row: Vec<u8>| [prefix, &row].concat();
        match kind {
            Kind::Insert { key, .. } => self.add(tx, (self.aside, &entry(key)), 1).map(drop),
            Kind::Delete { key, .. } => self.add(tx, (self.aside, &entry(key)), -1).map(drop),
            Kind::Update { old_key, new_key, .. } => {
                self.add(tx, (self.aside, &entry(old_key)), -1)?;
                self.add(tx, (self.aside, &entry(new_key)), 1).map(drop)
            }
            Kind::Upsert { .. } | Kind::Remove { .. } => {
                Err(self.input.disagrees("has no primary key, so no row of it can be replaced"))
            }
            Kind::Truncate => {
                self.truncate(tx);
                Ok(())
            }
        }
    }

    /// Adds to a count; a count of zero is no entry. Answers with the new count.
    fn add(&self, tx: &mut StateTx<'_>, (table, key): (TableId, &[u8]), number: i64) -> Result<i64, EngineError> {
        let before = tx.get(table, key, Version::New)?.map_or(Ok(0), |count| decode_count(&count))?;
        let count = before + number;
        match count {
            0 => tx.delete(table, key.to_vec()),
            _ => tx.put(table, key.to_vec(), encode_count(count)),
        }
        Ok(count)
    }

    /// Adds the log, as far as it is behind the rows' snapshot, to the rows.
    fn merge(&self, tx: &mut StateTx<'_>, snapshot: Option<&Position>) -> Result<(), EngineError> {
        const PREFIX: usize = 12;
        let mut counts: Vec<(Vec<u8>, i64)> = Vec::new();
        let mut is_in_rows = false;
        let is_whole = self.is_whole(tx)?;
        let snapshot = snapshot.filter(|_| !is_whole);
        tx.scan(self.aside, &[], Version::New, &mut |key, value| {
            match key.len() {
                0 => {}
                PREFIX => {
                    let position = read_position(value)?;
                    is_in_rows = snapshot.is_some_and(|snapshot| snapshot.covers(&position));
                }
                _ if is_in_rows => {}
                _ => counts.push((key[PREFIX..].to_vec(), decode_count(value)?)),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        // In the order of the log a row may go before another like it comes, so only the sums must not be negative.
        counts.sort();
        for same in counts.chunk_by(|a, b| a.0 == b.0) {
            let number = same.iter().map(|(_, count)| count).sum();
            if self.add(tx, (self.rows(), &same[0].0), number)? < 0 {
                return Err(self.input.disagrees("the source changed a row that is not held"));
            }
        }
        Ok(())
    }
}

/// Adds a row under its key.
fn put_row(run: &mut Run, (types, key): (&[SqlType], &[usize]), row: &Row) -> Result<(), EngineError> {
    run.put(|bytes| {
        append_key(bytes, (types, key), row)?;
        let key_end = bytes.len();
        encode_row(bytes, row);
        Ok(key_end)
    })
}

/// Number of holes, with [`MOVED`], the holes, the row; two bytes each, big-endian. No table has that many columns.
fn print_holes(holes: &Holes) -> Vec<u8> {
    let number = holes.columns.len() as u16 | if holes.moved { MOVED } else { 0 };
    let mut bytes = number.to_be_bytes().to_vec();
    holes.columns.iter().for_each(|hole| bytes.extend(hole.to_be_bytes()));
    bytes.extend(whole_row(&holes.row));
    bytes
}

fn read_holes(bytes: &[u8]) -> Result<Holes, StateError> {
    let read = || {
        let (number, rest) = bytes.split_first_chunk::<2>()?;
        let number = u16::from_be_bytes(*number);
        let (holes, row) = rest.split_at_checked(usize::from(number & !MOVED) * 2)?;
        let holes = holes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        Some((row, holes.collect(), number & MOVED != 0))
    };
    let found = read().ok_or_else(|| StateError::Damaged { place: "a row of an unfinished copy".into() })?;
    let (row, columns, moved) = found;
    Ok(Holes { row: decode_row(row)?, columns, moved })
}

fn print_position(position: &Position) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec(position).map_err(|_| StateError::Damaged { place: "a position".into() })
}

fn read_position(bytes: &[u8]) -> Result<Position, StateError> {
    serde_json::from_slice(bytes).map_err(|_| StateError::Damaged { place: "a position of an unfinished copy".into() })
}
