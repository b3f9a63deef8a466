//! `to_char` for dates, timestamps and intervals: the template patterns in common use.

use tailwater_connectors::{Interval, Value};

use super::calendar::{Day, JULIAN_EPOCH, MICROS_PER_HOUR, Moment, day_of_year, iso_week, shown_year, weekday};
use super::datetime::is_infinite;
use super::read::{interval, micros, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

const MONTHS: [&str; 12] = [
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
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

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
}

/// Longest first, so that `YYYY` is not read as four `Y`.
const PATTERNS: [&str; 82] = [
    "Y,YYY", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "I", "HH24", "HH12", "HH", "MI", "SSSSS", "SSSS", "SS",
    "MS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "A.M.", "P.M.", "a.m.", "p.m.", "AM", "PM", "am", "pm",
    "MONTH", "Month", "month", "MON", "Mon", "mon", "MM", "DAY", "Day", "day", "DY", "Dy", "dy", "DDD", "IDDD", "DD",
    "ID", "D", "IW", "WW", "W", "CC", "J", "Q", "RM", "rm", "TZH", "TZM", "TZ", "tz", "OF", "B.C.", "A.D.", "BC", "AD",
    "b.c.", "a.d.", "bc", "ad", "yyyy", "yyy", "yy", "iyyy", "hh24", "hh12", "hh", "mi", "ss", "mm", "dd",
];

fn longest(rest: &str) -> Option<&'static str> {
    PATTERNS.iter().filter(|pattern| rest.starts_with(**pattern)).max_by_key(|pattern| pattern.len()).copied()
}

/// A number padded with zeros to `width` unless the pattern is filled (`FM`).
fn digits(number: i64, width: usize, filled: bool) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let width = if filled { 0 } else { width };
    format!("{sign}{:0width$}", number.unsigned_abs())
}

fn cased(name: &str, pattern: &str) -> String {
    if pattern.chars().all(|c| c.is_uppercase()) {
        name.to_uppercase()
    } else if pattern.starts_with(|c: char| c.is_lowercase()) {
        name.to_lowercase()
    } else {
        name.to_owned()
    }
}

fn padded(name: String, filled: bool) -> String {
    if filled { name } else { format!("{name:9}") }
}

fn clock(pattern: &str, fields: &Fields, filled: bool) -> Option<String> {
    let number = |number: i64, width: usize| digits(number, width, filled);
    Some(match pattern.to_ascii_uppercase().as_str() {
        "HH24" => number(fields.hour, 2),
        "HH12" | "HH" => number(if fields.hour % 12 == 0 { 12 } else { fields.hour % 12 }, 2),
        "MI" => number(fields.minute, 2),
        "SS" => number(fields.second, 2),
        "SSSS" | "SSSSS" => (fields.hour * 3_600 + fields.minute * 60 + fields.second).to_string(),
        "MS" | "FF3" => format!("{:03}", fields.fraction / 1_000),
        "US" | "FF6" => format!("{:06}", fields.fraction),
        "FF1" => format!("{:01}", fields.fraction / 100_000),
        "FF2" => format!("{:02}", fields.fraction / 10_000),
        "FF4" => format!("{:04}", fields.fraction / 100),
        "FF5" => format!("{:05}", fields.fraction / 10),
        "AM" | "PM" => cased(if fields.hour % 24 >= 12 { "PM" } else { "AM" }, pattern),
        "A.M." | "P.M." => {
            let name = if fields.hour % 24 >= 12 { "P.M." } else { "A.M." };
            if pattern.starts_with(['a', 'p']) { name.to_lowercase() } else { name.to_owned() }
        }
        "TZ" => match (fields.zoned, pattern) {
            (true, "TZ") => "UTC".to_owned(),
            (true, _) => "utc".to_owned(),
            (false, _) => String::new(),
        },
        "TZH" | "OF" => "+00".to_owned(),
        "TZM" => "00".to_owned(),
        _ => return None,
    })
}

fn calendar(pattern: &str, fields: &Fields, filled: bool) -> Option<String> {
    let number = |number: i64, width: usize| digits(number, width, filled);
    let year = if fields.days.is_some() { shown_year(fields.year).abs() } else { fields.year };
    Some(match pattern.to_ascii_uppercase().as_str() {
        "YYYY" => number(year, 4),
        "YYY" => number(year % 1_000, 3),
        "YY" => number(year % 100, 2),
        "Y" => number(year % 10, 1),
        "Y,YYY" => format!("{},{:03}", year / 1_000, year % 1_000),
        "MM" => number(fields.month, 2),
        "DD" => number(fields.day, 2),
        "CC" if fields.year > 0 => number((fields.year + 99) / 100, 2),
        "CC" => number(fields.year / 100 - 1, 2),
        _ => return dated(pattern, fields, filled),
    })
}

