//! Dates and times to text.

use std::fmt::{self, Write};

use super::calendar::{Civil, MICROS_PER_DAY};
use super::write::write_digits;

/// What stands between date and time, and behind the time.
#[derive(Clone, Copy)]
pub(crate) struct DateStyle {
    separator: char,
    zone: &'static str,
}

impl DateStyle {
    /// `2000-01-01 00:00:00`
    pub(crate) const SPACE: Self = Self { separator: ' ', zone: "" };
    /// `2000-01-01 00:00:00+00`
    pub(crate) const SPACE_UTC: Self = Self { separator: ' ', zone: "+00" };
    /// `2000-01-01T00:00:00`
    pub(crate) const RFC3339: Self = Self { separator: 'T', zone: "" };
    /// `2000-01-01T00:00:00Z`
    pub(crate) const RFC3339_UTC: Self = Self { separator: 'T', zone: "Z" };
}

pub(crate) fn write_date<W: Write>(out: &mut W, days: i32) -> fmt::Result {
    match days {
        i32::MAX => out.write_str("infinity"),
        i32::MIN => out.write_str("-infinity"),
        _ => {
            let civil = Civil::from_days(i64::from(days));
            write_civil(out, civil)?;
            write_era(out, civil)
        }
    }
}

pub(crate) fn write_timestamp<W: Write>(out: &mut W, micros: i64, style: DateStyle) -> fmt::Result {
    match micros {
        i64::MAX => return out.write_str("infinity"),
        i64::MIN => return out.write_str("-infinity"),
        _ => {}
    }
    let civil = Civil::from_days(micros.div_euclid(MICROS_PER_DAY));
    write_civil(out, civil)?;
    out.write_char(style.separator)?;
    write_time(out, micros.rem_euclid(MICROS_PER_DAY))?;
    out.write_str(style.zone)?;
    write_era(out, civil)
}

pub(crate) fn write_time<W: Write>(out: &mut W, micros: i64) -> fmt::Result {
    let seconds = micros / 1_000_000;
    write_digits(out, (seconds / 3_600) as u64, 2)?;
    out.write_char(':')?;
    write_digits(out, (seconds / 60 % 60) as u64, 2)?;
    out.write_char(':')?;
    write_seconds(out, (micros % 60_000_000) as u64)
}

/// `05` or `05.25`: microseconds of a minute without trailing zeros.
pub(super) fn write_seconds<W: Write>(out: &mut W, micros: u64) -> fmt::Result {
    write_digits(out, micros / 1_000_000, 2)?;
    let mut fraction = micros % 1_000_000;
    if fraction == 0 {
        return Ok(());
    }
    let mut width = 6;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    out.write_char('.')?;
    write_digits(out, fraction, width)
}

fn write_civil<W: Write>(out: &mut W, civil: Civil) -> fmt::Result {
    let year = if civil.year > 0 { civil.year } else { 1 - civil.year };
    write_digits(out, year.unsigned_abs(), 4)?;
    out.write_char('-')?;
    write_digits(out, u64::from(civil.month), 2)?;
    out.write_char('-')?;
    write_digits(out, u64::from(civil.day), 2)
}

fn write_era<W: Write>(out: &mut W, civil: Civil) -> fmt::Result {
    out.write_str(if civil.year > 0 { "" } else { " BC" })
}
