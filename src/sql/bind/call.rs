//! Function calls: windows, aggregates, set-returning and scalar functions, and those that cannot be kept.

use sqlparser::ast::{Expr, Function, FunctionArguments};

use super::super::error::{Code, Place, Refusal, Result};
use super::aggregate::arguments_of;
use super::binder::{Binder, type_refusal};
use super::collect::name_of;
use super::text_order::{TextOrder, first_place};
use crate::engine::scalar::bind::{self, Typed};

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

/// Aggregates of Postgres that are not kept.
const OTHER_AGGREGATES: &[&str] =
    &["any_value", "range_agg", "range_intersect_agg", "xmlagg", "json_arrayagg", "json_objectagg"];

impl Binder<'_> {
    /// A call, refused when it cannot be kept.
    pub(super) fn function(&mut self, function: &Function, place: Option<Place>) -> Result<Typed> {
        let Some(name) = name_of(function) else {
            return Err(Refusal::new(Code::Types, format!("function {} does not exist", function.name))
                .hint("functions of your own database are not kept: store their result in a column"));
        };
        refuse_by_name(&name)?;
        if name == "array"
            && let FunctionArguments::Subquery(query) = &function.args
        {
            return self.array_subquery(query, place);
        }
        if function.over.is_some() || bind::is_window_function(&name) {
            return self.window(function);
        }
        if name == "grouping" {
            let arguments = arguments_of(function)?;
            return self.grouping_call(&arguments.expressions);
        }
        if bind::is_aggregate(&name) {
            return Err(self.refuse_aggregate(&name));
        }
        if bind::is_table_function(&name) {
            return self.projected_set(&name, function, place);
        }
        self.scalar_function(&name, function)
    }

    fn scalar_function(&mut self, name: &str, function: &Function) -> Result<Typed> {
        let arguments = arguments_of(function)?;
        if arguments.distinct || function.filter.is_some() || arguments.star || !arguments.order.is_empty() {
            return Err(Refusal::new(Code::Types, format!("{name} is not an aggregate")));
        }
        if name == "row_to_json" && arguments.expressions.len() == 1 {
            return self.document(name, arguments.expressions[0], false);
        }
        let written = &arguments.expressions;
        if let ("normalize", [text, Expr::Identifier(form)]) = (name, &written[..]) {
            let arguments = vec![self.expression(text)?, bind::literal_text(&form.value)];
            return bind::function(name, arguments).map_err(type_refusal);
        }
        let typed = self.arguments(name, &arguments)?;
        let place = first_place(written);
        match name {
            "greatest" | "least" => {
                if let TextOrder::Icu(collation) = self.text_order(&typed, place)? {
                    return self.collated_extremum(name, (&collation, typed), place);
                }
            }
            "nullif" => self.comparable(&typed, place)?,
            other => self.refuse_comparing(other, &typed, place)?,
        }
        let bound = bind::function(name, typed.clone()).map_err(type_refusal)?;
        self.with_letters(bound, &typed, place)
    }

    /// Arguments; those of functions that make documents may be whole rows.
    pub(super) fn arguments(&mut self, name: &str, arguments: &super::aggregate::Arguments<'_>) -> Result<Vec<Typed>> {
        let binary = match name {
            "to_json" | "json_agg" | "json_build_object" | "json_build_array" | "json_object_agg" => Some(false),
            "to_jsonb" | "jsonb_agg" | "jsonb_build_object" | "jsonb_build_array" | "jsonb_object_agg" => Some(true),
            _ => None,
        };
        let mut typed = Vec::new();
        for written in &arguments.expressions {
            typed.push(match binary {
                Some(binary) if self.is_row(written) => self.document(name, written, binary)?,
                _ => self.argument(name, written)?,
            });
        }
        Ok(typed)
    }

    fn argument(&mut self, name: &str, written: &Expr) -> Result<Typed> {
        // count(t) counts the rows of t that are there.
        if name == "count" && self.is_row(written) {
            return self.presence(written);
        }
        self.expression(written)
    }
}

fn refuse_by_name(name: &str) -> Result<()> {
    if VOLATILE.contains(&name) {
        return Err(Refusal::new(Code::Volatile, format!("{name} changes without a change of a row"))
            .hint("store the value in a column, or compare with the time where the view is read"));
    }
    if OTHER_AGGREGATES.contains(&name) {
        return Err(Refusal::new(Code::Aggregate, format!("aggregate {name} is not kept"))
            .hint("min, max, array_agg and json_agg are"));
    }
    Ok(())
}
