//! Where a stream by file and place begins: behind the event that stood there when the place was reached, and nowhere else.
//!
//! The place alone says too little: after `RESET BINARY LOGS`, in an older copy of the server, or on another one the same file may be there with
//! other transactions before the same byte. So the log is asked for from the event on that ends at the place. It comes first, is compared, and
//! is dropped, as all is that stands before it. Of the place of a first start no event was seen; the time at which its file was begun stands in.
//!
//! ```text
//! Rotate (made up)  Format (the file's time)  ...  the event that ends at the place ─ its inner events │ what follows counts
//! ```
//!
//! Invariants: nothing counts before the place was reached. It was reached only where an event ends exactly there, of the size and with the sum that
//! are kept; or, where none are kept, in a file that was begun at the time that is kept. Whatever comes instead (an event beyond, another
//! file, the end of the log) is a [`Mismatch`].

use super::binlog::{Event, RawEvent};
use super::by_file::ANOTHER_LOG;
use super::position::{EventCheck, FilePosition};

/// Where the first event of every file begins.
pub(super) const FIRST_EVENT: u64 = 4;

/// The log is not the one in which the place was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: {ANOTHER_LOG}")]
pub(super) struct Mismatch(&'static str);

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It counts.
    Take,
    /// It stands before the place.
    Drop,
    /// It ends at the place, and is the right one: all that follows counts.
    Reached,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Before,
    /// Of a compressed transaction, which ends at the place: its events follow one by one.
    Inside,
    Passed,
}

/// Looks at each event until the place is reached.
#[derive(Debug)]
pub(super) struct Anchor {
    place: FilePosition,
    /// When the place's file was begun, where that must be compared.
    began: Option<u32>,
    /// Where the next event begins.
    at: u64,
    state: State,
}

impl Anchor {
    /// For a log that is asked for from [`Self::begins_at`] on.
    pub(super) fn new(place: FilePosition, began: Option<u32>) -> Self {
        let at = Self::begins_at(&place);
        Self { place, began, at, state: State::Before }
    }

    /// Where the log is to be asked for. A request has 32 bits for that: what is behind them is reached from the file's beginning.
    pub(super) fn begins_at(place: &FilePosition) -> u64 {
        let begins = place.position.saturating_sub(place.check.map_or(0, |check| check.size.into()));
        if begins > u32::MAX.into() { FIRST_EVENT } else { begins.max(FIRST_EVENT) }
    }

    /// The place in its file.
    pub(super) fn position(&self) -> u64 {
        self.place.position
    }

    /// Whether what follows counts.
    pub(super) fn is_reached(&self) -> bool {
        self.state != State::Before
    }

    /// What becomes of the event.
    pub(super) fn look(&mut self, raw: &RawEvent<'_>, event: &Event<'_>) -> Result<Verdict, Mismatch> {
        match self.state {
            State::Passed => return Ok(Verdict::Take),
            State::Inside if raw.inner => return Ok(Verdict::Drop),
            State::Inside => {
                self.state = State::Passed;
                return Ok(Verdict::Take);
            }
            State::Before => {}
        }
        match event {
            Event::Rotate { file, artificial: true, .. } if *file == self.place.file => return Ok(Verdict::Take),
            Event::Rotate { artificial: true, .. } => return Err(Mismatch("its log ends before that place")),
            Event::Heartbeat { .. } => return Err(Mismatch("its log ends before that place")),
            Event::Format { .. } => {
                self.format(raw)?;
                if self.place.check.is_none() && Self::begins_at(&self.place) == self.place.position {
                    self.state = State::Passed;
                    return Ok(Verdict::Take);
                }
            }
            _ => {}
        }
        self.stands_before(raw)
    }

    fn format(&mut self, raw: &RawEvent<'_>) -> Result<(), Mismatch> {
        match self.began {
            Some(began) if began != raw.header.timestamp => {
                Err(Mismatch("its log file of that name was begun at another time"))
            }
            _ => Ok(()),
        }
    }

    fn stands_before(&mut self, raw: &RawEvent<'_>) -> Result<Verdict, Mismatch> {
        if !raw.inner {
            self.at = behind(self.at, raw.header.next_position);
        }
        if raw.inner || self.at < self.place.position {
            return Ok(Verdict::Drop);
        }
        let is_right = self.place.check.is_none_or(|check| check == check_of(raw));
        if self.at > self.place.position || !is_right {
            return Err(Mismatch("its log has another event before that place"));
        }
        self.state = State::Inside;
        Ok(Verdict::Reached)
    }
}

/// What an event of a file is known by again.
pub(super) fn check_of(raw: &RawEvent<'_>) -> EventCheck {
    EventCheck { size: raw.header.size, crc: raw.sum() }
}

