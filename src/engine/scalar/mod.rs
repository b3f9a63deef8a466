//! Scalar expressions with Postgres' semantics, evaluated row by row.
//!
//! `bind` makes them: it resolves operators, functions and casts by Postgres' rules over the `catalog` of builtins, whose
//! bodies are in `families`. `expression` is the tree, `evaluate` runs it, `inspect` reads and rewrites it. `compare` is SQL's
//! order and equality of values.

pub mod bind;
mod cast;
mod catalog;
mod coerce;
pub mod compare;
mod evaluate;
pub mod expression;
mod families;
mod inspect;
pub(super) mod json;
mod jsonpath;
mod regex;
mod row_error;

pub use bind::{BindError, Typed};
pub use compare::{sql_cmp, sql_eq};
pub use expression::{Callee, Function, Scalar, TableFunction};
pub use families::is_kept_locale;
pub use row_error::RowError;

#[cfg(test)]
pub(super) mod tests;
