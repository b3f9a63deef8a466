//! The expression tree.

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::{Row, SqlType, Value};

pub use super::row_error::RowError;

/// The body of a builtin that does not look at types.
pub type PlainBody = fn(&[Value]) -> Result<Value, RowError>;
/// The body of a polymorphic builtin: the arguments' types, the arguments.
pub type TypedBody = fn(&[SqlType], &[Value]) -> Result<Value, RowError>;

/// What a call runs.
#[derive(Clone)]
pub enum Callee {
    /// Arguments have the signature's types.
    Plain(PlainBody),
    /// The same with the types that the arguments have.
    Typed(TypedBody, Arc<[SqlType]>),
}

/// A resolved builtin: one overload of one function or operator.
#[derive(Clone)]
pub struct Function {
    /// Name and argument types, `lower(text)`, `+(integer,integer)`: identity in plans and fingerprints.
    pub signature: SmolStr,
    /// Null in, null out, without a call.
    pub strict: bool,
    /// The body.
    pub callee: Callee,
}

impl Function {
    /// Name without argument types.
    pub fn name(&self) -> &str {
        self.signature.split('(').next().unwrap_or_default()
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature)
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

/// The body of a set-returning function: the arguments' types, the arguments; answers rows.
pub type TableBody = fn(&[SqlType], &[Value]) -> Result<Vec<Row>, RowError>;

/// A resolved set-returning function.
#[derive(Clone)]
pub struct TableFunction {
    /// Name and argument types: identity in plans and fingerprints.
    pub signature: SmolStr,
    /// No rows for a null argument, without a call.
    pub strict: bool,
    /// Types of the arguments; behind them those of the columns, where these are declared.
    pub argument_types: Arc<[SqlType]>,
    /// The body.
    pub body: TableBody,
}

impl fmt::Debug for TableFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature)
    }
}
impl PartialEq for TableFunction {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}
