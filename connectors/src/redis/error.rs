//! What an error of Redis means for the pipeline: try again, or someone must act. Texts name the address, never the URL,
//! and never a key or value.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::sink::SinkError;

/// Names the sink and where it writes, for messages.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) sink: String,
    pub(super) address: String,
}

impl Place {
    /// Trying again may help.
    pub(super) fn unavailable(&self, message: impl Into<String>) -> SinkError {
        SinkError::Unavailable { sink: self.sink.clone(), message: message.into() }
    }

    /// Someone must act.
    pub(super) fn refused(&self, message: impl Into<String>, hint: impl Into<String>) -> SinkError {
        SinkError::Refused { sink: self.sink.clone(), message: message.into(), hint: hint.into() }
    }

    /// Sorts an error of the client or the server.
    pub(super) fn sort(&self, error: &RedisError) -> SinkError {
        let address = &self.address;
        let said = format!("redis at {address}: {}", words(error));
        if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
            return self.unavailable(said);
        }
        match (error.kind(), error.code().unwrap_or_default()) {
            (ErrorKind::AuthenticationFailed, _) | (_, "NOAUTH" | "WRONGPASS") => {
                self.refused(said, "check user and password in the sink's url")
            }
            (ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported, _) => {
                self.refused(said, "the url is redis://[user[:password]@]host[:port][/db], or rediss:// for TLS")
            }
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) | (_, "NOPERM") => self.refused(
                said,
                "allow the user: GET SET MSET DEL HSET PEXPIRE SCAN MULTI EXEC WATCH PING INFO on the sink's keys and on \
                 tailwater:*",
            ),
            (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::CrossSlot), _) => {
                self.cluster(said)
            }
            (_, "OOM") => self.unavailable(format!("{said} (it is out of memory: raise maxmemory or free some)")),
            (_, code) if is_passing(error, code) => self.unavailable(said),
            (_, "WRONGTYPE") => self.refused(said, "a key of this sink is used by someone else; choose another key"),
            (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => {
                self.refused(said, "is this a Redis or Valkey server?")
            }
            _ => self.refused(said, "the server's own words say what it does not accept"),
        }
    }

    pub(super) fn cluster(&self, message: impl Into<String>) -> SinkError {
        self.refused(message, "Redis Cluster is not supported yet: use a server or a primary with replicas")
    }
}

/// Conditions of the server that pass: loading, failover, busy scripts, disk trouble.
fn is_passing(error: &RedisError, code: &str) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
    let passing = ["LOADING", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "READONLY", "MISCONF", "NOREPLICAS"];
    let kinds = [BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain].map(ErrorKind::Server);
    passing.contains(&code) || kinds.contains(&error.kind())
}

fn words(error: &RedisError) -> String {
    let text = match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_string(),
        _ => error.to_string(),
    };
    // `ERR unknown command 'X', with args beginning with: ...` would print our rows.
    text.split(", with args beginning").next().unwrap_or_default().trim().to_string()
}
