//! How the values of one column are read, from the log and from a copy. Both give the same value.

use std::sync::Arc;

use smol_str::SmolStr;

use super::error::ValueError;
use super::moment::{self, MomentType, ZeroDates};
use super::mysql_type::{MysqlColumn, MysqlType};
use super::{number, shapes, words};
use crate::mysql::binlog::{LogColumn, LogType};
use crate::mysql::charset::Charset;
use crate::mysql::json;
use crate::numeric::Numeric;
use crate::value::Value;

/// Longest value.
const BYTES_MAX: u64 = 1 << 32;

/// Everything about one column that reading a value needs.
#[derive(Clone, Debug)]
pub(in crate::mysql) enum Reading {
    Int {
        unsigned: bool,
    },
    Unsigned,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Bool,
    Bits,
    WideBits,
    Year,
    Moment {
        of: MomentType,
        zero_dates: ZeroDates,
    },
    OldMoment {
        of: MomentType,
        zero_dates: ZeroDates,
    },
    Time(u8),
    OldTime,
    Text(Charset),
    Bytes,
    /// Zeros at the end are not in the log.
    Padded(usize),
    Enum {
        labels: Arc<[SmolStr]>,
        charset: Charset,
    },
    Set {
        labels: Arc<[SmolStr]>,
        charset: Charset,
    },
    Json,
    Geometry,
    Vector,
    Uuid,
    Inet4,
    Inet6,
    Compressed(Box<Reading>),
}

impl Reading {
    /// Of a column as the catalog has it; `None`: its character set is not known.
    pub(super) fn of_column(column: &MysqlColumn, zero_dates: ZeroDates) -> Option<Self> {
        let charset = |name: &SmolStr| Charset::named(name);
        let zero_dates = zero_dates.in_column(column.in_key);
        Some(match &column.mysql_type {
            MysqlType::Int { bytes: 8, unsigned: true } => Self::Unsigned,
            MysqlType::Int { unsigned, .. } => Self::Int { unsigned: *unsigned },
            MysqlType::Float => Self::Float,
            MysqlType::Double => Self::Double,
            MysqlType::Decimal { precision, scale } => Self::Decimal { precision: *precision, scale: *scale },
            MysqlType::Bit(1) => Self::Bool,
            MysqlType::Bit(64..) => Self::WideBits,
            MysqlType::Bit(_) => Self::Bits,
            MysqlType::Year => Self::Year,
            MysqlType::Date => Self::Moment { of: MomentType::Date, zero_dates },
            MysqlType::Datetime(digits) => Self::Moment { of: MomentType::Datetime(*digits), zero_dates },
            MysqlType::Timestamp(digits) => Self::Moment { of: MomentType::Timestamp(*digits), zero_dates },
            MysqlType::Time(digits) => Self::Time(*digits),
            MysqlType::Text { charset: name } | MysqlType::JsonText { charset: name } => Self::Text(charset(name)?),
            MysqlType::Binary(length) => Self::Padded((*length).into()),
            MysqlType::Bytes => Self::Bytes,
            MysqlType::Enum { labels, charset: name } => {
                Self::Enum { labels: labels.as_slice().into(), charset: charset(name)? }
            }
            MysqlType::Set { labels, charset: name } => {
                Self::Set { labels: labels.as_slice().into(), charset: charset(name)? }
            }
            MysqlType::Json => Self::Json,
            MysqlType::Geometry => Self::Geometry,
            MysqlType::Vector => Self::Vector,
            MysqlType::Uuid => Self::Uuid,
            MysqlType::Inet4 => Self::Inet4,
            MysqlType::Inet6 => Self::Inet6,
        })
    }

