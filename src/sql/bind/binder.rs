//! What is in force while one view is bound.

use std::collections::BTreeMap;
use std::rc::Rc;

use sqlparser::ast::Query;
use tailwater_connectors::SqlType;

use super::super::catalog::{Names, TextRules};
use super::super::columns::{Columns, Id};
use super::super::error::{Code, Place, Refusal, Result};
use super::super::node::Node;
use super::level::Level;
use super::order::Ordering;
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::{self, BindError, Derivation, Typed};

/// Nesting of queries and expressions.
const DEPTH_MAX: usize = 1_000;
/// Queries of one view, with every use of a CTE counted.
const QUERIES_MAX: usize = 5_000;

/// A view, bound.
pub(in crate::sql) struct BoundView {
    pub(in crate::sql) node: Node,
    /// Names and columns of the output.
    pub(in crate::sql) outputs: Vec<(String, Id)>,
    pub(in crate::sql) columns: Columns,
    /// Where an ORDER BY stands that means nothing.
    pub(in crate::sql) order_dropped: Option<Place>,
}

/// An output column before it has a number: a literal may still be of open type.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) typed: Typed,
}

/// A query, bound.
pub(super) struct Bound {
    pub(super) node: Node,
    pub(super) outputs: Vec<Output>,
    /// ORDER BY without LIMIT: the order in which aggregates around it see the rows.
    pub(super) order: Ordering,
}

/// What a name of WITH means.
#[derive(Clone)]
pub(super) enum CteMeaning {
    /// Bound again at each use.
    Query { query: Rc<Query>, columns: Rc<Vec<String>>, frame: usize },
    /// The query itself, inside its recursive part.
    Round { id: usize, names: Vec<String>, types: Vec<(SqlType, Derivation)> },
    /// A recursive one.
    Recursive { query: Rc<Query>, columns: Rc<Vec<String>>, frame: usize },
}

/// Binds one view.
pub(in crate::sql) struct Binder<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) text: TextRules,
    pub(super) columns: Columns,
    /// The SELECTs around the expression at hand, innermost last.
    pub(super) levels: Vec<Level>,
    /// Names of WITH in force, innermost last.
    pub(super) ctes: Vec<BTreeMap<String, CteMeaning>>,
    pub(super) recursions: usize,
    pub(super) order_dropped: Option<Place>,
    depth: usize,
    queries: usize,
}

impl<'a> Binder<'a> {
    pub(in crate::sql) fn new(names: &'a Names<'a>, text: TextRules) -> Self {
        Self {
            names,
            text,
            columns: Columns::default(),
            levels: Vec::new(),
            ctes: Vec::new(),
            recursions: 0,
            order_dropped: None,
            depth: 0,
            queries: 0,
        }
    }

    /// Binds a view's query.
    pub(in crate::sql) fn view(mut self, query: &Query) -> Result<BoundView> {
        let bound = self.query(query)?;
        if self.order_dropped.is_none() && !bound.order.keys.is_empty() {
            self.order_dropped = bound.order.place;
        }
        let (node, outputs) = self.settled(bound)?;
        Ok(BoundView { node, outputs, columns: self.columns, order_dropped: self.order_dropped })
    }

    /// Runs `work` one level deeper.
    pub(super) fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return Err(too_large("the SQL is nested too deeply"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    pub(super) fn count_query(&mut self) -> Result<()> {
        self.queries += 1;
        if self.queries > QUERIES_MAX {
            Err(too_large("the query refers to its WITH queries too often"))
        } else {
            Ok(())
        }
    }

    /// The outputs as columns; literals of open type become text.
    pub(super) fn settled(&mut self, bound: Bound) -> Result<(Node, Vec<(String, Id)>)> {
        let mut computed = Vec::new();
        let mut outputs = Vec::new();
        let made = bound.node.outputs();
        for Output { name, typed } in bound.outputs {
            let id = self.column_of(settled(typed)?, &made, &mut computed);
            outputs.push((name, id));
        }
        Ok((bound.node.mapped(computed), outputs))
    }

    /// The column of an expression over a node that makes these columns: its own, or one that is computed. A column of a query
    /// around becomes one of the node's own, so that every output is made where it is read.
    pub(super) fn column_of(&mut self, typed: Typed, made: &[Id], computed: &mut Vec<(Id, Scalar)>) -> Id {
        if let Scalar::Column(id) = typed.scalar
            && made.contains(&id)
            && *self.columns.sql_type(id) == typed.sql_type
            && *self.columns.collation(id) == typed.collation.clone().settled()
        {
            return id;
        }
        let nullable = self.is_nullable(&typed.scalar);
        let id = self.columns.add_collated(typed.sql_type, nullable, typed.collation);
        computed.push((id, typed.scalar));
        id
    }

    pub(super) fn is_nullable(&self, scalar: &Scalar) -> bool {
        match scalar {
            Scalar::Column(id) => self.columns.is_nullable(*id),
            Scalar::Literal(value) => value.is_null(),
            Scalar::IsNull(_) => false,
            Scalar::Coalesce(operands) => operands.iter().all(|operand| self.is_nullable(operand)),
            Scalar::Case { branches, otherwise } => {
                let otherwise = otherwise.as_ref().is_none_or(|otherwise| self.is_nullable(otherwise));
                otherwise || branches.iter().any(|(_, result)| self.is_nullable(result))
            }
            _ => true,
        }
    }
}

fn too_large(message: &str) -> Refusal {
    Refusal::new(Code::TooLarge, message).hint("split it into several views that read each other")
}

/// A literal that is still of no type becomes text, as in a SELECT list.
pub(super) fn settled(typed: Typed) -> Result<Typed> {
    if typed.sql_type != SqlType::Unknown {
        return Ok(typed);
    }
    bind::cast(typed, &SqlType::Text, false).map_err(type_refusal)
}

/// The scalar layer's errors in our words.
pub(super) fn type_refusal(error: BindError) -> Refusal {
    let refusal = Refusal::new(Code::Types, error.message);
    match error.hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

/// A case that should not be there.
pub(super) fn internal(message: &str) -> Refusal {
    Refusal::new(Code::Internal, message)
}
