//! Whether topics are there, and whether they have new partitions.

use std::time::{Duration, Instant};

use super::Reader;
use crate::source::SourceError;

/// From look to look.
const LOOK_INTERVAL: Duration = Duration::from_secs(3);

impl Reader {
    /// Looks if that was long ago; an error where a topic is not there, or no broker answers for longer than `timeout`.
    pub(super) fn look(&mut self) -> Result<(), SourceError> {
        if self.times.looked.elapsed() < LOOK_INTERVAL {
            return Ok(());
        }
        self.times.looked = Instant::now();
        let mut is_new = false;
        for topic in self.topics.keys().cloned().collect::<Vec<_>>() {
            let number = match self.asking().partitions(&topic) {
                Ok(Some(number)) => number,
                Ok(None) => return Err(self.faults.unavailable(format!("topic \"{topic}\" does not exist any more"))),
                Err(error) if error.is_transient() && self.times.heard.elapsed() < self.config.connection.timeout => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            self.times.heard = Instant::now();
            let (known, stop_at) = (self.position.clone(), self.stop_at.clone());
            // One that the others do not know would be where nobody meets us.
            let is_met = |partition: &i32| stop_at.as_ref().is_none_or(|it| it.offset(&topic, *partition).is_some());
            let is_unknown = |partition: &i32| known.offset(&topic, *partition).is_none();
            for partition in (0..number).filter(is_unknown).filter(is_met) {
                tracing::info!(source = %self.config.name, %topic, partition, "a partition is new");
                self.position.set(&topic, partition, 0);
                is_new = true;
            }
        }
        if is_new { self.assign() } else { Ok(()) }
    }
}
