//! How far from a row stands what its values depend on.

use std::ops::ControlFlow;

use tailwater_connectors::Value;

use super::super::super::plan::{Frame, FrameBound, FrameExclusion, FrameUnits, WindowCall, WindowFunction};

/// A row's values depend on so many rows before and after it, and on so many groups of peers before and after its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) rows: u64,
    /// `None`: peers do not matter.
    pub(super) groups: Option<u64>,
}

impl Reach {
    /// Of all calls together; `None` when a value can depend on the whole partition.
    pub(super) fn of<'c>(mut calls: impl Iterator<Item = &'c WindowCall>) -> Option<Self> {
        calls.try_fold(Self::default(), |reach, call| Some(reach.max(of_call(call)?)))
    }

    fn max(self, other: Self) -> Self {
        Self { rows: self.rows.max(other.rows), groups: self.groups.max(other.groups) }
    }

    /// A walk away from changed rows. A row that is nearer than the reach can change; to compute it what is
    /// in its own reach is needed. So the walk goes twice as far.
    pub(super) fn walk(self, from: &[u8]) -> Walk {
        Walk { reach: self, peers: from.to_vec(), from: from.to_vec(), rows: 0, groups: 0 }
    }
}

/// Counts entries on the way.
pub(super) struct Walk {
    reach: Reach,
    from: Vec<u8>,
    /// The last entry's peers.
    peers: Vec<u8>,
    rows: u64,
    groups: u64,
}

impl Walk {
    /// Whether an entry, next on the way, is still needed: its peers, and how often it is there.
    pub(super) fn needs(&mut self, peers: &[u8], count: i64) -> ControlFlow<()> {
        if peers != self.peers {
            self.peers = peers.to_vec();
            self.groups += 1;
        }
        let in_groups = match self.reach.groups {
            Some(groups) => self.groups <= groups.saturating_mul(2) || self.peers == self.from,
            None => false,
        };
        if !in_groups && self.rows >= self.reach.rows.saturating_mul(2) {
            return ControlFlow::Break(());
        }
        self.rows = self.rows.saturating_add(count.unsigned_abs());
        ControlFlow::Continue(())
    }
}

fn of_call(call: &WindowCall) -> Option<Reach> {
    match &call.function {
        WindowFunction::Lag | WindowFunction::Lead => {
            let offset = call.arguments.get(1).filter(|offset| offset.is_constant())?;
            match offset.evaluate(&[]).ok()? {
                Value::Int(rows) => Some(Reach { rows: rows.unsigned_abs(), groups: None }),
                _ => Some(Reach::default()),
            }
        }
        WindowFunction::LastValue if ends_here(&call.frame) => Some(match call.frame.units {
            FrameUnits::Rows => Reach::default(),
            FrameUnits::Groups | FrameUnits::Range => Reach { rows: 0, groups: Some(0) },
        }),
        WindowFunction::FirstValue
        | WindowFunction::LastValue
        | WindowFunction::NthValue
        | WindowFunction::Aggregate(_) => of_frame(&call.frame),
        _ => None,
    }
}

/// Whether a frame holds everything up to the current row or its last peer: then these are its last.
fn ends_here(frame: &Frame) -> bool {
    frame.start == FrameBound::UnboundedPreceding
        && frame.end == FrameBound::CurrentRow
        && frame.exclusion == FrameExclusion::Nothing
}

fn of_frame(frame: &Frame) -> Option<Reach> {
    let distance = |bound: &FrameBound| match bound {
        FrameBound::Preceding(count) | FrameBound::Following(count) => Some(*count),
        FrameBound::CurrentRow => Some(0),
        FrameBound::UnboundedPreceding | FrameBound::UnboundedFollowing | FrameBound::RangeLimit(_) => None,
    };
    let distance = distance(&frame.start)?.max(distance(&frame.end)?);
    Some(match frame.units {
        FrameUnits::Rows => Reach { rows: distance, groups: None },
        FrameUnits::Groups | FrameUnits::Range => Reach { rows: 0, groups: Some(distance) },
    })
}
