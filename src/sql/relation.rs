//! A view's query with names resolved and types settled, before joins are ordered and columns pruned.

use std::sync::Arc;

use tailwater_connectors::SqlType;

use super::catalog::Relation;
use crate::engine::plan::{AggregateCall, JoinKind};
use crate::engine::scalar::Scalar;
use crate::engine::scalar::bind::Typed;

/// A column of a node's output.
#[derive(Clone, Debug)]
pub(super) struct OutputColumn {
    pub(super) sql_type: SqlType,
    pub(super) nullable: bool,
}

/// A node with its output.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) node: Node,
    pub(super) columns: Vec<OutputColumn>,
}

/// What a node does.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// All columns of a relation.
    Scan(Arc<Relation>),
    /// Constant expressions.
    Values(Vec<Vec<Scalar>>),
    Project {
        input: Box<Bound>,
        expressions: Vec<Typed>,
    },
    Filter {
        input: Box<Bound>,
        conjuncts: Vec<Conjunct>,
    },
    Join {
        left: Box<Bound>,
        right: Box<Bound>,
        kind: JoinKind,
        conjuncts: Vec<Conjunct>,
    },
    Aggregate {
        input: Box<Bound>,
        group: Vec<Typed>,
        aggregates: Vec<AggregateCall>,
    },
    Distinct(Box<Bound>),
    UnionAll(Vec<Bound>),
}

/// One operand of the top AND of a condition.
#[derive(Clone, Debug)]
pub(super) struct Conjunct {
    /// The whole condition.
    pub(super) condition: Scalar,
    /// When it is an equality: both sides cast to one type.
    pub(super) equality: Option<Equality>,
}

/// `left = right`, in one type.
#[derive(Clone, Debug)]
pub(super) struct Equality {
    pub(super) left: Scalar,
    pub(super) right: Scalar,
    pub(super) sql_type: SqlType,
}

impl Conjunct {
    /// The same over other columns.
    pub(super) fn replaced(&self, columns: &dyn Fn(usize) -> Scalar) -> Self {
        use super::scalars::replaced;
        Self {
            condition: replaced(&self.condition, columns),
            equality: self.equality.as_ref().map(|equality| Equality {
                left: replaced(&equality.left, columns),
                right: replaced(&equality.right, columns),
                sql_type: equality.sql_type.clone(),
            }),
        }
    }
}

impl Bound {
    /// Types of the columns.
    pub(super) fn types(&self) -> Vec<SqlType> {
        self.columns.iter().map(|column| column.sql_type.clone()).collect()
    }
}
