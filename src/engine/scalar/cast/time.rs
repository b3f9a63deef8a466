//! Casts among dates, times, timestamps and intervals; the time zone is UTC.

use tailwater_connectors::{Interval, Value};

use crate::engine::scalar::expression::RowError;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Timestamps reach from 4714-11-24 BC to 294276-12-31; in days since 2000.
const TIMESTAMP_DAYS: std::ops::Range<i64> = -2_451_545..106_751_983;

/// Midnight of a date, in microseconds since 2000.
pub(super) fn midnight(days: i32) -> Result<i64, RowError> {
    match days {
        i32::MAX => Ok(i64::MAX),
        i32::MIN => Ok(i64::MIN),
        _ if !TIMESTAMP_DAYS.contains(&i64::from(days)) => {
            Err(RowError::new("22008", "date out of range for timestamp"))
        }
        _ => i64::from(days).checked_mul(MICROS_PER_DAY).ok_or_else(|| RowError::datetime("timestamp")),
    }
}

/// The day of a timestamp.
pub(super) fn day(micros: i64) -> Value {
    Value::Date(match micros {
        i64::MAX => i32::MAX,
        i64::MIN => i32::MIN,
        _ => micros.div_euclid(MICROS_PER_DAY) as i32,
    })
}

/// The time of day of a timestamp; infinite ones have none.
pub(super) fn time_of_day(micros: i64) -> Value {
    match micros {
        i64::MAX | i64::MIN => Value::Null,
        _ => Value::Time(micros.rem_euclid(MICROS_PER_DAY)),
    }
}

/// The part of an interval below a day.
pub(super) fn time_of_interval(interval: Interval) -> Value {
    Value::Time(interval.micros.rem_euclid(MICROS_PER_DAY))
}
