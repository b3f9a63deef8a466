//! Dates and times: from the log's packed forms, and from the server's text.

use serde::{Deserialize, Serialize};

use super::error::ValueError;
use crate::mysql::binlog::{Reader, fraction_bytes};
use crate::text::calendar::{Civil, MICROS_PER_DAY, UNIX_EPOCH_MICROS};
use crate::value::{Interval, Value};

const MICROS: u64 = 1_000_000;
/// No part of a date or time has more.
const NUMBER_DIGITS_MAX: usize = 9;

/// What is made of days that are in no calendar: `0000-00-00`, `2020-00-10`, `2020-02-31`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ZeroDates {
    /// Null; every column of dates may be null then. Refused in a column of the key.
    #[default]
    Null,
    /// An error.
    Refuse,
    /// All dates are text, as the server prints them.
    Text,
}

impl ZeroDates {
    /// A key has no nulls.
    pub(super) fn in_column(self, in_key: bool) -> Self {
        if in_key && self == Self::Null { Self::Refuse } else { self }
    }
}

/// A point in time as MySQL has it: each part may be zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    year: u64,
    month: u64,
    day: u64,
    /// Microseconds of the day.
    micros: u64,
}

/// Which of the types it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum MomentType {
    Date,
    /// With digits of a fraction of a second.
    Datetime(u8),
    /// The same, in UTC.
    Timestamp(u8),
}

fn malformed(of: &'static str) -> ValueError {
    ValueError::Malformed { of }
}

impl Moment {
    /// `None`: no such day.
    fn days(self) -> Option<i64> {
        let civil = Civil { year: self.year as i64, month: self.month as u32, day: self.day as u32 };
        civil.is_valid().then(|| civil.to_days())
    }

    /// The value, where days that are in no calendar are treated like this.
    pub(super) fn value(self, of: MomentType, zero_dates: ZeroDates) -> Result<Value, ValueError> {
        if zero_dates == ZeroDates::Text {
            return Ok(Value::text(self.text(of)));
        }
        let Some(days) = self.days() else {
            return if zero_dates == ZeroDates::Null { Ok(Value::Null) } else { Err(ValueError::ZeroDate) };
        };
        let micros = days * MICROS_PER_DAY + self.micros as i64;
        Ok(match of {
            MomentType::Date => Value::Date(days as i32),
            MomentType::Datetime(_) => Value::Timestamp(micros),
            MomentType::Timestamp(_) => Value::Timestamptz(micros),
        })
    }

    /// As the server prints it.
    fn text(self, of: MomentType) -> String {
        let date = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        match of {
            MomentType::Date => date,
            MomentType::Datetime(digits) | MomentType::Timestamp(digits) => {
                format!("{date} {}", time_text(self.micros, digits))
            }
        }
    }
}

fn time_text(micros: u64, digits: u8) -> String {
    let seconds = micros / MICROS;
    let time = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match digits {
        0 => time,
        digits => format!("{time}.{:0width$}", micros % MICROS / scale(digits), width = usize::from(digits)),
    }
}

/// Microseconds that the last of this many digits counts.
fn scale(digits: u8) -> u64 {
    10u64.pow(6 - u32::from(digits.min(6)))
}

/// Fractions are kept by two digits.
fn fraction(reader: &mut Reader<'_>, digits: u8) -> Option<u64> {
    let bytes = fraction_bytes(digits);
    let micros = reader.big(bytes).ok()? * 100u64.pow(3 - bytes as u32);
    (micros < MICROS).then_some(micros)
}

/// `date`
pub(super) fn date(bytes: &[u8]) -> Result<Moment, ValueError> {
    let packed = Reader(bytes).little(3).map_err(|_| malformed("date"))?;
    Ok(Moment { year: packed >> 9, month: packed >> 5 & 15, day: packed & 31, micros: 0 })
}

/// `datetime`
pub(super) fn datetime(bytes: &[u8], digits: u8) -> Result<Moment, ValueError> {
    let wrong = || malformed("datetime");
    let mut reader = Reader(bytes);
    let packed = reader.big(5).ok().and_then(|packed| packed.checked_sub(1 << 39)).ok_or_else(wrong)?;
    let (date, time) = (packed >> 17, packed & 0x1_ffff);
    let seconds = (time >> 12) * 3600 + (time >> 6 & 63) * 60 + (time & 63);
    let micros = seconds * MICROS + fraction(&mut reader, digits).ok_or_else(wrong)?;
    Ok(Moment { year: (date >> 5) / 13, month: (date >> 5) % 13, day: date & 31, micros })
}

/// `timestamp`; zero seconds are no time at all.
pub(super) fn timestamp(bytes: &[u8], digits: u8) -> Result<Moment, ValueError> {
    let wrong = || malformed("timestamp");
    let mut reader = Reader(bytes);
    let seconds = reader.big(4).map_err(|_| wrong())?;
    let fraction = fraction(&mut reader, digits).ok_or_else(wrong)?;
    Ok(of_unix_time(seconds, fraction))
}

fn of_unix_time(seconds: u64, fraction: u64) -> Moment {
    if seconds == 0 && fraction == 0 {
        return Moment::default();
    }
    let micros = (seconds * MICROS + fraction) as i64 - UNIX_EPOCH_MICROS;
    let civil = Civil::from_days(micros.div_euclid(MICROS_PER_DAY));
    Moment {
        year: civil.year as u64,
        month: civil.month.into(),
        day: civil.day.into(),
        micros: micros.rem_euclid(MICROS_PER_DAY) as u64,
    }
}

