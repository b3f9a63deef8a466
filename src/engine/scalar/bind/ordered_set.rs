//! Ordered-set aggregates: `percentile_cont`, `percentile_disc` and `mode` with WITHIN GROUP.

use tailwater_connectors::{SqlType, Value};

use super::aggregate::{WrittenAggregate, call};
use super::aggregate_catalog::is_ordered;
use super::call::types_of;
use super::casting::implicit;
use super::failure::{BindError, Typed, type_list};
use crate::engine::plan::{AggregateCall, AggregateFunction, SortKey};
use crate::engine::scalar::coerce::{bare, implicitly};

/// Settles the types of a call that is written with WITHIN GROUP.
pub(super) fn ordered_set(function: AggregateFunction, written: WrittenAggregate) -> Result<AggregateCall, BindError> {
    let WrittenAggregate { name, arguments, distinct, filter, mut order, .. } = written;
    if distinct {
        return Err(BindError::new("cannot use DISTINCT with WITHIN GROUP"));
    }
    let shown: Vec<SqlType> =
        types_of(&arguments).into_iter().chain(order.iter().map(|key| key.sql_type.clone())).collect();
    let missing = || {
        BindError::with_hint(
            format!("function {name}({}) does not exist", type_list(&shown)),
            "no ordered-set aggregate matches the given name and argument types",
        )
    };
    let fractions = if function == AggregateFunction::Mode { 0 } else { 1 };
    let (Some(key), 1) = (order.pop(), shown.len() - arguments.len()) else { return Err(missing()) };
    if arguments.len() != fractions {
        return Err(missing());
    }
    let wanted = match function {
        AggregateFunction::PercentileCont => continuous(&key.sql_type).ok_or_else(missing)?,
        _ if key.sql_type == SqlType::Unknown => SqlType::Text,
        _ => bare(&key.sql_type),
    };
    if !is_ordered(&wanted) {
        return Err(BindError::new(format!("could not identify an ordering operator for type {wanted}")));
    }
    let value = implicit(Typed::new(key.expression, key.sql_type), &wanted)?;
    let mut result = wanted.clone();
    let mut direct = Vec::new();
    for fraction in arguments {
        let (fraction, several) = settle(&name, fraction)?.ok_or_else(missing)?;
        if several && matches!(wanted, SqlType::Array(_)) {
            return Err(BindError::new(format!("could not find array type for data type {wanted}")));
        }
        result = if several { SqlType::Array(Box::new(wanted.clone())) } else { wanted.clone() };
        direct.push(fraction);
    }
    let order = vec![SortKey { expression: value.scalar.clone(), sql_type: wanted.clone(), ..key }];
    let call = call(function, result, filter);
    Ok(AggregateCall { arguments: vec![value.scalar], argument_types: vec![wanted], direct, order, ..call })
}

/// The type in which values are interpolated.
fn continuous(sql_type: &SqlType) -> Option<SqlType> {
    let fits = |to: &SqlType| *sql_type != SqlType::Unknown && implicitly(&bare(sql_type), to);
    [SqlType::Float8, SqlType::Interval].into_iter().find(fits)
}

/// The value of a fraction, and whether it is an array of them.
fn settle(name: &str, fraction: Typed) -> Result<Option<(Value, bool)>, BindError> {
    let several = SqlType::Array(Box::new(SqlType::Float8));
    let to = match &fraction.sql_type {
        SqlType::Array(element) if implicitly(element, &SqlType::Float8) => several.clone(),
        other if implicitly(other, &SqlType::Float8) => SqlType::Float8,
        _ => return Ok(None),
    };
    let fraction = implicit(fraction, &to)?;
    if !fraction.scalar.is_constant() {
        return Err(BindError::with_hint(
            format!("the fraction of {name} depends on the group"),
            "write it as a constant: only constant fractions are kept",
        ));
    }
    let value = fraction.scalar.evaluate(&[]).map_err(|error| BindError::new(error.message))?;
    Ok(Some((value, to == several)))
}
