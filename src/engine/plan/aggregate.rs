//! Aggregates.

use tailwater_connectors::{SqlType, Value};

use super::super::scalar::Scalar;
use super::node::SortKey;

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
