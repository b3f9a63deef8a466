//! Exact sums of intervals, and their division as Postgres does it.

use tailwater_connectors::{Interval, Value};

use super::super::error::EngineError;
use super::super::scalar::RowError;
use super::parts::Parts;

const SECONDS_PER_DAY: f64 = 86_400.0;
const DAYS_PER_MONTH: f64 = 30.0;
const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// Months, days and microseconds, summed apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IntervalSum {
    months: i128,
    days: i128,
    micros: i128,
}

impl IntervalSum {
    /// Adds an interval `times`.
    pub(super) fn add(&mut self, value: &Interval, times: i64) {
        let times = i128::from(times);
        self.months += i128::from(value.months) * times;
        self.days += i128::from(value.days) * times;
        self.micros += i128::from(value.micros) * times;
    }

    /// The sum.
    pub(super) fn total(&self) -> Result<Interval, RowError> {
        let interval = || {
            Some(Interval {
                months: self.months.try_into().ok()?,
                days: self.days.try_into().ok()?,
                micros: self.micros.try_into().ok()?,
            })
        };
        interval().ok_or_else(|| RowError { code: "22008", message: "interval out of range".into() })
    }

    /// The sum divided by `count`: fractions of months go down to days, of days to time.
    pub(super) fn average(&self, count: i64) -> Result<Interval, RowError> {
        let total = self.total()?;
        let factor = count as f64;
        let rounded = |value: f64| (value * MICROS_PER_SECOND).round_ties_even() / MICROS_PER_SECOND;
        let mut result = Interval {
            months: (f64::from(total.months) / factor) as i32,
            days: (f64::from(total.days) / factor) as i32,
            micros: 0,
        };
        let month_days = (f64::from(total.months) / factor - f64::from(result.months)) * DAYS_PER_MONTH;
        let month_days = rounded(month_days);
        let day_part = f64::from(total.days) / factor - f64::from(result.days) + month_days - month_days.trunc();
        let mut seconds = rounded(day_part * SECONDS_PER_DAY);
        if seconds.abs() >= SECONDS_PER_DAY {
            let days = (seconds / SECONDS_PER_DAY).trunc();
            result.days += days as i32;
            seconds -= days * SECONDS_PER_DAY;
        }
        result.days += month_days as i32;
        result.micros = (total.micros as f64 / factor + seconds * MICROS_PER_SECOND).round_ties_even() as i64;
        Ok(result)
    }

    /// As values of a row of state.
    pub(super) fn store(&self, out: &mut Vec<Value>) {
        for part in [self.months, self.days, self.micros] {
            out.extend([Value::Int((part >> 64) as i64), Value::Int(part as i64)]);
        }
    }

    /// From values of a row of state.
    pub(super) fn load(parts: &mut Parts<'_>) -> Result<Self, EngineError> {
        Ok(Self { months: parts.wide_int()?, days: parts.wide_int()?, micros: parts.wide_int()? })
    }
}
