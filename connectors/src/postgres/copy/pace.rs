//! How much a session reads in one transaction, and when it begins the next one.

use std::time::Duration;

/// Pages of a first chunk: 8 MiB.
const PAGES_FIRST: u64 = 1_024;
/// Pages of a chunk at most: half a gibibyte.
const PAGES_MAX: u64 = 65_536;
/// From one chunk to the next it grows and shrinks by no more than this factor.
const STEP: u64 = 4;

/// The pace of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long a chunk may take.
    budget: Duration,
    /// Bytes in a second, of this session.
    rate: Option<u64>,
    pages: u64,
}

impl Pace {
    pub(super) fn new(budget: Duration, rate: Option<u64>) -> Self {
        Self { budget, rate, pages: PAGES_FIRST }
    }

    /// Pages of the next chunk.
    pub(super) fn pages(&self) -> u64 {
        self.pages
    }

    /// A chunk of so many pages and bytes took so long: answers with how long to pause.
    pub(super) fn took(&mut self, (pages, bytes): (u64, u64), time: Duration) -> Duration {
        let pause = self.pause(bytes, time);
        // The pause is not within a transaction; but a chunk that is paid for with a long one is too large.
        let spent = time.max((time + pause) / STEP as u32).as_secs_f64().max(1e-6);
        let fitting = (pages as f64 * self.budget.as_secs_f64() / spent) as u64;
        // A small rest of a table says little.
        if pages >= self.pages / STEP || fitting < self.pages {
            self.pages = fitting.clamp(self.pages / STEP, self.pages * STEP).clamp(1, PAGES_MAX);
        }
        pause
    }

    fn pause(&self, bytes: u64, time: Duration) -> Duration {
        let due = self.rate.map(|rate| Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64));
        due.unwrap_or_default().saturating_sub(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_to_fit_their_time() {
        let mut pace = Pace::new(Duration::from_secs(1), None);
        for _ in 0..20 {
            let pages = pace.pages();
            assert_eq!(pace.took((pages, 1), Duration::from_millis(pages)), Duration::ZERO);
        }
        assert!((900..=1_100).contains(&pace.pages()), "{}", pace.pages());
        for _ in 0..20 {
            pace.took((pace.pages(), 1), Duration::from_micros(1));
        }
        assert_eq!(pace.pages(), PAGES_MAX);
        for _ in 0..20 {
            pace.took((pace.pages(), 1), Duration::from_secs(900));
        }
        assert_eq!(pace.pages(), 1);
    }

    #[test]
    fn a_rate_is_kept_by_pauses() {
        let mut pace = Pace::new(Duration::from_secs(1), Some(1_000));
        assert_eq!(pace.took((1_024, 3_000), Duration::from_secs(1)), Duration::from_secs(2));
        assert_eq!(pace.took((1_024, 500), Duration::from_secs(1)), Duration::ZERO);
    }
}
