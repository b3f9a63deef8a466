//! Scalar expressions with Postgres' semantics, evaluated row by row.

pub mod expression;

pub use expression::{Function, RowError, Scalar};
