//! What a verification asks of a sink's delivery, answered between two of its writes.
//!
//! The sink then holds exactly its view at its cursor. The state may be some steps further; what they changed is undone by the
//! view's changelog. So a page is compared at exactly one position, although nothing stands still for longer than that page.

use std::collections::BTreeMap;
use std::sync::Arc;

use tailwater_connectors::{Cursor, Held, Positions, ReadBack, Row, Sink, SinkError, Value, ViewSchema};
use tokio::sync::oneshot;

use super::compare::key_types;
use super::report::Difference;
use crate::state::{Reader, State, StateError, encode_key};

/// Rows compared while the delivery waits.
const PAGE_ROWS: usize = 500;
/// Changelog between a sink and the state, beyond which the sink is too far behind to be compared now.
const BEHIND_BYTES_MAX: usize = 4 << 20;

/// A page of the comparison, or that the sink is to be filled again.
pub(in crate::pipeline) enum SinkAsk {
    /// Rows of the view after a key, as it is stored; `None`: the first.
    Rows { after: Option<Vec<u8>>, answer: Answer<Vec<u8>> },
    /// Entries of the sink; 0: the first.
    Entries { from: u64, answer: Answer<u64> },
    /// Fills the sink again from its view.
    Refill { answer: oneshot::Sender<()> },
}

/// Where an answer goes.
pub(in crate::pipeline) type Answer<T> = oneshot::Sender<Result<SinkPage<T>, SinkRefusal>>;

/// One page, compared.
#[derive(Debug)]
pub(in crate::pipeline) struct SinkPage<T> {
    /// Where the sink stood.
    pub(super) positions: Positions,
    /// Rows of the view, or entries, that were compared.
    pub(super) compared: u64,
    /// Entries that differ.
    pub(super) found: Vec<(Difference, String)>,
    /// Where the next page begins.
    pub(super) next: Option<T>,
}

/// Why a page was not compared.
#[derive(Debug)]
pub(in crate::pipeline) enum SinkRefusal {
    /// There is no way to read the sink back.
    NotReadable,
    /// The sink is too far behind its view; later it may work.
    Behind,
    /// The sink or the state failed.
    Failed(String),
}

