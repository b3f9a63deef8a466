//! Which transactions a snapshot sees, as `pg_current_snapshot()` prints it.
//!
//! A transaction can be in the log, and be streamed, before new snapshots see it: its commit waits for a standby, or has simply not
//! come that far. So whether one snapshot sees all that another one sees is asked of transaction ids, never of positions.

use std::collections::BTreeSet;

/// Sees the ids below `end` that are not in `open`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visible {
    end: u64,
    open: BTreeSet<u64>,
}

impl Visible {
    /// Reads `xmin:xmax:xip,xip,...`
    /// (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS>).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let _first: u64 = parts.next()?.parse().ok()?;
        let end = parts.next()?.parse().ok()?;
        let open = parts.next()?.split(',').filter(|id| !id.is_empty());
        let open = open.map(str::parse).collect::<Result<_, _>>().ok()?;
        parts.next().is_none().then_some(Self { end, open })
    }

    /// Whether it sees all that `floor` sees. Subtransactions are seen with the transaction that they are part of.
    pub(super) fn covers(&self, floor: &Self) -> bool {
        let seen_there = |id: &u64| *id < floor.end && !floor.open.contains(id);
        self.end >= floor.end && !self.open.iter().any(seen_there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &str) -> Visible {
        Visible::parse(text).unwrap()
    }

    #[test]
    fn a_commit_that_is_streamed_and_not_visible_yet_is_missed() {
        let floor = visible("100:105:101,103");
        assert!(visible("100:105:101,103").covers(&floor));
        assert!(visible("105:105:").covers(&floor));
        assert!(visible("101:200:101,103,150").covers(&floor));
        assert!(!visible("100:200:100,150").covers(&floor), "100 is seen by the floor");
        assert!(!visible("104:200:104").covers(&floor));
        assert!(!visible("101:104:101").covers(&floor), "ends before");
    }

    #[test]
    fn a_floor_of_everything_before_an_id_waits_for_all_of_it() {
        let floor = visible("50:50:");
        assert!(!visible("49:60:49").covers(&floor));
        assert!(visible("50:60:50,55").covers(&floor));
    }

    #[test]
    fn what_is_not_a_snapshot_is_none() {
        for text in ["", "1", "1:2", "1:x:", "1:2:3:4", "1:2:a"] {
            assert_eq!(Visible::parse(text), None, "{text}");
        }
    }
}
