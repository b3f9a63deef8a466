//! `date_trunc`, `date_bin`, `age` and the `justify` functions.

use tailwater_connectors::{Interval, SqlType, Value};

use super::calendar::{
    Day, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, Moment, checked_timestamp, month_length, weekday,
};
use super::date_parts::Field;
use super::datetime::{is_infinite, midnight};
use super::read::{date, interval, micros, text};
use super::zone;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn unsupported(sql_type: &SqlType) -> RowError {
    RowError::new("0A000", format!("unit not supported for type {sql_type}"))
}

fn field(name: &str, sql_type: &SqlType) -> Result<Field, RowError> {
    // These are units to extract, and none to cut at.
    let only_parts =
        [Field::IsoYear, Field::DayOfWeek, Field::IsoDayOfWeek, Field::DayOfYear, Field::Julian, Field::Epoch];
    let found = Field::parse(name).filter(|field| !only_parts.contains(field));
    found.ok_or_else(|| RowError::invalid_parameter(format!("unit not recognized for type {sql_type}")))
}

/// Micros of the units below a day.
fn clock_unit(field: Field) -> Option<i64> {
    Some(match field {
        Field::Microseconds => 1,
        Field::Milliseconds => 1_000,
        Field::Second => MICROS_PER_SECOND,
        Field::Minute => 60 * MICROS_PER_SECOND,
        Field::Hour => MICROS_PER_HOUR,
        _ => return None,
    })
}

/// First day of the century or millennium (of `size` years) that the year is in; they begin with year 1.
fn first_of_age(year: i64, size: i64) -> i64 {
    if year > 0 { (year - 1) / size * size + 1 } else { -((size - year) / size * size) + 1 }
}

fn truncated_day(field: Field, days: i64) -> Option<i64> {
    let Day { year, month, .. } = Day::of(days);
    let first = |year, month| Day { year, month, day: 1 }.days();
    Some(match field {
        Field::Day => days,
        Field::Week => days - (weekday(days) + 6) % 7,
        Field::Month => first(year, month),
        Field::Quarter => first(year, (month - 1) / 3 * 3 + 1),
        Field::Year => first(year, 1),
        Field::Decade => first(year.div_euclid(10) * 10, 1),
        Field::Century => first(first_of_age(year, 100), 1),
        Field::Millennium => first(first_of_age(year, 1_000), 1),
        _ => return None,
    })
}

fn truncate(sql_type: &SqlType, name: &str, timestamp: i64) -> Result<i64, RowError> {
    if is_infinite(timestamp) {
        return Ok(timestamp);
    }
    let field = field(name, sql_type)?;
    let moment = Moment::of(timestamp);
    if let Some(unit) = clock_unit(field) {
        return Moment { micros: moment.micros - moment.micros % unit, ..moment }.timestamp();
    }
    let days = truncated_day(field, moment.days).ok_or_else(|| unsupported(sql_type))?;
    Moment { days, micros: 0 }.timestamp()
}

fn trunc_moment(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let result = truncate(&types[1], text(&arguments[0]), micros(&arguments[1]))?;
    Ok(match types[1] {
        SqlType::Timestamptz => Value::Timestamptz(result),
        _ => Value::Timestamp(result),
    })
}

fn trunc_in_zone(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let zone = zone::parse(text(&arguments[2]))?;
    let local = zone.local(micros(&arguments[1]))?;
    let result = truncate(&types[1], text(&arguments[0]), local)?;
    zone.universal(result).map(Value::Timestamptz)
}

fn trunc_interval(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let span = interval(&arguments[1]);
    let field = field(text(&arguments[0]), &types[1])?;
    if let Some(unit) = clock_unit(field) {
        return Ok(Value::Interval(Interval { micros: span.micros - span.micros % unit, ..span }));
    }
    let months = |unit: i32| Interval { months: span.months - span.months % unit, days: 0, micros: 0 };
    Ok(Value::Interval(match field {
        Field::Day => Interval { micros: 0, ..span },
        Field::Month => months(1),
        Field::Quarter => months(3),
        Field::Year => months(12),
        Field::Decade => months(120),
        Field::Century => months(1_200),
        Field::Millennium => months(12_000),
        _ => return Err(unsupported(&types[1])),
    }))
}

