//! Why bytes are not a value.

use thiserror::Error;

/// Why bytes are not a value of their column. Names types, never values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ValueError {
    /// They are not of the column's type.
    #[error("the value is no {of}")]
    Malformed {
        /// What it should be.
        of: &'static str,
    },
    /// A day that is in no calendar, where the configuration refuses such.
    #[error("the value is a day that is in no calendar, such as 0000-00-00; zero_dates says what is made of such")]
    ZeroDate,
    /// More columns or fewer than asked for.
    #[error("a row has {found} columns instead of {expected}")]
    Width {
        /// Columns that were asked for.
        expected: usize,
        /// Columns of the row.
        found: usize,
    },
}
