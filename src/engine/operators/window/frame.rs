//! Which rows of a partition a row's frame holds.

use std::ops::Range;

use tailwater_connectors::Row;

use super::super::super::plan::{Frame, FrameBound, FrameExclusion, FrameUnits, SortKey};
use super::super::super::scalar::{RowError, Scalar};
use super::super::super::sort::encode_sort_key;
use super::super::ordered::Place;

/// First byte of the encoding of a sort key that is not null.
const PRESENT: u8 = 0x01;

/// Rows in order, one by one, with their peers.
pub(super) struct Partition<'e> {
    order: &'e [SortKey],
    pub(super) rows: Vec<&'e Row>,
    /// Sort key of each row.
    sort_keys: Vec<&'e [u8]>,
    /// Number of each row's group of peers, from 0.
    pub(super) groups: Vec<usize>,
    /// Rows of each group.
    pub(super) members: Vec<Range<usize>>,
}

impl<'e> Partition<'e> {
    /// From places with rows, in order; a row stands there as often as its count says.
    pub(super) fn new(order: &'e [SortKey], entries: impl Iterator<Item = (&'e Place, &'e Row, i64)>) -> Self {
        let mut partition =
            Self { order, rows: Vec::new(), sort_keys: Vec::new(), groups: Vec::new(), members: Vec::new() };
        let mut last: &[u8] = &[];
        for (place, row, count) in entries.filter(|(_, _, count)| *count > 0) {
            let start = partition.rows.len();
            if partition.members.is_empty() || place.peers() != last {
                partition.members.push(start..start);
                last = place.peers();
            }
            let sort_key = &place.peers()[place.partition().len()..];
            for _ in 0..count {
                partition.rows.push(row);
                partition.sort_keys.push(sort_key);
                partition.groups.push(partition.members.len() - 1);
            }
            if let Some(members) = partition.members.last_mut() {
                members.end = partition.rows.len();
            }
        }
        partition
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The peers of a row, with it.
    pub(super) fn peers(&self, row: usize) -> Range<usize> {
        self.members[self.groups[row]].clone()
    }

    /// The frame of a row before anything is left out of it.
    pub(super) fn frame(&self, frame: &Frame, row: usize) -> Result<Range<usize>, RowError> {
        let start = self.start((frame.units, &frame.start), row)?;
        let end = self.end((frame.units, &frame.end), row)?;
        Ok(start..end.max(start))
    }

    fn start(&self, (units, bound): (FrameUnits, &FrameBound), row: usize) -> Result<usize, RowError> {
        let group = self.groups[row];
        Ok(match (bound, units) {
            (FrameBound::UnboundedPreceding, _) => 0,
            (FrameBound::UnboundedFollowing, _) => self.len(),
            (FrameBound::CurrentRow, FrameUnits::Rows) => row,
            (FrameBound::CurrentRow, _) => self.peers(row).start,
            (FrameBound::Preceding(count), FrameUnits::Rows) => row.saturating_sub(size(*count)),
            (FrameBound::Preceding(count), _) => self.members[group.saturating_sub(size(*count))].start,
            (FrameBound::Following(count), FrameUnits::Rows) => row.saturating_add(size(*count)).min(self.len()),
            (FrameBound::Following(count), _) => {
                self.members.get(group.saturating_add(size(*count))).map_or(self.len(), |members| members.start)
            }
            (FrameBound::RangeLimit(limit), _) => match self.limit(limit, row)? {
                None => self.peers(row).start,
                Some(limit) => self.sort_keys.partition_point(|key| *key < &limit[..]),
            },
        })
    }

    fn end(&self, (units, bound): (FrameUnits, &FrameBound), row: usize) -> Result<usize, RowError> {
        let group = self.groups[row];
        Ok(match (bound, units) {
            (FrameBound::UnboundedPreceding, _) => 0,
            (FrameBound::UnboundedFollowing, _) => self.len(),
            (FrameBound::CurrentRow, FrameUnits::Rows) => row + 1,
            (FrameBound::CurrentRow, _) => self.peers(row).end,
            (FrameBound::Preceding(count), FrameUnits::Rows) => (row + 1).saturating_sub(size(*count)),
            (FrameBound::Preceding(count), _) => {
                group.checked_sub(size(*count)).map_or(0, |group| self.members[group].end)
            }
            (FrameBound::Following(count), FrameUnits::Rows) => (row + 1).saturating_add(size(*count)).min(self.len()),
            (FrameBound::Following(count), _) => {
                self.members.get(group.saturating_add(size(*count))).map_or(self.len(), |members| members.end)
            }
            (FrameBound::RangeLimit(limit), _) => match self.limit(limit, row)? {
                None => self.peers(row).end,
                Some(limit) => self.sort_keys.partition_point(|key| *key <= &limit[..]),
            },
        })
    }

    fn limit(&self, limit: &Scalar, row: usize) -> Result<Option<Vec<u8>>, RowError> {
        limit_key((self.order, limit), (self.sort_keys[row], self.rows[row]))
    }

    /// The parts of a row's frame that are left out, in order.
    pub(super) fn left_out(&self, frame: &Frame, (row, within): (usize, &Range<usize>)) -> [Range<usize>; 2] {
        let peers = self.peers(row);
        let parts = match frame.exclusion {
            FrameExclusion::Nothing => [0..0, 0..0],
            FrameExclusion::CurrentRow => [row..row + 1, 0..0],
            FrameExclusion::Group => [peers, 0..0],
            FrameExclusion::Ties => [peers.start..row, row + 1..peers.end],
        };
        parts.map(|part| {
            let start = part.start.clamp(within.start, within.end);
            start..part.end.clamp(start, within.end)
        })
    }
}

/// The sort key that limits the frame of a row; `None` for its peers.
pub(super) fn limit_key(
    (order, limit): (&[SortKey], &Scalar),
    (sort_key, row): (&[u8], &Row),
) -> Result<Option<Vec<u8>>, RowError> {
    if sort_key.first() != Some(&PRESENT) {
        return Ok(None);
    }
    let value = limit.evaluate(row)?;
    if value.is_null() {
        return Ok(None);
    }
    let mut key = Vec::new();
    let not_a_key = |_| RowError::new("XX000", "a frame's limit is not of the sort key's type");
    encode_sort_key(&mut key, order, &[value]).map_err(not_a_key)?;
    Ok(Some(key))
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
