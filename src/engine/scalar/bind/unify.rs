//! One type for several expressions: CASE, COALESCE, UNION, ARRAY, IN.

use tailwater_connectors::SqlType;

use super::casting::implicit;
use super::failure::{BindError, Typed};
use crate::engine::scalar::coerce::{bare, category, implicitly, is_preferred};

/// The type that all `inputs` become; `text` when all are open.
pub fn common_type(inputs: &[Typed]) -> Result<SqlType, BindError> {
    let mut known = inputs.iter().map(|input| &input.sql_type).filter(|sql_type| **sql_type != SqlType::Unknown);
    let Some(first) = known.next() else { return Ok(SqlType::Text) };
    if known.clone().all(|other| other == first) {
        return Ok(first.clone());
    }
    let mut chosen = bare(first);
    for other in known.map(bare).filter(|other| *other != SqlType::Unknown) {
        if other == chosen {
            continue;
        }
        if category(&other) != category(&chosen) {
            return Err(BindError::new(format!("types {chosen} and {other} cannot be matched")));
        }
        if !is_preferred(&chosen) && implicitly(&chosen, &other) && !implicitly(&other, &chosen) {
            chosen = other;
        }
    }
    for input in inputs {
        if !implicitly(&bare(&input.sql_type), &chosen) {
            return Err(BindError::new(format!("could not convert type {} to {chosen}", input.sql_type)));
        }
    }
    Ok(chosen)
}

/// All `inputs` converted to their common type.
pub fn unify(inputs: Vec<Typed>) -> Result<(Vec<Typed>, SqlType), BindError> {
    let sql_type = common_type(&inputs)?;
    let inputs = inputs.into_iter().map(|input| implicit(input, &sql_type)).collect::<Result<Vec<_>, _>>()?;
    Ok((inputs, sql_type))
}
