//! Time zones: names of the tz database, common abbreviations, and fixed offsets.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use tailwater_connectors::Value;

use super::calendar::{Day, MICROS_PER_DAY, MICROS_PER_SECOND, Moment, UNIX_EPOCH_DAYS, checked_timestamp, weekday};
use super::datetime::is_infinite;
use super::read::{interval, micros, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

const UNIX_EPOCH_MICROS: i64 = UNIX_EPOCH_DAYS * MICROS_PER_DAY;
/// Rules are tabulated so far; later years have those of the last.
const TABLES_LAST_YEAR: i64 = 2098;
/// Postgres' default abbreviations that people write, in hours east of Greenwich.
const ABBREVIATIONS: [(&str, i64); 21] = [
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("zulu", 0),
    ("ut", 0),
    ("uct", 0),
    ("wet", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("cet", 1),
    ("cest", 2),
    ("bst", 1),
    ("eet", 2),
    ("eest", 3),
    ("jst", 9),
];

/// A zone: rules of a place, or seconds east of Greenwich.
pub(super) enum Zone {
    Place(Tz),
    Fixed(i64),
}

/// The zone with this name.
pub(super) fn parse(name: &str) -> Result<Zone, RowError> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, hours)) = ABBREVIATIONS.iter().find(|(known, _)| *known == lower) {
        return Ok(Zone::Fixed(hours * 3_600));
    }
    if let Some(zone) = fixed(name) {
        return Ok(zone);
    }
    let any_case = || chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).copied();
    let place = Tz::from_str(name).ok().or_else(any_case);
    place.map(Zone::Place).ok_or_else(|| RowError::invalid_parameter("time zone not recognized"))
}

/// The zone of `make_timestamptz`: a number is east of Greenwich there.
pub(super) fn parse_offset(name: &str) -> Result<Zone, RowError> {
    match fixed(name).filter(|_| name.starts_with(['+', '-'])) {
        Some(Zone::Fixed(seconds)) => Ok(Zone::Fixed(-seconds)),
        _ => parse(name),
    }
}

/// `+05:30`, `-3`, `UTC+2`: POSIX signs, positive is west of Greenwich.
fn fixed(name: &str) -> Option<Zone> {
    let name = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or(name);
    let (sign, digits) = match name.split_at_checked(1)? {
        ("+", digits) => (-1, digits),
        ("-", digits) => (1, digits),
        _ => return None,
    };
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3_600, 60, 1]) {
        seconds += part.parse::<u8>().ok().map(i64::from)? * unit;
    }
    (seconds < 168 * 3_600).then_some(Zone::Fixed(sign * seconds))
}

fn naive(timestamp: i64) -> Result<NaiveDateTime, RowError> {
    let unix = timestamp.checked_add(UNIX_EPOCH_MICROS);
    let moment = unix.and_then(DateTime::from_timestamp_micros);
    moment.map(|moment| moment.naive_utc()).ok_or_else(|| RowError::datetime("timestamp"))
}

/// The same day of a year of which the tables have rules, if this one is beyond them: one that begins on the same day of
/// the week and has as many days.
fn within_tables(timestamp: i64) -> i64 {
    let moment = Moment::of(timestamp);
    let year = Day::of(moment.days).year;
    if year <= TABLES_LAST_YEAR {
        return timestamp;
    }
    let first = |year: i64| Day { year, month: 1, day: 1 }.days();
    let kind = |year: i64| (weekday(first(year)), first(year + 1) - first(year));
    let like = (TABLES_LAST_YEAR - 27..=TABLES_LAST_YEAR).find(|like| kind(*like) == kind(year));
    timestamp - (first(year) - first(like.unwrap_or(year))) * MICROS_PER_DAY
}

impl Zone {
    fn offset_at_universal(&self, timestamp: i64) -> Result<i64, RowError> {
        match self {
            Self::Fixed(seconds) => Ok(*seconds),
            Self::Place(zone) => {
                let timestamp = within_tables(timestamp);
                let offset = zone.offset_from_utc_datetime(&naive(timestamp)?);
                Ok(i64::from(offset.fix().local_minus_utc()))
            }
        }
    }

    /// What clocks in the zone show.
    pub(super) fn local(&self, timestamp: i64) -> Result<i64, RowError> {
        if is_infinite(timestamp) {
            return Ok(timestamp);
        }
        checked_timestamp(timestamp.checked_add(self.offset_at_universal(timestamp)? * MICROS_PER_SECOND))
    }

    /// When clocks in the zone show this. A time that was skipped is read as before the change, one that comes twice as after.
    pub(super) fn universal(&self, local: i64) -> Result<i64, RowError> {
        if is_infinite(local) {
            return Ok(local);
        }
        let offset = match self {
            Self::Fixed(seconds) => *seconds,
            Self::Place(_) => {
                let before = self.offset_at_universal(local.saturating_sub(MICROS_PER_DAY))?;
                let after = self.offset_at_universal(local.saturating_add(MICROS_PER_DAY))?;
                let holds = |offset: i64| {
                    Ok::<bool, RowError>(self.offset_at_universal(local - offset * MICROS_PER_SECOND)? == offset)
                };
                if holds(after)? { after } else { before }
            }
        };
        checked_timestamp(local.checked_sub(offset * MICROS_PER_SECOND))
    }
}

fn by_interval(value: &Value) -> Result<Zone, RowError> {
    let span = interval(value);
    if span.months != 0 || span.days != 0 {
        return Err(RowError::invalid_parameter("interval time zone must not include months or days"));
    }
    Ok(Zone::Fixed(span.micros / MICROS_PER_SECOND))
}

fn convert(zone: &Zone, value: &Value) -> Result<Value, RowError> {
    match value {
        Value::Timestamptz(micros) => zone.local(*micros).map(Value::Timestamp),
        local => zone.universal(micros(local)).map(Value::Timestamptz),
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    for (moment, result) in [("timestamp", "timestamptz"), ("timestamptz", "timestamp")] {
        catalog.strict(&format!("timezone(text,{moment}) {result}"), |a| convert(&parse(text(&a[0]))?, &a[1]));
        catalog.strict(&format!("timezone(interval,{moment}) {result}"), |a| convert(&by_interval(&a[0])?, &a[1]));
    }
}
