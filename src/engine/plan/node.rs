//! Nodes of the plan.

use smol_str::SmolStr;
use tailwater_connectors::{Row, SqlType, TableName};

use super::super::scalar::{Scalar, TableFunction};
use super::aggregate::AggregateCall;
use super::join::JoinInput;
use super::window::WindowCall;

/// Something that has stored rows under a key: a replicated table or another view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationName {
    /// A replicated table; its rows are the input table's.
    Table(TableName),
    /// Another view of the configuration; its rows are the view's.
    View(SmolStr),
}

/// A node of the plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// All rows of a relation, narrowed to `columns` (positions in the relation, in the order given).
    Scan {
        /// Which relation.
        relation: RelationName,
        /// The columns that are used; changes of others are dropped here.
        columns: Vec<usize>,
    },
    /// One row made from nothing: `SELECT 1`, `VALUES`.
    Values {
        /// Constant rows; evaluated by `sql`.
        rows: Vec<Row>,
        /// Types of the columns.
        types: Vec<SqlType>,
    },
    /// One expression per output column.
    Project {
        /// Input.
        input: Box<Plan>,
        /// Output columns over the input's columns.
        expressions: Vec<Scalar>,
        /// Types of the output columns.
        types: Vec<SqlType>,
    },
    /// Rows for which the predicate is true.
    Filter {
        /// Input.
        input: Box<Plan>,
        /// Boolean over the input's columns.
        predicate: Scalar,
    },
    /// A left-deep join: each input is joined to the concatenation of those before it. At least two inputs; the
    /// first has kind `Inner` and no keys.
    Join {
        /// Inputs in join order.
        inputs: Vec<JoinInput>,
    },
    /// Groups, `group` columns first, then one column per aggregate. With an empty `group` there is exactly one row, also over
    /// empty input.
    Aggregate {
        /// Input.
        input: Box<Plan>,
        /// Group columns over the input's columns; null is a group.
        group: Vec<Scalar>,
        /// Types of the group columns.
        group_types: Vec<SqlType>,
        /// Aggregates.
        aggregates: Vec<AggregateCall>,
    },
    /// Each distinct row once.
    Distinct {
        /// Input.
        input: Box<Plan>,
    },
    /// All rows of all inputs; same columns.
    UnionAll {
        /// Inputs.
        inputs: Vec<Plan>,
    },
    /// Each input row once per list of expressions: a union of projections of one input that is evaluated once.
    Expand {
        /// Input.
        input: Box<Plan>,
        /// Lists of output columns over the input's columns, all of one length.
        projections: Vec<Vec<Scalar>>,
        /// Types of the output columns.
        types: Vec<SqlType>,
    },
    /// Each input row once per row that its set-returning functions make of it; the functions run side by side, and a
    /// shorter one is filled up with nulls (`ROWS FROM`). The output is the input's columns, then those of each call, then the
    /// ordinality.
    Flatten {
        /// Input.
        input: Box<Plan>,
        /// The calls, at least one.
        calls: Vec<TableCall>,
        /// Whether a last column counts the rows from 1 (`WITH ORDINALITY`).
        ordinality: bool,
        /// Whether an input row without any stays once, with nulls (`LEFT JOIN LATERAL f(…) ON true`).
        keeps_empty: bool,
    },
    /// INTERSECT and EXCEPT; rows are equal as in GROUP BY (nulls are equal).
    SetOperation {
        /// The rows that are shown.
        left: Box<Plan>,
        /// The rows that they are held against; same columns.
        right: Box<Plan>,
        /// Which.
        operator: SetOperator,
        /// ALL: counts are kept, `min(l, r)` and `max(l - r, 0)` of each row.
        all: bool,
    },
    /// The first rows of each partition: ORDER BY … LIMIT, DISTINCT ON, `row_number() <= k`. Rows that the order does not tell
    /// apart are ordered by their whole encoded row, so that the choice depends on the rows alone.
    TopN {
        /// Input.
        input: Box<Plan>,
        /// Partition expressions; null is a partition. Empty: one partition.
        partition: Vec<Scalar>,
        /// Types of the partition expressions.
        partition_types: Vec<SqlType>,
        /// The order; may be empty.
        order: Vec<SortKey>,
        /// Rows passed over first.
        offset: u64,
        /// Rows taken then; `None` for all.
        limit: Option<u64>,
        /// FETCH … WITH TIES: rows that are equal in `order` to the last one taken are taken too.
        with_ties: bool,
    },
    /// Window functions over one partitioning and order: the input's columns, then one column per call.
    Window {
        /// Input.
        input: Box<Plan>,
        /// Partition expressions; null is a partition. Empty: one partition.
        partition: Vec<Scalar>,
        /// Types of the partition expressions.
        partition_types: Vec<SqlType>,
        /// The order. Rows that it does not tell apart are ordered by their whole encoded row.
        order: Vec<SortKey>,
        /// The calls.
        calls: Vec<WindowCall>,
    },
    /// WITH RECURSIVE: the rows of `base`, and the rows that `step` makes of the rows of the round before, until there are
    /// none. `step` reads that round through [`Plan::Round`] once, never below an aggregate, a window, a limit, the right
    /// side of a set operation or the side of an outer join that may be missing.
    Recursion {
        /// Tells nested recursions apart.
        id: usize,
        /// Rows of the first round.
        base: Box<Plan>,
        /// From the rows of one round to those of the next; same columns.
        step: Box<Plan>,
        /// UNION: a row that was there in an earlier round is not in a later one. Else UNION ALL.
        distinct: bool,
        /// Types of the columns.
        types: Vec<SqlType>,
    },
    /// Inside the `step` of the recursion `id`: the rows of the round before.
    Round {
        /// Of which recursion.
        id: usize,
        /// Types of the columns.
        types: Vec<SqlType>,
    },
}

/// INTERSECT or EXCEPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOperator {
    /// Rows that both have.
    Intersect,
    /// Rows that only the left has.
    Except,
}

/// One expression of an ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// Over the input's columns.
    pub expression: Scalar,
    /// Its type.
    pub sql_type: SqlType,
    /// DESC
    pub descending: bool,
    /// NULLS FIRST
    pub nulls_first: bool,
}

/// A call of a set-returning function.
#[derive(Clone, Debug, PartialEq)]
pub struct TableCall {
    /// Which, with its body.
    pub function: TableFunction,
    /// Over the input's columns.
    pub arguments: Vec<Scalar>,
    /// Types of the columns of its rows.
    pub types: Vec<SqlType>,
}

impl Plan {
    /// The nodes below this one.
    pub fn inputs(&self) -> Vec<&Plan> {
        match self {
            Self::Scan { .. } | Self::Values { .. } | Self::Round { .. } => Vec::new(),
            Self::Project { input, .. }
            | Self::Filter { input, .. }
            | Self::Aggregate { input, .. }
            | Self::Expand { input, .. }
            | Self::Flatten { input, .. }
            | Self::TopN { input, .. }
            | Self::Window { input, .. }
            | Self::Distinct { input } => vec![input],
            Self::Join { inputs } => inputs.iter().map(|input| &input.plan).collect(),
            Self::UnionAll { inputs } => inputs.iter().collect(),
            Self::SetOperation { left, right, .. } => vec![left, right],
            Self::Recursion { base, step, .. } => vec![base, step],
        }
    }

    /// Names of the relations that this node and those below it read, in order of appearance, with repeats.
    pub fn relations(&self, names: &mut Vec<RelationName>) {
        if let Self::Scan { relation, .. } = self {
            names.push(relation.clone());
        }
        self.inputs().into_iter().for_each(|input| input.relations(names));
    }
}
