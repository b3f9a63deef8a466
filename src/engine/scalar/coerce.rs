//! Which type becomes which without being asked: Postgres' type categories, preferred types and implicit casts.

use tailwater_connectors::{SqlType, Value};

/// `pg_type.typcategory`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Boolean,
    Numeric,
    String,
    DateTime,
    Timespan,
    Array,
    Enum,
    User,
    Unknown,
}

pub(super) fn category(sql_type: &SqlType) -> Category {
    match sql_type {
        SqlType::Unknown => Category::Unknown,
        SqlType::Bool => Category::Boolean,
        SqlType::Int2
        | SqlType::Int4
        | SqlType::Int8
        | SqlType::Oid
        | SqlType::Float4
        | SqlType::Float8
        | SqlType::Numeric(_) => Category::Numeric,
        SqlType::Text | SqlType::Bpchar => Category::String,
        SqlType::Date | SqlType::Time | SqlType::Timestamp | SqlType::Timestamptz => Category::DateTime,
        SqlType::Interval => Category::Timespan,
        SqlType::Array(_) => Category::Array,
        SqlType::Enum(_) => Category::Enum,
        SqlType::Bytea | SqlType::Uuid | SqlType::Json | SqlType::Jsonb | SqlType::Other(_) => Category::User,
    }
}

/// `pg_type.typispreferred`
pub(super) fn is_preferred(sql_type: &SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::Bool | SqlType::Float8 | SqlType::Oid | SqlType::Text | SqlType::Timestamptz | SqlType::Interval
    )
}

/// The type without precision: what overloads are resolved by.
pub(super) fn bare(sql_type: &SqlType) -> SqlType {
    match sql_type {
        SqlType::Numeric(_) => SqlType::Numeric(None),
        SqlType::Array(element) => SqlType::Array(Box::new(bare(element))),
        other => other.clone(),
    }
}

/// Whether `from` becomes `to` in an expression without being asked.
pub(super) fn implicitly(from: &SqlType, to: &SqlType) -> bool {
    use SqlType::{
        Array, Bpchar, Date, Float4, Float8, Int2, Int4, Int8, Interval, Numeric, Oid, Text, Time, Timestamp,
        Timestamptz, Unknown,
    };
    if from == to {
        return true;
    }
    match (from, to) {
        (Unknown, _) => true,
        (Int2, Int4 | Int8 | Float4 | Float8 | Numeric(_) | Oid)
        | (Int4, Int8 | Float4 | Float8 | Numeric(_) | Oid)
        | (Int8, Float4 | Float8 | Numeric(_) | Oid)
        | (Numeric(_), Float4 | Float8 | Numeric(_))
        | (Float4, Float8)
        | (Bpchar, Text)
        | (Text, Bpchar)
        | (Date, Timestamp | Timestamptz)
        | (Timestamp, Timestamptz)
        | (Time, Interval) => true,
        (Array(from), Array(to)) => implicitly(from, to),
        _ => false,
    }
}

/// Whether a value of `from` is already a value of `to`.
pub(super) fn same_representation(from: &SqlType, to: &SqlType) -> bool {
    use SqlType::{Array, Bpchar, Float4, Float8, Int2, Int4, Int8, Numeric, Oid, Text};
    match (from, to) {
        (Int2, Int4 | Int8) | (Int4, Int8) | (Oid, Int8) | (Float4, Float8) | (Text, Bpchar) => true,
        (Numeric(_), Numeric(None)) => true,
        (Array(from), Array(to)) => same_representation(from, to),
        _ => from == to,
    }
}

/// A type whose values have this variant, for printing.
pub(super) fn type_of_value(value: &Value) -> SqlType {
    match value {
        Value::Null => SqlType::Unknown,
        Value::Bool(_) => SqlType::Bool,
        Value::Int(_) => SqlType::Int8,
        Value::Float(_) => SqlType::Float8,
        Value::Numeric(_) => SqlType::Numeric(None),
        Value::Text(_) => SqlType::Text,
        Value::Bytes(_) => SqlType::Bytea,
        Value::Date(_) => SqlType::Date,
        Value::Time(_) => SqlType::Time,
        Value::Timestamp(_) => SqlType::Timestamp,
        Value::Timestamptz(_) => SqlType::Timestamptz,
        Value::Interval(_) => SqlType::Interval,
        Value::Uuid(_) => SqlType::Uuid,
        Value::Array(array) => {
            let element = array.elements.iter().find(|element| !element.is_null());
            SqlType::Array(Box::new(element.map_or(SqlType::Text, type_of_value)))
        }
    }
}