/// Patterns that need a day of the calendar.
fn dated(pattern: &str, fields: &Fields, filled: bool) -> Option<String> {
    let number = |number: i64, width: usize| digits(number, width, filled);
    let days = fields.days?;
    let month = MONTHS[(fields.month - 1) as usize];
    let day = WEEKDAYS[weekday(days) as usize];
    let iso = (weekday(days) + 6) % 7 + 1;
    Some(match pattern.to_ascii_uppercase().as_str() {
        "MONTH" => padded(cased(month, pattern), filled),
        "MON" => cased(&month[..3], pattern),
        "DAY" => padded(cased(day, pattern), filled),
        "DY" => cased(&day[..3], pattern),
        "DDD" => number(day_of_year(days), 3),
        "IDDD" => {
            let week = iso_week(days).1;
            number((week - 1) * 7 + iso, 3)
        }
        "ID" => iso.to_string(),
        "D" => (weekday(days) + 1).to_string(),
        "IYYY" => number(shown_year(iso_week(days).0).abs(), 4),
        "IYY" => number(iso_week(days).0 % 1_000, 3),
        "IY" => number(iso_week(days).0 % 100, 2),
        "I" => number(iso_week(days).0 % 10, 1),
        "IW" => number(iso_week(days).1, 2),
        "WW" => number((day_of_year(days) - 1) / 7 + 1, 2),
        "W" => ((fields.day - 1) / 7 + 1).to_string(),
        "J" => (days + JULIAN_EPOCH).to_string(),
        "Q" => ((fields.month - 1) / 3 + 1).to_string(),
        "RM" => {
            let name = ROMAN[(fields.month - 1) as usize];
            let name = if pattern == "rm" { name.to_lowercase() } else { name.to_owned() };
            if filled { name } else { format!("{name:4}") }
        }
        "BC" | "AD" => cased(if fields.year > 0 { "AD" } else { "BC" }, pattern),
        "B.C." | "A.D." => {
            let name = if fields.year > 0 { "A.D." } else { "B.C." };
            if pattern.starts_with(['a', 'b']) { name.to_lowercase() } else { name.to_owned() }
        }
        _ => return None,
    })
}

/// `1st`, `2nd`, `3rd`, `11th`
pub(super) fn ordinal(shown: &str, upper: bool) -> String {
    let number: i64 = shown.trim().parse().unwrap_or(0);
    let suffix = match (number.abs() % 100, number.abs() % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    if upper { suffix.to_uppercase() } else { suffix.to_owned() }
}

fn render(fields: &Fields, pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            out.push_str(&quoted[..end]);
            rest = quoted.get(end + 1..).unwrap_or("");
            continue;
        }
        let filled = rest.starts_with("FM") || rest.starts_with("fm");
        let after = if filled { &rest[2..] } else { rest };
        let shown = longest(after).and_then(|name| {
            let shown = clock(name, fields, filled).or_else(|| calendar(name, fields, filled))?;
            Some((name, shown))
        });
        if let Some((name, shown)) = shown {
            rest = &after[name.len()..];
            out.push_str(&shown);
            if let Some(tail) = rest.strip_prefix("th").or_else(|| rest.strip_prefix("TH")) {
                out.push_str(&ordinal(&shown, rest.starts_with("TH")));
                rest = tail;
            }
            continue;
        }
        let after = after.strip_prefix('\\').filter(|escaped| !escaped.is_empty()).unwrap_or(after);
        let Some(c) = after.chars().next() else { break };
        out.push(c);
        rest = &after[c.len_utf8()..];
    }
    out
}

fn to_char(arguments: &[Value]) -> Result<Value, RowError> {
    let pattern = text(&arguments[1]);
    let fields = match &arguments[0] {
        Value::Interval(_) => Fields::of_interval(interval(&arguments[0])),
        moment if is_infinite(micros(moment)) => return Ok(Value::Null),
        moment => Fields::of_timestamp(micros(moment), matches!(moment, Value::Timestamptz(_))),
    };
    Ok(if pattern.is_empty() { Value::Null } else { Value::text(render(&fields, pattern)) })
}

pub(super) fn register(catalog: &mut Catalog) {
    for moment in ["timestamp", "timestamptz", "interval"] {
        catalog.strict(&format!("to_char({moment},text) text"), to_char);
    }
}
