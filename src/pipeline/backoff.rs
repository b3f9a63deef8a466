//! Waiting longer after each failure in a row.

use std::time::Duration;

/// First wait: a restarted server is often back at once.
const WAIT_FIRST: Duration = Duration::from_millis(100);
/// Longest wait: how late a returning server is noticed.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next try.
    pub(super) fn next(&mut self) -> Duration {
        let wait = WAIT_FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        wait.min(WAIT_MAX)
    }

    /// Something worked.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_start_again_after_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next(), WAIT_FIRST);
    }
}