fn date_bin(arguments: &[Value]) -> Result<Value, RowError> {
    let (stride, source, origin) = (interval(&arguments[0]), micros(&arguments[1]), micros(&arguments[2]));
    let wrap = |micros: i64| match arguments[1] {
        Value::Timestamptz(_) => Value::Timestamptz(micros),
        _ => Value::Timestamp(micros),
    };
    if is_infinite(source) {
        return Ok(wrap(source));
    }
    if is_infinite(origin) {
        return Err(RowError::new("22008", "origin out of range"));
    }
    if stride.months != 0 {
        return Err(RowError::new("0A000", "timestamps cannot be binned into intervals containing months or years"));
    }
    let length = i128::from(stride.days) * i128::from(MICROS_PER_DAY) + i128::from(stride.micros);
    if length <= 0 {
        return Err(RowError::new("22008", "stride must be greater than zero"));
    }
    let distance = i128::from(source) - i128::from(origin);
    let binned = i128::from(origin) + distance.div_euclid(length) * length;
    checked_timestamp(i64::try_from(binned).ok()).map(wrap)
}

/// `age(left, right)`: years, months and days as people count them.
fn age(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (micros(&arguments[0]), micros(&arguments[1]));
    if is_infinite(left) || is_infinite(right) {
        return Err(RowError::new("22008", "timestamp out of range"));
    }
    let (later, earlier) = (left.max(right), left.min(right));
    let (from, to) = (Moment::of(earlier), Moment::of(later));
    let (start, end) = (Day::of(from.days), Day::of(to.days));
    let mut time = to.micros - from.micros;
    let mut days = end.day - start.day;
    let mut months = (end.year - start.year) * 12 + end.month - start.month;
    if time < 0 {
        time += MICROS_PER_DAY;
        days -= 1;
    }
    while days < 0 {
        // Days of the month that the earlier moment is in.
        days += month_length(start.year, start.month);
        months -= 1;
    }
    let span = Interval { months: months as i32, days: days as i32, micros: time };
    Ok(Value::Interval(if left < right { super::datetime::negated(span)? } else { span }))
}

fn out_of_range() -> RowError {
    RowError::datetime("interval")
}

/// Brings `low` below one `unit` of `high`, both with one sign.
fn justified(high: i64, low: i64, unit: i64) -> (i64, i64) {
    let (mut high, mut low) = (high + low / unit, low % unit);
    if high > 0 && low < 0 {
        low += unit;
        high -= 1;
    } else if high < 0 && low > 0 {
        low -= unit;
        high += 1;
    }
    (high, low)
}

fn int(number: i64) -> Result<i32, RowError> {
    i32::try_from(number).map_err(|_| out_of_range())
}

fn justify_hours(span: Interval) -> Result<Interval, RowError> {
    let (days, micros) = justified(i64::from(span.days), span.micros, MICROS_PER_DAY);
    Ok(Interval { days: int(days)?, micros, ..span })
}

fn justify_days(span: Interval) -> Result<Interval, RowError> {
    let (months, days) = justified(i64::from(span.months), i64::from(span.days), 30);
    Ok(Interval { months: int(months)?, days: int(days)?, ..span })
}

fn justify_interval(span: Interval) -> Result<Interval, RowError> {
    let total = crate::engine::scalar::compare::interval_length(&span);
    let month = 30 * i128::from(MICROS_PER_DAY);
    let rest = total % month;
    Ok(Interval {
        months: i32::try_from(total / month).map_err(|_| out_of_range())?,
        days: (rest / i128::from(MICROS_PER_DAY)) as i32,
        micros: (rest % i128::from(MICROS_PER_DAY)) as i64,
    })
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.typed("date_trunc(text,timestamp) timestamp", trunc_moment);
    catalog.typed("date_trunc(text,timestamptz) timestamptz", trunc_moment);
    catalog.typed("date_trunc(text,timestamptz,text) timestamptz", trunc_in_zone);
    catalog.typed("date_trunc(text,interval) interval", trunc_interval);
    catalog.strict("date_bin(interval,timestamp,timestamp) timestamp", date_bin);
    catalog.strict("date_bin(interval,timestamptz,timestamptz) timestamptz", date_bin);
    catalog.strict("age(timestamp,timestamp) interval", age);
    catalog.strict("age(timestamptz,timestamptz) interval", age);
    catalog.strict("justify_hours(interval) interval", |a| justify_hours(interval(&a[0])).map(Value::Interval));
    catalog.strict("justify_days(interval) interval", |a| justify_days(interval(&a[0])).map(Value::Interval));
    catalog.strict("justify_interval(interval) interval", |a| justify_interval(interval(&a[0])).map(Value::Interval));
    catalog.strict("timestamp(date,time) timestamp", |a| {
        checked_timestamp(midnight(date(&a[0]))?.checked_add(micros(&a[1]))).map(Value::Timestamp)
    });
}
