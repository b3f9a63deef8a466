//! Aggregates as written → calls.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    OrderByExpr,
};
use tailwater_connectors::SqlType;

use super::super::error::{Code, Refusal, Result};
use super::super::place::place_of;
use super::binder::{Binder, type_refusal};
use super::collect::{aggregates, name_of};
use super::level::Clause;
use super::text_order::{TextOrder, first_place};
use crate::engine::plan::{AggregateCall, AggregateFunction, RECORD, SortKey};
use crate::engine::scalar::bind::{self, Derivation, Typed, WrittenAggregate};

/// Arguments as written.
pub(super) struct Arguments<'e> {
    pub(super) expressions: Vec<&'e Expr>,
    pub(super) distinct: bool,
    pub(super) star: bool,
    pub(super) order: &'e [OrderByExpr],
}

impl Binder<'_> {
    /// A call of an aggregate over the rows of the level, and the collation of its result.
    pub(super) fn aggregate(&mut self, function: &Function) -> Result<(AggregateCall, Derivation)> {
        let name = name_of(function).unwrap_or_default();
        let place = place_of(&function.name);
        let arguments = arguments_of(function)?;
        let inside = arguments.expressions.iter().copied().chain(function.filter.as_deref());
        if self.clause() == Clause::Aggregate && !aggregates(inside).is_empty() {
            return Err(Refusal::new(Code::Grouping, "aggregate function calls cannot be nested")
                .at(place)
                .hint("aggregate the inner one in a derived table"));
        }
        let typed = self.arguments(&name, &arguments)?;
        let filter = match &function.filter {
            Some(filter) => Some(self.condition(filter)?),
            None => None,
        };
        let within_group = !function.within_group.is_empty();
        let written = if within_group { &function.within_group[..] } else { arguments.order };
        let ordered = self.ordered_by(written)?;
        let sorted = if within_group { ordered.iter().map(|(typed, _)| typed).collect() } else { Vec::new() };
        let inputs: Vec<Typed> = typed.iter().chain(sorted).cloned().collect();
        if arguments.distinct {
            self.comparable(&typed, place)?;
        }
        if within_group && ordered.iter().any(|(_, keys)| keys.len() > 1) {
            let message = format!("{name} of text is kept in the order of bytes only");
            return Err(Refusal::new(Code::Collation, message)
                .at(place)
                .hint("write COLLATE \"C\" behind the operand"));
        }
        let extremum = self.extremum_order(&name, &typed, &arguments.expressions)?;
        let order = ordered.into_iter().flat_map(|(_, keys)| keys).collect();
        let call = WrittenAggregate {
            name,
            arguments: typed,
            star: arguments.star,
            distinct: arguments.distinct,
            filter,
            order,
            within_group,
        };
        let mut call = bind::aggregate_call(call).map_err(|error| type_refusal(error).at(place))?;
        if call.function == AggregateFunction::JsonAgg && self.is_row(arguments.expressions[0]) {
            call.argument_types[0] = SqlType::Other(RECORD.into());
        }
        self.take_order_of_rows(&mut call);
        call.order.extend(extremum);
        let collation = Derivation::of_result(&call.result_type, &inputs);
        Ok((call, collation))
    }

    /// min and max of text go by its collation.
    fn extremum_order(&self, name: &str, typed: &[Typed], written: &[&Expr]) -> Result<Vec<SortKey>> {
        if !matches!(name, "min" | "max") {
            return Ok(Vec::new());
        }
        match (self.text_order(typed, first_place(written))?, typed, written) {
            (TextOrder::Icu(_), [typed], [written]) => {
                let direction = super::order::Direction { descending: false, nulls_first: false };
                self.sort_keys(typed.clone(), written, direction)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// An aggregate that depends on the order of its rows takes that of the derived table it reads.
    fn take_order_of_rows(&self, call: &mut AggregateCall) {
        use AggregateFunction::{ArrayAgg, JsonAgg, JsonObjectAgg, JsonbAgg, JsonbObjectAgg, StringAgg};
        let ordered =
            matches!(call.function, ArrayAgg | StringAgg | JsonAgg | JsonbAgg | JsonObjectAgg | JsonbObjectAgg);
        if let Some(level) = self.levels.last().filter(|_| ordered && call.order.is_empty() && !call.distinct) {
            call.order.clone_from(&level.order.keys);
        }
    }
}

/// The arguments of a call, DISTINCT, ORDER BY, and whether it is `(*)`.
pub(super) fn arguments_of(function: &Function) -> Result<Arguments<'_>> {
    let place = place_of(&function.name);
    let unsupported = |what: &str| {
        Refusal::new(Code::Unsupported, format!("{what} in the call of {} is not kept", function.name)).at(place)
    };
    let mut found = Arguments { expressions: Vec::new(), distinct: false, star: false, order: &[] };
    let list = match &function.args {
        FunctionArguments::None => return Ok(found),
        FunctionArguments::List(list) => list,
        FunctionArguments::Subquery(_) => return Err(unsupported("a subquery without its own parentheses")),
    };
    found.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::OrderBy(order) => found.order = order,
            _ => return Err(unsupported("a clause")),
        }
    }
    if function.null_treatment.is_some() {
        return Err(unsupported("IGNORE NULLS"));
    }
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if list.args.len() == 1 => found.star = true,
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => found.expressions.push(expression),
            FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(_)) => {
                return Err(unsupported("table.*").hint("write the table's name alone"));
            }
            FunctionArg::Named { arg: FunctionArgExpr::Expr(expression), .. }
            | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(expression), .. } => {
                return Err(Refusal::new(Code::Unsupported, "arguments by name are not kept")
                    .at(place_of(expression))
                    .hint("write them by position"));
            }
            _ => return Err(unsupported("an argument")),
        }
    }
    Ok(found)
}