    /// Of a column as the log has it at one place; `None`: it is not of the type that the catalog names.
    pub(super) fn of_log(log: &LogColumn, column: &MysqlColumn, zero_dates: ZeroDates) -> Option<Self> {
        if let Some(unsigned) = log.unsigned
            && matches!(column.mysql_type, MysqlType::Int { unsigned: known, .. } if known != unsigned)
        {
            return None;
        }
        let reading = Self::of_column(column, zero_dates)?;
        let zero_dates = zero_dates.in_column(column.in_key);
        let moment = |of| Self::Moment { of, zero_dates };
        let old_moment = |of| Self::OldMoment { of, zero_dates };
        Some(match (log.log_type, &column.mysql_type) {
            (LogType::Tiny, MysqlType::Int { bytes: 1, .. })
            | (LogType::Short, MysqlType::Int { bytes: 2, .. })
            | (LogType::Int24, MysqlType::Int { bytes: 3, .. })
            | (LogType::Long, MysqlType::Int { bytes: 4, .. })
            | (LogType::LongLong, MysqlType::Int { bytes: 8, .. })
            | (LogType::Float, MysqlType::Float)
            | (LogType::Double, MysqlType::Double)
            | (LogType::Year, MysqlType::Year)
            | (LogType::Json(_), MysqlType::Json)
            | (LogType::Geometry(_), MysqlType::Geometry)
            | (LogType::Char(16), MysqlType::Uuid | MysqlType::Inet6)
            | (LogType::Char(4), MysqlType::Inet4)
            | (LogType::Vector(_) | LogType::Varchar(_), MysqlType::Vector)
            | (LogType::Varchar(_) | LogType::Blob(_), MysqlType::Bytes) => reading,
            (LogType::Date, MysqlType::Date) => moment(MomentType::Date),
            (LogType::Bit(count), MysqlType::Bit(known)) if count == u16::from(*known) => reading,
            (LogType::Decimal(precision, scale), MysqlType::Decimal { precision: p, scale: s })
                if (precision, scale) == (*p, *s) =>
            {
                reading
            }
            // Another number of digits behind the point is the same value, printed otherwise: that is another type.
            (LogType::Time(digits), MysqlType::Time(known)) if digits == *known => reading,
            (LogType::Datetime(digits), MysqlType::Datetime(known)) if digits == *known => reading,
            (LogType::Timestamp(digits), MysqlType::Timestamp(known)) if digits == *known => reading,
            (LogType::OldTime, MysqlType::Time(0)) => Self::OldTime,
            (LogType::OldDatetime, MysqlType::Datetime(0)) => old_moment(MomentType::Datetime(0)),
            (LogType::OldTimestamp, MysqlType::Timestamp(0)) => old_moment(MomentType::Timestamp(0)),
            (LogType::Char(length), MysqlType::Binary(known)) if length == *known => reading,
            (
                LogType::Char(_) | LogType::Varchar(_) | LogType::Blob(_),
                MysqlType::Text { .. } | MysqlType::JsonText { .. },
            ) => Self::Text(text_charset(log, reading)?),
            (
                LogType::CompressedVarchar(_) | LogType::CompressedBlob(_),
                MysqlType::Text { .. } | MysqlType::JsonText { .. },
            ) => Self::Compressed(Box::new(Self::Text(text_charset(log, reading)?))),
            (LogType::CompressedVarchar(_) | LogType::CompressedBlob(_), MysqlType::Bytes) => {
                Self::Compressed(Box::new(reading))
            }
            (LogType::Enum(_), MysqlType::Enum { .. }) | (LogType::Set(_), MysqlType::Set { .. }) => {
                with_labels(log, reading)?
            }
            _ => return None,
        })
    }

    /// A value as the log has it.
    pub(in crate::mysql) fn value(&self, bytes: &[u8]) -> Result<Value, ValueError> {
        match self {
            Self::Int { unsigned } => number::integer(bytes, *unsigned).map(Value::Int),
            Self::Unsigned => number::unsigned(bytes),
            Self::Float => number::float(bytes),
            Self::Double => number::double(bytes),
            Self::Decimal { precision, scale } => number::decimal(bytes, *precision, *scale).map(Value::Numeric),
            Self::Year => number::integer(bytes, true).map(|year| Value::Int(if year == 0 { 0 } else { year + 1900 })),
            Self::Moment { of, zero_dates } => moment_of(*of, bytes)?.value(*of, *zero_dates),
            Self::OldMoment { of, zero_dates } => match of {
                MomentType::Timestamp(_) => moment::old_timestamp(bytes),
                _ => moment::old_datetime(bytes),
            }?
            .value(*of, *zero_dates),
            Self::Time(digits) => moment::time(bytes, *digits),
            Self::OldTime => moment::old_time(bytes),
            Self::Padded(length) => Ok(Value::Bytes(padded(bytes, *length))),
            Self::Enum { labels, .. } => words::label(number::integer(bytes, true)? as u64, labels),
            Self::Set { labels, .. } => words::labels(little(bytes)?, labels),
            Self::Json => json::text_of(bytes).map(Value::text),
            // Zeros at the end are not in the log.
            Self::Uuid => words::uuid(&padded(bytes, 16)),
            Self::Inet4 => words::inet4(&padded(bytes, 4)),
            Self::Inet6 => words::inet6(&padded(bytes, 16)),
            Self::Compressed(inner) => inner.value(&words::decompressed(bytes, BYTES_MAX)?),
            Self::Bool | Self::Bits | Self::WideBits | Self::Text(_) | Self::Bytes | Self::Geometry | Self::Vector => {
                self.same(bytes)
            }
        }
    }