/// Where the next event begins, of which 32 bits are told; 0: it is in no file.
pub(super) fn behind(before: u64, told: u32) -> u64 {
    let near = before & !u64::from(u32::MAX) | u64::from(told);
    match told {
        0 => before,
        // No event is that long: the number has begun again.
        _ if near + (1 << 31) < before => near + (1 << 32),
        _ => near,
    }
}

#[cfg(test)]
mod tests {
    use super::super::binlog::{Checksum, EventHeader};
    use super::*;

    const FILE: &str = "binlog.000007";

    fn raw(kind: u8, next_position: u32, crc: u32) -> RawEvent<'static> {
        let header = EventHeader { timestamp: 77, kind, server_id: 1, size: 31, next_position, flags: 0 };
        RawEvent { header, data: b"", checksum: Checksum::Crc32(crc), inner: false }
    }

    fn place(text: &str) -> FilePosition {
        format!("{FILE}:{text}").parse().expect("a place")
    }

    /// What becomes of events: `file@` what is made up for a connection, `format time`, `end crc` of an event, `inner`, `beat`.
    fn verdicts(anchor: &mut Anchor, events: &[&str]) -> Vec<Result<Verdict, Mismatch>> {
        let one = |text: &&str| {
            let mut event = raw(16, 0, 0);
            let meaning = match text.split_once(' ') {
                None if text.ends_with('@') => {
                    Event::Rotate { file: text.trim_end_matches('@').into(), position: 4, artificial: true }
                }
                None if *text == "beat" => Event::Heartbeat { file: FILE.into(), position: 4 },
                None => {
                    event.inner = true;
                    Event::Xid
                }
                Some(("format", time)) => {
                    event.header.timestamp = time.parse().expect("a time");
                    Event::Format { server_version: String::new() }
                }
                Some((end, crc)) => {
                    event = raw(16, end.parse::<u64>().expect("a place") as u32, crc.parse().expect("a sum"));
                    Event::Xid
                }
            };
            anchor.look(&event, &meaning)
        };
        events.iter().map(one).collect()
    }

    #[test]
    fn what_follows_the_event_that_is_known_counts_and_nothing_before_it() {
        let mut anchor = Anchor::new(place("1000~31-00000005"), None);
        assert_eq!(Anchor::begins_at(&anchor.place), 969);
        let events = ["binlog.000007@", "format 9", "1000 5", "inner", "inner", "1031 6", "beat", "binlog.000008@"];
        use Verdict::{Drop, Reached, Take};
        let expected = [Take, Drop, Reached, Drop, Drop, Take, Take, Take].map(Ok);
        assert_eq!(verdicts(&mut anchor, &events), expected);
    }

    #[test]
    fn a_place_without_an_event_counts_in_a_file_of_the_same_time_alone() {
        let events = ["binlog.000007@", "format 9", "1031 6"];
        let mut anchor = Anchor::new(place("1000"), Some(9));
        assert_eq!(verdicts(&mut anchor, &events), [Verdict::Take; 3].map(Ok));
        let mut anchor = Anchor::new(place("1000"), Some(8));
        assert!(verdicts(&mut anchor, &events)[1].is_err());
    }

    #[test]
    fn whatever_stands_there_instead_is_a_mismatch() {
        for (what, wrong) in [
            ("another sum", "1000 6"),
            ("an event beyond", "1001 5"),
            ("the end of the log", "beat"),
            ("the end of the file", "binlog.000008@"),
        ] {
            let mut anchor = Anchor::new(place("1000~31-00000005"), None);
            let told = verdicts(&mut anchor, &["binlog.000007@", "format 9", wrong]);
            assert!(told[2].is_err(), "{what}: {told:?}");
        }
        let mut anchor = Anchor::new(place("1000~32-00000005"), None);
        assert!(verdicts(&mut anchor, &["1000 5"])[0].is_err(), "another size");
    }

    #[test]
    fn a_place_beyond_32_bits_is_reached_from_the_beginning_of_its_file() {
        let far = 3 * (1_u64 << 32) / 2;
        let mut anchor = Anchor::new(place(&format!("{far}~31-00000005")), None);
        assert_eq!(Anchor::begins_at(&anchor.place), FIRST_EVENT);
        let ends = [1_u64 << 30, 1 << 31, 3 << 30, (1 << 32) + 7, far].map(|end| format!("{end} 5"));
        let told = verdicts(&mut anchor, &ends.each_ref().map(String::as_str));
        assert_eq!(told, [Verdict::Drop, Verdict::Drop, Verdict::Drop, Verdict::Drop, Verdict::Reached].map(Ok));
    }
}
