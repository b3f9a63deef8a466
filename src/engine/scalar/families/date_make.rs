//! Dates, times and timestamps from their fields.

use tailwater_connectors::{Interval, Value};

use super::calendar::{
    Day, MICROS_PER_DAY, MICROS_PER_HOUR, Moment, UNIX_EPOCH_DAYS, checked_date, checked_timestamp, month_length,
};
use super::read::{float, int, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn date_field() -> RowError {
    RowError::new("22008", "date field value out of range")
}

/// A negative year is BC.
fn days(arguments: &[Value]) -> Result<i64, RowError> {
    let (year, month, day) = (int(&arguments[0]), int(&arguments[1]), int(&arguments[2]));
    let year = if year < 0 { year + 1 } else { year };
    let known = int(&arguments[0]) != 0
        && (1..=12).contains(&month)
        && (1..=month_length(year, month.clamp(1, 12))).contains(&day);
    if known { Ok(Day { year, month, day }.days()) } else { Err(date_field()) }
}

fn time(arguments: &[Value]) -> Result<i64, RowError> {
    let (hour, minute, second) = (int(&arguments[0]), int(&arguments[1]), float(&arguments[2]));
    let micros = (second * 1e6).round_ties_even();
    let out_of_range = || RowError::new("22008", "time field value out of range");
    if !((0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60.0).contains(&second)) {
        return Err(out_of_range());
    }
    let total = hour * MICROS_PER_HOUR + minute * 60_000_000 + micros as i64;
    if total <= MICROS_PER_DAY { Ok(total) } else { Err(out_of_range()) }
}

fn timestamp(arguments: &[Value]) -> Result<i64, RowError> {
    Moment { days: days(&arguments[..3])?, micros: time(&arguments[3..6])? }.timestamp()
}

/// `to_timestamp(seconds since 1970)`
fn from_unix(arguments: &[Value]) -> Result<Value, RowError> {
    let seconds = float(&arguments[0]);
    if seconds.is_infinite() {
        return Ok(Value::Timestamptz(if seconds > 0.0 { i64::MAX } else { i64::MIN }));
    }
    if seconds.is_nan() {
        return Err(RowError::new("22008", "timestamp cannot be NaN"));
    }
    let micros = ((seconds - UNIX_EPOCH_DAYS as f64 * 86_400.0) * 1e6).round_ties_even();
    let micros = (micros.abs() < 9.3e18).then_some(micros as i64);
    checked_timestamp(micros).map(Value::Timestamptz)
}

fn make_interval(arguments: &[Value]) -> Result<Value, RowError> {
    let field = |index: usize| arguments.get(index).map_or(0, int);
    let out_of_range = || RowError::datetime("interval");
    let months = field(0) * 12 + field(1);
    let days = field(2) * 7 + field(3);
    let seconds = arguments.get(6).map_or(0.0, float);
    if !seconds.is_finite() {
        return Err(out_of_range());
    }
    let micros = (seconds * 1e6).round_ties_even() as i64;
    Ok(Value::Interval(Interval {
        months: i32::try_from(months).map_err(|_| out_of_range())?,
        days: i32::try_from(days).map_err(|_| out_of_range())?,
        micros: micros.checked_add(field(4) * MICROS_PER_HOUR + field(5) * 60_000_000).ok_or_else(out_of_range)?,
    }))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("make_date(int4,int4,int4) date", |a| checked_date(days(a)?).map(Value::Date));
    catalog.strict("make_time(int4,int4,float8) time", |a| time(a).map(Value::Time));
    catalog.strict("make_timestamp(int4,int4,int4,int4,int4,float8) timestamp", |a| timestamp(a).map(Value::Timestamp));
    catalog.strict("make_timestamptz(int4,int4,int4,int4,int4,float8) timestamptz", |a| {
        timestamp(a).map(Value::Timestamptz)
    });
    catalog.strict("make_timestamptz(int4,int4,int4,int4,int4,float8,text) timestamptz", |a| {
        super::zone::parse_offset(text(&a[6]))?.universal(timestamp(&a[..6])?).map(Value::Timestamptz)
    });
    catalog.strict("to_timestamp(float8) timestamptz", from_unix);
    let fields = ["int4", "int4", "int4", "int4", "int4", "int4", "float8"];
    for count in 0..=fields.len() {
        catalog.strict(&format!("make_interval({}) interval", fields[..count].join(",")), make_interval);
    }
}
