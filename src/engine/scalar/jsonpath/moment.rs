//! Dates and times of `.datetime()`: how they are read without a template, printed and compared.

use std::cmp::Ordering;

use tailwater_connectors::text::{parse_text, write_text};
use tailwater_connectors::{SqlType, Value};

use super::access::Here;
use super::item::Item;
use super::run::{Ran, Run, Sink};
use crate::engine::scalar::cast::cast_value;
use crate::engine::scalar::expression::RowError;

const NO_MOMENT: &str = "22031";
const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// Hours of a zone, to either side.
const ZONE_HOURS_MAX: i64 = 15;
const DIGITS_MAX: usize = 9;

/// A date, or a time, or both; zones are seconds east of UTC.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::scalar) enum Moment {
    Date(i32),
    Time(i64),
    /// Time of day there.
    TimeZoned(i64, i64),
    Timestamp(i64),
    /// Microseconds in UTC.
    TimestampZoned(i64, i64),
}

impl Moment {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Date(_) => "date",
            Self::Time(_) => "time without time zone",
            Self::TimeZoned(..) => "time with time zone",
            Self::Timestamp(_) => "timestamp without time zone",
            Self::TimestampZoned(..) => "timestamp with time zone",
        }
    }

    /// As ISO 8601 has it.
    pub(super) fn written(&self) -> String {
        let mut out = String::new();
        let zone = match *self {
            Self::Date(days) => {
                write_text(&mut out, &SqlType::Date, &Value::Date(days));
                None
            }
            Self::Time(micros) | Self::TimeZoned(micros, _) => {
                write_text(&mut out, &SqlType::Time, &Value::Time(micros));
                if let Self::TimeZoned(_, zone) = *self { Some(zone) } else { None }
            }
            Self::Timestamp(micros) => {
                write_text(&mut out, &SqlType::Timestamp, &Value::Timestamp(micros));
                None
            }
            Self::TimestampZoned(micros, zone) => {
                let there = micros.saturating_add(zone * MICROS_PER_SECOND);
                write_text(&mut out, &SqlType::Timestamp, &Value::Timestamp(there));
                Some(zone)
            }
        };
        if matches!(self, Self::Timestamp(_) | Self::TimestampZoned(..)) {
            out = out.replacen(' ', "T", 1);
        }
        if let Some(zone) = zone {
            let (sign, minutes) = (if zone < 0 { '-' } else { '+' }, zone.abs() / 60);
            let shown = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            // The era stands last.
            let at = out.find(" BC").unwrap_or(out.len());
            out.insert_str(at, &shown);
        }
        out
    }
}

fn midnight(days: i32) -> i64 {
    i64::from(days).saturating_mul(MICROS_PER_DAY)
}

/// Order of two moments; nothing for a date and a time. Where one has a zone and the other has none, `zoned` must allow it.
pub(super) fn compare(one: &Moment, other: &Moment, zoned: bool) -> Result<Option<Ordering>, RowError> {
    use Moment::{Date, Time, TimeZoned, Timestamp, TimestampZoned};
    let across = || {
        if zoned {
            return Ok(());
        }
        Err(RowError::new("0A000", "cannot convert a value to a type with time zone without time zone usage"))
    };
    let order = match (*one, *other) {
        (Date(a), Date(b)) => a.cmp(&b),
        (Timestamp(a), Timestamp(b)) | (TimestampZoned(a, _), TimestampZoned(b, _)) => a.cmp(&b),
        (Date(a), Timestamp(b)) => midnight(a).cmp(&b),
        (Timestamp(a), Date(b)) => a.cmp(&midnight(b)),
        (Timestamp(a), TimestampZoned(b, _)) | (TimestampZoned(a, _), Timestamp(b)) => {
            across()?;
            a.cmp(&b)
        }
        (Date(a), TimestampZoned(b, _)) => {
            across()?;
            midnight(a).cmp(&b)
        }
        (TimestampZoned(a, _), Date(b)) => {
            across()?;
            a.cmp(&midnight(b))
        }
        (Time(a), Time(b)) => a.cmp(&b),
        (TimeZoned(a, zone), TimeZoned(b, other)) => zoned_cmp((a, zone), (b, other)),
        (Time(a), TimeZoned(b, zone)) => {
            across()?;
            zoned_cmp((a, 0), (b, zone))
        }
        (TimeZoned(a, zone), Time(b)) => {
            across()?;
            zoned_cmp((a, zone), (b, 0))
        }
        _ => return Ok(None),
    };
    Ok(Some(order))
}

/// By the time in UTC, then the more western zone last.
fn zoned_cmp((a, zone): (i64, i64), (b, other): (i64, i64)) -> Ordering {
    let utc = |time: i64, zone: i64| time - zone * MICROS_PER_SECOND;
    utc(a, zone).cmp(&utc(b, other)).then(other.cmp(&zone))
}

