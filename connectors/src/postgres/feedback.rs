//! What the server is told about our progress: a pure state machine, no clock and no socket.
//!
//! - *flush* and *apply* are the same position: what the pipeline has made durable. It is always a commit's end or a place
//!   outside any transaction that was handed over as progress, never more than was handed over.
//! - *write* is what has been received; the server keeps nothing because of it.
//! - While nothing of ours is pending a keepalive's position becomes progress, so that a slot of quiet tables does not hold
//!   the log that other tables write. It is confirmed, like everything, once it is durable.

use crate::position::Lsn;

/// One standby status update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) write: Lsn,
    pub(super) flush: Lsn,
    pub(super) apply: Lsn,
}

/// When the next status update is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The server asked.
    Now,
    /// The confirmed position moved: soon, but not for each commit.
    Soon,
    /// Only to show that we live.
    Later,
}

#[derive(Debug)]
pub(super) struct Feedback {
    received: Lsn,
    /// All before it was handed to the pipeline.
    handed_over: Lsn,
    /// Highest place known to be outside any transaction, with all before it decoded.
    quiet: Lsn,
    durable: Lsn,
    confirmed: Lsn,
    asked: bool,
}

impl Feedback {
    /// `start` is where streaming starts: all before it is in the state, or in what is copied. `durable` may lag behind it
    /// (after a first start) and is then not confirmed at all until it has caught up.
    pub(super) fn new(start: Lsn, durable: Option<Lsn>) -> Self {
        let durable = durable.unwrap_or_default().min(start);
        Self { received: start, handed_over: start, quiet: start, durable, confirmed: Lsn(0), asked: false }
    }

    /// Bytes up to `lsn` arrived.
    pub(super) fn received(&mut self, lsn: Lsn) {
        self.received = self.received.max(lsn);
    }

    /// A keepalive: the server has sent everything of ours that committed before `wal_end`. `idle` says that no transaction
    /// is open.
    pub(super) fn keepalive(&mut self, wal_end: Lsn, reply_requested: bool, idle: bool) {
        self.received(wal_end);
        self.asked |= reply_requested;
        if idle {
            self.quiet = self.quiet.max(wal_end);
        }
    }

    /// A transaction without changes of ours ended at `end_lsn`.
    pub(super) fn empty_transaction(&mut self, end_lsn: Lsn) {
        self.quiet = self.quiet.max(end_lsn);
    }

    /// Transactions up to `end_lsn` went to the pipeline.
    pub(super) fn handed_over(&mut self, end_lsn: Lsn) {
        self.handed_over = self.handed_over.max(end_lsn);
        self.quiet = self.quiet.max(end_lsn);
    }

    /// A place to report as progress, if it moved. Ask only while nothing waits to be handed over.
    pub(super) fn progress(&self) -> Option<Lsn> {
        (self.quiet > self.handed_over).then_some(self.quiet)
    }

    /// The pipeline made everything up to `lsn` durable.
    pub(super) fn durable(&mut self, lsn: Lsn) {
        self.durable = self.durable.max(lsn.min(self.handed_over));
    }

    /// Whether and how urgently to send [`Self::status`].
    pub(super) fn due(&self) -> Due {
        match () {
            () if self.asked => Due::Now,
            () if self.durable > self.confirmed => Due::Soon,
            () => Due::Later,
        }
    }

    /// The update to send now.
    pub(super) fn status(&mut self) -> Status {
        self.asked = false;
        self.confirmed = self.durable;
        Status { write: self.received.max(self.durable), flush: self.durable, apply: self.durable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lsn: u64) -> Lsn {
        Lsn(lsn)
    }

    #[test]
    fn only_durable_commit_ends_are_confirmed_and_write_is_what_was_received() {
        let mut feedback = Feedback::new(at(100), Some(at(100)));
        feedback.received(at(180));
        feedback.handed_over(at(150));
        assert_eq!(feedback.status(), Status { write: at(180), flush: at(100), apply: at(100) });
        feedback.durable(at(150));
        assert_eq!(feedback.due(), Due::Soon);
        assert_eq!(feedback.status(), Status { write: at(180), flush: at(150), apply: at(150) });
        assert_eq!(feedback.due(), Due::Later);
    }

    #[test]
    fn an_idle_slot_follows_the_keepalives_once_they_are_durable() {
        let mut feedback = Feedback::new(at(100), Some(at(100)));
        feedback.keepalive(at(500), false, true);
        assert_eq!(feedback.progress(), Some(at(500)));
        assert_eq!(feedback.status().flush, at(100));
        feedback.handed_over(at(500));
        assert_eq!(feedback.progress(), None);
        feedback.durable(at(500));
        assert_eq!(feedback.status().flush, at(500));
    }

    #[test]
    fn a_keepalive_inside_a_transaction_is_no_progress() {
        let mut feedback = Feedback::new(at(100), Some(at(100)));
        feedback.keepalive(at(500), true, false);
        assert_eq!(feedback.progress(), None);
        assert_eq!(feedback.due(), Due::Now);
        assert_eq!(feedback.status(), Status { write: at(500), flush: at(100), apply: at(100) });
        assert_eq!(feedback.due(), Due::Later);
    }

    #[test]
    fn nothing_beyond_what_was_handed_over_is_ever_confirmed() {
        let mut feedback = Feedback::new(at(100), Some(at(100)));
        feedback.durable(at(900));
        assert_eq!(feedback.status().flush, at(100));
    }

    #[test]
    fn no_position_ever_goes_back() {
        let mut feedback = Feedback::new(at(100), Some(at(100)));
        feedback.handed_over(at(200));
        feedback.durable(at(200));
        feedback.durable(at(50));
        feedback.received(at(10));
        feedback.keepalive(at(20), false, true);
        assert_eq!(feedback.status(), Status { write: at(200), flush: at(200), apply: at(200) });
        assert_eq!(feedback.progress(), None);
    }

    #[test]
    fn after_a_first_copy_nothing_is_confirmed_until_the_copy_is_durable() {
        let mut feedback = Feedback::new(at(100), None);
        assert_eq!(feedback.status().flush, at(0));
        feedback.durable(at(100));
        assert_eq!(feedback.status().flush, at(100));
    }
}
