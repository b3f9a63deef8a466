//! Ranges of a table in either version: committed rows merged with what the step wrote over them.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use rocksdb::DBRawIterator;

use super::StateError;
use super::database::{Database, range};
use super::key_codec::prefix_end;
use super::overlay::TableOverlay;
use super::table::{TABLE_ID_BYTES, TableId};

/// Called for each row with its key (without the table) and its bytes.
pub(super) type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StateError> + 'v;

/// Keys of one table that begin with `prefix`, are not less than `start`, which begins with `prefix`, and are less than `end`,
/// if there is one.
#[derive(Clone, Copy)]
pub(super) struct ScanRange<'r> {
    pub(super) table: TableId,
    pub(super) prefix: &'r [u8],
    pub(super) start: &'r [u8],
    pub(super) end: Option<&'r [u8]>,
    pub(super) direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

impl<'r> ScanRange<'r> {
    pub(super) fn prefix(table: TableId, prefix: &'r [u8], direction: Direction) -> Self {
        Self { table, prefix, start: prefix, end: None, direction }
    }

    pub(super) fn from(table: TableId, start: &'r [u8]) -> Self {
        Self { table, prefix: &[], start, end: None, direction: Direction::Ascending }
    }

    /// Visits the rows; `overlay` are the step's writes when the new version is asked for.
    pub(super) fn scan(
        &self,
        database: &Database,
        overlay: Option<&TableOverlay>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        let committed = match overlay {
            Some(overlay) if overlay.dropped => None,
            _ => Some(self.committed(database)),
        };
        let written = overlay.map(|overlay| overlay.range(self.prefix, (self.start, self.end))).into_iter().flatten();
        match self.direction {
            Direction::Ascending => self.merge(committed, written, visit),
            Direction::Descending => self.merge(committed, written.rev(), visit),
        }
    }

    /// An iterator over committed rows, standing on the first.
    fn committed<'d>(&self, database: &'d Database) -> DBRawIterator<'d> {
        let upper = match self.end {
            Some(end) => Some(self.table.stored_key(end)),
            None => prefix_end(&self.table.stored_key(self.prefix)),
        };
        let bounds = range(self.table.stored_key(self.start), upper);
        let mut rows = database.engine.raw_iterator_cf_opt(database.tables(), bounds);
        match self.direction {
            Direction::Ascending => rows.seek_to_first(),
            Direction::Descending => rows.seek_to_last(),
        }
        rows
    }

    fn merge<'w>(
        &self,
        mut committed: Option<DBRawIterator<'_>>,
        written: impl Iterator<Item = (&'w [u8], Option<&'w [u8]>)>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        let mut written = written.peekable();
        loop {
            let below = committed.as_ref().and_then(|rows| rows.item());
            let below = below.map(|(key, row)| (&key[TABLE_ID_BYTES..], row));
            let order = match (below, written.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((below, _)), Some((above, _))) => self.order(below, above),
            };
            let visible = match (order, below) {
                (Ordering::Less, below) => below,
                _ => written.next().and_then(|(key, row)| Some((key, row?))),
            };
            if let Some((key, row)) = visible
                && visit(key, row)?.is_break()
            {
                return Ok(());
            }
            if order.is_le()
                && let Some(rows) = &mut committed
            {
                self.advance(rows);
            }
        }
        // An iterator that failed looks like one that ended.
        committed.map_or(Ok(()), |rows| Ok(rows.status()?))
    }

    fn order(&self, left: &[u8], right: &[u8]) -> Ordering {
        match self.direction {
            Direction::Ascending => left.cmp(right),
            Direction::Descending => right.cmp(left),
        }
    }

    fn advance(&self, rows: &mut DBRawIterator<'_>) {
        match self.direction {
            Direction::Ascending => rows.next(),
            Direction::Descending => rows.prev(),
        }
    }
}
