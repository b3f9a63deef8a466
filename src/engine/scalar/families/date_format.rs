//! `to_char` for dates, timestamps and intervals. The session's zone is UTC and its language English.

use tailwater_connectors::{Interval, Value};

use super::calendar::{Day, JULIAN_EPOCH, MICROS_PER_HOUR, Moment, day_of_year, iso_week, shown_year, weekday};
use super::datetime::is_infinite;
use super::read::{interval, micros, text};
use super::template::{DATE_FIELDS, Node, Ordinal, template};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// What is printed.
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
    /// None for intervals, which have no calendar.
    days: Option<i64>,
    zoned: bool,
}

impl Fields {
    fn of_timestamp(timestamp: i64, zoned: bool) -> Self {
        let moment = Moment::of(timestamp);
        let Day { year, month, day } = Day::of(moment.days);
        Self { year, month, day, days: Some(moment.days), zoned, ..Self::of_time(moment.micros) }
    }

    fn of_time(micros: i64) -> Self {
        Self {
            year: 0,
            month: 0,
            day: 0,
            hour: micros / MICROS_PER_HOUR,
            minute: micros / 60_000_000 % 60,
            second: micros / 1_000_000 % 60,
            fraction: micros % 1_000_000,
            days: None,
            zoned: false,
        }
    }

    fn of_interval(span: Interval) -> Self {
        let (year, month) = (i64::from(span.months / 12), i64::from(span.months % 12));
        Self { year, month, day: i64::from(span.days), ..Self::of_time(span.micros) }
    }

    /// Intervals count months of 30 days.
    fn day_of_year(&self) -> i64 {
        self.days.map_or((self.year * 12 + self.month) * 30 + self.day, day_of_year)
    }

    /// The year as it is shown: those before Christ without a sign.
    fn shown(&self, year: i64) -> i64 {
        if self.days.is_none() { year } else { shown_year(year).abs() }
    }

    /// The day in the calendar; that of an interval is what its fields would be.
    fn calendar_day(&self) -> i64 {
        self.days.unwrap_or_else(|| raw_day(self.year, self.month, self.day))
    }

    /// Year, week and day of the ISO calendar.
    fn iso(&self) -> (i64, i64, i64) {
        let day = self.calendar_day();
        let (mut year, mut week) = match self.days {
            Some(days) => iso_week(days),
            None => (self.year, 0),
        };
        let first = |year: i64| {
            let fourth = raw_day(year, 1, 4);
            fourth - (weekday(fourth) + 6) % 7
        };
        if self.days.is_none() {
            // Fields of intervals may be years away from their year; one step is all that is taken.
            year -= i64::from(day < first(year));
            week = (day - first(year)) / 7 + 1;
            if week >= 52 && day >= first(self.year + 1) {
                year = self.year + 1;
                week = (day - first(year)) / 7 + 1;
            }
        }
        (year, week, day - first(year) + 1)
    }
}

/// The day of these fields, which need not be those of a day, by Postgres' formula.
fn raw_day(year: i64, month: i64, day: i64) -> i64 {
    let (month, year) = if month > 2 { (month + 1, year + 4_800) } else { (month + 13, year + 4_799) };
    let century = year / 100;
    let leaps = year / 4 - century + century / 4;
    year * 365 - 32_167 + leaps + 7_834 * month / 256 + day - JULIAN_EPOCH
}

/// One field of a template, and how it is written.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    filled: bool,
    ordinal: Ordinal,
}

fn not_for_intervals() -> RowError {
    RowError::new("22007", "invalid format specification for an interval value")
}

