//! Arithmetic of dates, times, timestamps and intervals; the time zone is UTC.

use tailwater_connectors::{Interval, Value};

use super::calendar::{Day, MICROS_PER_DAY, Moment, checked_date, checked_timestamp};
use super::read::{date, float, int, interval, micros};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

const DAYS_PER_MONTH: f64 = 30.0;
const SECONDS_PER_DAY: f64 = 86_400.0;

fn interval_out_of_range() -> RowError {
    RowError::datetime("interval")
}

pub(super) fn is_infinite(timestamp: i64) -> bool {
    timestamp == i64::MAX || timestamp == i64::MIN
}

/// Midnight of a date as a timestamp.
pub(super) fn midnight(days: i32) -> Result<i64, RowError> {
    match days {
        i32::MAX => Ok(i64::MAX),
        i32::MIN => Ok(i64::MIN),
        _ => Moment { days: i64::from(days), micros: 0 }
            .timestamp()
            .map_err(|_| RowError::new("22008", "date out of range for timestamp")),
    }
}

/// Months first, then days, then time.
pub(super) fn add_interval(timestamp: i64, span: Interval) -> Result<i64, RowError> {
    if is_infinite(timestamp) {
        return Ok(timestamp);
    }
    let mut moment = Moment::of(timestamp);
    if span.months != 0 {
        moment.days = Day::of(moment.days).plus_months(i64::from(span.months)).days();
    }
    moment.days += i64::from(span.days);
    checked_timestamp(moment.timestamp()?.checked_add(span.micros))
}

pub(super) fn negated(span: Interval) -> Result<Interval, RowError> {
    let (months, days) = (span.months.checked_neg(), span.days.checked_neg());
    match (months, days, span.micros.checked_neg()) {
        (Some(months), Some(days), Some(micros)) => Ok(Interval { months, days, micros }),
        _ => Err(interval_out_of_range()),
    }
}

fn add_intervals(left: Interval, right: Interval) -> Result<Value, RowError> {
    let (months, days) = (left.months.checked_add(right.months), left.days.checked_add(right.days));
    match (months, days, left.micros.checked_add(right.micros)) {
        (Some(months), Some(days), Some(micros)) => Ok(Value::Interval(Interval { months, days, micros })),
        _ => Err(interval_out_of_range()),
    }
}

fn subtract_timestamps(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (micros(&arguments[0]), micros(&arguments[1]));
    if is_infinite(left) || is_infinite(right) {
        return Err(RowError::new("22008", "cannot subtract infinite timestamps"));
    }
    let difference = left.checked_sub(right).ok_or_else(interval_out_of_range)?;
    let days = (difference / MICROS_PER_DAY) as i32;
    Ok(Value::Interval(Interval { months: 0, days, micros: difference % MICROS_PER_DAY }))
}

fn subtract_dates(arguments: &[Value]) -> Result<Value, RowError> {
    let (left, right) = (date(&arguments[0]), date(&arguments[1]));
    if [left, right].iter().any(|days| [i32::MAX, i32::MIN].contains(days)) {
        return Err(RowError::new("22008", "cannot subtract infinite dates"));
    }
    Ok(Value::Int(i64::from(left.wrapping_sub(right))))
}

fn add_days(days: i32, count: i64) -> Result<Value, RowError> {
    if [i32::MAX, i32::MIN].contains(&days) {
        return Ok(Value::Date(days));
    }
    checked_date(i64::from(days) + count).map(Value::Date)
}

fn date_and_time(days: i32, time: i64) -> Result<Value, RowError> {
    let midnight = midnight(days)?;
    if is_infinite(midnight) {
        return Ok(Value::Timestamp(midnight));
    }
    checked_timestamp(midnight.checked_add(time)).map(Value::Timestamp)
}

fn shift_time(time: i64, by: i64) -> Result<Value, RowError> {
    Ok(Value::Time((i128::from(time) + i128::from(by)).rem_euclid(i128::from(MICROS_PER_DAY)) as i64))
}

fn to_int(number: f64) -> Result<i32, RowError> {
    let fits = number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX);
    if fits { Ok(number as i32) } else { Err(interval_out_of_range()) }
}

fn to_micros_precision(number: f64) -> f64 {
    (number * 1e6).round_ties_even() / 1e6
}

