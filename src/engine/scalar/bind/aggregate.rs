//! Aggregates as written to aggregates as kept.

use tailwater_connectors::SqlType;

use super::aggregate_catalog::{Signature, has_equality, named, overload};
use super::casting::implicit;
use super::failure::{BindError, Typed};
use super::ordered_set::ordered_set;
use crate::engine::plan::{AggregateCall, AggregateFunction, SortKey};
use crate::engine::scalar::expression::Scalar;

/// An aggregate call as it stands in the text, its parts bound.
#[derive(Clone, Debug)]
pub struct WrittenAggregate {
    /// Name in lower case.
    pub name: String,
    /// Between the parentheses.
    pub arguments: Vec<Typed>,
    /// `count(*)`
    pub star: bool,
    /// DISTINCT
    pub distinct: bool,
    /// FILTER (WHERE …)
    pub filter: Option<Scalar>,
    /// ORDER BY inside the parentheses, or that of WITHIN GROUP.
    pub order: Vec<SortKey>,
    /// Whether `order` is that of WITHIN GROUP.
    pub within_group: bool,
}

/// Whether this lower-case name is an aggregate's.
pub fn is_aggregate(name: &str) -> bool {
    named(name).is_some()
}

/// Settles types, casts arguments, and refuses what Postgres refuses.
pub fn aggregate_call(written: WrittenAggregate) -> Result<AggregateCall, BindError> {
    use AggregateFunction::{Count, Mode, PercentileCont, PercentileDisc};
    let name = written.name.clone();
    let function = named(&name).ok_or_else(|| BindError::new(format!("aggregate {name} does not exist")))?;
    let is_ordered_set = matches!(function, Mode | PercentileCont | PercentileDisc);
    match (is_ordered_set, written.within_group) {
        (true, true) => return ordered_set(function, written),
        (true, false) => {
            return Err(BindError::new(format!("WITHIN GROUP is required for ordered-set aggregate {name}")));
        }
        (false, true) => {
            let message = format!("{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
            return Err(BindError::new(message));
        }
        (false, false) => {}
    }
    if written.star || written.arguments.is_empty() {
        return match (function, written.star) {
            (Count, true) if written.distinct => {
                Err(BindError::new("DISTINCT specified, but count(*) has no argument"))
            }
            (Count, true) => Ok(call(function, SqlType::Int8, written.filter)),
            (_, false) => {
                Err(BindError::new(format!("{name}(*) must be used to call a parameterless aggregate function")))
            }
            _ => Err(BindError::new(format!("function {name}() does not exist"))),
        };
    }
    with_arguments((name, function), written)
}

fn with_arguments(
    (name, function): (String, AggregateFunction),
    written: WrittenAggregate,
) -> Result<AggregateCall, BindError> {
    let Signature { arguments: types, result } = overload(&name, function, &written.arguments)?;
    let given: Vec<Scalar> = written.arguments.iter().map(|argument| argument.scalar.clone()).collect();
    let cast = written.arguments.into_iter().zip(&types).map(|(argument, to)| implicit(argument, to));
    let arguments: Vec<Scalar> = cast.map(|typed| Ok(typed?.scalar)).collect::<Result<_, BindError>>()?;
    let mut order = written.order;
    if written.distinct {
        if let Some(other) = types.iter().find(|sql_type| !has_equality(sql_type)) {
            return Err(BindError::new(format!("could not identify an equality operator for type {other}")));
        }
        for key in order.iter_mut().filter(|key| !is_collation_key(&key.expression, &given)) {
            let place = given.iter().position(|argument| *argument == key.expression).ok_or_else(|| {
                BindError::new("in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
            })?;
            // Equal arguments stand side by side only in the order of what is compared.
            key.expression = arguments[place].clone();
            key.sql_type = types[place].clone();
        }
    }
    let order = if heeds_order(function) { order } else { Vec::new() };
    let call = call(function, result, written.filter);
    Ok(AggregateCall { arguments, argument_types: types, distinct: written.distinct, order, ..call })
}

/// Whether this is the sort key of one of these texts: equal texts have equal ones.
fn is_collation_key(expression: &Scalar, texts: &[Scalar]) -> bool {
    match expression {
        Scalar::Call { function, arguments } if function.name() == "tw_collation_key" => texts.contains(&arguments[1]),
        _ => false,
    }
}

/// Whether ORDER BY inside the call can change its result.
fn heeds_order(function: AggregateFunction) -> bool {
    use AggregateFunction::{ArrayAgg, JsonAgg, JsonObjectAgg, JsonbAgg, JsonbObjectAgg, StringAgg};
    matches!(function, ArrayAgg | StringAgg | JsonAgg | JsonbAgg | JsonObjectAgg | JsonbObjectAgg)
}

/// The one value of a scalar subquery.
pub fn single_value(argument: Typed) -> AggregateCall {
    let sql_type = if argument.sql_type == SqlType::Unknown { SqlType::Text } else { argument.sql_type };
    AggregateCall {
        arguments: vec![argument.scalar],
        argument_types: vec![sql_type.clone()],
        ..call(AggregateFunction::SingleValue, sql_type, None)
    }
}

/// A call without arguments.
pub(super) fn call(function: AggregateFunction, result_type: SqlType, filter: Option<Scalar>) -> AggregateCall {
    AggregateCall {
        function,
        arguments: Vec::new(),
        argument_types: Vec::new(),
        direct: Vec::new(),
        distinct: false,
        order: Vec::new(),
        filter,
        result_type,
    }
}
