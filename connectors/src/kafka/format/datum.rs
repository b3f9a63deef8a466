//! A field of a message whose schema says what it is: the words that Avro and Protobuf share, and what each becomes in a column.
//!
//! | field | column types |
//! |---|---|
//! | boolean | `boolean` |
//! | integer | integers that hold the value, `numeric`, `double precision` where the integer has 32 bits at most |
//! | float | `real`, `double precision`; of 64 bits: `double precision` |
//! | decimal | `numeric`, if nothing has to be rounded |
//! | text | text; any other but arrays, read as Postgres reads it |
//! | label | text, enums |
//! | bytes | `bytea` |
//! | date, time, local timestamp, timestamp, interval, uuid | `date`, `time`, `timestamp`, `timestamptz`, `interval`, `uuid` (also text) |
//! | list | arrays of what its elements become |
//! | any | `json`, `jsonb` |

use std::borrow::Cow;
use std::fmt;

use crate::numeric::Numeric;
use crate::sql_type::SqlType;
use crate::value::Interval;

/// What a schema says of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Never anything.
    Null,
    Bool,
    /// With a sign or without; its bits.
    Int(u8),
    Single,
    Double,
    Decimal,
    Text,
    /// One of the labels of an enum.
    Label,
    Bytes,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Uuid,
    List(Box<Kind>),
    /// Records, messages, maps.
    Record,
    /// Any of these.
    Union(Vec<Kind>),
}

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond what has a sign.
    Unsigned(u64),
    Single(f32),
    Double(f64),
    Decimal(Numeric),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
    /// Days since 2000-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 2000-01-01.
    Timestamp(i64),
    /// Microseconds since 2000-01-01 UTC.
    Timestamptz(i64),
    Interval(Interval),
    Uuid(u128),
    List(Vec<Datum<'a>>),
    Record(Vec<(Cow<'a, str>, Datum<'a>)>),
}

/// What is wrong with the bytes of a field, to follow its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) &'static str);

impl Kind {
    /// Whether values of the field can become values of the column; single values may still not fit it.
    pub(super) fn fits(&self, column: &SqlType) -> bool {
        match (self, column) {
            (Self::Union(kinds), _) => {
                let mut some = kinds.iter().filter(|kind| **kind != Self::Null).peekable();
                some.peek().is_none() || some.any(|kind| kind.fits(column))
            }
            (Self::Null, _) | (_, SqlType::Json | SqlType::Jsonb) => true,
            (Self::List(element), SqlType::Array(of)) => !matches!(**of, SqlType::Array(_)) && element.fits(of),
            (Self::Text, _) => !matches!(column, SqlType::Array(_)),
            (Self::Label | Self::Uuid, SqlType::Text | SqlType::Bpchar) | (Self::Label, SqlType::Enum(_)) => true,
            (Self::Bool, SqlType::Bool) => true,
            (Self::Int(_), SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Oid | SqlType::Numeric(_)) => true,
            (Self::Int(bits), SqlType::Float8) => *bits <= 32,
            (Self::Single, SqlType::Float4 | SqlType::Float8) | (Self::Double, SqlType::Float8) => true,
            (Self::Decimal, SqlType::Numeric(_)) | (Self::Bytes, SqlType::Bytea) => true,
            (Self::Date, SqlType::Date) | (Self::Time, SqlType::Time) | (Self::Uuid, SqlType::Uuid) => true,
            (Self::Timestamp, SqlType::Timestamp) | (Self::Timestamptz, SqlType::Timestamptz) => true,
            (Self::Interval, SqlType::Interval) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Int(bits) => return write!(f, "integer of {bits} bits"),
            Self::Single => "float of 32 bits",
            Self::Double => "float of 64 bits",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Label => "enum",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp without time zone",
            Self::Timestamptz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::List(element) => return write!(f, "list of {element}"),
            Self::Record => "record",
            Self::Union(kinds) => {
                f.write_str("union of ")?;
                return kinds
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, kind)| write!(f, "{}{kind}", if index > 0 { ", " } else { "" }));
            }
        })
    }
}
