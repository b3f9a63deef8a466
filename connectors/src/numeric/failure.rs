//! Why a numeric operation has no result; texts and codes are Postgres'.

use thiserror::Error;

/// A numeric operation without a result.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, Hash)]
pub enum NumericError {
    /// Text that is not a number.
    #[error("invalid input syntax for type numeric")]
    InvalidSyntax,
    /// More digits than Postgres can hold.
    #[error("value overflows numeric format")]
    Overflow,
    /// The value does not fit the declared precision and scale.
    #[error("numeric field overflow")]
    FieldOverflow,
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The value does not fit the integer type named.
    #[error("{0} out of range")]
    OutOfRange(&'static str),
    /// NaN or infinity has no integer.
    #[error("cannot convert {value} to {target}")]
    NotAnInteger {
        /// `NaN` or `infinity`.
        value: &'static str,
        /// The integer type.
        target: &'static str,
    },
    /// Square root of a negative number.
    #[error("cannot take square root of a negative number")]
    NegativeSquareRoot,
    /// Logarithm of zero.
    #[error("cannot take logarithm of zero")]
    LogarithmOfZero,
    /// Logarithm of a negative number.
    #[error("cannot take logarithm of a negative number")]
    LogarithmOfNegative,
    /// `0 ^ -1`
    #[error("zero raised to a negative power is undefined")]
    ZeroToNegativePower,
    /// `(-2) ^ 0.5`
    #[error("a negative number raised to a non-integer power yields a complex result")]
    ComplexPower,
}

impl NumericError {
    /// SQLSTATE.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidSyntax => "22P02",
            Self::Overflow | Self::FieldOverflow | Self::OutOfRange(_) => "22003",
            Self::DivisionByZero => "22012",
            Self::NotAnInteger { .. } => "0A000",
            Self::NegativeSquareRoot | Self::ZeroToNegativePower | Self::ComplexPower => "2201F",
            Self::LogarithmOfZero | Self::LogarithmOfNegative => "2201E",
        }
    }
}
