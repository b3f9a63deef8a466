//! Why a row cannot be written.

use smol_str::SmolStr;
use thiserror::Error;

/// A value for which a format has no form. Names the column, never the value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("column \"{column}\" {reason}")]
pub struct EncodeError {
    /// The column.
    pub column: SmolStr,
    /// What is wrong with its value, to follow its name.
    pub reason: &'static str,
}

impl EncodeError {
    /// What to do about it.
    pub const HINT: &'static str = "change the view's SQL: cast the column to text, or leave such values out";
}

/// What a value cannot be, to follow a column's name.
pub(super) const INFINITE: &str = "is infinite or no number, which the format cannot write";
pub(super) const NULL: &str = "is null although the view's schema says that it is not";
pub(super) const NESTED: &str =
    "is an array of more than one dimension, or does not begin at 1, which the format cannot write";
pub(super) const NULL_ELEMENT: &str = "has a null in its array, which the format cannot write";
pub(super) const NOT_DECLARED: &str = "does not fit the precision and scale of its type";
pub(super) const OUT_OF_RANGE: &str = "is beyond what the format can count";
