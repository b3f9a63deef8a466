//! What others than the engine see: one committed checkpoint, pinned by a RocksDB snapshot.

use std::sync::Arc;

use rocksdb::{ColumnFamily, DBPinnableSlice, DBRawIterator, Snapshot};
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use tailwater_connectors::{Row, RowChange, Value};

use super::changelog::{Chunk, FLOOR_STEP, chunk_key, chunk_step, decode_chunk, decode_floor};
use super::database::{Database, range};
use super::documents::{CHECKPOINT, document_key, parse_document};
use super::key_codec::{encode_key, prefix_end};
use super::row_codec::decode_row;
use super::table::{TABLE_ID_BYTES, TableId};
use super::views::{ViewError, Views};
use super::{Checkpoint, StateError};

/// One page of view rows in key order.
pub struct RowPage {
    /// Rows.
    pub rows: Vec<Row>,
    /// Token for the page after this one; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// One page of a view's row errors.
pub struct ErrorPage {
    /// Entries, in the order of their stored bytes.
    pub errors: Vec<ViewError>,
    /// Token for the page after this one; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// One pinned checkpoint; everything read through it belongs together.
pub struct Reader<'a> {
    database: &'a Database,
    snapshot: Snapshot<'a>,
    views: Arc<Views>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(database: &'a Database, views: Arc<Views>) -> Self {
        Self { database, snapshot: database.engine.snapshot(), views }
    }

    /// The pinned checkpoint; step 0 without positions when nothing was committed yet.
    pub fn checkpoint(&self) -> Result<Checkpoint, StateError> {
        match self.get(self.database.meta(), CHECKPOINT)? {
            Some(bytes) => parse_document("checkpoint", &bytes),
            None => Ok(Checkpoint::default()),
        }
    }

    /// The document of that name.
    pub fn meta_get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let bytes = self.get(self.database.meta(), &document_key(name))?;
        bytes.map(|bytes| parse_document(name, &bytes)).transpose()
    }

    /// The row of `view` with these key values (in key order).
    pub fn view_row(&self, view: &str, key: &[Value]) -> Result<Option<Row>, StateError> {
        let view = self.views.get(view)?;
        let mut stored = view.table.stored_key(&[]);
        encode_key(&mut stored, &view.key_types, key)?;
        let bytes = self.get(self.database.tables(), &stored)?;
        bytes.map(|bytes| decode_row(&bytes)).transpose()
    }

    /// Up to `limit` (at least one) rows of `view` after the token of an earlier page. Tokens stay good when rows come
    /// and go between pages.
    pub fn view_rows(&self, view: &str, after: Option<&[u8]>, limit: usize) -> Result<RowPage, StateError> {
        let (rows, next) = self.page(self.views.get(view)?.table, (after, limit), |_, row| decode_row(row))?;
        Ok(RowPage { rows, next })
    }

    /// The same of the row errors of `view`.
    pub fn view_errors(&self, view: &str, after: Option<&[u8]>, limit: usize) -> Result<ErrorPage, StateError> {
        let Some(tables) = self.views.get(view)?.errors else {
            return Ok(ErrorPage { errors: Vec::new(), next: None });
        };
        let decode = |key: &[u8], count: &[u8]| Ok(ViewError { entry: decode_row(key)?, count: decode_count(count)? });
        let (errors, next) = self.page(tables.entries, (after, limit), decode)?;
        Ok(ErrorPage { errors, next })
    }

    /// How many row errors `view` has: the sum of their counts.
    pub fn view_errors_total(&self, view: &str) -> Result<u64, StateError> {
        let Some(tables) = self.views.get(view)?.errors else { return Ok(0) };
        let total = self.get(self.database.tables(), &tables.total.stored_key(&[]))?;
        total.map_or(Ok(0), |total| decode_count(&total).map(i64::unsigned_abs))
    }

