//! Values in Postgres' text form, both ways, with the session settings that our connections pin (ISO dates, UTC,
//! `postgres` intervals, hex bytea, shortest exact floats).

use thiserror::Error;

use crate::sql_type::SqlType;
use crate::value::Value;

/// Text that is not of its type. Names the type, never the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid input syntax for type {sql_type}")]
pub struct TextError {
    /// The type.
    pub sql_type: String,
}

/// Appends the value as Postgres' output function prints it. Null prints nothing; callers decide what null looks like.
pub fn write_text(out: &mut String, sql_type: &SqlType, value: &Value) {
    let _ = (out, sql_type, value);
}

/// Reads what Postgres' output function printed, and what its input function accepts of the usual forms.
pub fn parse_text(sql_type: &SqlType, text: &str) -> Result<Value, TextError> {
    let _ = text;
    Err(TextError { sql_type: sql_type.to_string() })
}
