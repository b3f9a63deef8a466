//! Why the daemon could not start or had to stop.

use tailwater_connectors::{SinkError, SourceError};
use thiserror::Error;

use crate::engine::EngineError;
use crate::sql::SqlError;
use crate::state::StateError;

/// A definite error of the pipeline.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// The state directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// A source, at start.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A sink, at start.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Views that cannot be planned; all of them.
    #[error("{}", .0.iter().map(with_hint).collect::<Vec<_>>().join("\n"))]
    Views(Vec<SqlError>),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The configuration does not fit the state directory.
    #[error("{message}")]
    Misfit {
        /// What does not fit.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl PipelineError {
    /// Whether trying again, without anyone acting here, may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::State(error) => error.is_transient(),
            Self::Source(error) => error.is_transient(),
            Self::Sink(error) => error.is_transient(),
            Self::Engine(error) => error.is_transient(),
            Self::Views(_) | Self::Misfit { .. } => false,
        }
    }

    /// What a person can do, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint().map(Into::into),
            Self::Sink(error) => error.hint().map(Into::into),
            Self::Misfit { hint, .. } => Some(hint.clone()),
            Self::State(error) => error.hint().map(Into::into),
            Self::Engine(error) => error.hint().map(Into::into),
            Self::Views(_) => None,
        }
    }
}

fn with_hint(error: &SqlError) -> String {
    match &error.hint {
        Some(hint) => format!("{error}\n  hint: {hint}"),
        None => error.to_string(),
    }
}
