//! The parsed query → the algebra over numbered columns: names, scopes and types, by Postgres' rules.
//!
//! Reading order: [`query`] (WITH, set operations, ORDER BY and LIMIT), [`select`], [`from`], [`group`], [`window`],
//! [`expression`] and what it calls. [`level`] is the SELECT at hand and those around it; a subquery in an expression is put
//! beside the rows of its level ([`subquery`]) and stands in the expression as a column.

mod aggregate;
mod binder;
mod call;
mod collect;
mod expression;
mod from;
mod full_join;
mod group;
mod join;
mod level;
mod order;
mod output_name;
mod predicate;
mod query;
mod recursive;
mod row;
mod scope;
mod select;
mod set;
mod subquery;
mod syntax;
mod table_function;
mod text_order;
mod type_name;
mod window;

pub(super) use binder::{Binder, BoundView};
