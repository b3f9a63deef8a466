//! Result types of aggregates.

use tailwater_connectors::SqlType;

use super::failure::BindError;
use crate::engine::plan::AggregateFunction;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::coerce::bare;

/// The type of `function(argument)`; an argument of open type must have been given one before.
pub fn aggregate(function: AggregateFunction, argument: Option<&SqlType>) -> Result<SqlType, BindError> {
    let name = match function {
        AggregateFunction::Count => return Ok(SqlType::Int8),
        AggregateFunction::Sum => "sum",
        AggregateFunction::Avg => "avg",
        AggregateFunction::Min => "min",
        AggregateFunction::Max => "max",
        other => return Err(BindError::new(format!("aggregate {other:?} is not there yet"))),
    };
    let Some(argument) = argument else {
        return Err(BindError::new(format!("{name}(*) does not exist")));
    };
    let result = match function {
        AggregateFunction::Sum => sum(argument),
        AggregateFunction::Avg => average(argument),
        _ => extremum(argument),
    };
    result.ok_or_else(|| {
        BindError::with_hint(
            format!("function {name}({argument}) does not exist"),
            "no function matches the given name and argument types; you might need to add explicit type casts",
        )
    })
}

fn sum(argument: &SqlType) -> Option<SqlType> {
    Some(match argument {
        SqlType::Int2 | SqlType::Int4 => SqlType::Int8,
        SqlType::Int8 | SqlType::Numeric(_) => SqlType::Numeric(None),
        SqlType::Float4 | SqlType::Float8 | SqlType::Interval => argument.clone(),
        _ => return None,
    })
}

fn average(argument: &SqlType) -> Option<SqlType> {
    Some(match argument {
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric(_) => SqlType::Numeric(None),
        SqlType::Float4 | SqlType::Float8 => SqlType::Float8,
        SqlType::Interval => SqlType::Interval,
        _ => return None,
    })
}

/// Ordered types have the operator `<`; these have it, but no `min` in Postgres 15.
fn extremum(argument: &SqlType) -> Option<SqlType> {
    match argument {
        SqlType::Bool | SqlType::Uuid | SqlType::Jsonb | SqlType::Bytea => None,
        SqlType::Array(_) | SqlType::Enum(_) => Some(argument.clone()),
        _ => {
            let bare = bare(argument);
            let pair = [bare.clone(), bare.clone()];
            let ordered = super::resolve::resolve(Catalog::builtin().overloads("<"), &pair).ok()?;
            (ordered.arguments == pair).then_some(bare)
        }
    }
}
