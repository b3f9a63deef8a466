//! The incremental plan of a view: what `sql` makes and the operators run.
//!
//! Every node's output is a multiset of rows with known column types. Columns are referred to by position in the
//! input's output; a join's output is the concatenation of its inputs' columns in order.

use smol_str::SmolStr;
use tailwater_connectors::{Column, SqlType, TableName};

use super::scalar::Scalar;

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
        rows: Vec<tailwater_connectors::Row>,
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
}

/// How a join input joins what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Rows that match.
    Inner,
    /// Rows before it stay; without a match its columns are null.
    Left,
}

/// One input of a join.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinInput {
    /// Its rows.
    pub plan: Plan,
    /// How it joins.
    pub kind: JoinKind,
    /// Equalities `(column of the concatenation before it, column of this input)`; both have one type; null equals
    /// nothing. May be empty (cross join).
    pub keys: Vec<(usize, usize)>,
    /// The rest of the ON condition over the concatenation with this input appended.
    pub residual: Option<Scalar>,
}

/// Aggregate functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// `count(*)` when there is no argument, else non-null values.
    Count,
    /// Sum, with Postgres' result type.
    Sum,
    /// Average, with Postgres' result type.
    Avg,
    /// Least.
    Min,
    /// Greatest.
    Max,
}

/// One aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    /// Function.
    pub function: AggregateFunction,
    /// Argument over the input's columns; none for `count(*)`.
    pub argument: Option<Scalar>,
    /// Type of the argument (`Unknown` without one).
    pub argument_type: SqlType,
    /// Only distinct values.
    pub distinct: bool,
    /// FILTER (WHERE …): boolean over the input's columns.
    pub filter: Option<Scalar>,
    /// Result type.
    pub result_type: SqlType,
}

/// A view, planned.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewPlan {
    /// Name in the configuration.
    pub name: SmolStr,
    /// Root of the plan.
    pub plan: Plan,
    /// Output columns, in the plan's column order.
    pub columns: Vec<Column>,
    /// Key as positions in `columns`. Empty: at most one row.
    pub key: Vec<usize>,
}

impl Plan {
    /// Names of the relations that this node and those below it read, in order of appearance, with repeats.
    pub fn relations(&self, names: &mut Vec<RelationName>) {
        match self {
            Self::Scan { relation, .. } => names.push(relation.clone()),
            Self::Values { .. } => {}
            Self::Project { input, .. }
            | Self::Filter { input, .. }
            | Self::Aggregate { input, .. }
            | Self::Distinct { input } => input.relations(names),
            Self::Join { inputs } => inputs.iter().for_each(|input| input.plan.relations(names)),
            Self::UnionAll { inputs } => inputs.iter().for_each(|input| input.relations(names)),
        }
    }
}
