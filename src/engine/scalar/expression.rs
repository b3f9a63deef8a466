//! The expression tree and its evaluation.

use std::fmt;

use tailwater_connectors::{SqlType, Value};
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

/// A resolved builtin: one overload of one function or operator.
#[derive(Clone, Copy)]
pub struct Function {
    /// Canonical signature, `lower(text)`, `+(integer,integer)`: identity in plans and fingerprints.
    pub signature: &'static str,
    /// Null in, null out, without a call.
    pub strict: bool,
    /// The function; arguments have the signature's types.
    pub call: fn(&[Value]) -> Result<Value, RowError>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature)
    }
}
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

/// An expression over the columns of one row. Types are settled when it is built; evaluation does not look at them.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A column by position.
    Column(usize),
    /// A constant.
    Literal(Value),
    /// A builtin.
    Call {
        /// Which.
        function: Function,
        /// Its arguments.
        arguments: Vec<Scalar>,
    },
    /// A conversion whose meaning depends on both types.
    Cast {
        /// What is converted.
        input: Box<Scalar>,
        /// From.
        from: SqlType,
        /// To.
        to: SqlType,
    },
    /// Three-valued conjunction.
    And(Vec<Scalar>),
    /// Three-valued disjunction.
    Or(Vec<Scalar>),
    /// Three-valued negation.
    Not(Box<Scalar>),
    /// `IS NULL`
    IsNull(Box<Scalar>),
    /// Searched CASE; a simple CASE is written out with `=`.
    Case {
        /// `(condition, result)`
        branches: Vec<(Scalar, Scalar)>,
        /// ELSE; null without.
        otherwise: Option<Box<Scalar>>,
    },
    /// First that is not null.
    Coalesce(Vec<Scalar>),
    /// `ARRAY[...]` of one element type.
    ArrayOf(Vec<Scalar>),
}
