//! `extract` (numeric) and `date_part` (double) of dates, times, timestamps and intervals.

use tailwater_connectors::{Interval, Numeric, SqlType, Value};

use super::calendar::{
    Day, JULIAN_EPOCH, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, Moment, UNIX_EPOCH_DAYS, day_of_year,
    iso_week, shown_year, weekday,
};
use super::datetime::is_infinite;
use super::read::text;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;

/// A field of `extract`, in its one spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Epoch,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Julian,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

impl Field {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "microseconds" | "microsecond" | "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecon" => {
                Self::Microseconds
            }
            "milliseconds" | "millisecond" | "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecon" => {
                Self::Milliseconds
            }
            "second" | "seconds" | "s" | "sec" | "secs" => Self::Second,
            "minute" | "minutes" | "m" | "min" | "mins" => Self::Minute,
            "hour" | "hours" | "h" | "hr" | "hrs" => Self::Hour,
            "day" | "days" | "d" => Self::Day,
            "week" | "weeks" | "w" => Self::Week,
            "month" | "months" | "mon" | "mons" => Self::Month,
            "quarter" | "qtr" => Self::Quarter,
            "year" | "years" | "y" | "yr" | "yrs" => Self::Year,
            "decade" | "decades" | "dec" | "decs" => Self::Decade,
            "century" | "centuries" | "c" | "cent" => Self::Century,
            "millennium" | "millennia" | "mil" | "mils" => Self::Millennium,
            "epoch" => Self::Epoch,
            "dow" => Self::DayOfWeek,
            "isodow" => Self::IsoDayOfWeek,
            "doy" => Self::DayOfYear,
            "isoyear" => Self::IsoYear,
            "julian" | "jd" | "j" => Self::Julian,
            "timezone" => Self::Timezone,
            "timezone_hour" | "timezone_h" => Self::TimezoneHour,
            "timezone_minute" | "timezone_m" => Self::TimezoneMinute,
            _ => return None,
        })
    }
}

fn unknown(sql_type: &SqlType) -> RowError {
    RowError::invalid_parameter(format!("unit not recognized for type {sql_type}"))
}

fn unsupported(sql_type: &SqlType) -> RowError {
    RowError::new("0A000", format!("unit not supported for type {sql_type}"))
}

fn whole(number: i64) -> Numeric {
    Numeric::from(number)
}

/// Microseconds as seconds with six, or milliseconds with three digits.
fn fraction(micros: i128, scale: u16) -> Numeric {
    Numeric::from_i128(micros, scale)
}

fn of_time(field: Field, micros: i64) -> Option<Numeric> {
    let in_minute = micros % MICROS_PER_MINUTE;
    Some(match field {
        Field::Microseconds => whole(in_minute),
        Field::Milliseconds => fraction(i128::from(in_minute), 3),
        Field::Second => fraction(i128::from(in_minute), 6),
        Field::Minute => whole(micros / MICROS_PER_MINUTE % 60),
        Field::Hour => whole(micros / MICROS_PER_HOUR),
        _ => return None,
    })
}

fn of_day(field: Field, days: i64) -> Option<Numeric> {
    let Day { year, month, day } = Day::of(days);
    Some(whole(match field {
        Field::Day => day,
        Field::Week => iso_week(days).1,
        Field::Month => month,
        Field::Quarter => (month - 1) / 3 + 1,
        Field::Year => shown_year(year),
        Field::Decade => year.div_euclid(10),
        Field::Century if year > 0 => (year + 99) / 100,
        Field::Century => -((99 - (year - 1)) / 100),
        Field::Millennium if year > 0 => (year + 999) / 1000,
        Field::Millennium => -((999 - (year - 1)) / 1000),
        Field::DayOfWeek => weekday(days),
        Field::IsoDayOfWeek => (weekday(days) + 6) % 7 + 1,
        Field::DayOfYear => day_of_year(days),
        Field::IsoYear => shown_year(iso_week(days).0),
        Field::Julian => days + JULIAN_EPOCH,
        _ => return None,
    }))
}

/// Infinite moments have infinite years, but no day or hour.
fn of_infinite(field: Field, positive: bool) -> Option<Numeric> {
    let grows = matches!(
        field,
        Field::Year
            | Field::Decade
            | Field::Century
            | Field::Millennium
            | Field::Epoch
            | Field::IsoYear
            | Field::Julian
    );
    grows.then_some(if positive { Numeric::Infinity } else { Numeric::NegInfinity })
}

