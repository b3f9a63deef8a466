//! Window functions as written to window functions as kept.

use tailwater_connectors::{SqlType, Value};

use super::call::types_of;
use super::casting::implicit;
use super::failure::{BindError, Typed, type_list};
use super::unify::unify;
use crate::engine::plan::{AggregateCall, Frame, WindowCall, WindowFunction};
use crate::engine::scalar::expression::Scalar;

/// Whether this lower-case name is a window function's that is no aggregate.
pub fn is_window_function(name: &str) -> bool {
    named(name).is_some()
}

fn named(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "row_number" => WindowFunction::RowNumber,
        "rank" => WindowFunction::Rank,
        "dense_rank" => WindowFunction::DenseRank,
        "percent_rank" => WindowFunction::PercentRank,
        "cume_dist" => WindowFunction::CumeDist,
        "ntile" => WindowFunction::Ntile,
        "lag" => WindowFunction::Lag,
        "lead" => WindowFunction::Lead,
        "first_value" => WindowFunction::FirstValue,
        "last_value" => WindowFunction::LastValue,
        "nth_value" => WindowFunction::NthValue,
        _ => return None,
    })
}

/// Settles types, fills in arguments that are left out, and refuses what Postgres refuses.
pub fn window_call(name: &str, arguments: Vec<Typed>, frame: Frame) -> Result<WindowCall, BindError> {
    use WindowFunction::{CumeDist, FirstValue, Lag, LastValue, Lead, NthValue, Ntile, PercentRank};
    let shown = type_list(&types_of(&arguments));
    let missing = || {
        BindError::with_hint(
            format!("function {name}({shown}) does not exist"),
            "no function matches the given name and argument types; you might need to add explicit type casts",
        )
    };
    let function = named(name).ok_or_else(missing)?;
    let whole = |argument: Typed| implicit(argument, &SqlType::Int4).map_err(|_| missing());
    let mut given = arguments.into_iter();
    let (arguments, result_type) = match (&function, given.next(), given.next(), given.next(), given.next()) {
        (Ntile, Some(buckets), None, None, None) => (vec![whole(buckets)?], SqlType::Int4),
        (Lag | Lead, Some(value), offset, default, None) => {
            let one = Typed::new(Scalar::Literal(Value::Int(1)), SqlType::Int4);
            let offset = offset.map_or(Ok(one), whole)?;
            let nothing = Typed::new(Scalar::Literal(Value::Null), SqlType::Unknown);
            let (mut values, sql_type) = match default {
                Some(default) => unify(vec![value, default]).map_err(|_| missing())?,
                None => unify(vec![value, nothing])?,
            };
            values.insert(1, offset);
            (values, sql_type)
        }
        (FirstValue | LastValue, Some(value), None, None, None) => {
            let (values, sql_type) = unify(vec![value])?;
            (values, sql_type)
        }
        (NthValue, Some(value), Some(number), None, None) => {
            let (mut values, sql_type) = unify(vec![value])?;
            values.push(whole(number)?);
            (values, sql_type)
        }
        (PercentRank | CumeDist, None, ..) => (Vec::new(), SqlType::Float8),
        (Ntile | Lag | Lead | FirstValue | LastValue | NthValue, ..) => return Err(missing()),
        (_, None, ..) => (Vec::new(), SqlType::Int8),
        _ => return Err(missing()),
    };
    let (arguments, argument_types) = arguments.into_iter().map(|typed| (typed.scalar, typed.sql_type)).unzip();
    Ok(WindowCall { function, arguments, argument_types, frame, result_type })
}

/// An aggregate over a frame.
pub fn aggregate_window(call: AggregateCall, frame: Frame) -> WindowCall {
    let result_type = call.result_type.clone();
    let function = WindowFunction::Aggregate(call);
    WindowCall { function, arguments: Vec::new(), argument_types: Vec::new(), frame, result_type }
}
