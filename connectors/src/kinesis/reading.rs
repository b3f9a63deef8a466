//! One shard that is read: what is asked next, and what its answers say.
//!
//! A shard is opened *at* the last record that was read, not behind it: if it comes, nothing behind it was removed.

use std::time::{Duration, Instant};

use smol_str::SmolStr;

use super::answer::Records;
use super::call_error::CallError;
use super::client::{Client, Dated, From};
use super::kept::Last;
use super::sequence::{Place, Sequence, ShardId};

/// Records that are asked for at once. A shard takes a thousand in a second, and answers five times in it.
pub(super) const RECORDS_MAX: usize = 2_000;
/// Longest pause after Kinesis said that too much is asked for.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A shard between two questions.
pub(super) struct Reading {
    /// Where to ask; `None`: it is to be opened.
    pub(super) iterator: Option<String>,
    /// The last record that was read, until it is known whether it is still there.
    pub(super) sought: Option<Sequence>,
    /// Nothing is asked before.
    pub(super) due: Instant,
    /// All that came before this is read, in seconds since 1970 by the server's clock.
    pub(super) through: Option<i64>,
    /// Since when Kinesis says that too much is asked for, and how long is paused.
    pub(super) throttled: Option<(Instant, Duration)>,
}

/// What a shard is asked.
pub(super) struct Question {
    pub(super) stream: SmolStr,
    pub(super) shard: ShardId,
    pub(super) place: Place,
    iterator: Option<String>,
}

/// How a shard answered.
pub(super) struct Answered {
    pub(super) records: Dated<Records>,
    /// What is known of the record before them; meaningless while `is_seeking`.
    pub(super) last: Last,
    /// Nothing came yet, so whether the record that is sought will come is not known.
    pub(super) is_seeking: bool,
    /// As many as were asked for: more may follow.
    pub(super) is_full: bool,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self { iterator: None, sought: None, due: Instant::now(), through: None, throttled: None }
    }

    /// It is opened again.
    pub(super) fn close(&mut self) {
        (self.iterator, self.sought) = (None, None);
    }

    pub(super) fn question(&self, (stream, shard): (&SmolStr, ShardId), place: &Place) -> Question {
        Question { stream: stream.clone(), shard, place: place.clone(), iterator: self.iterator.clone() }
    }

    /// Takes an answer in: takes the record that was sought out of it, and goes on behind it.
    pub(super) fn answered(&mut self, was_open: bool, place: &Place, mut records: Dated<Records>) -> Answered {
        self.throttled = None;
        let Records { records: found, next, behind_millis } = &mut records.answer;
        self.iterator = next.clone();
        let is_full = found.len() >= RECORDS_MAX;
        if let (false, Place::After(sequence)) = (was_open, place) {
            self.sought = Some(sequence.clone());
        }
        let is_seeking = self.sought.is_some() && found.is_empty() && *behind_millis > 0 && next.is_some();
        let last = match (place, &self.sought) {
            (Place::Start | Place::End, _) => Last::None,
            (Place::After(_), None) => Last::Unknown,
            (Place::After(_), Some(sought)) => match found.first() {
                Some(first) if first.sequence == *sought => {
                    found.remove(0);
                    Last::Found
                }
                _ => Last::Missing,
            },
        };
        if !is_seeking {
            self.sought = None;
        }
        Answered { records, last, is_seeking, is_full }
    }

    /// All that came before `moment` is read.
    pub(super) fn reached(&mut self, moment: Option<i64>) {
        self.through = self.through.max(moment);
    }

    /// Too much is asked for: pauses, longer each time. Answers since when that is.
    pub(super) fn pause(&mut self, interval: Duration) -> Instant {
        let (since, pause) = match self.throttled {
            Some((since, pause)) => (since, (pause * 2).min(PAUSE_MAX)),
            None => (Instant::now(), interval.min(PAUSE_MAX)),
        };
        self.throttled = Some((since, pause));
        self.due = Instant::now() + pause;
        since
    }
}