fn of_timestamp(field: Field, timestamp: i64) -> Result<Option<Numeric>, RowError> {
    if is_infinite(timestamp) {
        return Ok(of_infinite(field, timestamp > 0));
    }
    let moment = Moment::of(timestamp);
    Ok(match field {
        Field::Epoch => {
            let unix = i128::from(timestamp) + i128::from(UNIX_EPOCH_DAYS) * i128::from(MICROS_PER_DAY);
            Some(fraction(unix, 6))
        }
        Field::Julian => {
            let share = whole(moment.micros).div(&whole(MICROS_PER_DAY))?;
            Some(whole(moment.days + JULIAN_EPOCH).add(&share)?)
        }
        _ => of_time(field, moment.micros).or_else(|| of_day(field, moment.days)),
    })
}

fn of_interval(field: Field, span: Interval) -> Option<Numeric> {
    let (years, months) = (i64::from(span.months / 12), i64::from(span.months % 12));
    Some(match field {
        Field::Year => whole(years),
        Field::Month => whole(months),
        Field::Quarter => whole(months / 3 + 1),
        Field::Day => whole(i64::from(span.days)),
        Field::Decade => whole(years / 10),
        Field::Century => whole(years / 100),
        Field::Millennium => whole(years / 1000),
        Field::Epoch => {
            // A year is 365.25 days here, so everything is counted in quarters of a day.
            let quarters = 1_461 * i128::from(years) + 120 * i128::from(months) + 4 * i128::from(span.days);
            fraction(quarters * i128::from(MICROS_PER_DAY / 4) + i128::from(span.micros), 6)
        }
        _ => return of_time(field, span.micros),
    })
}

fn part(sql_type: &SqlType, name: &str, value: &Value) -> Result<Option<Numeric>, RowError> {
    let field = Field::parse(name).ok_or_else(|| unknown(sql_type))?;
    let missing = || unsupported(sql_type);
    match value {
        Value::Date(days @ (i32::MAX | i32::MIN)) => Ok(of_infinite(field, *days > 0)),
        Value::Date(days) if field == Field::Epoch => Ok(Some(whole((i64::from(*days) + UNIX_EPOCH_DAYS) * 86_400))),
        Value::Date(days) => of_day(field, i64::from(*days)).ok_or_else(missing).map(Some),
        Value::Time(micros) if field == Field::Epoch => Ok(Some(fraction(i128::from(*micros), 6))),
        Value::Time(micros) => of_time(field, *micros).ok_or_else(missing).map(Some),
        Value::Interval(span) => of_interval(field, *span).ok_or_else(missing).map(Some),
        Value::Timestamptz(_) if matches!(field, Field::Timezone | Field::TimezoneHour | Field::TimezoneMinute) => {
            Ok(Some(Numeric::ZERO))
        }
        Value::Timestamp(micros) | Value::Timestamptz(micros) => {
            let known = !matches!(field, Field::Timezone | Field::TimezoneHour | Field::TimezoneMinute);
            if known { of_timestamp(field, *micros) } else { Err(missing()) }
        }
        _ => Err(missing()),
    }
}

fn extract(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let part = part(&types[1], text(&arguments[0]), &arguments[1])?;
    Ok(part.map_or(Value::Null, Value::Numeric))
}

fn date_part(types: &[SqlType], arguments: &[Value]) -> Result<Value, RowError> {
    let part = part(&types[1], text(&arguments[0]), &arguments[1])?;
    Ok(part.map_or(Value::Null, |number| Value::Float(number.to_f64())))
}

pub(super) fn register(catalog: &mut Catalog) {
    for moment in ["date", "time", "timestamp", "timestamptz", "interval"] {
        catalog.typed(&format!("extract(text,{moment}) numeric"), extract);
        if moment == "date" {
            // date_part of a date works on its midnight.
            continue;
        }
        catalog.typed(&format!("date_part(text,{moment}) float8"), date_part);
    }
    catalog.typed("date_part(text,date) float8", |types, a| {
        let midnight = Value::Timestamp(super::datetime::midnight(super::read::date(&a[1]))?);
        date_part(&[types[0].clone(), SqlType::Timestamp], &[a[0].clone(), midnight])
    });
}
