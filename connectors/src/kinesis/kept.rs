//! What a source finds again beside its position: which streams it read, and up to when.
//!
//! Kinesis keeps records for a time and says nothing when those that we want next are gone: it goes on with what there is. That nothing was
//! lost is known of a shard whose last record that we read is still there; else of a stream that was read up to a moment which lies within
//! the time for which it keeps records. That moment is kept here, by the server's clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// By stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept(pub(super) BTreeMap<SmolStr, KeptStream>);

/// Of one stream. Moments since 1970; in seconds where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptStream {
    /// When it was made, in milliseconds: tells it from another stream of its name.
    pub(super) created: i64,
    /// When it was begun to be read.
    pub(super) begun: i64,
    /// All that came before this is read. `None`: the reading has not come to an end yet, anywhere.
    pub(super) through: Option<i64>,
}

/// What is known of a shard's records when more of them are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// None was read of it.
    None,
    /// The last one that was read is still there.
    Found,
    /// It is not.
    Missing,
    /// Nobody looked.
    Unknown,
}

/// What may have become of the records that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Following {
    /// All of them are there.
    Whole,
    /// The last one that was read is to be looked for.
    Doubtful,
    /// Some may have been removed.
    Lost,
}

impl KeptStream {
    /// `through` is what this run knows of the shard, `horizon` from when on records are there.
    pub(super) fn following(&self, last: Last, through: Option<i64>, horizon: i64) -> Following {
        let through = through.max(self.through);
        let is_within = |moment: Option<i64>| moment.is_some_and(|moment| moment >= horizon);
        match last {
            Last::Found => Following::Whole,
            // Of what came before it was begun nothing is missed.
            Last::None if is_within(through.max(Some(self.begun))) => Following::Whole,
            Last::Missing | Last::Unknown if is_within(through) => Following::Whole,
            Last::Unknown => Following::Doubtful,
            Last::None | Last::Missing => Following::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_while_the_last_record_is_there_or_all_was_read_within_the_time_that_records_are_kept() {
        let kept = |through| KeptStream { created: 1, begun: 1_000, through };
        // A quiet shard: its last record is gone, but everything was read lately.
        assert_eq!(kept(Some(5_000)).following(Last::Missing, None, 4_000), Following::Whole);
        assert_eq!(kept(Some(3_000)).following(Last::Missing, Some(5_000), 4_000), Following::Whole);
        assert_eq!(kept(Some(3_000)).following(Last::Missing, None, 4_000), Following::Lost);
        assert_eq!(kept(Some(3_000)).following(Last::Found, None, 4_000), Following::Whole);
        assert_eq!(kept(Some(3_000)).following(Last::Unknown, Some(3_500), 4_000), Following::Doubtful);
        assert_eq!(kept(None).following(Last::Missing, None, 900), Following::Lost, "never read to an end");
        assert_eq!(kept(None).following(Last::None, None, 900), Following::Whole);
        assert_eq!(kept(None).following(Last::None, None, 2_000), Following::Lost);
    }
}
