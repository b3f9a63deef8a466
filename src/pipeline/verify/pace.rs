//! Holds a verification down to a number of rows per second.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Longest time that is made up for: who was slow for long does not burst after it.
const ARREARS_MAX: Duration = Duration::from_secs(1);

/// A bound on rows per second.
#[derive(Debug)]
pub(super) struct Pace {
    rows_per_second: u64,
    /// When the rows so far are paid for.
    paid: Instant,
}

impl Pace {
    pub(super) fn new(rows_per_second: u64) -> Self {
        Self { rows_per_second: rows_per_second.max(1), paid: Instant::now() }
    }

    /// Waits as long as `rows` rows may take.
    pub(super) async fn pay(&mut self, rows: u64) {
        let now = Instant::now();
        let begin = self.paid.max(now.checked_sub(ARREARS_MAX).unwrap_or(now));
        self.paid = begin + Duration::from_secs_f64(rows as f64 / self.rows_per_second as f64);
        sleep_until(self.paid).await;
    }
}