impl Question {
    /// Whether it goes on where an answer ended.
    pub(super) fn is_open(&self) -> bool {
        self.iterator.is_some()
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, client: &Client) -> Result<Dated<Records>, CallError> {
        let opened = match (&self.iterator, &self.place) {
            (Some(iterator), _) => return client.records(iterator, RECORDS_MAX),
            (None, Place::After(sequence)) => client.iterator(&self.stream, self.shard, &From::At(sequence))?,
            (None, Place::Start | Place::End) => client.iterator(&self.stream, self.shard, &From::Beginning)?,
        };
        client.records(&opened, RECORDS_MAX)
    }
}

/// Up to when all is read once this has been; `None`: that is not known.
pub(super) fn through(Answered { records: Dated { answer, at }, is_full, .. }: &Answered) -> Option<i64> {
    // Behind a full answer there may be more, whatever it says of that.
    match answer.records.last().filter(|_| *is_full) {
        Some(last) => last.arrived.map(|millis| millis.div_euclid(1_000)),
        None if *is_full => None,
        None => Some(at - (answer.behind_millis + 999) / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Record;
    use super::*;

    fn answer(sequences: &[u64], behind_millis: i64) -> Dated<Records> {
        let record = |sequence: &u64| Record {
            sequence: Sequence::read(&sequence.to_string()).expect("digits"),
            key: "k".into(),
            data: Vec::new(),
            arrived: Some(7_999),
        };
        let records = sequences.iter().map(record).collect();
        Dated { answer: Records { records, next: Some("next".into()), behind_millis }, at: 100 }
    }

    fn after(number: u64) -> Place {
        Place::After(Sequence::read(&number.to_string()).expect("digits"))
    }

    #[test]
    fn a_shard_that_is_opened_looks_for_the_record_that_was_read_last() {
        let mut reading = Reading::new();
        let found = reading.answered(false, &after(5), answer(&[5, 6], 0));
        assert_eq!((found.last, found.is_seeking, found.records.answer.records.len()), (Last::Found, false, 1));
        let found = reading.answered(true, &after(6), answer(&[7], 0));
        assert_eq!((found.last, found.records.answer.records.len()), (Last::Unknown, 1));
        reading.close();
        let found = reading.answered(false, &after(7), answer(&[9], 0));
        assert_eq!((found.last, found.records.answer.records.len()), (Last::Missing, 1));
        assert_eq!(Reading::new().answered(false, &Place::Start, answer(&[1], 0)).last, Last::None);
    }

    #[test]
    fn an_empty_answer_before_the_end_says_nothing_of_the_record_that_is_sought() {
        let mut reading = Reading::new();
        assert!(reading.answered(false, &after(5), answer(&[], 10)).is_seeking);
        let found = reading.answered(true, &after(5), answer(&[5], 0));
        assert_eq!((found.last, found.is_seeking), (Last::Found, false));
        let mut quiet = Reading::new();
        let found = quiet.answered(false, &after(5), answer(&[], 0));
        assert_eq!((found.last, found.is_seeking), (Last::Missing, false));
    }

    #[test]
    fn what_is_read_ends_before_what_may_follow() {
        let answered = |records, is_full| Answered { records, last: Last::None, is_seeking: false, is_full };
        assert_eq!(through(&answered(answer(&[1], 0), false)), Some(100));
        assert_eq!(through(&answered(answer(&[1], 1_001), false)), Some(98));
        assert_eq!(through(&answered(answer(&[1], 0), true)), Some(7), "when the last of them came");
    }

    #[test]
    fn pauses_grow_up_to_a_bound_and_an_answer_ends_them() {
        let mut reading = Reading::new();
        let since = reading.pause(Duration::from_millis(200));
        for _ in 0..10 {
            assert_eq!(reading.pause(Duration::from_millis(200)), since);
        }
        assert_eq!(reading.throttled.map(|(_, pause)| pause), Some(PAUSE_MAX));
        reading.answered(true, &Place::Start, answer(&[], 0));
        assert_eq!(reading.throttled, None);
    }
}
