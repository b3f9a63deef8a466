//! Which Postgres types have a variant of their own, by oid. Oids of built-in types never change:
//! <https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat>

use crate::sql_type::SqlType;

/// Type modifier of a column that declares none.
pub const NO_MODIFIER: i32 = -1;

/// The type of a built-in scalar, `None` for all others: domains, enums, arrays and what is carried as text are resolved
/// with the catalog.
pub fn native(oid: u32, modifier: i32) -> Option<SqlType> {
    Some(match oid {
        16 => SqlType::Bool,
        17 => SqlType::Bytea,
        // "char", name, text, varchar
        18 | 19 | 25 | 1043 => SqlType::Text,
        20 => SqlType::Int8,
        21 => SqlType::Int2,
        23 => SqlType::Int4,
        26 => SqlType::Oid,
        114 => SqlType::Json,
        700 => SqlType::Float4,
        701 => SqlType::Float8,
        1042 => SqlType::Bpchar,
        1082 => SqlType::Date,
        1083 => SqlType::Time,
        1114 => SqlType::Timestamp,
        1184 => SqlType::Timestamptz,
        1186 => SqlType::Interval,
        1700 => SqlType::Numeric(numeric_modifier(modifier)),
        2950 => SqlType::Uuid,
        3802 => SqlType::Jsonb,
        _ => return None,
    })
}

/// Precision and scale in a `numeric`'s modifier. The scale has eleven bits and a sign since Postgres 15; older servers
/// only have scales for which both readings agree.
fn numeric_modifier(modifier: i32) -> Option<(u16, i16)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let scale = ((packed & 0x7ff) ^ 1_024) - 1_024;
    Some(((packed >> 16) as u16, scale as i16))
}
