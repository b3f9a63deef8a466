//! SQL types as the catalog of a source names them; they say how a [`crate::Value`] is read.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The type of a column or expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SqlType {
    /// A literal whose type is still open (`'abc'`, `null`).
    Unknown,
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `oid`
    Oid,
    /// `real`; carried as an exactly widened `f64`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`, with `(precision, scale)` when declared
    Numeric(Option<(u16, i16)>),
    /// `text`, `varchar`, `name`, `"char"`
    Text,
    /// `char(n)`: compares without trailing blanks
    Bpchar,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    Timestamptz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`: text kept as written
    Json,
    /// `jsonb`: text as Postgres prints it
    Jsonb,
    /// an array of the element type
    Array(Box<SqlType>),
    /// an enum: its name, its labels in declared order
    Enum(Arc<EnumType>),
    /// any other type, carried as its exact output text; the name as `format_type` prints it
    Other(SmolStr),
}

/// A Postgres enum.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnumType {
    /// Type name.
    pub name: SmolStr,
    /// Labels in sort order.
    pub labels: Vec<SmolStr>,
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Unknown => "unknown",
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Oid => "oid",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric(None) => "numeric",
            Self::Numeric(Some((precision, scale))) => return write!(f, "numeric({precision},{scale})"),
            Self::Text => "text",
            Self::Bpchar => "character",
            Self::Bytea => "bytea",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::Timestamptz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Array(element) => return write!(f, "{element}[]"),
            Self::Enum(enumeration) => return f.write_str(&enumeration.name),
            Self::Other(name) => return f.write_str(name),
        };
        f.write_str(name)
    }
}
