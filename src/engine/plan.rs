//! The incremental plan of a view: what `sql` makes and the operators run.
//!
//! Every node's output is a multiset of rows with known column types. Columns are referred to by position in the
//! input's output; a join's output is the concatenation of its inputs' columns in order.

use smol_str::SmolStr;
use tailwater_connectors::{Column, Row, SqlType, TableName, Value};

use super::scalar::{Scalar, TableFunction};

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

/// Window functions.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowFunction {
    /// `row_number()`
    RowNumber,
    /// `rank()`
    Rank,
    /// `dense_rank()`
    DenseRank,
    /// `percent_rank()`
    PercentRank,
    /// `cume_dist()`
    CumeDist,
    /// `ntile(n)`; one argument.
    Ntile,
    /// `lag(value, offset, default)`; all three arguments are given, of them `value` and `default` have the result's type.
    Lag,
    /// `lead(value, offset, default)`, as `Lag`.
    Lead,
    /// `first_value(value)`
    FirstValue,
    /// `last_value(value)`
    LastValue,
    /// `nth_value(value, n)`
    NthValue,
    /// An aggregate over the frame; arguments and filter are in the call.
    Aggregate(AggregateCall),
}

/// One call of a window function.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    /// Function.
    pub function: WindowFunction,
    /// Arguments over the input's columns; none for aggregates, which hold their own.
    pub arguments: Vec<Scalar>,
    /// Types of the arguments.
    pub argument_types: Vec<SqlType>,
    /// The frame; of no meaning to functions that look at the partition.
    pub frame: Frame,
    /// Result type.
    pub result_type: SqlType,
}

/// A window frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What the offsets of the bounds count.
    pub units: FrameUnits,
    /// Where it begins.
    pub start: FrameBound,
    /// Where it ends.
    pub end: FrameBound,
    /// What is left out of it.
    pub exclusion: FrameExclusion,
}

/// What the offsets of frame bounds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameUnits {
    /// Rows.
    Rows,
    /// Distance of the values of the one sort key.
    Range,
    /// Groups of rows that are equal in the order.
    Groups,
}

/// One end of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameBound {
    /// The partition's first row.
    UnboundedPreceding,
    /// So many rows or groups before the current one. ROWS and GROUPS only.
    Preceding(u64),
    /// The current row (ROWS), else its first or last peer.
    CurrentRow,
    /// So many rows or groups after the current one. ROWS and GROUPS only.
    Following(u64),
    /// RANGE only: rows whose sort key is not beyond this value, computed from the current row (`key - offset` for PRECEDING
    /// in an ascending order), in the sort key's type. Where the current row's key is null the bound is its peers.
    RangeLimit(Scalar),
    /// The partition's last row.
    UnboundedFollowing,
}

/// EXCLUDE of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameExclusion {
    /// NO OTHERS
    Nothing,
    /// CURRENT ROW
    CurrentRow,
    /// GROUP: the current row and its peers.
    Group,
    /// TIES: the peers without the current row.
    Ties,
}

/// How a join input joins what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Rows that match.
    Inner,
    /// Rows before it stay; without a match its columns are null.
    Left,
    /// Rows before it stay, as often as they are, if they have a match; it adds no columns to the concatenation.
    Semi,
    /// Rows before it stay if they have no match; it adds no columns.
    Anti,
    /// Rows before it stay; it adds one boolean column that says whether they have a match.
    Mark,
}

/// One equality of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinKey {
    /// Column of the concatenation before the input.
    pub before: usize,
    /// Column of the input; of the same type.
    pub own: usize,
    /// `IS NOT DISTINCT FROM`: null matches null. Else null matches nothing.
    pub null_safe: bool,
}

/// One input of a join.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinInput {
    /// Its rows.
    pub plan: Plan,
    /// How it joins.
    pub kind: JoinKind,
    /// Equalities. May be empty (cross join).
    pub keys: Vec<JoinKey>,
    /// The rest of the ON condition over the concatenation with this input appended (also with `Semi`, `Anti` and `Mark`, whose
    /// columns then leave the concatenation again).
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
    /// `bool_and`, `every`
    BoolAnd,
    /// `bool_or`
    BoolOr,
    /// `bit_and`
    BitAnd,
    /// `bit_or`
    BitOr,
    /// `bit_xor`
    BitXor,
    /// `stddev_pop`
    StddevPop,
    /// `stddev_samp`, `stddev`
    StddevSamp,
    /// `var_pop`
    VarPop,
    /// `var_samp`, `variance`
    VarSamp,
    /// `covar_pop(y, x)`
    CovarPop,
    /// `covar_samp(y, x)`
    CovarSamp,
    /// `corr(y, x)`
    Corr,
    /// `regr_count(y, x)`
    RegrCount,
    /// `regr_avgx(y, x)`
    RegrAvgx,
    /// `regr_avgy(y, x)`
    RegrAvgy,
    /// `regr_sxx(y, x)`
    RegrSxx,
    /// `regr_syy(y, x)`
    RegrSyy,
    /// `regr_sxy(y, x)`
    RegrSxy,
    /// `regr_slope(y, x)`
    RegrSlope,
    /// `regr_intercept(y, x)`
    RegrIntercept,
    /// `regr_r2(y, x)`
    RegrR2,
    /// `array_agg(value)`, nulls included
    ArrayAgg,
    /// `string_agg(value, delimiter)`, text and bytea
    StringAgg,
    /// `json_agg(value)`
    JsonAgg,
    /// `jsonb_agg(value)`
    JsonbAgg,
    /// `json_object_agg(key, value)`
    JsonObjectAgg,
    /// `jsonb_object_agg(key, value)`
    JsonbObjectAgg,
    /// `percentile_cont(fraction) WITHIN GROUP (ORDER BY value)`; the fraction, or an array of them, is `direct`
    PercentileCont,
    /// `percentile_disc(fraction) WITHIN GROUP (ORDER BY value)`
    PercentileDisc,
    /// `mode() WITHIN GROUP (ORDER BY value)`
    Mode,
    /// The one value of a scalar subquery: null over no rows, an error over several (SQLSTATE 21000).
    SingleValue,
}

/// One aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    /// Function.
    pub function: AggregateFunction,
    /// Arguments over the input's columns; none for `count(*)`. Ordered-set aggregates have the sort keys here, too.
    pub arguments: Vec<Scalar>,
    /// Types of the arguments.
    pub argument_types: Vec<SqlType>,
    /// Direct arguments of an ordered-set aggregate, constant.
    pub direct: Vec<Value>,
    /// Only distinct values.
    pub distinct: bool,
    /// ORDER BY inside, or of WITHIN GROUP. For `min` and `max` of text under a collation: the collation's sort key.
    pub order: Vec<SortKey>,
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
    /// What becomes of rows for which an expression has no value.
    pub row_errors: RowErrorPolicy,
}

/// What becomes of a row for which an expression has no value (division by zero, overflow, a cast that does not fit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RowErrorPolicy {
    /// The row is kept out of the view and named among its errors, until the row is mended.
    #[default]
    Quarantine,
    /// The expression is null.
    Null,
    /// The view stops.
    Stop,
}

/// Name of the type of an argument that is the JSON document of a whole row: `json_agg(t)`.
pub const RECORD: &str = "record";

impl AggregateCall {
    /// The first argument, if there is any.
    pub fn argument(&self) -> Option<&Scalar> {
        self.arguments.first()
    }

    /// Type of the first argument, `Unknown` without one.
    pub fn argument_type(&self) -> &SqlType {
        self.argument_types.first().unwrap_or(&SqlType::Unknown)
    }
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
