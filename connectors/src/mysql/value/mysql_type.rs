//! Types of columns, as the catalog names them, and the types of ours that carry them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::moment::ZeroDates;
use crate::sql_type::{EnumType, SqlType};

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MysqlType {
    /// `tinyint` to `bigint`
    Int {
        /// How many bytes it has.
        bytes: u8,
        /// Without a sign.
        unsigned: bool,
    },
    /// `float`
    Float,
    /// `double`
    Double,
    /// `decimal`
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// `bit` of this many
    Bit(u8),
    /// `year`
    Year,
    /// `date`
    Date,
    /// `time`, with digits of a fraction of a second
    Time(u8),
    /// `datetime`, likewise
    Datetime(u8),
    /// `timestamp`, likewise
    Timestamp(u8),
    /// `char`, `varchar`, `text`
    Text {
        /// Its character set.
        charset: SmolStr,
    },
    /// `binary` of this many bytes
    Binary(u16),
    /// `varbinary`, `blob`
    Bytes,
    /// `enum`
    Enum {
        /// Its labels, from the first on.
        labels: Vec<SmolStr>,
        /// Their character set.
        charset: SmolStr,
    },
    /// `set`
    Set {
        /// Its labels, from the first on.
        labels: Vec<SmolStr>,
        /// Their character set.
        charset: SmolStr,
    },
    /// MySQL's `json`
    Json,
    /// MariaDB's `json`: text that is checked to be a document
    JsonText {
        /// Its character set.
        charset: SmolStr,
    },
    /// Spatial types
    Geometry,
    /// `vector`
    Vector,
    /// MariaDB's `uuid`
    Uuid,
    /// MariaDB's `inet4`
    Inet4,
    /// MariaDB's `inet6`
    Inet6,
}

/// A column, as the catalog describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MysqlColumn {
    /// Its name.
    pub name: SmolStr,
    /// Its type.
    pub mysql_type: MysqlType,
    /// Its place among all columns of the table, from 0.
    pub place: usize,
    /// Whether it is part of the primary key.
    pub in_key: bool,
    /// Whether it is computed from others.
    pub generated: bool,
    /// What an insert that does not name it stores.
    pub default: ColumnDefault,
}

/// What an insert that does not name a column stores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ColumnDefault {
    /// Null, also where there is none.
    Null,
    /// This, as the server prints it.
    Text(SmolStr),
    /// What an expression yields then.
    Expression,
}

impl MysqlType {
    /// How values are carried. `name` is given to an enum.
    pub fn sql_type(&self, name: &str, zero_dates: ZeroDates) -> SqlType {
        let date = |sql_type| if zero_dates == ZeroDates::Text { SqlType::Text } else { sql_type };
        match self {
            Self::Int { bytes: 1, .. } | Self::Int { bytes: 2, unsigned: false } | Self::Year => SqlType::Int2,
            Self::Int { bytes: 2 | 3, .. } | Self::Int { bytes: 4, unsigned: false } => SqlType::Int4,
            Self::Int { bytes: 8, unsigned: true } | Self::Bit(64..) => SqlType::Numeric(Some((20, 0))),
            Self::Int { .. } | Self::Bit(2..) => SqlType::Int8,
            Self::Bit(_) => SqlType::Bool,
            Self::Float => SqlType::Float4,
            Self::Double => SqlType::Float8,
            Self::Decimal { precision, scale } => SqlType::Numeric(Some(((*precision).into(), (*scale).into()))),
            Self::Date => date(SqlType::Date),
            Self::Time(_) => SqlType::Interval,
            Self::Datetime(_) => date(SqlType::Timestamp),
            Self::Timestamp(_) => date(SqlType::Timestamptz),
            Self::Text { .. } | Self::Set { .. } => SqlType::Text,
            Self::Binary(_) | Self::Bytes => SqlType::Bytea,
            Self::Enum { labels, .. } => {
                SqlType::Enum(Arc::new(EnumType { name: name.into(), labels: with_none(labels) }))
            }
            Self::Json | Self::JsonText { .. } => SqlType::Json,
            Self::Geometry => SqlType::Other(SmolStr::new_static("geometry")),
            Self::Vector => SqlType::Array(Box::new(SqlType::Float4)),
            Self::Uuid => SqlType::Uuid,
            Self::Inet4 => SqlType::Other(SmolStr::new_static("inet4")),
            Self::Inet6 => SqlType::Other(SmolStr::new_static("inet6")),
        }
    }

    /// Whether days that are in no calendar can be in it.
    pub fn has_dates(&self) -> bool {
        matches!(self, Self::Date | Self::Datetime(_) | Self::Timestamp(_))
    }
}

/// A value that is no label is stored as number 0 and printed as nothing; it comes before all labels.
fn with_none(labels: &[SmolStr]) -> Vec<SmolStr> {
    let none = SmolStr::default();
    if labels.contains(&none) {
        return labels.to_vec();
    }
    [none].into_iter().chain(labels.iter().cloned()).collect()
}
