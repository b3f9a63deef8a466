//! Why a message was not decoded.

use smol_str::SmolStr;
use thiserror::Error;

/// A message that is not what the configuration says of its topic. Names the field, never a value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct BadMessage {
    /// What is wrong with it, to follow its place.
    pub reason: String,
}

impl BadMessage {
    /// With this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    /// Of one field.
    pub fn field(name: &str, wrong: impl AsRef<str>) -> Self {
        Self { reason: format!("field \"{name}\" {}", wrong.as_ref()) }
    }
}

/// Why a part of a message was not decoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The message itself is wrong, and will be: `bad_messages` says what becomes of it.
    #[error(transparent)]
    Bad(#[from] BadMessage),
    /// What it takes to decode it cannot be had now (a registry does not answer); it is read again later.
    #[error("{message}")]
    Unavailable {
        /// What failed.
        message: String,
    },
    /// What it takes to decode it is refused, or is not what the configuration needs: someone must act.
    #[error("{message}")]
    Refused {
        /// What failed.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The message's schema has these columns no more, or in another type. It is decoded with null in their place once
    /// [`super::Decoder::lose`] has been called; views that read them must have stopped by then.
    #[error("{reason}")]
    ColumnsLost {
        /// Names of the columns.
        columns: Vec<SmolStr>,
        /// What happened, to follow the table's name.
        reason: String,
    },
}
