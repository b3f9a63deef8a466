//! Constants.

use tailwater_connectors::{Numeric, SqlType, Value};

use super::failure::Typed;
use crate::engine::scalar::expression::Scalar;

/// A quoted string: its type is open until something wants one.
pub fn literal_text(text: &str) -> Typed {
    Typed::new(Scalar::Literal(Value::text(text)), SqlType::Unknown)
}

/// `NULL`
pub fn literal_null() -> Typed {
    Typed::new(Scalar::Literal(Value::Null), SqlType::Unknown)
}

/// A constant of a known type.
pub fn literal_value(value: Value, sql_type: SqlType) -> Typed {
    Typed::new(Scalar::Literal(value), sql_type)
}

/// A number as written, without sign: `integer` if it fits, else `bigint`, else `numeric`.
pub fn literal_number(text: &str) -> Typed {
    if let Ok(number) = text.parse::<i64>() {
        let sql_type = if i32::try_from(number).is_ok() { SqlType::Int4 } else { SqlType::Int8 };
        return literal_value(Value::Int(number), sql_type);
    }
    // What the SQL parser calls a number is one; anything else would be `NaN` rather than a panic.
    let number = text.parse::<Numeric>().unwrap_or(Numeric::NaN);
    literal_value(Value::Numeric(number), SqlType::Numeric(None))
}