    /// What the log and a copy have in the same form.
    fn same(&self, bytes: &[u8]) -> Result<Value, ValueError> {
        match self {
            Self::Bool => Ok(Value::Bool(number::bits(bytes)? != 0)),
            Self::Bits => {
                let bits = i64::try_from(number::bits(bytes)?);
                bits.map(Value::Int).map_err(|_| ValueError::Malformed { of: "bit string" })
            }
            Self::WideBits => number::bits(bytes).map(number::whole),
            Self::Text(charset) => Ok(Value::text(charset.decode(bytes))),
            Self::Geometry => shapes::shape(bytes),
            Self::Vector => shapes::vector(bytes),
            _ => Ok(Value::Bytes(bytes.into())),
        }
    }

    /// A value as a copy has it: text of the server, or bytes where it has no text.
    pub(super) fn copied(&self, bytes: &[u8]) -> Result<Value, ValueError> {
        let (name, sql_type) = match self {
            Self::Enum { charset, .. } | Self::Set { charset, .. } => return Ok(Value::text(charset.decode(bytes))),
            Self::Bool | Self::Bits | Self::WideBits | Self::Text(_) | Self::Bytes | Self::Geometry | Self::Vector => {
                return self.same(bytes);
            }
            Self::Padded(length) => return Ok(Value::Bytes(padded(bytes, *length))),
            Self::Int { .. } | Self::Year => ("integer", Number::Int),
            Self::Float | Self::Double => ("float", Number::Float),
            _ => ("number", Number::Numeric),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| ValueError::Malformed { of: "text" })?;
        let value = match self {
            Self::Moment { of, zero_dates } | Self::OldMoment { of, zero_dates } => {
                return moment::parse_moment(text)?.value(*of, *zero_dates);
            }
            Self::Time(_) | Self::OldTime => return moment::parse_span(text),
            Self::Json | Self::Inet4 | Self::Inet6 => return Ok(Value::text(text)),
            Self::Compressed(inner) => return inner.copied(bytes),
            Self::Uuid => u128::from_str_radix(&text.replace('-', ""), 16).ok().map(Value::Uuid),
            _ => sql_type.parse(text),
        };
        value.ok_or(ValueError::Malformed { of: name })
    }

    /// What the catalog prints as a column's default.
    pub(super) fn of_default(&self, text: &str) -> Result<Value, ValueError> {
        match self {
            Self::Text(_) | Self::Enum { .. } | Self::Set { .. } => Ok(Value::text(text)),
            // Bytes and bits are not printed as they are.
            Self::Bool | Self::Bits | Self::WideBits | Self::Bytes | Self::Padded(_) => {
                Err(ValueError::Malformed { of: "default" })
            }
            Self::Compressed(inner) => inner.of_default(text),
            _ => self.copied(text.as_bytes()),
        }
    }
}

/// Numbers by their text.
enum Number {
    Int,
    Float,
    Numeric,
}

impl Number {
    fn parse(&self, text: &str) -> Option<Value> {
        match self {
            Self::Int => text.parse().ok().map(Value::Int),
            Self::Float => text.parse().ok().map(Value::Float),
            Self::Numeric => text.parse::<Numeric>().ok().map(Value::Numeric),
        }
    }
}

fn moment_of(of: MomentType, bytes: &[u8]) -> Result<moment::Moment, ValueError> {
    match of {
        MomentType::Date => moment::date(bytes),
        MomentType::Datetime(digits) => moment::datetime(bytes, digits),
        MomentType::Timestamp(digits) => moment::timestamp(bytes, digits),
    }
}

fn little(bytes: &[u8]) -> Result<u64, ValueError> {
    if bytes.len() > 8 {
        return Err(ValueError::Malformed { of: "label of its set" });
    }
    Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn padded(bytes: &[u8], length: usize) -> Arc<[u8]> {
    if bytes.len() >= length {
        return bytes.into();
    }
    bytes.iter().copied().chain(std::iter::repeat_n(0, length - bytes.len())).collect()
}

/// The log's character set, where it tells it, else the catalog's.
fn text_charset(log: &LogColumn, of_column: Reading) -> Option<Charset> {
    match (log.collation.and_then(Charset::of_collation), of_column) {
        // The log says of bytes that they are bytes; then the column was bytes at that time.
        (Some(Charset::Binary), _) => None,
        (Some(charset), _) | (None, Reading::Text(charset)) => Some(charset),
        _ => None,
    }
}

/// The log's labels, where it tells them, else the catalog's.
fn with_labels(log: &LogColumn, of_column: Reading) -> Option<Reading> {
    let Some(labels) = &log.labels else { return Some(of_column) };
    let read = |known: Charset| -> Arc<[SmolStr]> {
        let charset = log.collation.and_then(Charset::of_collation).unwrap_or(known);
        labels.iter().map(|label| SmolStr::new(charset.decode(label))).collect()
    };
    match of_column {
        Reading::Enum { charset, .. } => Some(Reading::Enum { labels: read(charset.clone()), charset }),
        Reading::Set { charset, .. } => Some(Reading::Set { labels: read(charset.clone()), charset }),
        _ => None,
    }
}