/// `time`: a number with a sign, over all bytes.
pub(super) fn time(bytes: &[u8], digits: u8) -> Result<Value, ValueError> {
    let wrong = || malformed("time");
    let below = 8 * fraction_bytes(digits);
    if bytes.len() != 3 + below / 8 {
        return Err(wrong());
    }
    let packed = Reader(bytes).big(bytes.len()).map_err(|_| wrong())? as i64 - (1 << (23 + below));
    let (size, negative) = (packed.unsigned_abs(), packed < 0);
    let time = size >> below;
    let seconds = (time >> 12 & 1023) * 3600 + (time >> 6 & 63) * 60 + (time & 63);
    let fraction = (size & ((1 << below) - 1)) * 100u64.pow(3 - below as u32 / 8);
    Ok(span(seconds * MICROS + fraction, negative))
}

fn span(micros: u64, negative: bool) -> Value {
    let micros = micros as i64;
    Value::Interval(Interval { months: 0, days: 0, micros: if negative { -micros } else { micros } })
}

/// Decimal digits in pairs, seconds last: MariaDB's types of before 10.0.
pub(super) fn old_time(bytes: &[u8]) -> Result<Value, ValueError> {
    let packed = super::number::integer(bytes, false)?;
    let size = packed.unsigned_abs();
    Ok(span((size / 10_000 * 3600 + size / 100 % 100 * 60 + size % 100) * MICROS, packed < 0))
}

/// The same with a date.
pub(super) fn old_datetime(bytes: &[u8]) -> Result<Moment, ValueError> {
    let packed = Reader(bytes).little(8).map_err(|_| malformed("datetime"))?;
    let (date, time) = (packed / MICROS, packed % MICROS);
    let seconds = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100;
    if date / 10_000 > 9999 {
        return Err(malformed("datetime"));
    }
    Ok(Moment { year: date / 10_000, month: date / 100 % 100, day: date % 100, micros: seconds * MICROS })
}

/// Seconds since 1970.
pub(super) fn old_timestamp(bytes: &[u8]) -> Result<Moment, ValueError> {
    let seconds = Reader(bytes).little(4).map_err(|_| malformed("timestamp"))?;
    Ok(of_unix_time(seconds, 0))
}

/// The number of these digits, all of them.
fn number(digits: &str) -> Option<u64> {
    ((1..=NUMBER_DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// `12:34:56.789`, with as many hours as there are.
fn parse_time(text: &str) -> Option<u64> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = time.splitn(3, ':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let micros = match fraction {
        "" => 0,
        digits if digits.len() <= 6 => number(digits)? * scale(digits.len() as u8),
        _ => return None,
    };
    Some((hours.checked_mul(3600)? + minutes * 60 + seconds).checked_mul(MICROS)? + micros)
}

/// `2020-02-30`, and a time behind it where there is one.
pub(super) fn parse_moment(text: &str) -> Result<Moment, ValueError> {
    let parse = || {
        let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let mut parts = date.splitn(3, '-').map(number);
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let micros = parse_time(time)?;
        (year <= 9999 && month <= 99 && day <= 99 && micros < MICROS_PER_DAY as u64).then_some(Moment {
            year,
            month,
            day,
            micros,
        })
    };
    parse().ok_or(malformed("date"))
}

/// `-838:59:59`
pub(super) fn parse_span(text: &str) -> Result<Value, ValueError> {
    let (negative, plain) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let micros = parse_time(plain).filter(|micros| *micros < i64::MAX as u64).ok_or(malformed("time"))?;
    Ok(span(micros, negative))
}

/// A date, datetime or time inside a document, as the server prints it there; `None`: the type of the server is none of these. All have
/// the form of a packed time: seconds in the upper, microseconds in the lower 24 bits.
pub(in crate::mysql) fn packed_moment(field_type: u8, bytes: &[u8]) -> Option<String> {
    const TIMESTAMP: u8 = 7;
    const DATE: u8 = 10;
    const TIME: u8 = 11;
    const DATETIME: u8 = 12;
    let packed = i64::from_le_bytes(bytes.try_into().ok()?);
    let (size, negative) = (packed.unsigned_abs(), packed < 0);
    let (whole, fraction) = (size >> 24, size & 0xff_ffff);
    let (upper, time) = (whole >> 17, whole & 0x1_ffff);
    let text = match field_type {
        TIME => {
            let seconds = (whole >> 12 & 1023) * 3600 + (whole >> 6 & 63) * 60 + (whole & 63);
            let sign = if negative { "-" } else { "" };
            return Some(format!("{sign}{}", time_text(seconds * MICROS + fraction, 6)));
        }
        DATE | DATETIME | TIMESTAMP => {
            let seconds = (time >> 12) * 3600 + (time >> 6 & 63) * 60 + (time & 63);
            let (year, month, day) = ((upper >> 5) / 13, (upper >> 5) % 13, upper & 31);
            Moment { year, month, day, micros: seconds * MICROS + fraction }
        }
        _ => return None,
    };
    Some(text.text(if field_type == DATE { MomentType::Date } else { MomentType::Datetime(6) }))
}
