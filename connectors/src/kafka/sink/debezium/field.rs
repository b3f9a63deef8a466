//! What a column is to Debezium, by its type and by what its source declares.
//!
//! | type | is written as | schema's name |
//! |---|---|---|
//! | `smallint`, `integer`, `bigint`, `oid` | number | |
//! | MySQL's `bigint unsigned` | number, its low 64 bits | |
//! | MySQL's `year` | number | `io.debezium.time.Year` |
//! | `real`, `double precision` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` | |
//! | `numeric` | by `decimals` | `org.apache.kafka.connect.data.Decimal`, `io.debezium.data.VariableScaleDecimal`, none |
//! | `interval` | by `intervals` | `io.debezium.time.Interval`, `io.debezium.time.MicroDuration` |
//! | MySQL's `time` | microseconds | `io.debezium.time.MicroTime` |
//! | `date` | days since 1970 | `io.debezium.time.Date` |
//! | `time(0)` to `time(3)` | milliseconds | `io.debezium.time.Time` |
//! | `time` | microseconds | `io.debezium.time.MicroTime` |
//! | `timestamp(0)` to `timestamp(3)`, MySQL's `datetime` to `datetime(3)` | milliseconds since 1970 | `io.debezium.time.Timestamp` |
//! | other `timestamp`, `datetime` | microseconds since 1970 | `io.debezium.time.MicroTimestamp` |
//! | `timestamptz`, MySQL's `timestamp` | `"2018-06-20T13:37:03.5Z"` | `io.debezium.time.ZonedTimestamp` |
//! | `bytea`, MySQL's `binary`, `blob` | base64 | |
//! | `bit(1)` | boolean | |
//! | other `bit(n)`, `bit varying` | base64 of its bytes, the lowest first | `io.debezium.data.Bits` |
//! | `json`, `uuid`, `xml`, `ltree` | string | `io.debezium.data.Json`, `Uuid`, `Xml`, `Ltree` |
//! | enums, MySQL's `set` | string | `io.debezium.data.Enum`, `EnumSet` |
//! | arrays | arrays | |
//! | others | string | |

use smol_str::SmolStr;

use crate::schema::Column;
use crate::sql_type::SqlType;

use super::style::{DebeziumStyle, Decimals, Intervals};

/// Digits of a fraction of a second up to which milliseconds hold it.
const MILLIS_DIGITS: u32 = 3;

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: SmolStr,
    pub(super) sql_type: SqlType,
    pub(super) nullable: bool,
    pub(super) kind: Kind,
}

/// Parts of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    Micros,
}

/// What its values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int16,
    Int32,
    Int64,
    UnsignedInt64,
    Year,
    Float32,
    Float64,
    DecimalText,
    DecimalDouble,
    /// Precision and scale.
    Decimal(u16, u16),
    ScaledDecimal,
    Date,
    Time(Unit),
    /// MySQL's, which goes beyond a day.
    LongTime,
    Timestamp(Unit),
    /// With so many digits of a fraction; `None`: as many as there are.
    Zoned(Option<usize>),
    IntervalText,
    IntervalMicros,
    Bytes,
    /// One.
    Bit,
    /// So many, or up to so many.
    Bits {
        length: u32,
        varying: bool,
    },
    /// With the name of its schema.
    Text(Option<&'static str>),
    /// The schema's name, and what is allowed.
    Labels(&'static str, String),
    Array(Box<Kind>),
}

impl Kind {
    /// What to write in the configuration instead, where different values can look alike.
    pub(super) fn instead(&self) -> Option<&'static str> {
        match self {
            Self::IntervalMicros => Some("intervals = \"string\""),
            Self::DecimalDouble => Some("decimals = \"string\""),
            Self::Bits { varying: true, .. } => Some("format = \"json\""),
            Self::Array(element) => element.instead(),
            _ => None,
        }
    }
}

impl Field {
    /// `declared`: its type in the words of its source, where they are known.
    pub(super) fn of(column: &Column, declared: Option<&str>, style: DebeziumStyle) -> Self {
        let kind = kind(&column.sql_type, &Words::of(declared), style);
        let (name, sql_type) = (column.name.clone(), column.sql_type.clone());
        Self { name, sql_type, nullable: column.nullable, kind }
    }
}

/// A declared type: `timestamp(3) without time zone` is `timestamp`, `3`.
#[derive(Default)]
struct Words<'d> {
    name: &'d str,
    arguments: Option<&'d str>,
    /// Postgres says `timestamp(3) with time zone`, MySQL `timestamp(3)`.
    is_zoned: bool,
}

