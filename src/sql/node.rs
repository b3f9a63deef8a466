//! A view's query with names resolved and types settled: an algebra over numbered columns.
//!
//! Nodes add columns to those of their inputs unless they say otherwise. An expression may refer to columns that no node
//! below it makes: those of a query around it. [`super::decorrelate`] removes such references and every [`Node::Apply`].

use std::collections::BTreeSet;
use std::sync::Arc;

use tailwater_connectors::SqlType;

use super::catalog::Relation;
use super::columns::Id;
use super::scalars::replaced;
use crate::engine::plan::{AggregateCall, JoinKind, SetOperator, SortKey, TableCall, WindowCall};
use crate::engine::scalar::Scalar;

/// A node.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Rows of a relation, a number for each of its columns.
    Scan { relation: Arc<Relation>, columns: Vec<Id> },
    /// Constant rows.
    Values { rows: Vec<Vec<Scalar>>, columns: Vec<Id> },
    /// Computed columns.
    Map { input: Box<Node>, computed: Vec<(Id, Scalar)> },
    /// Rows for which all conditions hold.
    Filter { input: Box<Node>, conjuncts: Vec<Conjunct> },
    /// A join; with `Mark` the number of its column.
    Join { left: Box<Node>, right: Box<Node>, kind: JoinKind, on: Vec<Conjunct>, mark: Option<Id> },
    /// A join whose right side may refer to columns of the left.
    Apply { left: Box<Node>, right: Box<Node>, kind: ApplyKind, on: Vec<Conjunct> },
    /// Groups: the group columns and the calls, nothing else.
    Aggregate { input: Box<Node>, group: Vec<Id>, calls: Vec<(Id, AggregateCall)> },
    /// Distinct values of these columns, nothing else.
    Distinct { input: Box<Node>, columns: Vec<Id> },
    /// All rows of all inputs, column by column in the order given, under new numbers.
    UnionAll { inputs: Vec<(Node, Vec<Id>)>, columns: Vec<Id> },
    /// INTERSECT or EXCEPT of the columns given, under new numbers.
    SetOperation {
        left: Box<(Node, Vec<Id>)>,
        right: Box<(Node, Vec<Id>)>,
        operator: SetOperator,
        all: bool,
        columns: Vec<Id>,
    },
    /// Each row once per list, with the list's values as new columns.
    Expand { input: Box<Node>, lists: Vec<Vec<Scalar>>, columns: Vec<Id> },
    /// Set-returning functions beside the input's rows.
    Flatten { input: Box<Node>, calls: Vec<(TableCall, Vec<Id>)>, ordinality: Option<Id>, keeps_empty: bool },
    /// The first rows of each partition.
    TopN { input: Box<Node>, partition: Vec<Id>, order: Vec<SortKey>, rows: RowRange },
    /// Window functions.
    Window { input: Box<Node>, partition: Vec<Id>, order: Vec<SortKey>, calls: Vec<(Id, WindowCall)> },
    /// WITH RECURSIVE: base and step with their columns in order, under new numbers.
    Recursion { id: usize, base: Box<(Node, Vec<Id>)>, step: Box<(Node, Vec<Id>)>, distinct: bool, columns: Vec<Id> },
    /// The rows of the round before, inside `step`.
    Round { id: usize, columns: Vec<Id> },
}

/// OFFSET and LIMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowRange {
    pub(super) offset: u64,
    pub(super) limit: Option<u64>,
    pub(super) with_ties: bool,
}

/// What an [`Node::Apply`] does with the rows of its right side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApplyKind {
    /// Each with the left row.
    Inner,
    /// The same, and the left row with nulls when there is none.
    Left,
    /// The left row if there is one.
    Semi,
    /// The left row if there is none.
    Anti,
    /// The left row, and in this column whether there is one.
    Mark(Id),
    /// The left row and, as `out`, the right side's column `value` of its one row, null if there is none; more than one row is
    /// an error (a scalar subquery).
    Single { value: Id, out: Id },
}

/// One operand of the top AND of a condition.
#[derive(Clone, Debug)]
pub(super) struct Conjunct {
    /// The whole condition.
    pub(super) condition: Scalar,
    /// When it is an equality: both sides in one type.
    pub(super) equality: Option<Equality>,
}

/// `left = right`, in one type.
#[derive(Clone, Debug)]
pub(super) struct Equality {
    pub(super) left: Scalar,
    pub(super) right: Scalar,
    pub(super) sql_type: SqlType,
    /// `IS NOT DISTINCT FROM`
    pub(super) null_safe: bool,
}

impl Conjunct {
    /// A condition that is no equality.
    pub(super) fn plain(condition: Scalar) -> Self {
        Self { condition, equality: None }
    }

    /// The same over other columns.
    pub(super) fn replaced(&self, columns: &dyn Fn(usize) -> Scalar) -> Self {
        Self {
            condition: replaced(&self.condition, columns),
            equality: self.equality.as_ref().map(|equality| Equality {
                left: replaced(&equality.left, columns),
                right: replaced(&equality.right, columns),
                ..equality.clone()
            }),
        }
    }
}

