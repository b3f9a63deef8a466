//! Intervals to text, `IntervalStyle = postgres`.

use std::fmt::{self, Write};

use crate::value::Interval;

use super::datetime::write_seconds;
use super::write::{write_digits, write_integer};

/// How Postgres 17 keeps `infinity`; older servers cannot produce it.
pub(super) const INFINITY: Interval = Interval { months: i32::MAX, days: i32::MAX, micros: i64::MAX };
/// And `-infinity`.
pub(super) const NEG_INFINITY: Interval = Interval { months: i32::MIN, days: i32::MIN, micros: i64::MIN };

pub(super) fn write_interval<W: Write>(out: &mut W, value: Interval) -> fmt::Result {
    if value == INFINITY {
        return out.write_str("infinity");
    }
    if value == NEG_INFINITY {
        return out.write_str("-infinity");
    }
    let (years, months) = (value.months / 12, value.months % 12);
    let mut first = true;
    let mut after_negative = false;
    for (number, unit) in [(years, "year"), (months, "mon"), (value.days, "day")] {
        if number == 0 {
            continue;
        }
        if !first {
            out.write_char(' ')?;
        }
        if after_negative && number > 0 {
            out.write_char('+')?;
        }
        write_integer(out, i64::from(number))?;
        out.write_char(' ')?;
        out.write_str(unit)?;
        out.write_str(if number == 1 { "" } else { "s" })?;
        first = false;
        after_negative = number < 0;
    }
    if value.micros == 0 && !first {
        return Ok(());
    }
    out.write_str(if first { "" } else { " " })?;
    if value.micros < 0 {
        out.write_char('-')?;
    } else if after_negative {
        out.write_char('+')?;
    }
    let micros = value.micros.unsigned_abs();
    write_digits(out, micros / 3_600_000_000, 2)?;
    out.write_char(':')?;
    write_digits(out, micros / 60_000_000 % 60, 2)?;
    out.write_char(':')?;
    write_seconds(out, micros % 60_000_000)
}
