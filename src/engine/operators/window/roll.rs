//! Goes over the rows of a partition that a step's changes can reach, as they were and as they are.
//!
//! What the rows before a place add up to is kept at some places, the milestones: see [`Ordered`]. So the way begins at a
//! milestone before the first change. It ends behind the last change, where both sides add up to the same again, and at the
//! partition's end at the latest.

use std::ops::{ControlFlow, Range};

use tailwater_connectors::Row;

use super::super::super::error::EngineError;
use super::super::super::plan::{SortKey, WindowCall};
use super::super::ordered::{Changed, Entry, Place};
use super::outputs::Column;
use super::prefix::Prefix;
use super::reach::{Reach, Walk};
use super::span::Direction;

/// Entries from one milestone to the next.
const MILESTONE_ENTRIES: usize = 32;

/// An entry, as often as it was there and is.
pub(super) struct Stood {
    pub(super) place: Place,
    pub(super) row: Row,
    pub(super) before: i64,
    pub(super) after: i64,
    pub(super) milestone: Option<Vec<u8>>,
}

/// One of the two sides: what the rows so far add up to, and the values of the calls that follow from it.
pub(super) struct Side {
    prefix: Prefix,
    pub(super) columns: Vec<Column>,
}

/// What the calls of a window need.
#[derive(Clone, Copy)]
pub(super) struct Needs<'c> {
    pub(super) order: &'c [SortKey],
    pub(super) calls: &'c [WindowCall],
    /// Whether values of some call follow from the rows before.
    pub(super) follow: bool,
    /// Whether peers matter: then the way goes from group to group of them.
    pub(super) peers: bool,
    /// How far the other calls see; `None`: over the whole partition.
    pub(super) reach: Option<&'c Reach>,
}

/// The way over a partition.
pub(super) struct Roll<'c> {
    needs: Needs<'c>,
    /// The last changed place; `None` when all is new.
    last: Option<Place>,
    pub(super) entries: Vec<Stood>,
    pub(super) old: Side,
    pub(super) new: Side,
    /// Where the entries begin that are not folded yet: the peers of the last one.
    open: usize,
    /// Once both sides add up to the same behind the changes.
    walk: Option<Walk<'c>>,
    /// Entries since the last milestone.
    since: usize,
    /// Milestones that change: place in `entries`, and what to keep there.
    pub(super) milestones: Vec<(usize, Option<Vec<u8>>)>,
}

impl Stood {
    /// An entry that a step leaves alone.
    pub(super) fn unchanged(entry: Entry) -> Self {
        let Entry { place, row, count, milestone } = entry;
        Self { place, row, before: count, after: count, milestone }
    }

    /// An entry that a step changes.
    pub(super) fn changed(changed: &Changed) -> Self {
        let Changed { place, row, before, after } = changed.clone();
        Self { place, row, before, after, milestone: None }
    }

    /// An entry that shows itself for the first time.
    pub(super) fn new(entry: Entry) -> Self {
        Self { before: 0, ..Self::unchanged(entry) }
    }
}

impl Side {
    fn fold<'e>(
        &mut self,
        calls: &[WindowCall],
        rows: impl Iterator<Item = (&'e Row, i64)> + Clone,
    ) -> Result<(), EngineError> {
        let rows = rows.flat_map(|(row, count)| std::iter::repeat_n(row, count.max(0) as usize));
        self.prefix.fold(calls, rows, &mut self.columns)
    }
}

impl<'c> Roll<'c> {
    /// Starts where the rows before add up to `prefix`; `last` is the last place that changes.
    pub(super) fn new(needs: Needs<'c>, prefix: Prefix, last: Option<Place>) -> Self {
        let side = |prefix| Side { prefix, columns: vec![Column::new(); needs.calls.len()] };
        let (old, new) = (side(prefix.clone()), side(prefix));
        Self { needs, last, entries: Vec::new(), old, new, open: 0, walk: None, since: 0, milestones: Vec::new() }
    }

    /// Takes the next entry; breaks when neither it nor those behind it are needed.
    pub(super) fn push(&mut self, stood: Stood) -> Result<ControlFlow<()>, EngineError> {
        let goes_on =
            self.needs.peers && self.entries.last().is_some_and(|last| last.place.peers() == stood.place.peers());
        if !goes_on {
            self.close()?;
            if self.walk.is_none() {
                self.walk = self.settled(&stood);
            }
        }
        if let Some(walk) = &mut self.walk
            && walk.needs((&stood.place, &stood.row), stood.after).is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        self.entries.push(stood);
        Ok(ControlFlow::Continue(()))
    }

    /// Whether nothing that follows from the rows before changes from this entry on; then how far others see from here.
    fn settled(&self, next: &Stood) -> Option<Walk<'c>> {
        let behind = self.last.as_ref().is_some_and(|last| next.place > *last);
        let same = !self.needs.follow || self.old.prefix == self.new.prefix;
        let from = self.entries.last()?;
        let Needs { order, calls, reach, .. } = self.needs;
        let walk = |reach| Walk::new((order, calls, reach), Direction::Forward, (&from.place, &from.row));
        reach.filter(|_| behind && same).map(walk)
    }

    /// Folds the entries that are complete.
    pub(super) fn close(&mut self) -> Result<(), EngineError> {
        let open = self.open..self.entries.len();
        self.open = open.end;
        if open.is_empty() || !self.needs.follow {
            return Ok(());
        }
        if self.walk.is_none() && self.needs.reach.is_some() {
            self.mark(open.clone());
        }
        let entries = &self.entries[open];
        self.old.fold(self.needs.calls, entries.iter().map(|entry| (&entry.row, entry.before)))?;
        self.new.fold(self.needs.calls, entries.iter().map(|entry| (&entry.row, entry.after)))
    }

    /// Keeps milestones right over entries that are about to be folded: the first that is there may have one.
    fn mark(&mut self, open: Range<usize>) {
        let mut is_first = true;
        for index in open {
            let entry = &self.entries[index];
            if entry.after == 0 {
                continue;
            }
            // The way began here, nothing before it changed.
            let began = index == 0 && entry.milestone.is_some();
            let known = entry.milestone.is_some() && self.since >= MILESTONE_ENTRIES / 2;
            let wanted = is_first && (known || self.since >= MILESTONE_ENTRIES);
            let milestone = if wanted { self.new.prefix.encode() } else { None };
            if began || milestone.is_some() {
                self.since = 0;
            }
            if !began && milestone != entry.milestone {
                self.milestones.push((index, milestone));
            }
            self.since += 1;
            is_first = false;
        }
    }
}
