//! Why one row has no value; texts and codes are Postgres', and no text names a value.

use tailwater_connectors::numeric::NumericError;
use thiserror::Error;

/// Why one row could not be evaluated; the text is Postgres' (`division by zero`) and names no values.
#[derive(Clone, Debug, Error, PartialEq, Eq, Hash)]
#[error("{message}")]
pub struct RowError {
    /// SQLSTATE, five characters.
    pub code: &'static str,
    /// Message.
    pub message: String,
}

impl RowError {
    /// An error with this SQLSTATE and message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn out_of_range(what: &str) -> Self {
        Self::new("22003", format!("{what} out of range"))
    }

    pub(super) fn division_by_zero() -> Self {
        Self::new("22012", "division by zero")
    }

    pub(super) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("22023", message)
    }

    pub(super) fn datetime(what: &str) -> Self {
        Self::new("22008", format!("{what} out of range"))
    }
}

impl From<NumericError> for RowError {
    fn from(error: NumericError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
