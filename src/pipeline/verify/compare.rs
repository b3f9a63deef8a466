//! Compares rows of the source with a view at a pinned checkpoint.
//!
//! Every row of the source is looked up here by its key. What only we have shows in counts and sums of key hashes; only then is
//! the source asked again, for a share of its keys at a time, and ours are looked up among them. So memory is bounded whatever
//! the view's size.

use std::collections::HashSet;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::text::write_text;
use tailwater_connectors::{Row, SqlType, Value, ViewSchema};
use tokio::sync::{mpsc, oneshot};
use xxhash_rust::xxh3::xxh3_128;

use super::freedom::{Agreement, Freedom};
use super::report::{Difference, KEYS_LISTED_MAX, Outcome, Subject};
use crate::state::{Checkpoint, Reader, State, StateError, encode_key};

/// Rows per page of ours.
const PAGE_ROWS: usize = 5_000;
/// Keys of the source in memory at a time, sixteen bytes each and the set around them.
const KEYS_MAX: u64 = 500_000;

/// Rows of the source on their way to be compared.
pub(super) type Rows = mpsc::Receiver<Vec<Row>>;

/// What is asked of a pinned view.
pub(super) enum Ask {
    /// Compares all rows of the source.
    Compare { rows: Rows, answer: oneshot::Sender<Result<Compared, StateError>> },
    /// Finds keys of one share that only one side has alone, or the source twice.
    Only { rows: Rows, share: Share, answer: oneshot::Sender<Result<Only, StateError>> },
}

/// Keys whose hash leaves this rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) number: u64,
    pub(super) of: u64,
}

impl Share {
    fn holds(self, hash: u128) -> bool {
        hash as u64 % self.of == self.number
    }
}

/// What a comparison counted.
#[derive(Debug)]
pub(super) struct Compared {
    /// With the keys that are missing or different.
    pub(super) outcome: Outcome,
    /// Keys of the source that are here too.
    found: Sum,
    /// Keys that are here.
    ours: Sum,
}

impl Compared {
    /// In how many shares to ask again, if there is reason to: every key of ours was found exactly once, or it was not.
    pub(super) fn shares(&self) -> Option<u64> {
        (self.found != self.ours).then(|| self.outcome.rows.div_ceil(KEYS_MAX).max(1))
    }

    /// Keys that only we have, when no key of the source comes twice.
    pub(super) fn extra(&self) -> u64 {
        self.ours.count.saturating_sub(self.found.count)
    }
}

/// Keys, counted, and the sum of their hashes: equal for equal multisets, and for no others that ever happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    hashes: u128,
}

impl Sum {
    fn add(&mut self, hash: u128) {
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(hash);
    }
}

/// Keys of a share that one side has alone.
#[derive(Debug, Default)]
pub(super) struct Only {
    /// Keys that only we have: counted, the first as text.
    pub(super) extra: u64,
    pub(super) extra_keys: Vec<String>,
    /// Keys that the source has more than once.
    pub(super) twice: u64,
    pub(super) twice_keys: Vec<String>,
}

/// A view to be compared.
pub(super) struct Comparer {
    pub(super) view: Arc<ViewSchema>,
    pub(super) freedom: Freedom,
    /// The view and those that it reads: their row errors leave the source without an answer.
    pub(super) reads: Vec<SmolStr>,
    pub(super) key_types: Vec<SqlType>,
}

/// What was pinned.
pub(super) struct Pinned {
    pub(super) checkpoint: Checkpoint,
    /// Row errors of the view or those that it reads.
    pub(super) row_errors: u64,
}

impl Comparer {
    /// Pins the newest checkpoint, says so, and answers until `asks` is closed. Blocks.
    pub(super) fn run(
        self,
        state: &State,
        pinned: oneshot::Sender<Result<Pinned, StateError>>,
        mut asks: mpsc::Receiver<Ask>,
    ) {
        state.read(|reader| {
            let _ = pinned.send(self.pin(reader));
            while let Some(ask) = asks.blocking_recv() {
                match ask {
                    Ask::Compare { rows, answer } => {
                        let compared = self.compare(reader, rows, &|| answer.is_closed());
                        let _ = answer.send(compared);
                    }
                    Ask::Only { rows, share, answer } => {
                        let only = self.only(reader, (rows, share), &|| answer.is_closed());
                        let _ = answer.send(only);
                    }
                }
            }
        });
    }

