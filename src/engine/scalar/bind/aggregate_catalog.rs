//! Names and overloads of aggregates.

use std::sync::OnceLock;

use tailwater_connectors::{SqlType, Value};

use super::call::types_of;
use super::failure::{BindError, Typed, type_list};
use super::resolve::{Unresolved, resolve};
use crate::engine::plan::AggregateFunction;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::coerce::bare;
use crate::engine::scalar::expression::RowError;

const HINT: &str = "no function matches the given name and argument types; you might need to add explicit type casts";

/// Every name, by which function it is kept.
const NAMES: [(&str, AggregateFunction); 38] = {
    use AggregateFunction::{
        ArrayAgg, Avg, BitAnd, BitOr, BitXor, BoolAnd, BoolOr, Corr, Count, CovarPop, CovarSamp, JsonAgg,
        JsonObjectAgg, JsonbAgg, JsonbObjectAgg, Max, Min, Mode, PercentileCont, PercentileDisc, RegrAvgx, RegrAvgy,
        RegrCount, RegrIntercept, RegrR2, RegrSlope, RegrSxx, RegrSxy, RegrSyy, StddevPop, StddevSamp, StringAgg, Sum,
        VarPop, VarSamp,
    };
    [
        ("count", Count),
        ("sum", Sum),
        ("avg", Avg),
        ("min", Min),
        ("max", Max),
        ("bool_and", BoolAnd),
        ("bool_or", BoolOr),
        ("every", BoolAnd),
        ("bit_and", BitAnd),
        ("bit_or", BitOr),
        ("bit_xor", BitXor),
        ("stddev", StddevSamp),
        ("stddev_pop", StddevPop),
        ("stddev_samp", StddevSamp),
        ("variance", VarSamp),
        ("var_pop", VarPop),
        ("var_samp", VarSamp),
        ("covar_pop", CovarPop),
        ("covar_samp", CovarSamp),
        ("corr", Corr),
        ("regr_count", RegrCount),
        ("regr_avgx", RegrAvgx),
        ("regr_avgy", RegrAvgy),
        ("regr_sxx", RegrSxx),
        ("regr_syy", RegrSyy),
        ("regr_sxy", RegrSxy),
        ("regr_slope", RegrSlope),
        ("regr_intercept", RegrIntercept),
        ("regr_r2", RegrR2),
        ("array_agg", ArrayAgg),
        ("string_agg", StringAgg),
        ("json_agg", JsonAgg),
        ("jsonb_agg", JsonbAgg),
        ("json_object_agg", JsonObjectAgg),
        ("jsonb_object_agg", JsonbObjectAgg),
        ("percentile_cont", PercentileCont),
        ("percentile_disc", PercentileDisc),
        ("mode", Mode),
    ]
};

/// The function of this lower-case name.
pub(super) fn named(name: &str) -> Option<AggregateFunction> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

/// A call's argument types and result type.
pub(super) struct Signature {
    pub(super) arguments: Vec<SqlType>,
    pub(super) result: SqlType,
}

/// The overload that the arguments choose.
pub(super) fn overload(name: &str, function: AggregateFunction, arguments: &[Typed]) -> Result<Signature, BindError> {
    let types = types_of(arguments);
    let missing = || BindError::with_hint(format!("function {name}({}) does not exist", type_list(&types)), HINT);
    match (function, &types[..]) {
        (AggregateFunction::Min | AggregateFunction::Max, [argument]) => {
            let argument = if *argument == SqlType::Unknown { &SqlType::Text } else { argument };
            let result = extremum(argument).ok_or_else(missing)?;
            Ok(Signature { arguments: vec![result.clone()], result })
        }
        (AggregateFunction::ArrayAgg, [argument]) => Ok(array_agg(argument)),
        _ => match resolve(catalog().overloads(name), &types) {
            Ok(found) => Ok(Signature { arguments: found.arguments, result: found.result }),
            Err(Unresolved::Missing) => Err(missing()),
            Err(Unresolved::Ambiguous) => Err(BindError::with_hint(
                format!("function {name}({}) is not unique", type_list(&types)),
                "could not choose a best candidate function; you might need to add explicit type casts",
            )),
        },
    }
}

/// Signatures; the bodies are never called.
fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let mut catalog = Catalog::default();
        let mut add = |name: &str, rest: &str| catalog.strict(&format!("{name}{rest}"), no_body);
        add("count", "(any) int8");
        for rest in ["(int2) int8", "(int4) int8", "(int8) numeric", "(numeric) numeric", "(float4) float4"] {
            add("sum", rest);
        }
        for rest in ["(int2) numeric", "(int4) numeric", "(int8) numeric", "(numeric) numeric", "(float4) float8"] {
            for name in ["avg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"] {
                add(name, rest);
            }
        }
        for name in ["sum", "avg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"] {
            add(name, "(float8) float8");
        }
        for name in ["sum", "avg"] {
            add(name, "(interval) interval");
        }
        for name in ["bool_and", "bool_or", "every"] {
            add(name, "(bool) bool");
        }
        for name in ["bit_and", "bit_or", "bit_xor"] {
            ["int2", "int4", "int8"].iter().for_each(|int| add(name, &format!("({int}) {int}")));
        }
        for (name, function) in NAMES.iter().filter(|(_, function)| function.takes_pairs()) {
            let result = if *function == AggregateFunction::RegrCount { "int8" } else { "float8" };
            add(name, &format!("(float8,float8) {result}"));
        }
        for rest in ["(text,text) text", "(bytea,bytea) bytea"] {
            add("string_agg", rest);
        }
        for (name, result) in [("json", "json"), ("jsonb", "jsonb")] {
            add(&format!("{name}_agg"), &format!("(any) {result}"));
            add(&format!("{name}_object_agg"), &format!("(any,any) {result}"));
        }
        catalog
    })
}

fn no_body(_: &[Value]) -> Result<Value, RowError> {
    Err(RowError::new("XX000", "an aggregate was called as a function"))
}

/// Arrays become arrays of one more dimension.
fn array_agg(argument: &SqlType) -> Signature {
    let argument = if *argument == SqlType::Unknown { SqlType::Text } else { bare(argument) };
    let result = match &argument {
        SqlType::Array(_) => argument.clone(),
        element => SqlType::Array(Box::new(element.clone())),
    };
    Signature { arguments: vec![argument], result }
}

/// Ordered types have the operator `<`; these have it, but no `min` in Postgres 15.
fn extremum(argument: &SqlType) -> Option<SqlType> {
    match argument {
        SqlType::Bool | SqlType::Uuid | SqlType::Jsonb | SqlType::Bytea => None,
        SqlType::Array(_) | SqlType::Enum(_) => Some(argument.clone()),
        _ => is_ordered(argument).then(|| bare(argument)),
    }
}

/// Whether values of a type can be ordered.
pub(super) fn is_ordered(sql_type: &SqlType) -> bool {
    has_operator("<", sql_type)
}

/// Whether values of a type can be held equal.
pub(super) fn has_equality(sql_type: &SqlType) -> bool {
    has_operator("=", sql_type)
}

fn has_operator(symbol: &str, sql_type: &SqlType) -> bool {
    let pair = [bare(sql_type), bare(sql_type)];
    resolve(Catalog::builtin().overloads(symbol), &pair).is_ok_and(|found| found.arguments == pair)
}