/// Every field times a factor; what is left of months becomes days, what is left of days time.
fn scale(span: Interval, scaled: impl Fn(f64) -> f64) -> Result<Value, RowError> {
    let (months, days) = (scaled(f64::from(span.months)), scaled(f64::from(span.days)));
    let (whole_months, mut whole_days) = (to_int(months)?, to_int(days)?);
    let month_days = to_micros_precision((months - f64::from(whole_months)) * DAYS_PER_MONTH);
    let day_part = days - f64::from(whole_days) + month_days - month_days.trunc();
    let mut seconds = to_micros_precision(day_part * SECONDS_PER_DAY);
    if seconds.abs() >= SECONDS_PER_DAY {
        let carried = (seconds / SECONDS_PER_DAY).trunc();
        whole_days = whole_days.checked_add(carried as i32).ok_or_else(interval_out_of_range)?;
        seconds -= carried * SECONDS_PER_DAY;
    }
    let days = whole_days.checked_add(month_days as i32).ok_or_else(interval_out_of_range)?;
    let micros = (scaled(span.micros as f64) + seconds * 1e6).round_ties_even();
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros) {
        return Err(interval_out_of_range());
    }
    Ok(Value::Interval(Interval { months: whole_months, days, micros: micros as i64 }))
}

fn multiply(span: &Value, factor: &Value) -> Result<Value, RowError> {
    let factor = float(factor);
    scale(interval(span), |field| field * factor)
}

fn divide(arguments: &[Value]) -> Result<Value, RowError> {
    match float(&arguments[1]) {
        0.0 => Err(RowError::division_by_zero()),
        divisor => scale(interval(&arguments[0]), |field| field / divisor),
    }
}

fn moment_plus(value: &Value, span: Interval) -> Result<Value, RowError> {
    match value {
        Value::Date(days) => add_interval(midnight(*days)?, span).map(Value::Timestamp),
        Value::Timestamptz(micros) => add_interval(*micros, span).map(Value::Timestamptz),
        other => add_interval(micros(other), span).map(Value::Timestamp),
    }
}

pub(super) fn register(catalog: &mut Catalog) {
    for (moment, result) in [("date", "timestamp"), ("timestamp", "timestamp"), ("timestamptz", "timestamptz")] {
        catalog.strict(&format!("+({moment},interval) {result}"), |a| moment_plus(&a[0], interval(&a[1])));
        catalog.strict(&format!("+(interval,{moment}) {result}"), |a| moment_plus(&a[1], interval(&a[0])));
        catalog.strict(&format!("-({moment},interval) {result}"), |a| moment_plus(&a[0], negated(interval(&a[1]))?));
    }
    catalog.strict("+(date,int4) date", |a| add_days(date(&a[0]), int(&a[1])));
    catalog.strict("+(int4,date) date", |a| add_days(date(&a[1]), int(&a[0])));
    catalog.strict("-(date,int4) date", |a| add_days(date(&a[0]), -int(&a[1])));
    catalog.strict("-(date,date) int4", subtract_dates);
    catalog.strict("+(date,time) timestamp", |a| date_and_time(date(&a[0]), micros(&a[1])));
    catalog.strict("+(time,date) timestamp", |a| date_and_time(date(&a[1]), micros(&a[0])));
    catalog.strict("-(timestamp,timestamp) interval", subtract_timestamps);
    catalog.strict("-(timestamptz,timestamptz) interval", subtract_timestamps);
    catalog.strict("+(time,interval) time", |a| shift_time(micros(&a[0]), interval(&a[1]).micros));
    catalog.strict("+(interval,time) time", |a| shift_time(micros(&a[1]), interval(&a[0]).micros));
    catalog.strict("-(time,interval) time", |a| shift_time(micros(&a[0]), negated(interval(&a[1]))?.micros));
    catalog.strict("-(time,time) interval", |a| {
        Ok(Value::Interval(Interval { micros: micros(&a[0]) - micros(&a[1]), ..Interval::default() }))
    });
    catalog.strict("+(interval,interval) interval", |a| add_intervals(interval(&a[0]), interval(&a[1])));
    catalog.strict("-(interval,interval) interval", |a| add_intervals(interval(&a[0]), negated(interval(&a[1]))?));
    catalog.strict("-(interval) interval", |a| negated(interval(&a[0])).map(Value::Interval));
    catalog.strict("*(interval,float8) interval", |a| multiply(&a[0], &a[1]));
    catalog.strict("*(float8,interval) interval", |a| multiply(&a[1], &a[0]));
    catalog.strict("/(interval,float8) interval", divide);
    catalog.strict("isfinite(date) bool", |a| Ok(Value::Bool(![i32::MAX, i32::MIN].contains(&date(&a[0])))));
    catalog.strict("isfinite(timestamp) bool", |a| Ok(Value::Bool(!is_infinite(micros(&a[0])))));
    catalog.strict("isfinite(timestamptz) bool", |a| Ok(Value::Bool(!is_infinite(micros(&a[0])))));
    catalog.strict("isfinite(interval) bool", |_| Ok(Value::Bool(true)));
}
