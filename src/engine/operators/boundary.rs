//! Where the first rows of a partition end, and how far that moves in a step.
//!
//! Invariant: a boundary depends on the partition's rows alone. It holds the rows before its entry, so a step reads the entries
//! it moves over, and none when all changes are behind it.

use std::ops::ControlFlow;

use tailwater_connectors::{Row, Value};

use super::super::delta::Delta;
use super::super::error::EngineError;
use super::super::relation::present;
use super::ordered::{Changed, Entry, Ordered, Place};
use super::parts::Parts;
use crate::state::{StateError, StateTx};

/// The first `rows` of a partition, and with `ties` those that are equal to the last of them in the order.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    pub(super) rows: i64,
    pub(super) ties: bool,
}

/// Where they end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Boundary {
    /// The partition has no more than this, and that is less.
    Open { rows: i64 },
    /// In this entry, so many rows stand before it.
    At { key: Vec<u8>, peers: usize, before: i64 },
}

impl Boundary {
    /// Of an empty partition.
    pub(super) const EMPTY: Self = Self::Open { rows: 0 };

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        match self {
            Self::Open { rows } => out.extend([Value::Null, Value::Int(0), Value::Int(*rows)]),
            Self::At { key, peers, before } => {
                out.extend([Value::Bytes(key.as_slice().into()), Value::Int(*peers as i64), Value::Int(*before)]);
            }
        }
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        let key = parts.next()?.clone();
        let (peers, rows) = (parts.int()?, parts.int()?);
        match key {
            Value::Bytes(key) if (0..=key.len() as i64).contains(&peers) => {
                Ok(Self::At { key: key.to_vec(), peers: peers as usize, before: rows })
            }
            Value::Null => Ok(Self::Open { rows }),
            _ => Err(EngineError::Inconsistent { what: "a boundary is stored in another form" }),
        }
    }

    fn at(place: Place, before: i64) -> Self {
        let peers = place.peers().len();
        Self::At { key: place.key, peers, before }
    }

    /// Whether an entry with this key stands behind all that are taken.
    fn is_before(&self, first: First, key: &[u8]) -> bool {
        match self {
            Self::Open { .. } => false,
            Self::At { key: last, peers, .. } => {
                key > last.as_slice() && !(first.ties && key.starts_with(&last[..*peers]))
            }
        }
    }

    /// How many rows of an entry are taken.
    fn taken(&self, first: First, (key, count): (&[u8], i64)) -> i64 {
        match self {
            _ if self.is_before(first, key) => 0,
            Self::At { key: last, before, .. } if !first.ties && key == last.as_slice() => {
                count.min(first.rows - before)
            }
            _ => count,
        }
    }
}

impl First {
    /// Adds to `delta` how the rows that are taken change, times `sign`; answers where they end now.
    pub(super) fn step(
        self,
        (tx, ordered): (&StateTx<'_>, &Ordered),
        (old, changed): (&Boundary, &[Changed]),
        (delta, sign): (&mut Delta, i64),
    ) -> Result<Boundary, EngineError> {
        let Some(least) = changed.first() else { return Ok(old.clone()) };
        if old.is_before(self, &least.place.key) {
            return Ok(old.clone());
        }
        let prefix = least.place.partition();
        let new = self.moved((tx, ordered), prefix, (old, changed))?;
        let mut push = |row: &Row, weight: i64| {
            if weight != 0 {
                delta.push((row.clone(), weight * sign));
            }
        };
        for Changed { place, row, before, after } in changed {
            push(row, new.taken(self, (&place.key, *after)) - old.taken(self, (&place.key, *before)));
        }
        let Some(start) = self.between(old, &new) else { return Ok(new) };
        ordered.forward(tx, (prefix, start), &mut |Entry { place, row, count, .. }| {
            let key = place.key.as_slice();
            if old.is_before(self, key) && new.is_before(self, key) {
                return Ok(ControlFlow::Break(()));
            }
            if changed.binary_search_by(|changed| changed.place.key.as_slice().cmp(key)).is_err() {
                push(&row, new.taken(self, (key, count)) - old.taken(self, (key, count)));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(new)
    }

    /// From where on unchanged entries can be taken in another number than before; `None` when none can.
    fn between<'b>(self, old: &'b Boundary, new: &'b Boundary) -> Option<&'b [u8]> {
        match (old, new) {
            (Boundary::Open { .. }, Boundary::Open { .. }) => None,
            (Boundary::At { key, .. }, Boundary::Open { .. }) | (Boundary::Open { .. }, Boundary::At { key, .. }) => {
                Some(key)
            }
            (Boundary::At { key: old, peers, .. }, Boundary::At { key: new, .. }) => {
                let equal = self.ties && new.starts_with(&old[..*peers]);
                (!equal).then(|| old.as_slice().min(new.as_slice()))
            }
        }
    }

    /// Where the rows end after the changes.
    fn moved(
        self,
        (tx, ordered): (&StateTx<'_>, &Ordered),
        prefix: &[u8],
        (old, changed): (&Boundary, &[Changed]),
    ) -> Result<Boundary, EngineError> {
        let weight = |changed: &Changed| changed.after - changed.before;
        match old {
            Boundary::Open { rows } => match rows + changed.iter().map(weight).sum::<i64>() {
                rows if rows < self.rows => Ok(Boundary::Open { rows }),
                rows => self.back((tx, ordered), (prefix, None), rows),
            },
            Boundary::At { key, before, .. } => {
                let earlier = changed.iter().take_while(|changed| changed.place.key < *key);
                match before + earlier.map(weight).sum::<i64>() {
                    before if before >= self.rows => self.back((tx, ordered), (prefix, Some(key)), before),
                    before => Ok(self.on((tx, ordered), (prefix, key), before)?),
                }
            }
        }
    }

    /// Walks back from a place that has `before` rows before it, which are enough.
    fn back(
        self,
        (tx, ordered): (&StateTx<'_>, &Ordered),
        end: (&[u8], Option<&[u8]>),
        mut before: i64,
    ) -> Result<Boundary, EngineError> {
        let mut found = None;
        ordered.backward(tx, end, &mut |entry| {
            before -= entry.count;
            if before >= self.rows {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(Boundary::at(entry.place, before));
            Ok(ControlFlow::Break(()))
        })?;
        present(found, "a partition has fewer rows than were counted")
    }

    /// Walks on from a place that has `before` rows before it, which are not enough.
    fn on(
        self,
        (tx, ordered): (&StateTx<'_>, &Ordered),
        start: (&[u8], &[u8]),
        mut before: i64,
    ) -> Result<Boundary, StateError> {
        let mut found = None;
        ordered.forward(tx, start, &mut |entry| {
            if before + entry.count < self.rows {
                before += entry.count;
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(Boundary::at(entry.place, before));
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found.unwrap_or(Boundary::Open { rows: before }))
    }
}
