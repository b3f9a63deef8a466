//! What binding takes and what it answers when it refuses.

use tailwater_connectors::SqlType;
use thiserror::Error;

use super::derivation::Derivation;
use crate::engine::scalar::expression::Scalar;

/// An expression and its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// The expression.
    pub scalar: Scalar,
    /// Its type; `Unknown` for a string literal or null whose type is still open.
    pub sql_type: SqlType,
    /// Its collation.
    pub collation: Derivation,
}

impl Typed {
    /// An expression that nothing collatable went into.
    pub fn new(scalar: Scalar, sql_type: SqlType) -> Self {
        let collation = Derivation::of_type(&sql_type);
        Self { scalar, sql_type, collation }
    }

    /// The same with another collation.
    #[must_use]
    pub fn collated(self, collation: Derivation) -> Self {
        Self { collation, ..self }
    }
}

/// Why an expression has no meaning; worded as Postgres does.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct BindError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl BindError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

pub(super) fn type_list(types: &[SqlType]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
