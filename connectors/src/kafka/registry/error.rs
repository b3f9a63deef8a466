//! Why a registry gave no answer. Texts name no passwords, and no rows.

use thiserror::Error;

use crate::sink::SinkError;
use crate::source::SourceError;

/// Why a registry gave no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RegistryError {
    /// It cannot be reached or is overloaded now; trying again may help.
    #[error("the schema registry is unavailable: {message}")]
    Unavailable {
        /// What happened.
        message: String,
    },
    /// It says no, or answers what no registry answers; someone must act.
    #[error("the schema registry refuses: {message}")]
    Refused {
        /// What it said.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl RegistryError {
    /// Whether trying again, without anyone acting, may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The same as an error of the source that asked.
    pub fn into_source_error(self, source_name: &str) -> SourceError {
        let source_name = source_name.to_owned();
        match self {
            Self::Unavailable { .. } => SourceError::Unavailable { source_name, message: self.to_string() },
            Self::Refused { ref hint, .. } => {
                SourceError::Refused { source_name, message: self.to_string(), hint: hint.clone() }
            }
        }
    }

    /// The same as an error of the sink that asked.
    pub fn into_sink_error(self, sink: &str) -> SinkError {
        let sink = sink.to_owned();
        match self {
            Self::Unavailable { .. } => SinkError::Unavailable { sink, message: self.to_string() },
            Self::Refused { ref hint, .. } => {
                SinkError::Refused { sink, message: self.to_string(), hint: hint.clone() }
            }
        }
    }

    pub(super) fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: hint.into() }
    }
}
