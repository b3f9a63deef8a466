//! Casts, asked for and not.

use tailwater_connectors::text::parse_text;
use tailwater_connectors::{SqlType, Value};

use super::derivation::Derivation;
use super::failure::{BindError, Typed};
use crate::engine::scalar::cast::{cast_value, exists, text_error};
use crate::engine::scalar::coerce::{implicitly, same_representation};
use crate::engine::scalar::expression::{Callee, Scalar};
use crate::engine::scalar::families::text_shape;

/// `input::to`, or what an assignment would do when not `explicit`.
pub fn cast(input: Typed, to: &SqlType, explicit: bool) -> Result<Typed, BindError> {
    if input.sql_type == SqlType::Unknown {
        return from_unknown(input, to);
    }
    if *to == SqlType::Unknown || input.sql_type == *to {
        return Ok(input);
    }
    if !exists(&input.sql_type, to, explicit) {
        let message = format!("cannot cast type {} to {to}", input.sql_type);
        return Err(BindError::new(message));
    }
    Ok(converted(input, to))
}

/// What an operator, function or common type does to its arguments.
pub(super) fn implicit(input: Typed, to: &SqlType) -> Result<Typed, BindError> {
    if input.sql_type == SqlType::Unknown {
        return from_unknown(input, to);
    }
    if input.sql_type == *to {
        return Ok(input);
    }
    if !implicitly(&input.sql_type, to) {
        return Err(BindError::new(format!("cannot convert type {} to {to} without a cast", input.sql_type)));
    }
    Ok(converted(input, to))
}

fn converted(input: Typed, to: &SqlType) -> Typed {
    let collation = Derivation::of_result(to, [&input]);
    let Typed { scalar, sql_type: from, .. } = input;
    if same_representation(&from, to) {
        return Typed { scalar, sql_type: to.clone(), collation };
    }
    if let Scalar::Literal(value) = &scalar {
        let folded = if value.is_null() { Ok(Value::Null) } else { cast_value(&from, to, value.clone()) };
        // An error stays in the expression: only a row that reaches it has it.
        if let Ok(value) = folded {
            return Typed { scalar: Scalar::Literal(value), sql_type: to.clone(), collation };
        }
    }
    let scalar = Scalar::Cast { input: Box::new(scalar), from, to: to.clone() };
    Typed { scalar, sql_type: to.clone(), collation }
}

fn from_unknown(input: Typed, to: &SqlType) -> Result<Typed, BindError> {
    let collation = Derivation::of_result(to, [&input]);
    let sql_type = to.clone();
    let value = match input.scalar {
        Scalar::Literal(Value::Null) => Value::Null,
        Scalar::Literal(Value::Text(text)) => read_literal(to, &text)?,
        scalar => {
            let text = Typed { scalar, sql_type: SqlType::Text, collation: input.collation };
            return Ok(converted(text, to));
        }
    };
    Ok(Typed { scalar: Scalar::Literal(value), sql_type, collation })
}

/// The literal is part of the view's text, so the message may show it.
fn read_literal(to: &SqlType, text: &str) -> Result<Value, BindError> {
    if matches!(to, SqlType::Unknown | SqlType::Text | SqlType::Bpchar) {
        return Ok(Value::text(text));
    }
    let parsed = match to {
        SqlType::Numeric(Some(_)) => cast_value(&SqlType::Text, to, Value::text(text)).map_err(|error| error.message),
        _ => parse_text(to, text).map_err(|_| text_error(to, text).message),
    };
    let is_path = matches!(to, SqlType::Other(name) if name == "jsonpath");
    let parsed = parsed.and_then(|value| match (&value, to) {
        (Value::Text(written), to) if is_path || matches!(to, SqlType::Json | SqlType::Jsonb) => {
            cast_value(&SqlType::Text, to, Value::Text(written.clone())).map_err(|error| error.message)
        }
        _ => Ok(value),
    });
    parsed.map_err(|message| BindError::new(format!("{message}: \"{text}\"")))
}

/// `varchar(limit)`, or `char(limit)` when `padded`: longer text is cut, as an explicit cast does.
pub fn character_limit(input: Typed, limit: u32, padded: bool) -> Result<Typed, BindError> {
    let sql_type = if padded { SqlType::Bpchar } else { SqlType::Text };
    let text = cast(input, &sql_type, true)?;
    let limit = Typed::new(Scalar::Literal(Value::Int(i64::from(limit))), SqlType::Int4);
    let name = if padded { "char" } else { "varchar" };
    let callee = Callee::Plain(if padded { text_shape::char_limit } else { text_shape::varchar_limit });
    let call = super::call::Call { name, callee, strict: true };
    Ok(super::call::call(call, vec![text, limit], sql_type))
}
