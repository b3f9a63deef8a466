//! Types of columns as the configuration writes them, in Postgres' words.

use crate::sql_type::SqlType;

const PRECISION_MAX: u16 = 1_000;

/// Types that can be declared, for messages.
pub const COLUMN_TYPES: &str = "boolean, smallint, integer, bigint, real, double precision, numeric, numeric(p,s), text, bytea, date, \
     time, timestamp, timestamptz, interval, uuid, json, jsonb, and arrays of them with []";

/// Reads a type; `None` where it is none that can be declared.
pub fn read_column_type(text: &str) -> Option<SqlType> {
    let written = text.trim().to_ascii_lowercase();
    if let Some(element) = written.strip_suffix("[]") {
        return match read_column_type(element)? {
            SqlType::Array(_) | SqlType::Json | SqlType::Jsonb => None,
            element => Some(SqlType::Array(Box::new(element))),
        };
    }
    if let Some((name, modifiers)) = written.split_once('(') {
        let modifiers = modifiers.strip_suffix(')')?;
        return matches!(name.trim_end(), "numeric" | "decimal").then(|| numeric(modifiers)).flatten();
    }
    Some(match written.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
        "boolean" | "bool" => SqlType::Bool,
        "smallint" | "int2" => SqlType::Int2,
        "integer" | "int" | "int4" => SqlType::Int4,
        "bigint" | "int8" => SqlType::Int8,
        "real" | "float4" => SqlType::Float4,
        "double precision" | "double" | "float" | "float8" => SqlType::Float8,
        "numeric" | "decimal" => SqlType::Numeric(None),
        "text" | "varchar" | "character varying" => SqlType::Text,
        "bytea" => SqlType::Bytea,
        "date" => SqlType::Date,
        "time" | "time without time zone" => SqlType::Time,
        "timestamp" | "timestamp without time zone" => SqlType::Timestamp,
        "timestamptz" | "timestamp with time zone" => SqlType::Timestamptz,
        "interval" => SqlType::Interval,
        "uuid" => SqlType::Uuid,
        "json" => SqlType::Json,
        "jsonb" => SqlType::Jsonb,
        _ => return None,
    })
}

fn numeric(modifiers: &str) -> Option<SqlType> {
    let (precision, scale) = match modifiers.split_once(',') {
        Some((precision, scale)) => (precision, scale.trim().parse().ok()?),
        None => (modifiers, 0i16),
    };
    let precision = precision.trim().parse().ok().filter(|precision| (1..=PRECISION_MAX).contains(precision))?;
    (scale.unsigned_abs() <= PRECISION_MAX).then_some(SqlType::Numeric(Some((precision, scale))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_postgres_writes_them() {
        for (text, name) in [
            ("INT", "integer"),
            ("character  varying", "text"),
            ("numeric(10, 2)", "numeric(10,2)"),
            ("decimal(5)", "numeric(5,0)"),
            ("timestamp with time zone", "timestamp with time zone"),
            ("bigint[]", "bigint[]"),
        ] {
            assert_eq!(read_column_type(text).map(|found| found.to_string()).as_deref(), Some(name), "{text}");
        }
        for wrong in ["", "varchar(10)", "char(3)", "money", "numeric(0)", "numeric(1", "int[][]", "jsonb[]"] {
            assert_eq!(read_column_type(wrong), None, "{wrong}");
        }
    }
}
