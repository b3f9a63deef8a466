//! What went wrong, as errors of a source.

use smol_str::SmolStr;

use super::call_error::CallError;
use super::config::KinesisTable;
use super::position::KinesisPosition;
use crate::position::Position;
use crate::source::SourceError;

/// Makes errors of one source.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    pub(super) source: SmolStr,
}

impl Faults {
    pub(super) fn unavailable(&self, message: impl Into<String>) -> SourceError {
        SourceError::Unavailable { source_name: self.source.to_string(), message: message.into() }
    }

    pub(super) fn refused(&self, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        SourceError::Refused { source_name: self.source.to_string(), message: message.into(), hint: hint.into() }
    }

    pub(super) fn table(&self, table: &str, message: impl Into<String>, hint: impl Into<String>) -> SourceError {
        let (source_name, table) = (self.source.to_string(), table.to_owned());
        SourceError::Table { source_name, table, message: message.into(), hint: hint.into() }
    }

    pub(super) fn protocol(&self, message: impl Into<String>) -> SourceError {
        SourceError::Protocol { source_name: self.source.to_string(), message: message.into() }
    }

    /// The error for a table without its stream.
    pub(super) fn missing(&self, table: &KinesisTable) -> SourceError {
        let message = format!("stream \"{}\" does not exist", table.stream);
        let hint = "create the stream, name another in the table's \"stream\", or check \"region\"";
        self.table(table.name(), message, hint)
    }

    /// What is held cannot be continued; a rebuild reads the streams from their beginnings.
    pub(super) fn cannot_resume(&self, position: &KinesisPosition, reason: impl Into<String>) -> SourceError {
        SourceError::CannotResume {
            source_name: self.source.to_string(),
            position: Position::Kinesis(position.clone()),
            reason: reason.into(),
            hint: format!(
                "run \"tailwater rebuild source {}\": the streams are read again from their beginnings, beside what is served",
                self.source
            ),
        }
    }

    /// Of a question about a stream that was not answered.
    pub(super) fn asked(&self, stream: &str, error: CallError) -> SourceError {
        let of_stream = |message: String| format!("stream \"{stream}\": {message}");
        match error {
            CallError::Unreachable(message) => self.unavailable(message),
            CallError::Throttled(message) => {
                self.unavailable(of_stream(format!("more is asked than Kinesis answers: {message}")))
            }
            CallError::Busy(message) => self.unavailable(of_stream(message)),
            CallError::Missing(message) => self.unavailable(of_stream(format!("does not exist (any more): {message}"))),
            CallError::Expired => self.unavailable(of_stream("an iterator has expired".into())),
            CallError::Invalid(message) => self.refused(of_stream(message), "check \"stream\" and \"endpoint\""),
            CallError::Refused { message, hint } => self.refused(of_stream(message), hint),
            CallError::Garbled(message) => self.protocol(of_stream(message)),
        }
    }
}