impl Place<'_> {
    /// A number with zeros up to `width`, one more below zero, and with `st`, `nd`, `rd` or `th`.
    fn number(self, number: i64, width: usize) -> String {
        let width = match (self.filled, number < 0) {
            (true, _) => 0,
            (false, negative) => width + usize::from(negative),
        };
        self.with_ordinal(format!("{number:0width$}"))
    }

    /// The same for days and weeks, whose sign takes the place of a zero.
    fn counted(self, number: i64, width: usize) -> String {
        self.with_ordinal(c_digits(number, if self.filled { 0 } else { width }))
    }

    fn with_ordinal(self, shown: String) -> String {
        match self.ordinal {
            Ordinal::None => shown,
            kind => format!("{shown}{}", ordinal(&shown, kind == Ordinal::Upper)),
        }
    }

    fn cased(self, name: &str) -> String {
        let mut letters = self.name.chars().filter(|c| c.is_alphabetic());
        match (letters.next().is_some_and(char::is_uppercase), letters.next().is_some_and(char::is_uppercase)) {
            (true, true) => name.to_uppercase(),
            (true, false) => name.to_owned(),
            _ => name.to_lowercase(),
        }
    }

    fn padded(self, name: &str, width: usize) -> String {
        if self.filled { self.cased(name) } else { format!("{:width$}", self.cased(name)) }
    }

    fn clock(self, upper: &str, fields: &Fields) -> Result<Option<String>, RowError> {
        let half = fields.hour % 24 >= 12;
        Ok(Some(match upper {
            "A.M." | "P.M." => self.cased(if half { "P.M." } else { "A.M." }),
            "AM" | "PM" => self.cased(if half { "PM" } else { "AM" }),
            "HH24" => self.number(fields.hour, 2),
            "HH12" | "HH" => self.number(if fields.hour % 12 == 0 { 12 } else { fields.hour % 12 }, 2),
            "MI" => self.number(fields.minute, 2),
            "SS" => self.number(fields.second, 2),
            "SSSS" | "SSSSS" => {
                self.with_ordinal((fields.hour * 3_600 + fields.minute * 60 + fields.second).to_string())
            }
            "MS" | "FF3" => self.with_ordinal(c_digits(fields.fraction / 1_000, 3)),
            "US" | "FF6" => self.with_ordinal(c_digits(fields.fraction, 6)),
            "FF1" => self.with_ordinal(c_digits(fields.fraction / 100_000, 1)),
            "FF2" => self.with_ordinal(c_digits(fields.fraction / 10_000, 2)),
            "FF4" => self.with_ordinal(c_digits(fields.fraction / 100, 4)),
            "FF5" => self.with_ordinal(c_digits(fields.fraction / 10, 5)),
            "TZ" | "TZH" | "TZM" | "OF" if fields.days.is_none() => return Err(not_for_intervals()),
            "TZ" if fields.zoned => self.cased("UTC"),
            "TZ" => String::new(),
            "OF" if self.filled => "+0".to_owned(),
            "TZH" | "OF" => "+00".to_owned(),
            "TZM" => "00".to_owned(),
            "FX" => String::new(),
            _ => return Ok(None),
        }))
    }

    fn calendar(self, upper: &str, fields: &Fields) -> Result<String, RowError> {
        let of_year = |year: i64, digits: u32| self.number(year % 10i64.pow(digits), digits as usize);
        let year = fields.shown(fields.year);
        let iso_year = || fields.shown(fields.iso().0);
        Ok(match upper {
            "YYYY" => self.number(year, 4),
            "YYY" => of_year(year, 3),
            "YY" => of_year(year, 2),
            "Y" => of_year(year, 1),
            "IYYY" => self.number(iso_year(), 4),
            "IYY" => of_year(iso_year(), 3),
            "IY" => of_year(iso_year(), 2),
            "I" => of_year(iso_year(), 1),
            "Y,YYY" => self.with_ordinal(format!("{},{}", year / 1_000, c_digits(year % 1_000, 3))),
            "CC" => {
                let century = match (fields.days, fields.year) {
                    (None, year) => year / 100,
                    (_, 1..) => (fields.year - 1) / 100 + 1,
                    _ => fields.year / 100 - 1,
                };
                let short = (-99..=99).contains(&century);
                if short { self.number(century, 2) } else { self.with_ordinal(century.to_string()) }
            }
            "MM" => self.number(fields.month, 2),
            "DD" => self.counted(fields.day, 2),
            "DDD" => self.counted(fields.day_of_year(), 3),
            "IDDD" => self.counted(fields.iso().2, 3),
            "WW" => self.counted((fields.day_of_year() - 1) / 7 + 1, 2),
            "IW" => self.counted(fields.iso().1, 2),
            "W" => self.with_ordinal(((fields.day - 1) / 7 + 1).to_string()),
            "J" => self.with_ordinal((fields.calendar_day() + JULIAN_EPOCH).to_string()),
            "Q" if fields.month == 0 => String::new(),
            "Q" => self.with_ordinal(((fields.month - 1) / 3 + 1).to_string()),
            "RM" => self.roman(fields),
            _ => return self.dated(upper, fields),
        })
    }

    fn roman(self, fields: &Fields) -> String {
        let place = match fields.month {
            0 if fields.year == 0 => return String::new(),
            0 if fields.year > 0 => 11,
            0 => 0,
            month if month < 0 => 12 + month,
            month => month - 1,
        };
        self.padded(ROMAN[place as usize], 4)
    }

    /// Fields that need a day of the calendar.
    fn dated(self, upper: &str, fields: &Fields) -> Result<String, RowError> {
        let days = fields.days.ok_or_else(not_for_intervals)?;
        let month = MONTHS[(fields.month - 1) as usize];
        let day = WEEKDAYS[weekday(days) as usize];
        Ok(match upper {
            "MONTH" => self.padded(month, 9),
            "MON" => self.cased(&month[..3]),
            "DAY" => self.padded(day, 9),
            "DY" => self.cased(&day[..3]),
            "ID" => self.with_ordinal(((weekday(days) + 6) % 7 + 1).to_string()),
            "D" => self.with_ordinal((weekday(days) + 1).to_string()),
            "BC" | "AD" => self.cased(if fields.year > 0 { "AD" } else { "BC" }),
            _ => self.cased(if fields.year > 0 { "A.D." } else { "B.C." }),
        })
    }
}

