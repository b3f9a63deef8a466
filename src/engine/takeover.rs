//! A branch of the state takes the place of the state that it was made from.
//!
//! Both stand at the same positions then, but have come there by other steps. So the numbers of the branch begin behind those of both, and no
//! changelog tells of what was before: whoever holds a view as of the former state's last step goes on from there, anyone else is filled.
//! The first thing that a changelog tells of a view that is another one now is how its rows differ.

use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Row, RowChange, ViewSchema};

use super::driver::Engine;
use super::error::EngineError;
use super::fill::read_batch;
use super::relation::Relation;
use super::view::View;
use crate::state::{Checkpoint, Reader, State, StateTx};

/// Changes that are told as a difference at most: they are one step, in memory at once. Where more rows differ, sinks are filled again.
const DIFFERENCE_MAX: usize = 200_000;
/// Rows of a page of the former state.
const PAGE_ROWS: usize = 8_192;

/// The state whose place is taken.
pub struct Former<'a> {
    /// It, at its end.
    pub state: &'a State,
    /// Its last step.
    pub step: u64,
    /// Its views that have rows.
    pub views: &'a [Arc<ViewSchema>],
}

/// What a take-over did.
#[derive(Debug)]
pub struct TakenOver {
    /// Its commit.
    pub checkpoint: Checkpoint,
    /// The former state's last step: what changelogs tell begins behind it.
    pub floor: u64,
    /// Views that are other ones now, of which the changelog has the difference, with the fingerprints of before.
    pub differences: Vec<(SmolStr, u64)>,
}

impl Engine {
    /// Commits the step with which the branch goes on where the former state ended, at the same positions.
    pub fn take_over(&mut self, former: &Former<'_>) -> Result<TakenOver, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        let mut differences = Vec::new();
        for view in self.assembly.views.iter().filter(|view| view.has_changelog) {
            let relation = &self.assembly.relations[view.relation];
            tx.restart_changelog(relation.table, former.step);
            let Some(before) = former.views.iter().find(|before| is_comparable(before, view)) else { continue };
            if let Some(changes) = difference(&tx, relation, (former.state, &before.name))? {
                tx.append_changelog(relation.table, &changes);
                differences.push((before.name.clone(), before.fingerprint));
            }
        }
        let positions = tx.checkpoint().positions;
        let checkpoint = tx.commit_from(former.step + 1, &positions)?;
        self.trims.clear();
        Ok(TakenOver { checkpoint, floor: former.step, differences })
    }
}

/// Whether it is another view whose rows are of the same form.
fn is_comparable(before: &ViewSchema, view: &View) -> bool {
    let columns = |schema: &ViewSchema| -> Vec<_> {
        let form = |column: &tailwater_connectors::Column| {
            (column.name.clone(), column.sql_type.clone(), column.collation.clone())
        };
        schema.columns.iter().map(form).collect()
    };
    let now = &view.schema;
    before.name == now.name
        && before.fingerprint != now.fingerprint
        && before.key == now.key
        && columns(before) == columns(now)
}

/// How the rows differ; `None` when there are too many changes.
fn difference(
    tx: &StateTx<'_>,
    relation: &Relation,
    (former, name): (&State, &SmolStr),
) -> Result<Option<Vec<RowChange>>, EngineError> {
    former.read(|reader| {
        let mut old = Rows::new(|after| {
            let page = reader_page(reader, name, after)?;
            let rows: Result<Vec<_>, EngineError> =
                page.0.into_iter().map(|row| Ok((relation.key_of(&row)?, row))).collect();
            Ok((rows?, page.1))
        });
        let mut new = Rows::new(|start| {
            let (batch, next) = read_batch(tx, relation, start.unwrap_or_default())?;
            Ok((batch.into_iter().map(|(key, row, _)| (key, row)).collect(), next))
        });
        let mut changes = Vec::new();
        let (mut left, mut right) = (old.next()?, new.next()?);
        while left.is_some() || right.is_some() {
            let order = match (&left, &right) {
                (Some((left, _)), Some((right, _))) => left.cmp(right),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            let (mut before, mut after) = (None, None);
            if order.is_le() {
                before = std::mem::replace(&mut left, old.next()?).map(|(_, row)| row);
            }
            if order.is_ge() {
                after = std::mem::replace(&mut right, new.next()?).map(|(_, row)| row);
            }
            if before != after {
                changes.push(RowChange { old: before, new: after });
            }
            if changes.len() > DIFFERENCE_MAX {
                return Ok(None);
            }
        }
        Ok(Some(changes))
    })
}

fn reader_page(
    reader: &Reader<'_>,
    name: &SmolStr,
    after: Option<&[u8]>,
) -> Result<(Vec<Row>, Option<Vec<u8>>), EngineError> {
    let page = reader.view_rows(name, after, PAGE_ROWS)?;
    Ok((page.rows, page.next))
}

/// A row under its key.
type Keyed = (Vec<u8>, Row);

/// All rows of one side, page by page, in the order of their keys.
struct Rows<F> {
    read: F,
    page: std::vec::IntoIter<Keyed>,
    /// Where the next page begins; `None` before the first.
    next: Option<Vec<u8>>,
    ended: bool,
}

impl<F> Rows<F>
where
    F: FnMut(Option<&[u8]>) -> Result<(Vec<Keyed>, Option<Vec<u8>>), EngineError>,
{
    fn new(read: F) -> Self {
        Self { read, page: Vec::new().into_iter(), next: None, ended: false }
    }

    fn next(&mut self) -> Result<Option<Keyed>, EngineError> {
        loop {
            if let Some(row) = self.page.next() {
                return Ok(Some(row));
            }
            if self.ended {
                return Ok(None);
            }
            let (rows, next) = (self.read)(self.next.as_deref())?;
            (self.page, self.ended, self.next) = (rows.into_iter(), next.is_none(), next);
        }
    }
}
