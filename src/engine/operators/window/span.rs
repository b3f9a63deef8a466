//! How far from a changed row stand those whose RANGE frames hold it, and the rows of those frames.
//!
//! The limits of a frame move with the sort key: from row to row, in order, they never go back. So on the way from a change the
//! first row whose frame does not reach it ends those that the change can reach, and the frame of the last of these says what
//! else is needed.

use tailwater_connectors::Row;

use super::super::super::plan::{Frame, FrameBound, SortKey, WindowCall};
use super::super::ordered::Place;
use super::frame::limit_key;

/// Which way a walk goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Backward,
    Forward,
}

/// Whether both ends of a RANGE frame are near the current row.
pub(super) fn is_bounded(frame: &Frame) -> bool {
    let near = |bound: &FrameBound| matches!(bound, FrameBound::CurrentRow | FrameBound::RangeLimit(_));
    near(&frame.start) && near(&frame.end)
}

/// A walk for one call.
pub(super) struct Span<'c> {
    order: &'c [SortKey],
    call: &'c WindowCall,
    direction: Direction,
    /// Sort key of the row from which the way goes.
    edge: Vec<u8>,
    /// Whether the rows so far have the edge in their frames.
    reaches: bool,
    /// Up to here rows are needed; `None`: all of them.
    context: Option<Vec<u8>>,
}

impl<'c> Span<'c> {
    /// A walk away from a row.
    pub(super) fn new(
        (order, call): (&'c [SortKey], &'c WindowCall),
        direction: Direction,
        (place, row): (&Place, &Row),
    ) -> Self {
        let edge = place.sort_key().to_vec();
        let mut span = Self { order, call, direction, edge, reaches: true, context: None };
        span.context = span.limit(direction, (place, row));
        span
    }

    /// The end of a row's frame that lies in this direction; `None` when it has none.
    fn limit(&self, direction: Direction, (place, row): (&Place, &Row)) -> Option<Vec<u8>> {
        let Frame { start, end, .. } = &self.call.frame;
        let bound = if direction == Direction::Backward { start } else { end };
        let own = place.sort_key();
        match bound {
            FrameBound::RangeLimit(limit) => {
                limit_key((self.order, limit), (own, row)).ok().map(|key| key.unwrap_or_else(|| own.to_vec()))
            }
            _ => Some(own.to_vec()),
        }
    }

    /// Whether a row, next on the way, is still needed.
    pub(super) fn needs(&mut self, (place, row): (&Place, &Row)) -> bool {
        let is_beyond = |key: &[u8], limit: &[u8], direction: Direction| match direction {
            Direction::Backward => key < limit,
            Direction::Forward => key > limit,
        };
        let back = if self.direction == Direction::Backward { Direction::Forward } else { Direction::Backward };
        if self.reaches {
            // A frame without a limit may hold anything.
            self.reaches = match self.limit(back, (place, row)) {
                Some(limit) => !is_beyond(&limit, &self.edge, self.direction),
                None => true,
            };
            if self.reaches {
                let own = self.limit(self.direction, (place, row));
                self.context = match (self.context.take(), own) {
                    (Some(known), Some(own)) if is_beyond(&own, &known, self.direction) => Some(own),
                    (Some(known), Some(_)) => Some(known),
                    _ => None,
                };
                return true;
            }
        }
        self.context.as_deref().is_none_or(|context| !is_beyond(place.sort_key(), context, self.direction))
    }
}
