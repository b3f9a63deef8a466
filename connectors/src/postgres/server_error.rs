//! Errors of a connection, and what they mean for a source: the SQLSTATE decides, never the text.

use std::io;

use thiserror::Error;

use crate::position::Position;
use crate::source::SourceError;

/// What the server was sure could not happen.
const INTERNAL_ERROR: &str = "XX000";

/// What the server answered instead of a result. The detail field is left out: it may hold row values.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} (SQLSTATE {code})")]
pub(super) struct ServerError {
    pub(super) code: String,
    pub(super) message: String,
}

impl ServerError {
    /// Reads the body of an ErrorResponse; a broken one still becomes an error.
    pub(super) fn parse(body: &[u8]) -> Self {
        let (mut code, mut message) = (String::new(), String::new());
        for field in body.split(|byte| *byte == 0) {
            match field.split_first() {
                Some((b'C', text)) => code = String::from_utf8_lossy(text).into_owned(),
                Some((b'M', text)) => message = String::from_utf8_lossy(text).into_owned(),
                _ => {}
            }
        }
        if message.is_empty() {
            message = "the server sent an error without a text".into();
        }
        Self { code, message }
    }
}

/// Why a connection cannot go on.
#[derive(Debug, Error)]
pub(super) enum ConnectionError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the server closed the connection")]
    Closed,
    #[error("no answer within {0} s")]
    Timeout(u64),
    #[error("the server is {0}, and target_session_attrs is {1}")]
    NotWanted(&'static str, &'static str),
    #[error("{0}")]
    Server(ServerError),
    #[error("{message}")]
    Setup { message: String, hint: String },
    #[error("{0}")]
    Protocol(String),
}

impl From<tokio_postgres::Error> for ConnectionError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            return Self::Server(ServerError { code: db.code().code().into(), message: db.message().into() });
        }
        if error.is_closed() {
            return Self::Closed;
        }
        let cause = std::error::Error::source(&error);
        if let Some(io) = cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
            return Self::Io(io::Error::new(io.kind(), io.to_string()));
        }
        let message = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
        Self::Setup { message, hint: "check the connection's URL and the server's log".into() }
    }
}

/// What was under way when the error came: the same SQLSTATE means different things.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) source_name: String,
    pub(super) slot: String,
    /// Set while state is being continued from here.
    pub(super) resuming: Option<Position>,
}

