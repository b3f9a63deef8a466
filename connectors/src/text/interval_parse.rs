//! Intervals from text: what Postgres prints (`1 year 2 mons -3 days +04:05:06.7`), units as people write them, fractions,
//! `ago`, the SQL standard's `1-2`, and ISO 8601 (`P1Y2M3DT4H5M6S`).

use crate::value::Interval;

use super::datetime_parse::fraction_micros;
use super::interval::{INFINITY, NEG_INFINITY};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What one unit is.
#[derive(Clone, Copy)]
enum Unit {
    Months(i64),
    /// A month: its fraction becomes days.
    Month,
    Days(i64),
    Micros(i64),
}

/// A written number: sign, whole part and fraction apart.
#[derive(Clone, Copy)]
struct Number<'a> {
    negative: bool,
    whole: i64,
    fraction: &'a str,
}

#[derive(Default)]
struct Sum {
    /// Units that were named, as bits: none may come twice.
    named: u32,
    months: i128,
    days: i128,
    micros: i128,
}

pub(super) fn parse_interval(text: &str) -> Option<Interval> {
    let text = text.trim();
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("infinity") || is("+infinity") {
        return Some(INFINITY);
    }
    if is("-infinity") {
        return Some(NEG_INFINITY);
    }
    match text.strip_prefix(['P', 'p']) {
        Some(designators) => parse_iso(designators),
        None => parse_verbose(text),
    }
}

impl Sum {
    fn interval(self, negate: bool) -> Option<Interval> {
        let sign = if negate { -1 } else { 1 };
        Some(Interval {
            months: (self.months * sign).try_into().ok()?,
            days: (self.days * sign).try_into().ok()?,
            micros: (self.micros * sign).try_into().ok()?,
        })
    }

    fn name(&mut self, units: u32) -> Option<()> {
        let fresh = self.named & units == 0;
        self.named |= units;
        fresh.then_some(())
    }

    fn add(&mut self, number: Number<'_>, unit: Unit) -> Option<()> {
        let sign = if number.negative { -1 } else { 1 };
        let whole = i128::from(number.whole) * sign;
        let fraction = match number.fraction {
            "" => 0.0,
            digits => format!("0.{digits}").parse::<f64>().ok()? * sign as f64,
        };
        match unit {
            Unit::Months(months) => {
                self.months += whole * i128::from(months);
                self.months += (fraction * months as f64).round_ties_even() as i128;
            }
            Unit::Month => {
                self.months += whole;
                self.add_days(fraction * 30.0);
            }
            Unit::Days(days) => {
                self.days += whole * i128::from(days);
                self.add_days(fraction * days as f64);
            }
            Unit::Micros(SECOND) => {
                self.micros += whole * i128::from(SECOND) + i128::from(fraction_micros(number.fraction)?) * sign;
            }
            Unit::Micros(micros) => {
                self.micros += whole * i128::from(micros) + (fraction * micros as f64).round_ties_even() as i128;
            }
        }
        Some(())
    }

    fn add_days(&mut self, days: f64) {
        self.days += days.trunc() as i128;
        self.micros += (days.fract() * DAY as f64).round_ties_even() as i128;
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, ',' | '@' | '\u{b}'));
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let length = self.rest.bytes().take_while(|byte| is(*byte)).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn digits(&mut self) -> &'a str {
        self.take(|byte| byte.is_ascii_digit())
    }

    fn number(&mut self) -> Option<Number<'a>> {
        let negative = match self.rest.bytes().next()? {
            sign @ (b'-' | b'+') => {
                self.rest = self.rest[1..].trim_start();
                sign == b'-'
            }
            _ => false,
        };
        let whole = self.digits();
        let fraction = if self.skip('.') { self.digits() } else { "" };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        Some(Number { negative, whole, fraction })
    }
}

fn parse_verbose(text: &str) -> Option<Interval> {
    let mut scanner = Scanner { rest: text };
    let mut sum = Sum::default();
    let mut seen = false;
    loop {
        scanner.skip_space();
        if scanner.rest.is_empty() {
            return if seen { sum.interval(false) } else { None };
        }
        if seen && scanner.rest.eq_ignore_ascii_case("ago") {
            return sum.interval(true);
        }
        let number = scanner.number()?;
        seen = true;
        match scanner.rest.bytes().next() {
            Some(b':') => clock(&mut scanner, number, &mut sum)?,
            Some(b'-') if number.fraction.is_empty() => years_months(&mut scanner, number, &mut sum)?,
            _ => {
                scanner.skip_space();
                let at_word = scanner.rest.starts_with(|c: char| c.is_ascii_alphabetic());
                let unit = match scanner.rest {
                    rest if at_word && !rest.eq_ignore_ascii_case("ago") => {
                        let (index, unit) = unit(scanner.take(|byte| byte.is_ascii_alphabetic()))?;
                        sum.name(1 << index)?;
                        unit
                    }
                    // A bare number before a time is days, at the end seconds.
                    rest if is_clock(rest) => Unit::Days(1),
                    rest if rest.is_empty() || at_word => Unit::Micros(SECOND),
                    _ => return None,
                };
                sum.add(number, unit)?;
            }
        }
    }
}

