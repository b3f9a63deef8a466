//! Names of types, as casts write them.

use sqlparser::ast::{ArrayElemTypeDef, CharacterLength, DataType, ExactNumberInfo, TimezoneInfo};
use tailwater_connectors::SqlType;

use super::super::catalog::Names;
use super::super::error::{Code, Place, Refusal, Result};
use super::super::names::parts;

/// A type as written; the length of `varchar(n)` and `char(n)` beside it.
pub(super) struct NamedType {
    pub(super) sql_type: SqlType,
    pub(super) length: Option<u32>,
}

/// The type that a cast names.
pub(super) fn named_type(written: &DataType, names: &Names<'_>, place: Option<Place>) -> Result<NamedType> {
    let length = match written {
        DataType::Char(None) | DataType::Character(None) => Some(1),
        DataType::Char(length)
        | DataType::Character(length)
        | DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => bounded(length.as_ref()),
        _ => None,
    };
    match find(written, names) {
        Some(sql_type) => Ok(NamedType { sql_type, length }),
        None => Err(Refusal::new(Code::UnknownType, format!("type \"{written}\" cannot be named here"))
            .at(place)
            .hint("cast in the database, or leave the column as it is")),
    }
}

fn bounded(length: Option<&CharacterLength>) -> Option<u32> {
    match length? {
        CharacterLength::IntegerLength { length, .. } => u32::try_from(*length).ok(),
        CharacterLength::Max => None,
    }
}

fn find(written: &DataType, names: &Names<'_>) -> Option<SqlType> {
    Some(match written {
        DataType::Bool | DataType::Boolean => SqlType::Bool,
        DataType::SmallInt(None) | DataType::Int2(None) => SqlType::Int2,
        DataType::Int(None) | DataType::Integer(None) | DataType::Int4(None) => SqlType::Int4,
        DataType::BigInt(None) | DataType::Int8(None) => SqlType::Int8,
        DataType::Real | DataType::Float4 => SqlType::Float4,
        DataType::Float(ExactNumberInfo::Precision(precision)) if *precision <= 24 => SqlType::Float4,
        DataType::DoublePrecision | DataType::Float8 | DataType::Float(_) => SqlType::Float8,
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => SqlType::Numeric(numeric(info)?),
        DataType::Text | DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::CharVarying(_) => {
            SqlType::Text
        }
        DataType::Char(_) | DataType::Character(_) => SqlType::Bpchar,
        DataType::Bytea => SqlType::Bytea,
        DataType::Date => SqlType::Date,
        DataType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => SqlType::Time,
        DataType::Timestamp(None | Some(6), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => SqlType::Timestamp,
        DataType::Timestamp(None | Some(6), TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => SqlType::Timestamptz,
        DataType::Interval { fields: None, precision: None } => SqlType::Interval,
        DataType::Uuid => SqlType::Uuid,
        DataType::JSON => SqlType::Json,
        DataType::JSONB => SqlType::Jsonb,
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
            let element = find(element, names)?;
            match element {
                SqlType::Array(_) => element,
                element => SqlType::Array(Box::new(element)),
            }
        }
        DataType::Custom(name, modifiers) if modifiers.is_empty() => custom(&parts(name)?, names)?,
        _ => return None,
    })
}

fn numeric(info: &ExactNumberInfo) -> Option<Option<(u16, i16)>> {
    const PRECISION_MAX: u16 = 1_000;
    let (precision, scale) = match info {
        ExactNumberInfo::None => return Some(None),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    let precision = u16::try_from(precision).ok().filter(|&precision| (1..=PRECISION_MAX).contains(&precision))?;
    Some(Some((precision, i16::try_from(scale).ok().filter(|scale| scale.abs() <= 1_000)?)))
}

fn custom(name: &[String], names: &Names<'_>) -> Option<SqlType> {
    let name = match name {
        [name] => name,
        [schema, name] if schema == "pg_catalog" || schema == "public" => name,
        _ => return None,
    };
    Some(match name.as_str() {
        "bool" => SqlType::Bool,
        "int2" => SqlType::Int2,
        "int4" => SqlType::Int4,
        "int8" => SqlType::Int8,
        "float4" => SqlType::Float4,
        "float8" => SqlType::Float8,
        "oid" => SqlType::Oid,
        "bpchar" => SqlType::Bpchar,
        "name" | "varchar" | "text" => SqlType::Text,
        "timestamptz" => SqlType::Timestamptz,
        "timestamp" => SqlType::Timestamp,
        "jsonb" => SqlType::Jsonb,
        "json" => SqlType::Json,
        "uuid" => SqlType::Uuid,
        "jsonpath" => SqlType::Other("jsonpath".into()),
        enumeration => return names.enumeration(enumeration),
    })
}

/// Postgres' internal name, which names an output column.
pub(super) fn internal_name(written: &DataType) -> String {
    let name = match written {
        DataType::Boolean | DataType::Bool => "bool",
        DataType::SmallInt(_) | DataType::Int2(_) => "int2",
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => "int4",
        DataType::BigInt(_) | DataType::Int8(_) => "int8",
        DataType::Real | DataType::Float4 => "float4",
        DataType::DoublePrecision | DataType::Float8 | DataType::Float(_) => "float8",
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => "numeric",
        DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::CharVarying(_) => "varchar",
        DataType::Char(_) | DataType::Character(_) => "bpchar",
        DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timestamptz",
        DataType::Timestamp(..) => "timestamp",
        DataType::Time(..) => "time",
        DataType::Interval { .. } => "interval",
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => return internal_name(element),
        DataType::Custom(name, _) => return parts(name).and_then(|mut parts| parts.pop()).unwrap_or_default(),
        other => return other.to_string().to_ascii_lowercase(),
    };
    name.to_owned()
}