/// Reads fields from the front of a text.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    }

    fn take(&mut self, separator: char) -> Option<()> {
        self.0 = self.0.strip_prefix(separator)?;
        Some(())
    }

    fn digits(&mut self, most: usize) -> Option<&'a str> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (length > 0).then_some(digits)
    }

    /// Blanks may stand before a number.
    fn number(&mut self) -> Option<i64> {
        self.blanks();
        self.digits(DIGITS_MAX)?.parse().ok()
    }

    fn sign(&mut self) -> i64 {
        let negative = self.0.starts_with('-');
        self.0 = self.0.strip_prefix(['-', '+']).unwrap_or(self.0);
        if negative { -1 } else { 1 }
    }

    /// `yyyy-mm-dd`; years before 1 are those before Christ.
    fn date(&mut self) -> Option<i32> {
        self.blanks();
        let year = self.sign() * self.digits(DIGITS_MAX)?.parse::<i64>().ok()?;
        self.take('-')?;
        let month = self.number()?;
        self.take('-')?;
        let day = self.number()?;
        let era = if year <= 0 { " BC" } else { "" };
        let year = if year == 0 { 1 } else { year.abs() };
        match parse_text(&SqlType::Date, &format!("{year:04}-{month:02}-{day:02}{era}")) {
            Ok(Value::Date(days)) => Some(days),
            _ => None,
        }
    }

    /// `HH24:MI:SS` with a fraction of seconds.
    fn time(&mut self) -> Option<i64> {
        let hour = self.number().filter(|hour| *hour < 24)?;
        self.take(':')?;
        let minute = self.number().filter(|minute| *minute < 60)?;
        self.take(':')?;
        let second = self.number().filter(|second| *second < 60)?;
        let mut micros = 0;
        if self.0.starts_with('.') {
            self.take('.')?;
            // A blank takes the place of a digit.
            let before = self.0.len();
            self.blanks();
            let blanks = before - self.0.len();
            let digits = format!("{}{}", "0".repeat(blanks), self.digits(6_usize.checked_sub(blanks)?)?);
            micros = format!("{digits:0<6}").parse().ok()?;
        }
        Some(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micros)
    }

    /// `TZH` or `TZH:TZM`.
    fn zone(&mut self) -> Option<i64> {
        // Behind a blank Postgres takes a minus for a separator.
        let before = self.0.len();
        self.blanks();
        if !self.0.starts_with(if before == self.0.len() { &['+', '-'][..] } else { &['+'] }) {
            return None;
        }
        let sign = self.sign();
        let hours = self.digits(DIGITS_MAX)?.parse::<i64>().ok().filter(|hours| *hours <= ZONE_HOURS_MAX)?;
        let mut minutes = 0;
        if self.0.starts_with(':') {
            self.take(':')?;
            minutes = self.number().filter(|minutes| *minutes < 60)?;
        }
        Some(sign * (hours * 3_600 + minutes * 60))
    }

    /// Whether only blanks are left.
    fn is_end(&self) -> bool {
        let mut rest = Fields(self.0);
        rest.blanks();
        rest.0.is_empty()
    }
}

/// A moment in one of the forms that need no template.
fn read(text: &str) -> Option<Moment> {
    let mut fields = Fields(text);
    let Some(days) = fields.date() else {
        let mut fields = Fields(text);
        let time = fields.time()?;
        if fields.is_end() {
            return Some(Moment::Time(time));
        }
        let zone = fields.zone()?;
        return fields.is_end().then_some(Moment::TimeZoned(time, zone));
    };
    if !fields.0.starts_with('T') && fields.is_end() {
        return Some(Moment::Date(days));
    }
    if fields.0.starts_with('T') {
        fields.take('T')?;
    }
    let day = cast_value(&SqlType::Date, &SqlType::Timestamp, Value::Date(days)).ok()?;
    let Value::Timestamp(day) = day else { return None };
    let micros = day + fields.time()?;
    if fields.is_end() {
        return Some(Moment::Timestamp(micros));
    }
    let zone = fields.zone()?;
    fields.is_end().then_some(Moment::TimestampZoned(micros - zone * MICROS_PER_SECOND, zone))
}

impl Run {
    /// `.datetime()`
    pub(super) fn datetime(&mut self, template: Option<&str>, (rest, item): Here<'_>, sink: &mut Sink) -> Ran {
        let Item::Text(text) = item else {
            return self.fail(NO_MOMENT, "jsonpath item method .datetime() can only be applied to a string");
        };
        if template.is_some() {
            return Err(RowError::new("0A000", "templates of the jsonpath item method .datetime() are not supported"));
        }
        match read(text) {
            Some(moment) => self.next(rest, Item::Moment(moment), sink),
            None => self.fail(NO_MOMENT, "datetime format is not recognized"),
        }
    }
}