impl<'d> Words<'d> {
    fn of(declared: Option<&'d str>) -> Self {
        let text = declared.unwrap_or_default();
        let name = &text[..text.find(['(', ' ']).unwrap_or(text.len())];
        let arguments = text.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(inner, _)| inner);
        Self { name, arguments, is_zoned: text.ends_with("with time zone") }
    }

    fn number(&self) -> Option<u32> {
        self.arguments?.parse().ok()
    }

    /// Of a fraction of a second; MySQL means none where it says nothing, Postgres six.
    fn unit(&self) -> Unit {
        let digits = self.number().unwrap_or(if self.name == "datetime" { 0 } else { 6 });
        if digits <= MILLIS_DIGITS { Unit::Millis } else { Unit::Micros }
    }

    /// `'a','b'` as `a,b`.
    fn labels(&self) -> String {
        let quoted = self.arguments.unwrap_or_default();
        let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(quoted);
        inner.replace("','", ",").replace("''", "'")
    }
}

fn of_bits(length: u32) -> Kind {
    if length == 1 { Kind::Bit } else { Kind::Bits { length, varying: false } }
}

/// A scale below zero leaves zeros, which are written out.
fn of_decimals(precision: u16, scale: i16) -> Kind {
    match u16::try_from(scale) {
        Ok(scale) => Kind::Decimal(precision, scale),
        Err(_) => Kind::Decimal(precision.saturating_add(scale.unsigned_abs()), 0),
    }
}

fn kind(sql_type: &SqlType, words: &Words<'_>, style: DebeziumStyle) -> Kind {
    match (sql_type, words.name) {
        (SqlType::Bool, _) => Kind::Bool,
        (SqlType::Int2, "year") => Kind::Year,
        (SqlType::Int8 | SqlType::Numeric(_), "bit") => of_bits(words.number().unwrap_or(1)),
        (SqlType::Int2, _) => Kind::Int16,
        (SqlType::Int4, _) => Kind::Int32,
        (SqlType::Int8 | SqlType::Oid, _) => Kind::Int64,
        (SqlType::Float4, _) => Kind::Float32,
        (SqlType::Float8, _) => Kind::Float64,
        (SqlType::Numeric(_), "bigint") => Kind::UnsignedInt64,
        (SqlType::Numeric(declared), _) => match (style.decimals, declared) {
            (Decimals::String, _) => Kind::DecimalText,
            (Decimals::Double, _) => Kind::DecimalDouble,
            (Decimals::Precise, Some((precision, scale))) => of_decimals(*precision, *scale),
            (Decimals::Precise, None) => Kind::ScaledDecimal,
        },
        (SqlType::Date, _) => Kind::Date,
        (SqlType::Time, _) => Kind::Time(words.unit()),
        (SqlType::Timestamp, _) => Kind::Timestamp(words.unit()),
        (SqlType::Timestamptz, "timestamp") if !words.is_zoned => {
            Kind::Zoned(words.number().map(|digits| digits as usize).filter(|digits| *digits > 0))
        }
        (SqlType::Timestamptz, _) => Kind::Zoned(None),
        (SqlType::Interval, "time") => Kind::LongTime,
        (SqlType::Interval, _) => match style.intervals {
            Intervals::String => Kind::IntervalText,
            Intervals::Numeric => Kind::IntervalMicros,
        },
        (SqlType::Bytea, _) => Kind::Bytes,
        (SqlType::Other(name), _) if name == "bit" => of_bits(words.number().unwrap_or(1)),
        (SqlType::Other(name), _) if name == "bit varying" => {
            Kind::Bits { length: words.number().unwrap_or(i32::MAX as u32), varying: true }
        }
        (SqlType::Other(name), _) => Kind::Text(match name.as_str() {
            "xml" => Some("io.debezium.data.Xml"),
            "ltree" => Some("io.debezium.data.Ltree"),
            "tsvector" => Some("io.debezium.data.Tsvector"),
            _ => None,
        }),
        (SqlType::Uuid, _) => Kind::Text(Some("io.debezium.data.Uuid")),
        (SqlType::Json | SqlType::Jsonb, _) => Kind::Text(Some("io.debezium.data.Json")),
        (SqlType::Enum(kind), _) => {
            // MySQL's label of what is no label is not declared.
            let labels = kind.labels.iter().filter(|label| !label.is_empty());
            let allowed = labels.map(SmolStr::as_str).collect::<Vec<_>>().join(",");
            Kind::Labels("io.debezium.data.Enum", allowed)
        }
        (SqlType::Text, "set") => Kind::Labels("io.debezium.data.EnumSet", words.labels()),
        (SqlType::Array(element), _) => Kind::Array(Box::new(self::kind(element, &Words::default(), style))),
        (SqlType::Text | SqlType::Bpchar | SqlType::Unknown, _) => Kind::Text(None),
    }
}