impl From<StateError> for SinkRefusal {
    fn from(error: StateError) -> Self {
        match error {
            StateError::ChangelogTrimmed { .. } => Self::Behind,
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<&SinkError> for SinkRefusal {
    fn from(error: &SinkError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Answers an ask for a page; a sink's error is also the delivery's.
pub(in crate::pipeline) async fn answer(
    ask: SinkAsk,
    (state, view, cursor): (&State, &Arc<ViewSchema>, &Cursor),
    sink: &mut dyn Sink,
) -> Result<(), SinkError> {
    let Some(held) = sink.read_back() else {
        match ask {
            SinkAsk::Rows { answer, .. } => drop(answer.send(Err(SinkRefusal::NotReadable))),
            SinkAsk::Entries { answer, .. } => drop(answer.send(Err(SinkRefusal::NotReadable))),
            SinkAsk::Refill { .. } => {}
        }
        return Ok(());
    };
    let place = Place { state, view, cursor };
    match ask {
        SinkAsk::Rows { after, answer } => told(place.rows(held, after).await, answer),
        SinkAsk::Entries { from, answer } => told(place.entries(held, from).await, answer),
        SinkAsk::Refill { .. } => Ok(()),
    }
}

/// A page's end: the sink's failure is the delivery's too.
type Paged<T> = Result<Result<SinkPage<T>, SinkRefusal>, SinkError>;

fn told<T>(paged: Paged<T>, answer: Answer<T>) -> Result<(), SinkError> {
    let (page, outcome) = match paged {
        Ok(page) => (page, Ok(())),
        Err(error) => (Err(SinkRefusal::from(&error)), Err(error)),
    };
    let _ = answer.send(page);
    outcome
}

/// A sink at its cursor.
struct Place<'a> {
    state: &'a State,
    view: &'a Arc<ViewSchema>,
    cursor: &'a Cursor,
}

/// Rows as they were at the cursor of keys that changed since; `None` where there was none.
type Undone = BTreeMap<Vec<u8>, Option<Row>>;

impl Place<'_> {
    async fn rows(&self, held: &mut dyn ReadBack, after: Option<Vec<u8>>) -> Paged<Vec<u8>> {
        let (rows, next) = match self.state.read(|reader| self.page(reader, after)) {
            Ok(page) => page,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let found = held.held(&rows).await?;
        let different = |(row, found): (&Row, Held)| match found {
            Held::Same | Held::Expired => None,
            Held::Nothing => Some((Difference::Missing, held.name(row))),
            Held::Other => Some((Difference::Different, held.name(row))),
        };
        let differing = rows.iter().zip(found).filter_map(different).collect();
        Ok(Ok(self.answered(rows.len(), differing, next)))
    }

    async fn entries(&self, held: &mut dyn ReadBack, from: u64) -> Paged<u64> {
        let entries = held.entries(from).await?;
        let compared = entries.entries.len();
        let extra = self.state.read(|reader| {
            let undone = self.undone(reader)?;
            let mut extra = Vec::new();
            for entry in entries.entries {
                let row = match &entry.key {
                    Some(key) => self.row(reader, &undone, key)?,
                    None => None,
                };
                if row.is_none_or(|row| held.name(&row) != entry.name) {
                    extra.push((Difference::Extra, entry.name));
                }
            }
            Ok::<_, SinkRefusal>(extra)
        });
        Ok(extra.map(|extra| self.answered(compared, extra, entries.next)))
    }

    fn answered<T>(&self, compared: usize, found: Vec<(Difference, String)>, next: Option<T>) -> SinkPage<T> {
        SinkPage { positions: self.cursor.positions.clone(), compared: compared as u64, found, next }
    }

    /// The rows of the page after a key, as they were at the cursor, and the last key if there may be more.
    fn page(&self, reader: &Reader<'_>, after: Option<Vec<u8>>) -> Result<(Vec<Row>, Option<Vec<u8>>), SinkRefusal> {
        let undone = self.undone(reader)?;
        let page = reader.view_rows(&self.view.name, after.as_deref(), PAGE_ROWS)?;
        let mut rows = BTreeMap::new();
        for row in page.rows {
            rows.insert(self.key(&row)?, row);
        }
        let last = page.next.as_ref().and_then(|_| rows.last_key_value()).map(|(key, _)| key.clone());
        for (key, row) in undone {
            let is_here =
                after.as_ref().is_none_or(|after| key > *after) && last.as_ref().is_none_or(|last| key <= *last);
            match row {
                Some(row) if is_here => drop(rows.insert(key, row)),
                None if is_here => drop(rows.remove(&key)),
                _ => {}
            }
        }
        Ok((rows.into_values().collect(), last))
    }

    fn row(&self, reader: &Reader<'_>, undone: &Undone, key: &[Value]) -> Result<Option<Row>, SinkRefusal> {
        let mut bytes = Vec::new();
        encode_key(&mut bytes, &key_types(self.view), key)?;
        match undone.get(&bytes) {
            Some(row) => Ok(row.clone()),
            None => Ok(reader.view_row(&self.view.name, key)?),
        }
    }

    fn undone(&self, reader: &Reader<'_>) -> Result<Undone, SinkRefusal> {
        let chunks = reader.changelog(&self.view.name, self.cursor.step, BEHIND_BYTES_MAX)?;
        if let Some((last, _)) = chunks.last()
            && !reader.changelog(&self.view.name, last.step, BEHIND_BYTES_MAX)?.is_empty()
        {
            return Err(SinkRefusal::Behind);
        }
        let mut undone = Undone::new();
        for change in chunks.into_iter().flat_map(|(_, changes)| changes) {
            let row = change.old.as_ref().or(change.new.as_ref()).expect("a change has a side");
            // The first change of a key tells what it was.
            undone.entry(self.key(row)?).or_insert(change.old);
        }
        Ok(undone)
    }

    fn key(&self, row: &Row) -> Result<Vec<u8>, StateError> {
        let mut bytes = Vec::new();
        encode_key(&mut bytes, &key_types(self.view), &row.project(&self.view.key))?;
        Ok(bytes)
    }
}
