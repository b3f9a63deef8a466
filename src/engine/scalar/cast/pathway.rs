//! Which casts exist.

use tailwater_connectors::SqlType;

use crate::engine::scalar::coerce::{Category, category, implicitly};

/// Whether `from` can be cast to `to`: written out when `explicit`, else as an assignment does.
pub(in crate::engine::scalar) fn exists(from: &SqlType, to: &SqlType, explicit: bool) -> bool {
    implicitly(from, to) || by_assignment(from, to) || (explicit && when_written(from, to))
}

fn is_number(sql_type: &SqlType) -> bool {
    category(sql_type) == Category::Numeric && *sql_type != SqlType::Oid
}

fn by_assignment(from: &SqlType, to: &SqlType) -> bool {
    use SqlType::{Array, Bpchar, Date, Int4, Int8, Interval, Json, Jsonb, Oid, Text, Time, Timestamp, Timestamptz};
    match (from, to) {
        (Oid, Int4 | Int8)
        | (Timestamp | Timestamptz, Date | Time)
        | (Timestamptz, Timestamp)
        | (Interval, Time)
        | (Json, Jsonb)
        | (Jsonb, Json)
        | (_, Text | Bpchar) => true,
        (Array(from), Array(to)) => by_assignment(from, to),
        _ => is_number(from) && is_number(to),
    }
}

fn when_written(from: &SqlType, to: &SqlType) -> bool {
    use SqlType::{Array, Bool, Bpchar, Int4, Jsonb, Text, Unknown};
    match (from, to) {
        (Text | Bpchar | Unknown, _) | (Bool, Int4) | (Int4, Bool) | (Jsonb, Bool) => true,
        (Jsonb, to) if is_number(to) => true,
        (Array(from), Array(to)) => exists(from, to, true),
        _ => false,
    }
}