impl Scene {
    pub(super) fn error(&self, error: ConnectionError) -> SourceError {
        let source_name = self.source_name.clone();
        match error {
            ConnectionError::Server(error) => self.server_error(&error),
            ConnectionError::Setup { message, hint } => SourceError::Refused { source_name, message, hint },
            ConnectionError::Protocol(message) => SourceError::Protocol { source_name, message },
            ConnectionError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                SourceError::Protocol { source_name, message: error.to_string() }
            }
            other => SourceError::Unavailable { source_name, message: other.to_string() },
        }
    }

    /// The same where transactions come while they are open. Decoding these, Postgres 15 (and others) can take a row of its catalog
    /// for gone: where a savepoint that changed a table was rolled back and the transaction changes the table again before the
    /// change is read. It decodes the same log once it is whole.
    pub(super) fn open_error(&self, error: ConnectionError) -> SourceError {
        match error {
            ConnectionError::Server(error) if error.code == INTERNAL_ERROR => {
                SourceError::OpenNotSent { source_name: self.source_name.clone(), message: error.to_string() }
            }
            other => self.error(other),
        }
    }

    fn server_error(&self, error: &ServerError) -> SourceError {
        let source_name = self.source_name.clone();
        match (class(&error.code), &self.resuming) {
            (Class::Transient, _) => SourceError::Unavailable { source_name, message: error.to_string() },
            (Class::InUse, _) => SourceError::SlotInUse { source_name, slot: self.slot.clone() },
            (Class::Lost, Some(_)) => self.cannot_resume(error.to_string()),
            (class, _) => {
                SourceError::Refused { source_name, message: error.to_string(), hint: hint(class, &error.code).into() }
            }
        }
    }

    /// The slot cannot continue our state.
    pub(super) fn cannot_resume(&self, reason: String) -> SourceError {
        SourceError::CannotResume {
            source_name: self.source_name.clone(),
            position: self.resuming.clone().unwrap_or(Position::Lsn(crate::Lsn(0))),
            reason,
            hint: format!(
                "run \"tailwater rebuild source {}\": its tables are copied again beside the rows that are served meanwhile",
                self.source_name
            ),
        }
    }

    /// Login, permission or settings are wrong.
    pub(super) fn refused(&self, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        SourceError::Refused { source_name: self.source_name.clone(), message: message.into(), hint: hint.into() }
    }

    /// The server sent what cannot be understood.
    pub(super) fn protocol(&self, message: impl Into<String>) -> SourceError {
        SourceError::Protocol { source_name: self.source_name.clone(), message: message.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Transient,
    InUse,
    Lost,
    Login,
    Permission,
    Pooler,
    Definite,
}

fn class(code: &str) -> Class {
    match code {
        "55006" => Class::InUse,
        // Gone, invalidated, or its log removed.
        "42704" | "55000" | "58P01" => Class::Lost,
        // A limit of the configuration and a dropped database do not heal by waiting.
        "53400" | "57P04" => Class::Definite,
        "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "25P03" | "55P03" | "40001" | "40P01" => Class::Transient,
        "42501" => Class::Permission,
        // How poolers refuse `replication` and settings at login; a server never sees them wrong from us.
        "08P01" => Class::Pooler,
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("58") => Class::Transient,
        "3D000" => Class::Login,
        _ if code.starts_with("28") => Class::Login,
        _ => Class::Definite,
    }
}

fn hint(class: Class, code: &str) -> &'static str {
    match (class, code) {
        (_, "3D000") => "check the database's name in the URL",
        (Class::Login, _) => "check role, password and pg_hba.conf (logical replication needs a line for the database)",
        (Class::Permission, _) => {
            "the role needs REPLICATION and SELECT on the tables, and owns them where a publication is made; \"tailwater \
             check\" prints the SQL"
        }
        (Class::Pooler, _) => "connect to the server itself, not through a pooler",
        (_, "53400") => "raise max_replication_slots and max_wal_senders, or drop a slot that nobody reads",
        (Class::Lost, _) => "run \"tailwater check\": it prints what is missing and the SQL to fix it",
        _ => "look into the server's log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Lsn;

    fn scene(resuming: bool) -> Scene {
        let resuming = resuming.then_some(Position::Lsn(Lsn(16)));
        Scene { source_name: "shop".into(), slot: "tailwater".into(), resuming }
    }

    fn answer(code: &str) -> ConnectionError {
        ConnectionError::Server(ServerError { code: code.into(), message: "m".into() })
    }

    fn error(code: &str, resuming: bool) -> SourceError {
        scene(resuming).error(answer(code))
    }

    fn open_error(code: &str) -> SourceError {
        scene(true).open_error(answer(code))
    }

    #[test]
    fn sqlstates_decide_between_waiting_rebuilding_and_asking_a_person() {
        for code in ["42704", "55000", "58P01"] {
            assert!(matches!(error(code, true), SourceError::CannotResume { .. }), "{code}");
            assert!(matches!(error(code, false), SourceError::Refused { .. }), "{code}");
        }
        assert!(matches!(error("55006", true), SourceError::SlotInUse { .. }));
        assert!(matches!(open_error("XX000"), SourceError::OpenNotSent { .. }));
        assert!(open_error("XX000").is_transient() && !open_error("XX001").is_transient());
        for code in ["57P01", "57P02", "57P03", "08006", "53300"] {
            assert!(matches!(error(code, true), SourceError::Unavailable { .. }), "{code}");
        }
        for code in ["28P01", "28000", "42501", "3D000", "53400", "XX000", ""] {
            assert!(matches!(error(code, true), SourceError::Refused { .. }), "{code}");
        }
    }

    #[test]
    fn an_end_of_file_may_heal_by_itself() {
        let scene = Scene { source_name: "s".into(), slot: "t".into(), resuming: None };
        assert!(scene.error(ConnectionError::Closed).is_transient());
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(scene.error(ConnectionError::Io(reset)).is_transient());
    }

    #[test]
    fn an_error_response_is_read_field_by_field_and_its_detail_left_out() {
        let body = b"SFATAL\0VFATAL\0C57P01\0Mgoing down\0DKey (id)=(7)\0\0";
        let error = ServerError::parse(body);
        assert_eq!(error.to_string(), "going down (SQLSTATE 57P01)");
        assert!(!ServerError::parse(b"\xff").message.is_empty());
    }
}