    fn pin(&self, reader: &Reader<'_>) -> Result<Pinned, StateError> {
        let mut row_errors = 0;
        for view in &self.reads {
            row_errors += reader.view_errors_total(view)?;
        }
        Ok(Pinned { checkpoint: reader.checkpoint()?, row_errors })
    }

    /// `is_gone`: nobody waits for the answer any more.
    fn compare(&self, reader: &Reader<'_>, mut rows: Rows, is_gone: &dyn Fn() -> bool) -> Result<Compared, StateError> {
        let mut outcome = Outcome::new(Subject::View, self.view.name.clone());
        let mut found = Sum::default();
        while let Some(rows) = rows.blocking_recv() {
            for theirs in rows {
                outcome.rows += 1;
                let key = theirs.project(&self.view.key);
                match reader.view_row(&self.view.name, &key)? {
                    None => outcome.differs(Difference::Missing, || key_text(&self.view, &key)),
                    Some(ours) => {
                        found.add(self.hash(&key)?);
                        match self.agreement(&ours, &theirs) {
                            Agreement::Same => {}
                            Agreement::Equal => outcome.rows_written_differently += 1,
                            Agreement::Different => {
                                outcome.differs(Difference::Different, || key_text(&self.view, &key));
                            }
                        }
                    }
                }
            }
        }
        let mut ours = Sum::default();
        self.each_of_ours(reader, is_gone, |_, hash| ours.add(hash))?;
        outcome.judge();
        Ok(Compared { outcome, found, ours })
    }

    fn only(
        &self,
        reader: &Reader<'_>,
        (mut rows, share): (Rows, Share),
        is_gone: &dyn Fn() -> bool,
    ) -> Result<Only, StateError> {
        let (mut theirs, mut only) = (HashSet::new(), Only::default());
        while let Some(rows) = rows.blocking_recv() {
            for row in rows {
                let key = row.project(&self.view.key);
                let hash = self.hash(&key)?;
                if share.holds(hash) && !theirs.insert(hash) {
                    only.twice += 1;
                    list(&mut only.twice_keys, || key_text(&self.view, &key));
                }
            }
        }
        self.each_of_ours(reader, is_gone, |key, hash| {
            if share.holds(hash) && !theirs.contains(&hash) {
                only.extra += 1;
                list(&mut only.extra_keys, || key_text(&self.view, key));
            }
        })?;
        Ok(only)
    }

    fn agreement(&self, ours: &Row, theirs: &Row) -> Agreement {
        if ours == theirs {
            return Agreement::Same;
        }
        let columns = self.view.columns.iter().zip(ours.iter().zip(theirs.iter()));
        let worst = columns.map(|(column, (ours, theirs))| self.freedom.compare(column, ours, theirs)).max();
        if ours.len() == theirs.len() { worst.unwrap_or(Agreement::Same) } else { Agreement::Different }
    }

    /// Calls `each` with key and hash of every row of ours.
    fn each_of_ours(
        &self,
        reader: &Reader<'_>,
        is_gone: &dyn Fn() -> bool,
        mut each: impl FnMut(&[Value], u128),
    ) -> Result<(), StateError> {
        let mut after = None;
        while !is_gone() {
            let page = reader.view_rows(&self.view.name, after.as_deref(), PAGE_ROWS)?;
            for row in &page.rows {
                let key = row.project(&self.view.key);
                each(&key, self.hash(&key)?);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(())
    }

    /// Keys that are equal in SQL have one hash.
    fn hash(&self, key: &[Value]) -> Result<u128, StateError> {
        let mut bytes = Vec::with_capacity(32);
        encode_key(&mut bytes, &self.key_types, key)?;
        Ok(xxh3_128(&bytes))
    }
}

fn list(keys: &mut Vec<String>, key: impl FnOnce() -> String) {
    if keys.len() < KEYS_LISTED_MAX {
        keys.push(key());
    }
}

/// Types of the view's key columns, in key order.
pub(super) fn key_types(view: &ViewSchema) -> Vec<SqlType> {
    view.key.iter().map(|column| view.columns[*column].sql_type.clone()).collect()
}

/// A key as people read it.
pub(super) fn key_text(view: &ViewSchema, key: &[Value]) -> String {
    let mut text = String::new();
    for (place, (column, value)) in view.key.iter().zip(key).enumerate() {
        if place > 0 {
            text.push(',');
        }
        match value {
            Value::Null => text.push_str("\\N"),
            value => write_text(&mut text, &view.columns[*column].sql_type, value),
        }
    }
    text
}
