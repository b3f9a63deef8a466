//! SCAN cursors: numbers that stand for places in the key space.
//!
//! Redis clients want a number, and pools may send the next page through another connection, so the places are kept for the whole
//! process, within a bound; the oldest give way, and a scan that is older than that is told to start again. Numbers of a former life
//! of the process are not taken for ours: they start at a random place. They stay below 2^53, which every client can hold.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

/// Most places kept.
const CURSORS_MAX: usize = 8_192;
/// Most bytes of places kept.
const CURSORS_BYTES_MAX: usize = 8 << 20;
const SEQUENCE_BITS: u32 = 32;
const CURSOR_BITS: u32 = 53;

/// Where a scan goes on: which view, and after which row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Index among the views.
    pub(super) view: usize,
    /// Token of the page before; `None`: at the view's start.
    pub(super) after: Option<Vec<u8>>,
}

impl Place {
    fn bytes(&self) -> usize {
        self.after.as_ref().map_or(0, Vec::len)
    }
}

/// Places by cursor.
pub(super) struct Cursors(Mutex<Kept>);

struct Kept {
    places: VecDeque<Place>,
    /// Cursor of the first place; the others follow it.
    first: u64,
    bytes: usize,
}

impl Cursors {
    pub(super) fn new() -> Self {
        let life = RandomState::new().hash_one(0) >> (64 - (CURSOR_BITS - SEQUENCE_BITS));
        // Zero is "start" and "end", so no cursor may be zero.
        Self(Mutex::new(Kept { places: VecDeque::new(), first: (life << SEQUENCE_BITS) + 1, bytes: 0 }))
    }

    /// A cursor for `place`; never zero.
    pub(super) fn keep(&self, place: Place) -> u64 {
        let mut kept = self.0.lock();
        kept.bytes += place.bytes();
        kept.places.push_back(place);
        while kept.places.len() > CURSORS_MAX || (kept.bytes > CURSORS_BYTES_MAX && kept.places.len() > 1) {
            let gone = kept.places.pop_front().map_or(0, |place| place.bytes());
            kept.bytes -= gone;
            kept.first += 1;
        }
        kept.first + kept.places.len() as u64 - 1
    }

    /// The place that `cursor` was given out for, while it is kept.
    pub(super) fn find(&self, cursor: u64) -> Option<Place> {
        let kept = self.0.lock();
        let index = usize::try_from(cursor.checked_sub(kept.first)?).ok()?;
        kept.places.get(index).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: usize) -> Place {
        Place { view: number, after: Some(vec![1; 8]) }
    }

    #[test]
    fn a_cursor_leads_to_its_place_until_many_newer_ones_exist() {
        let cursors = Cursors::new();
        let given: Vec<u64> = (0..CURSORS_MAX + 10).map(|number| cursors.keep(place(number))).collect();
        assert!(given.iter().all(|&cursor| cursor > 0 && cursor < 1 << CURSOR_BITS));
        assert_eq!(cursors.find(given[9]), None);
        for (number, &cursor) in given.iter().enumerate().skip(10) {
            assert_eq!(cursors.find(cursor), Some(place(number)));
        }
        assert_eq!(cursors.find(given[given.len() - 1] + 1), None);
        assert_eq!(cursors.find(0), None);
    }

    #[test]
    fn long_places_give_way_earlier() {
        let cursors = Cursors::new();
        let long = || Place { view: 0, after: Some(vec![0; CURSORS_BYTES_MAX / 2]) };
        let first = cursors.keep(long());
        let second = cursors.keep(long());
        let third = cursors.keep(long());
        assert_eq!(cursors.find(first), None);
        assert!(cursors.find(second).is_some() && cursors.find(third).is_some());
    }
}
