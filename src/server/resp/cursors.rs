//! SCAN cursors: numbers that stand for places in the key space.
//!
//! Redis clients want a number, and pools may send the next page through another connection, so the places are kept for the whole
//! process, within a bound; the oldest give way, and a scan that is older than that is told to start again. Numbers of a former life
//! of the process are not taken for ours: they start at a random place. They stay below 2^53, which every client can hold.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;
use tailwater_connectors::ViewSchema;

/// Most places kept.
const CURSORS_MAX: usize = 8_192;
/// Most bytes of places kept.
const CURSORS_BYTES_MAX: usize = 8 << 20;
const SEQUENCE_BITS: u32 = 32;
const CURSOR_BITS: u32 = 53;

/// Views in the order in which they are scanned. Holds no rows.
pub(super) type Views = Arc<[Arc<ViewSchema>]>;

/// Where a scan goes on: which view, and after which row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The views that are scanned.
    pub(super) views: Views,
    /// Index among them.
    pub(super) view: usize,
    /// Token of the page before; `None`: at the view's start.
    pub(super) after: Option<Vec<u8>>,
}

impl Place {
    /// Where every scan starts.
    pub(super) fn start(views: &Views) -> Self {
        Self { views: Arc::clone(views), view: 0, after: None }
    }

    /// Where the scan goes on among `views`, which may have taken the place of those it began with. Nothing that is in both is missed; views
    /// may be scanned again, as Redis allows: one that is another now, and those that come later than they did.
    pub(super) fn among(self, views: &Views) -> Self {
        if Arc::ptr_eq(&self.views, views) {
            return self;
        }
        let left = self.views.get(self.view..).unwrap_or_default();
        let index = |view: &Arc<ViewSchema>| views.iter().position(|other| other.name == view.name);
        let next = left.iter().filter_map(index).min().unwrap_or(views.len());
        let goes_on = left.first().zip(views.get(next)).is_some_and(|(was, is)| was == is);
        Self { views: Arc::clone(views), view: next, after: self.after.filter(|_| goes_on) }
    }

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

    fn view(name: &str, fingerprint: u64) -> Arc<ViewSchema> {
        Arc::new(ViewSchema { name: name.into(), columns: Vec::new(), key: Vec::new(), fingerprint })
    }

    fn place(number: usize) -> Place {
        Place { views: Arc::from([]), view: number, after: Some(vec![1; 8]) }
    }

    #[test]
    fn a_scan_goes_on_among_other_views_without_missing_one_that_stays() {
        let (a, b, c, d) = (view("a", 1), view("b", 2), view("c", 3), view("d", 4));
        let before: Views = Arc::from([a.clone(), b.clone(), c.clone()]);
        let within_b = || Place { views: before.clone(), view: 1, after: Some(vec![7]) };
        let goes_on = |after: &[&Arc<ViewSchema>]| {
            let after: Views = after.iter().map(|view| Arc::clone(view)).collect();
            let place = within_b().among(&after);
            assert!(Arc::ptr_eq(&place.views, &after));
            (place.view, place.after.is_some())
        };
        assert_eq!(within_b().among(&before), within_b());
        assert_eq!(goes_on(&[&a, &b, &c, &d]), (1, true), "what is new comes in its turn");
        assert_eq!(goes_on(&[&d, &b, &c]), (1, true), "its place is told by its name");
        assert_eq!(goes_on(&[&a, &view("b", 9), &c]), (1, false), "another view of this name, with other keys");
        assert_eq!(goes_on(&[&d, &a, &c]), (2, false), "the view is gone: the next one");
        assert_eq!(goes_on(&[&c, &a, &b]), (0, false), "c was not scanned yet");
        assert_eq!(goes_on(&[&a, &d]), (2, false), "all that was left is gone");
        assert_eq!(goes_on(&[]), (0, false));
        let end = Place { views: before.clone(), view: 3, after: None };
        assert_eq!(end.among(&Arc::from([a])).view, 1);
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
        let long = || Place { after: Some(vec![0; CURSORS_BYTES_MAX / 2]), ..place(0) };
        let first = cursors.keep(long());
        let second = cursors.keep(long());
        let third = cursors.keep(long());
        assert_eq!(cursors.find(first), None);
        assert!(cursors.find(second).is_some() && cursors.find(third).is_some());
    }
}
