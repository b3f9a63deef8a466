//! Inputs of a join.

use super::super::scalar::Scalar;
use super::node::Plan;

/// How a join input joins what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Rows that match.
    Inner,
    /// Rows before it stay; without a match its columns are null.
    Left,
    /// Rows before it stay, as often as they are, if they have a match; it adds no columns to the concatenation.
    Semi,
    /// Rows before it stay if they have no match; it adds no columns.
    Anti,
    /// Rows before it stay; it adds one boolean column that says whether they have a match.
    Mark,
}

/// One equality of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinKey {
    /// Column of the concatenation before the input.
    pub before: usize,
    /// Column of the input; of the same type.
    pub own: usize,
    /// `IS NOT DISTINCT FROM`: null matches null. Else null matches nothing.
    pub null_safe: bool,
}

/// One input of a join.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinInput {
    /// Its rows.
    pub plan: Plan,
    /// How it joins.
    pub kind: JoinKind,
    /// Equalities. May be empty (cross join).
    pub keys: Vec<JoinKey>,
    /// The rest of the ON condition over the concatenation with this input appended (also with `Semi`, `Anti` and `Mark`, whose
    /// columns then leave the concatenation again).
    pub residual: Option<Scalar>,
}