fn is_clock(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    digits.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(':')
}

/// `04:05`, `04:05:06.7`, and minutes with seconds when those have a fraction: `05:06.7`.
fn clock(scanner: &mut Scanner<'_>, first: Number<'_>, sum: &mut Sum) -> Option<()> {
    if !first.fraction.is_empty() || !scanner.skip(':') {
        return None;
    }
    let second: i64 = scanner.digits().parse().ok()?;
    let third = if scanner.skip(':') { Some(scanner.digits().parse::<i64>().ok()?) } else { None };
    let fraction = if scanner.skip('.') { Some(scanner.digits()) } else { None };
    let (hours, minutes, seconds) = match (third, fraction) {
        (Some(third), _) => (first.whole, second, third),
        (None, Some(_)) => (0, first.whole, second),
        (None, None) => (first.whole, second, 0),
    };
    if (hours != 0 || third.is_some()) && minutes > 59 || seconds > 60 {
        return None;
    }
    let scaled = |value: i64, unit: i64| i128::from(value) * i128::from(unit);
    let micros = scaled(hours, HOUR) + scaled(minutes, MINUTE) + scaled(seconds, SECOND);
    let micros = micros + i128::from(fraction_micros(fraction.unwrap_or(""))?);
    sum.micros += if first.negative { -micros } else { micros };
    sum.name(CLOCK_UNITS)
}

fn years_months(scanner: &mut Scanner<'_>, years: Number<'_>, sum: &mut Sum) -> Option<()> {
    scanner.skip('-').then_some(())?;
    let months: i64 = scanner.digits().parse().ok().filter(|months| *months < 12)?;
    let total = i128::from(years.whole) * 12 + i128::from(months);
    sum.months += if years.negative { -total } else { total };
    sum.name(YEAR_MONTH_UNITS)
}

/// Years and months, as bits of their places in the table below.
const YEAR_MONTH_UNITS: u32 = 0b11;
/// Hours, minutes and seconds.
const CLOCK_UNITS: u32 = 0b11_1000;

fn unit(word: &str) -> Option<(usize, Unit)> {
    const UNITS: &[(&[&str], Unit)] = &[
        (&["year", "years", "yr", "yrs", "y"], Unit::Months(12)),
        (&["mon", "mons", "month", "months"], Unit::Month),
        (&["day", "days", "d"], Unit::Days(1)),
        (&["hour", "hours", "hr", "hrs", "h"], Unit::Micros(HOUR)),
        (&["minute", "minutes", "min", "mins", "m"], Unit::Micros(MINUTE)),
        (&["second", "seconds", "sec", "secs", "s"], Unit::Micros(SECOND)),
        (&["week", "weeks", "w"], Unit::Days(7)),
        (&["millisecond", "milliseconds", "msec", "msecs", "msecond", "mseconds", "ms"], Unit::Micros(1_000)),
        (&["microsecond", "microseconds", "usec", "usecs", "usecond", "useconds", "us"], Unit::Micros(1)),
        (&["decade", "decades", "dec", "decs"], Unit::Months(120)),
        (&["century", "centuries", "cent", "c"], Unit::Months(1_200)),
        (&["millennium", "millennia", "millenniums", "mil", "mils"], Unit::Months(12_000)),
    ];
    let is_named = |(names, _): &(&[&str], Unit)| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    let index = UNITS.iter().position(is_named)?;
    Some((index, UNITS[index].1))
}

fn parse_iso(text: &str) -> Option<Interval> {
    let mut scanner = Scanner { rest: text };
    let mut sum = Sum::default();
    let mut in_time = false;
    let mut seen = false;
    while !scanner.rest.is_empty() {
        if scanner.skip('T') || scanner.skip('t') {
            in_time = true;
            continue;
        }
        let number = scanner.number()?;
        let designator = scanner.rest.bytes().next()?.to_ascii_uppercase();
        let unit = match (designator, in_time) {
            (b'Y', false) => Unit::Months(12),
            (b'M', false) => Unit::Month,
            (b'W', false) => Unit::Days(7),
            (b'D', false) => Unit::Days(1),
            (b'H', true) => Unit::Micros(HOUR),
            (b'M', true) => Unit::Micros(MINUTE),
            (b'S', true) => Unit::Micros(SECOND),
            _ => return None,
        };
        scanner.rest = &scanner.rest[1..];
        sum.add(number, unit)?;
        seen = true;
    }
    if seen { sum.interval(false) } else { None }
}
