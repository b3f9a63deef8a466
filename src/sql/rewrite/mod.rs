//! Text → a SELECT that DataFusion can resolve: what is not kept is refused here with its place, every expression
//! becomes a call of a stub ([`super::stub`]), USING and NATURAL are written out, and output columns get the names that
//! Postgres gives them.

mod expression;
mod from;
mod function;
mod output_name;
mod query;
mod scope;
mod syntax;
mod type_name;

pub(super) use query::{Rewriter, Rewritten};
