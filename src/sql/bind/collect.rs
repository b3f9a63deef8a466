//! Finds the aggregates of a SELECT before its rows are grouped.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, Query, Visit, Visitor};

use super::super::names::parts;
use crate::engine::scalar::bind;

/// What an expression holds, subqueries left out.
#[derive(Default)]
struct Collector {
    queries: usize,
    aggregates: Vec<Function>,
    /// Subqueries, window functions and set-returning functions: what must not be bound twice.
    once_only: bool,
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries += 1;
        self.once_only = true;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        if self.queries > 0 {
            return ControlFlow::Continue(());
        }
        if let Expr::Function(function) = expression
            && let Some(name) = name_of(function)
        {
            if function.over.is_some() || bind::is_table_function(&name) {
                self.once_only = true;
            } else if bind::is_aggregate(&name) && !self.aggregates.contains(function) {
                self.aggregates.push(function.clone());
            } else if name == "grouping" {
                self.once_only = true;
            }
        }
        ControlFlow::Continue(())
    }
}

/// The folded name of a function without its schema.
pub(super) fn name_of(function: &Function) -> Option<String> {
    match parts(&function.name)?.as_slice() {
        [name] => Some(name.clone()),
        [schema, name] if schema == "pg_catalog" => Some(name.clone()),
        _ => None,
    }
}

/// The aggregates in these expressions, each once, outer ones before those inside them.
pub(super) fn aggregates<'e>(expressions: impl Iterator<Item = &'e Expr>) -> Vec<Function> {
    let mut collector = Collector::default();
    for expression in expressions {
        let _ = expression.visit(&mut collector);
    }
    collector.aggregates
}

/// Whether an expression holds nothing that must be bound only once, and no aggregate.
pub(super) fn is_plain(expression: &Expr) -> bool {
    let mut collector = Collector::default();
    let _ = expression.visit(&mut collector);
    collector.aggregates.is_empty() && !collector.once_only
}