/// The nodes below a node, by reference or by `mut` reference.
macro_rules! inputs {
    ($node:expr, $iter:ident $(, $mutable:tt)?) => {
        match $node {
            Node::Scan { .. } | Node::Values { .. } | Node::Round { .. } => Vec::new(),
            Node::Map { input, .. }
            | Node::Filter { input, .. }
            | Node::Aggregate { input, .. }
            | Node::Distinct { input, .. }
            | Node::Expand { input, .. }
            | Node::Flatten { input, .. }
            | Node::TopN { input, .. }
            | Node::Window { input, .. } => vec![input],
            Node::Join { left, right, .. } | Node::Apply { left, right, .. } => vec![left, right],
            Node::UnionAll { inputs, .. } => inputs.$iter().map(|(node, _)| node).collect(),
            Node::SetOperation { left, right, .. } => vec![&$($mutable)? left.0, &$($mutable)? right.0],
            Node::Recursion { base, step, .. } => vec![&$($mutable)? base.0, &$($mutable)? step.0],
        }
    };
}

impl Node {
    /// One row without columns.
    pub(super) fn one_row() -> Self {
        Self::Values { rows: vec![Vec::new()], columns: Vec::new() }
    }

    /// With computed columns, when there are any.
    pub(super) fn mapped(self, computed: Vec<(Id, Scalar)>) -> Self {
        if computed.is_empty() { self } else { Self::Map { input: Box::new(self), computed } }
    }

    /// Filtered, when there is a condition.
    pub(super) fn filtered(self, conjuncts: Vec<Conjunct>) -> Self {
        if conjuncts.is_empty() { self } else { Self::Filter { input: Box::new(self), conjuncts } }
    }

    /// The columns of its rows.
    pub(super) fn outputs(&self) -> Vec<Id> {
        match self {
            Self::Scan { columns, .. }
            | Self::Values { columns, .. }
            | Self::Distinct { columns, .. }
            | Self::UnionAll { columns, .. }
            | Self::SetOperation { columns, .. }
            | Self::Recursion { columns, .. }
            | Self::Round { columns, .. } => columns.clone(),
            Self::Filter { input, .. } | Self::TopN { input, .. } => input.outputs(),
            Self::Map { input, computed } => with(input, computed.iter().map(|(id, _)| *id)),
            Self::Expand { input, columns, .. } => with(input, columns.iter().copied()),
            Self::Window { input, calls, .. } => with(input, calls.iter().map(|(id, _)| *id)),
            Self::Flatten { input, calls, ordinality, .. } => {
                let made = calls.iter().flat_map(|(_, ids)| ids.iter().copied());
                with(input, made.chain(*ordinality))
            }
            Self::Aggregate { group, calls, .. } => {
                group.iter().copied().chain(calls.iter().map(|(id, _)| *id)).collect()
            }
            Self::Join { left, right, kind, mark, .. } => match kind {
                JoinKind::Inner | JoinKind::Left => with(left, right.outputs().into_iter()),
                JoinKind::Semi | JoinKind::Anti | JoinKind::Mark => with(left, mark.iter().copied()),
            },
            Self::Apply { left, right, kind, .. } => match kind {
                ApplyKind::Inner | ApplyKind::Left => with(left, right.outputs().into_iter()),
                ApplyKind::Semi | ApplyKind::Anti => left.outputs(),
                ApplyKind::Mark(id) | ApplyKind::Single { out: id, .. } => with(left, [*id].into_iter()),
            },
        }
    }

    /// The nodes below.
    pub(super) fn inputs(&self) -> Vec<&Node> {
        inputs!(self, iter)
    }

    /// The nodes below, to be changed.
    pub(super) fn inputs_mut(&mut self) -> Vec<&mut Node> {
        inputs!(self, iter_mut, mut)
    }

    /// Number of nodes.
    pub(super) fn size(&self) -> usize {
        1 + self.inputs().into_iter().map(Node::size).sum::<usize>()
    }

    /// Columns that are made in it, at any depth.
    pub(super) fn made(&self, found: &mut BTreeSet<Id>) {
        match self {
            Self::Scan { columns, .. }
            | Self::Values { columns, .. }
            | Self::UnionAll { columns, .. }
            | Self::SetOperation { columns, .. }
            | Self::Expand { columns, .. }
            | Self::Recursion { columns, .. }
            | Self::Round { columns, .. } => found.extend(columns),
            Self::Map { computed, .. } => found.extend(computed.iter().map(|(id, _)| *id)),
            Self::Aggregate { calls, .. } => found.extend(calls.iter().map(|(id, _)| *id)),
            Self::Window { calls, .. } => found.extend(calls.iter().map(|(id, _)| *id)),
            Self::Flatten { calls, ordinality, .. } => {
                found.extend(calls.iter().flat_map(|(_, ids)| ids));
                found.extend(ordinality);
            }
            Self::Join { mark, .. } => found.extend(mark),
            Self::Apply { kind: ApplyKind::Mark(id) | ApplyKind::Single { out: id, .. }, .. } => {
                found.insert(*id);
            }
            Self::Apply { .. } | Self::Filter { .. } | Self::Distinct { .. } | Self::TopN { .. } => {}
        }
        self.inputs().into_iter().for_each(|input| input.made(found));
    }
}

fn with(input: &Node, more: impl Iterator<Item = Id>) -> Vec<Id> {
    input.outputs().into_iter().chain(more).collect()
}
