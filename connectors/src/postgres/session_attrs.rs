//! `target_session_attrs`: which of the servers that a URL names is meant, by whether a session there may write.
//!
//! After a failover the old primary may answer again, and before it the standby does: with `read-write` neither is followed in place of
//! the server that takes the writes now. While none of them does, the source is unavailable and tries again.

use tokio_postgres::config::TargetSessionAttrs;

use super::conninfo::ConnInfo;
use super::server_error::ConnectionError;

/// What tells, as libpq asks it.
pub(super) const QUESTION: &str = "SHOW transaction_read_only";

/// Whether the question must be asked at all.
pub(super) fn matter(info: &ConnInfo) -> bool {
    info.config().get_target_session_attrs() != TargetSessionAttrs::Any
}

/// Judges the answer.
pub(super) fn check(info: &ConnInfo, answer: Option<&str>) -> Result<(), ConnectionError> {
    verdict(info.config().get_target_session_attrs(), answer == Some("on"))
}

fn verdict(wanted: TargetSessionAttrs, read_only: bool) -> Result<(), ConnectionError> {
    match wanted {
        TargetSessionAttrs::ReadWrite if read_only => Err(ConnectionError::NotWanted("read only", "read-write")),
        TargetSessionAttrs::ReadOnly if !read_only => Err(ConnectionError::NotWanted("not read only", "read-only")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_passed_over_if_its_sessions_are_not_as_asked_for() {
        assert!(verdict(TargetSessionAttrs::Any, true).is_ok());
        assert!(verdict(TargetSessionAttrs::ReadWrite, false).is_ok());
        assert!(verdict(TargetSessionAttrs::ReadOnly, true).is_ok());
        let refused = verdict(TargetSessionAttrs::ReadWrite, true).unwrap_err();
        assert_eq!(refused.to_string(), "the server is read only, and target_session_attrs is read-write");
        assert!(verdict(TargetSessionAttrs::ReadOnly, false).is_err());
    }
}