    /// Up to `limit` (at least one) entries of a table after a token, and the token for the next page, if there is one.
    fn page<T>(
        &self,
        table: TableId,
        (after, limit): (Option<&[u8]>, usize),
        decode: impl Fn(&[u8], &[u8]) -> Result<T, StateError>,
    ) -> Result<(Vec<T>, Option<Vec<u8>>), StateError> {
        let mut lower = table.stored_key(after.unwrap_or_default());
        if after.is_some() {
            // The least key greater than the token.
            lower.push(0);
        }
        let mut stored = self.iterate(self.database.tables(), lower, prefix_end(&table.stored_key(&[])));
        let mut entries = Vec::new();
        let mut last = Vec::new();
        while let Some((key, value)) = stored.item() {
            if entries.len() >= limit.max(1) {
                return Ok((entries, Some(last)));
            }
            let key = &key[TABLE_ID_BYTES..];
            entries.push(decode(key, value)?);
            last.clear();
            last.extend_from_slice(key);
            stored.next();
        }
        stored.status()?;
        Ok((entries, None))
    }

    /// Changes of `view` in steps after `after`, oldest first, whole steps, until about `bytes_max` are gathered (at least
    /// one step); with the step each belongs to. Steps that did not change the view are not in it.
    ///
    /// An `after` below [`Self::changelog_floor`] is [`StateError::ChangelogTrimmed`].
    pub fn chunks(&self, view: &SmolStr, after: u64, bytes_max: usize) -> Result<Vec<Chunk>, StateError> {
        let table = self.views.get(view)?.table;
        let floor = self.floor(table)?;
        if after < floor {
            return Err(StateError::ChangelogTrimmed { view: view.clone(), after, floor });
        }
        let lower = chunk_key(table, after.saturating_add(1));
        let mut stored = self.iterate(self.database.changelog(), lower, prefix_end(&table.stored_key(&[])));
        let mut chunks = Vec::new();
        let mut bytes = 0;
        while let Some((key, chunk)) = stored.item() {
            bytes += chunk.len();
            if bytes > bytes_max && !chunks.is_empty() {
                break;
            }
            chunks.push(decode_chunk(chunk_step(key)?, chunk)?);
            stored.next();
        }
        stored.status()?;
        Ok(chunks)
    }

    /// [`Self::chunks`] without what only followers outside ask for.
    pub fn changelog(
        &self,
        view: &SmolStr,
        after: u64,
        bytes_max: usize,
    ) -> Result<Vec<(Checkpoint, Vec<RowChange>)>, StateError> {
        let chunks = self.chunks(view, after, bytes_max)?;
        Ok(chunks.into_iter().map(|chunk| (chunk.checkpoint, chunk.changes)).collect())
    }

    /// The least step after which the changelog of `view` is complete: who holds the view at an earlier step cannot be
    /// brought up to date by changes.
    pub fn changelog_floor(&self, view: &str) -> Result<u64, StateError> {
        self.floor(self.views.get(view)?.table)
    }

    fn floor(&self, table: TableId) -> Result<u64, StateError> {
        let bytes = self.get(self.database.changelog(), &chunk_key(table, FLOOR_STEP))?;
        bytes.map_or(Ok(0), |bytes| decode_floor(&bytes))
    }

    fn get(&self, family: &ColumnFamily, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, StateError> {
        Ok(self.snapshot.get_pinned_cf(family, key)?)
    }

    fn iterate(&self, family: &ColumnFamily, lower: Vec<u8>, upper: Option<Vec<u8>>) -> DBRawIterator<'_> {
        let mut stored = self.snapshot.raw_iterator_cf_opt(family, range(lower, upper));
        stored.seek_to_first();
        stored
    }
}

fn decode_count(bytes: &[u8]) -> Result<i64, StateError> {
    bytes.try_into().map(i64::from_be_bytes).map_err(|_| StateError::damaged("a number of row errors"))
}