/// Zeros up to a width in which the sign counts.
fn c_digits(number: i64, width: usize) -> String {
    format!("{number:0width$}")
}

/// `1st`, `2nd`, `3rd`, `11th`: what comes behind these digits.
pub(super) fn ordinal(shown: &str, upper: bool) -> &'static str {
    let mut digits = shown.bytes().rev();
    let (last, before) = (digits.next(), digits.next());
    let (small, capital) = match last {
        Some(b'1') if before != Some(b'1') => ("st", "ST"),
        Some(b'2') if before != Some(b'1') => ("nd", "ND"),
        Some(b'3') if before != Some(b'1') => ("rd", "RD"),
        _ => ("th", "TH"),
    };
    if upper { capital } else { small }
}

fn render(fields: &Fields, pattern: &str) -> Result<String, RowError> {
    let mut out = String::new();
    for node in template(pattern, DATE_FIELDS) {
        match node {
            Node::Space(c) | Node::Separator(c) | Node::Text(c) => out.push(c),
            Node::Field { name, filled, ordinal } => {
                let (place, upper) = (Place { name, filled, ordinal }, name.to_ascii_uppercase());
                match place.clock(&upper, fields)? {
                    Some(shown) => out.push_str(&shown),
                    None => out.push_str(&place.calendar(&upper, fields)?),
                }
            }
        }
    }
    Ok(out)
}

fn to_char(arguments: &[Value]) -> Result<Value, RowError> {
    let pattern = text(&arguments[1]);
    let fields = match &arguments[0] {
        Value::Interval(_) => Fields::of_interval(interval(&arguments[0])),
        moment if is_infinite(micros(moment)) => return Ok(Value::Null),
        moment => Fields::of_timestamp(micros(moment), matches!(moment, Value::Timestamptz(_))),
    };
    Ok(if pattern.is_empty() { Value::Null } else { Value::text(render(&fields, pattern)?) })
}

pub(super) fn register(catalog: &mut Catalog) {
    for moment in ["timestamp", "timestamptz", "interval"] {
        catalog.strict(&format!("to_char({moment},text) text"), to_char);
    }
}
