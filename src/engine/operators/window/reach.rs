//! How far from a row stands what its values depend on.

use std::ops::ControlFlow;

use tailwater_connectors::{Row, Value};

use super::super::super::plan::{Frame, FrameBound, FrameExclusion, FrameUnits, SortKey, WindowCall, WindowFunction};
use super::super::ordered::Place;
use super::prefix::follows;
use super::span::{Direction, Span, is_bounded};

/// A row's values depend on so many rows before and after it, on so many groups of peers before and after its own, and on the
/// rows within the limits of some calls' frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) rows: u64,
    /// `None`: peers do not matter.
    pub(super) groups: Option<u64>,
    /// Calls with limits, by number.
    pub(super) spans: Vec<usize>,
}

impl Reach {
    /// Of all calls together that do not follow from the rows before; `None` when a value can depend on the whole partition.
    pub(super) fn of(calls: &[WindowCall]) -> Option<Self> {
        let mut reach = Self::default();
        for (number, call) in calls.iter().enumerate().filter(|(_, call)| !follows(call)) {
            if has_limits(call) {
                reach.spans.push(number);
                continue;
            }
            let (rows, groups) = of_call(call)?;
            reach.rows = reach.rows.max(rows);
            reach.groups = reach.groups.max(groups);
        }
        Some(reach)
    }
}

/// Counts entries on the way from a changed row. A row that is nearer than the reach can change; to compute it what is
/// in its own reach is needed. So the walk goes twice as far.
pub(super) struct Walk<'c> {
    reach: &'c Reach,
    from: Vec<u8>,
    /// The last entry's peers.
    peers: Vec<u8>,
    rows: u64,
    groups: u64,
    spans: Vec<Span<'c>>,
}

impl<'c> Walk<'c> {
    /// A walk away from an entry.
    pub(super) fn new(
        (order, calls, reach): (&'c [SortKey], &'c [WindowCall], &'c Reach),
        direction: Direction,
        (place, row): (&Place, &Row),
    ) -> Self {
        let span = |number: &usize| Span::new((order, &calls[*number]), direction, (place, row));
        let spans = reach.spans.iter().map(span).collect();
        Self { reach, from: place.peers().to_vec(), peers: place.peers().to_vec(), rows: 0, groups: 0, spans }
    }

    /// Whether an entry, next on the way, is still needed.
    pub(super) fn needs(&mut self, (place, row): (&Place, &Row), count: i64) -> ControlFlow<()> {
        if place.peers() != self.peers {
            self.peers = place.peers().to_vec();
            self.groups += 1;
        }
        let in_groups = match self.reach.groups {
            Some(groups) => self.groups <= groups.saturating_mul(2) || self.peers == self.from,
            None => false,
        };
        // Every span sees every entry.
        let in_spans = self.spans.iter_mut().fold(false, |needed, span| span.needs((place, row)) | needed);
        if !in_groups && !in_spans && self.rows >= self.reach.rows.saturating_mul(2) {
            return ControlFlow::Break(());
        }
        self.rows = self.rows.saturating_add(count.unsigned_abs());
        ControlFlow::Continue(())
    }
}

fn has_limits(call: &WindowCall) -> bool {
    let sees_frame = matches!(
        call.function,
        WindowFunction::Aggregate(_)
            | WindowFunction::FirstValue
            | WindowFunction::LastValue
            | WindowFunction::NthValue
    );
    let limits = [&call.frame.start, &call.frame.end].into_iter().any(|b| matches!(b, FrameBound::RangeLimit(_)));
    sees_frame && limits && is_bounded(&call.frame)
}

/// How many rows and groups a call sees.
fn of_call(call: &WindowCall) -> Option<(u64, Option<u64>)> {
    match &call.function {
        WindowFunction::Lag | WindowFunction::Lead => {
            let offset = call.arguments.get(1).filter(|offset| offset.is_constant())?;
            match offset.evaluate(&[]).ok()? {
                Value::Int(rows) => Some((rows.unsigned_abs(), None)),
                _ => Some((0, None)),
            }
        }
        WindowFunction::LastValue if ends_here(&call.frame) => Some(match call.frame.units {
            FrameUnits::Rows => (0, None),
            FrameUnits::Groups | FrameUnits::Range => (0, Some(0)),
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

fn of_frame(frame: &Frame) -> Option<(u64, Option<u64>)> {
    let distance = |bound: &FrameBound| match bound {
        FrameBound::Preceding(count) | FrameBound::Following(count) => Some(*count),
        FrameBound::CurrentRow => Some(0),
        FrameBound::UnboundedPreceding | FrameBound::UnboundedFollowing | FrameBound::RangeLimit(_) => None,
    };
    let distance = distance(&frame.start)?.max(distance(&frame.end)?);
    Some(match frame.units {
        FrameUnits::Rows => (distance, None),
        FrameUnits::Groups | FrameUnits::Range => (0, Some(distance)),
    })
}
