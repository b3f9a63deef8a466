//! `=`, `<>`, `<`, `<=`, `>`, `>=` for every comparable type, and what is built on them.

use std::cmp::Ordering;

use tailwater_connectors::{SqlType, Value};

use super::read;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::compare::{plain_cmp, sql_cmp, sql_eq};
use crate::engine::scalar::expression::{RowError, TypedBody};

/// Types whose variant alone says how they compare.
const PLAIN: [&str; 15] = [
    "bool",
    "int2",
    "int4",
    "int8",
    "oid",
    "float4",
    "float8",
    "numeric",
    "text",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
];
/// Types that compare by rules of their own.
const BY_TYPE: [&str; 5] = ["bpchar", "jsonb", "anyenum", "anyarray", "uuid"];
/// Types without a variant whose output text is equal exactly for equal values.
const EQUAL_AS_TEXT: [&str; 6] = ["inet", "cidr", "macaddr", "macaddr8", "pg_lsn", "tsvector"];

macro_rules! comparisons {
    ($($symbol:literal, $plain:ident, $typed:ident, $any:ident, $all:ident, $holds:path;)*) => {
        $(
            fn $plain(arguments: &[Value]) -> Result<Value, RowError> {
                Ok(Value::Bool($holds(plain_cmp(&arguments[0], &arguments[1]))))
            }
            fn $typed(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
                Ok(Value::Bool($holds(sql_cmp(&types[0], &arguments[0], &arguments[1]))))
            }
            fn $any(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
                Ok(quantify(&types[0], arguments, Quantified { deciding: true, holds: $holds }))
            }
            fn $all(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
                Ok(quantify(&types[0], arguments, Quantified { deciding: false, holds: $holds }))
            }
        )*

        pub(super) fn register(catalog: &mut Catalog) {
            $(
                for name in PLAIN {
                    catalog.strict(&format!("{}({name},{name}) bool", $symbol), $plain);
                }
                for (left, right) in [("float4", "float8"), ("float8", "float4")] {
                    catalog.strict(&format!("{}({left},{right}) bool", $symbol), $plain);
                }
                for name in BY_TYPE {
                    catalog.typed(&format!("{}({name},{name}) bool", $symbol), $typed);
                }
                if matches!($symbol, "=" | "<>") {
                    for name in EQUAL_AS_TEXT {
                        catalog.strict(&format!("{}({name},{name}) bool", $symbol), $plain);
                    }
                }
            )*
        }

        /// The body of `symbol ANY (array)`, or ALL.
        pub(in crate::engine::scalar) fn quantified_body(symbol: &str, all: bool) -> Option<TypedBody> {
            match (symbol, all) {
                $(($symbol, false) => Some($any), ($symbol, true) => Some($all),)*
                _ => None,
            }
        }
    };
}

comparisons! {
    "=", equal, equal_typed, equal_any, equal_all, Ordering::is_eq;
    "<>", unequal, unequal_typed, unequal_any, unequal_all, Ordering::is_ne;
    "<", less, less_typed, less_any, less_all, Ordering::is_lt;
    "<=", at_most, at_most_typed, at_most_any, at_most_all, Ordering::is_le;
    ">", greater, greater_typed, greater_any, greater_all, Ordering::is_gt;
    ">=", at_least, at_least_typed, at_least_any, at_least_all, Ordering::is_ge;
}

struct Quantified {
    /// The element's answer that ends the search: true for ANY, false for ALL.
    deciding: bool,
    holds: fn(Ordering) -> bool,
}

/// Not strict: an empty array decides, whatever the needle is, so `NULL = ANY ('{}')` is false.
fn quantify(element: &SqlType, arguments: &[Value], quantified: Quantified) -> Value {
    if arguments[1].is_null() {
        return Value::Null;
    }
    let mut unknown = false;
    for candidate in &read::array(&arguments[1]).elements {
        if candidate.is_null() || arguments[0].is_null() {
            unknown = true;
        } else if (quantified.holds)(sql_cmp(element, &arguments[0], candidate)) == quantified.deciding {
            return Value::Bool(quantified.deciding);
        }
    }
    if unknown { Value::Null } else { Value::Bool(!quantified.deciding) }
}

/// `a IS DISTINCT FROM b`
pub(in crate::engine::scalar) fn is_distinct(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::Bool(!sql_eq(&types[0], &arguments[0], &arguments[1])))
}

/// `a IS NOT DISTINCT FROM b`
pub(in crate::engine::scalar) fn is_not_distinct(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    Ok(Value::Bool(sql_eq(&types[0], &arguments[0], &arguments[1])))
}

/// `greatest(...)`: nulls do not count; the first of equals.
pub(in crate::engine::scalar) fn greatest(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    Ok(best(types, arguments, Ordering::Greater))
}

/// `least(...)`: nulls do not count; the first of equals.
pub(in crate::engine::scalar) fn least(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    Ok(best(types, arguments, Ordering::Less))
}

fn best(types: &[SqlType], arguments: &[Value], better: Ordering) -> Value {
    let known = arguments.iter().filter(|value| !value.is_null());
    let best = known.reduce(|best, value| if sql_cmp(&types[0], value, best) == better { value } else { best });
    best.cloned().unwrap_or(Value::Null)
}
