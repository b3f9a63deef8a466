//! The proleptic Gregorian calendar in days since 2000-01-01; years are astronomical (0 is 1 BC).

use crate::engine::scalar::expression::RowError;

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(super) const MICROS_PER_HOUR: i64 = 3_600 * MICROS_PER_SECOND;
pub(super) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// Days from 1970-01-01 to 2000-01-01.
pub(super) const UNIX_EPOCH_DAYS: i64 = 10_957;
/// Julian day of 2000-01-01.
pub(super) const JULIAN_EPOCH: i64 = 2_451_545;
/// First timestamp: 4714-11-24 BC.
const TIMESTAMP_FIRST: i64 = -211_813_488_000_000_000;
/// First moment past the last timestamp: 294277-01-01.
const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;
/// Last date: 5874897-12-31.
const DATE_LAST: i64 = 2_145_031_948;

/// A day by year, month and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

/// A timestamp split into the day and microseconds since midnight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) days: i64,
    pub(super) micros: i64,
}

impl Moment {
    pub(super) fn of(timestamp: i64) -> Self {
        Self { days: timestamp.div_euclid(MICROS_PER_DAY), micros: timestamp.rem_euclid(MICROS_PER_DAY) }
    }

    pub(super) fn timestamp(self) -> Result<i64, RowError> {
        let exact = i128::from(self.days) * i128::from(MICROS_PER_DAY) + i128::from(self.micros);
        i64::try_from(exact).ok().filter(|micros| in_range(*micros)).ok_or_else(|| RowError::datetime("timestamp"))
    }
}

fn in_range(timestamp: i64) -> bool {
    (TIMESTAMP_FIRST..TIMESTAMP_END).contains(&timestamp)
}

/// The timestamp, if Postgres can hold it.
pub(super) fn checked_timestamp(micros: Option<i64>) -> Result<i64, RowError> {
    micros.filter(|micros| in_range(*micros)).ok_or_else(|| RowError::datetime("timestamp"))
}

/// The date, if Postgres can hold it.
pub(super) fn checked_date(days: i64) -> Result<i32, RowError> {
    if (-JULIAN_EPOCH..=DATE_LAST).contains(&days) { Ok(days as i32) } else { Err(RowError::datetime("date")) }
}

impl Day {
    /// The day this many days after 2000-01-01.
    pub(super) fn of(days: i64) -> Self {
        // Years begin in March here, so that the leap day is the last of a year.
        let shifted = days + UNIX_EPOCH_DAYS + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
    }

    /// Days since 2000-01-01.
    pub(super) fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (self.month + 9) % 12;
        let of_year = (153 * shifted_month + 2) / 5 + self.day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        era * 146_097 + of_era - 719_468 - UNIX_EPOCH_DAYS
    }

    /// The same day of the month this many months later, or the last one of a shorter month.
    pub(super) fn plus_months(self, months: i64) -> Self {
        let total = self.year * 12 + self.month - 1 + months;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        Self { year, month, day: self.day.min(month_length(year, month)) }
    }
}

pub(super) fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 is Sunday.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 6).rem_euclid(7)
}

/// ISO year and week.
pub(super) fn iso_week(days: i64) -> (i64, i64) {
    // The week belongs to the year of its Thursday.
    let thursday = days - (weekday(days) + 6).rem_euclid(7) + 3;
    let year = Day::of(thursday).year;
    let first = Day { year, month: 1, day: 1 }.days();
    (year, (thursday - first) / 7 + 1)
}

/// Day of the year, from 1.
pub(super) fn day_of_year(days: i64) -> i64 {
    days - Day { year: Day::of(days).year, month: 1, day: 1 }.days() + 1
}

/// As people count: there is no year 0.
pub(super) fn shown_year(year: i64) -> i64 {
    if year > 0 { year } else { year - 1 }
}
