//! Function calls: aggregates, scalar functions, and those that cannot be kept.

use datafusion_sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
};

use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::parts;
use super::super::stub::{Written, WrittenAggregate};
use super::expression::function_call;
use super::query::Rewriter;
use crate::engine::plan::AggregateFunction;

/// Functions whose value changes by itself.
const VOLATILE: &[&str] = &[
    "clock_timestamp",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_setting",
    "current_time",
    "current_timestamp",
    "current_user",
    "currval",
    "gen_random_uuid",
    "lastval",
    "localtime",
    "localtimestamp",
    "nextval",
    "now",
    "pg_current_wal_lsn",
    "random",
    "session_user",
    "setseed",
    "setval",
    "statement_timestamp",
    "timeofday",
    "transaction_timestamp",
    "txid_current",
    "user",
    "uuid_generate_v1",
    "uuid_generate_v4",
];

/// Functions that answer several rows.
const SET_RETURNING: &[&str] = &[
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "json_object_keys",
    "json_populate_recordset",
    "json_to_recordset",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "jsonb_populate_recordset",
    "jsonb_to_recordset",
    "regexp_matches",
    "regexp_split_to_table",
    "string_to_table",
    "unnest",
];

/// Aggregates of Postgres that are not kept.
const OTHER_AGGREGATES: &[&str] = &[
    "any_value",
    "array_agg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "covar_pop",
    "covar_samp",
    "every",
    "grouping",
    "json_agg",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_object_agg",
    "mode",
    "percentile_cont",
    "percentile_disc",
    "range_agg",
    "regr_count",
    "regr_slope",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "var_pop",
    "var_samp",
    "variance",
    "xmlagg",
];

/// Functions that only make sense with OVER.
const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

impl Rewriter<'_> {
    /// A call, refused when it cannot be kept.
    pub(super) fn function(&mut self, function: Function, place: Option<Place>) -> Result<Expr> {
        let name = function_name(&function, place)?;
        if function.over.is_some() || WINDOW.contains(&name.as_str()) {
            return Err(Refusal::new(Code::Window, format!("window function {name} is not kept"))
                .at(place)
                .hint("aggregate with GROUP BY in a derived table and join it"));
        }
        refuse_by_name(&name, place)?;
        if !function.within_group.is_empty() || function.null_treatment.is_some() {
            return Err(Refusal::new(Code::Aggregate, format!("{name} is not kept this way")).at(place));
        }
        let (arguments, duplicates, star) = arguments(function.args, &name, place)?;
        let aggregate = match name.as_str() {
            "count" => Some(AggregateFunction::Count),
            "sum" => Some(AggregateFunction::Sum),
            "avg" => Some(AggregateFunction::Avg),
            "min" => Some(AggregateFunction::Min),
            "max" => Some(AggregateFunction::Max),
            _ => None,
        };
        let count = arguments.len();
        let arguments = arguments.into_iter().map(|argument| self.expression(argument)).collect::<Result<Vec<_>>>()?;
        let Some(aggregate) = aggregate else {
            if duplicates.is_some() || function.filter.is_some() || star {
                let message = format!("{name} is not an aggregate");
                return Err(Refusal::new(Code::Types, message).at(place));
            }
            return Ok(self.call(Written::Call(name), place, arguments));
        };
        if count != usize::from(!star) || (star && aggregate != AggregateFunction::Count) {
            let message = format!("{name} takes one argument");
            return Err(Refusal::new(Code::Types, message).at(place));
        }
        if star && duplicates.is_some() {
            return Err(Refusal::new(Code::Types, "DISTINCT needs an argument").at(place));
        }
        let filter = function.filter.map(|filter| self.expression(*filter)).transpose()?.map(Box::new);
        let stub = self.stubs.aggregate(WrittenAggregate { function: aggregate }, place);
        Ok(function_call(stub, arguments, duplicates, filter))
    }
}

fn function_name(function: &Function, place: Option<Place>) -> Result<String> {
    match parts(&function.name).as_deref() {
        Some([name]) => Ok(name.clone()),
        Some([schema, name]) if schema == "pg_catalog" => Ok(name.clone()),
        _ => Err(Refusal::new(Code::Types, format!("function {} does not exist", function.name))
            .at(place)
            .hint("functions of your own database are not kept: store their result in a column")),
    }
}

fn refuse_by_name(name: &str, place: Option<Place>) -> Result<()> {
    if VOLATILE.contains(&name) {
        return Err(Refusal::new(Code::Volatile, format!("{name} changes without a change of a row"))
            .at(place)
            .hint("store the value in a column, or compare with the time where the view is read"));
    }
    if SET_RETURNING.contains(&name) {
        return Err(Refusal::new(Code::SetReturning, format!("{name} answers several rows, which is not kept"))
            .at(place)
            .hint("keep the elements in a table of their own"));
    }
    if OTHER_AGGREGATES.contains(&name) {
        return Err(Refusal::new(Code::Aggregate, format!("aggregate {name} is not kept"))
            .at(place)
            .hint("count, sum, avg, min and max are; bool_or(x) is count(*) FILTER (WHERE x) > 0"));
    }
    Ok(())
}

type Arguments = (Vec<Expr>, Option<DuplicateTreatment>, bool);

/// Arguments, DISTINCT, and whether it is `(*)`.
fn arguments(arguments: FunctionArguments, name: &str, place: Option<Place>) -> Result<Arguments> {
    let FunctionArgumentList { duplicate_treatment, args, clauses } = match arguments {
        FunctionArguments::None => return Ok((Vec::new(), None, false)),
        FunctionArguments::List(list) => list,
        FunctionArguments::Subquery(_) => {
            return Err(Refusal::new(Code::Subquery, "a subquery as an argument is not kept").at(place));
        }
    };
    if !clauses.is_empty() {
        let message = format!("clauses inside the call of {name} are not kept");
        return Err(Refusal::new(Code::Aggregate, message).at(place));
    }
    let distinct = duplicate_treatment.filter(|treatment| *treatment == DuplicateTreatment::Distinct);
    if let [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] = args.as_slice() {
        return Ok((Vec::new(), distinct, true));
    }
    let plain = args.into_iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(expression),
        _ => Err(Refusal::new(Code::Unsupported, format!("arguments of {name} must be plain expressions")).at(place)),
    });
    Ok((plain.collect::<Result<_>>()?, distinct, false))
}
