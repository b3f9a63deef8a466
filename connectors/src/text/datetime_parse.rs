//! Dates and times from text: the ISO form that Postgres prints on a fast path, the forms that people write on a slow one
//! (`DateStyle` order MDY, years of two digits, month names, am/pm, `T` and `Z`, offsets). What depends on the moment
//! (`now`, `today`) and zones by name are refused.

use super::calendar::{Civil, DATE_END, DATE_MIN, MICROS_PER_DAY, TIMESTAMP_END, TIMESTAMP_MIN};

/// Offsets from UTC must be below 16 hours.
const OFFSET_END: i64 = 16 * 3_600;

/// What was written, resolved.
#[derive(Clone, Copy)]
struct Moment {
    days: Option<i64>,
    micros: Option<i64>,
    /// Seconds east of UTC.
    offset: i64,
}

pub(super) fn parse_date(text: &str) -> Option<i32> {
    let days = match iso_date(text.as_bytes()) {
        Some((civil, [])) => civil.to_days(),
        _ => match special(text) {
            Some(Special::Infinity) => return Some(i32::MAX),
            Some(Special::NegInfinity) => return Some(i32::MIN),
            Some(Special::UnixEpoch) => -super::calendar::UNIX_EPOCH_DAYS,
            None => Scanner::of(text).scan()?.days?,
        },
    };
    i32::try_from(days).ok().filter(|days| (DATE_MIN..DATE_END).contains(days))
}

pub(super) fn parse_time(text: &str) -> Option<i64> {
    if let Some((micros, [])) = iso_time(text.as_bytes()) {
        return Some(micros);
    }
    let scanner = Scanner { rest: text, time_only: true, ..Scanner::default() };
    scanner.scan()?.micros.filter(|micros| *micros <= MICROS_PER_DAY)
}

pub(super) fn parse_timestamp(text: &str) -> Option<i64> {
    match iso_timestamp(text.as_bytes()) {
        Some((micros, [])) => in_range(micros),
        _ => parse_moment(text, false),
    }
}

pub(super) fn parse_timestamptz(text: &str) -> Option<i64> {
    match iso_timestamp(text.as_bytes()) {
        Some((micros, b"+00")) => in_range(micros),
        _ => parse_moment(text, true),
    }
}

fn parse_moment(text: &str, with_zone: bool) -> Option<i64> {
    match special(text) {
        Some(Special::Infinity) => return Some(i64::MAX),
        Some(Special::NegInfinity) => return Some(i64::MIN),
        Some(Special::UnixEpoch) => return Some(-super::calendar::UNIX_EPOCH_MICROS),
        None => {}
    }
    let moment = Scanner::of(text).scan()?;
    let local = moment.days?.checked_mul(MICROS_PER_DAY)?.checked_add(moment.micros.unwrap_or(0))?;
    in_range(if with_zone { local.checked_sub(moment.offset * 1_000_000)? } else { local })
}

fn in_range(micros: i64) -> Option<i64> {
    (TIMESTAMP_MIN..TIMESTAMP_END).contains(&micros).then_some(micros)
}

enum Special {
    Infinity,
    NegInfinity,
    UnixEpoch,
}

fn special(text: &str) -> Option<Special> {
    let word = text.trim();
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    match word.as_bytes().first()? {
        b'0'..=b'9' => None,
        _ if is("infinity") || is("+infinity") => Some(Special::Infinity),
        _ if is("-infinity") => Some(Special::NegInfinity),
        _ if is("epoch") => Some(Special::UnixEpoch),
        _ => None,
    }
}

fn two(bytes: [u8; 2]) -> Option<u32> {
    let (tens, ones) = (bytes[0].wrapping_sub(b'0'), bytes[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// `YYYY-MM-DD` in front of `bytes`, and what follows.
fn iso_date(bytes: &[u8]) -> Option<(Civil, &[u8])> {
    let (&[a, b, c, d, b'-', e, f, b'-', g, h], rest) = bytes.split_first_chunk::<10>()? else { return None };
    let year = i64::from(two([a, b])? * 100 + two([c, d])?);
    let civil = Civil { year, month: two([e, f])?, day: two([g, h])? };
    (year > 0 && civil.is_valid()).then_some((civil, rest))
}

/// `HH:MM:SS` with up to six digits of fraction in front of `bytes`, and what follows.
fn iso_time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (&[a, b, b':', c, d, b':', e, f], mut rest) = bytes.split_first_chunk::<8>()? else { return None };
    let (hour, minute, second) = (two([a, b])?, two([c, d])?, two([e, f])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut micros = i64::from((hour * 60 + minute) * 60 + second) * 1_000_000;
    if let Some((b'.', fraction)) = rest.split_first() {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 || length > 6 {
            return None;
        }
        let value = fraction[..length].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        micros += value * 10i64.pow(6 - length as u32);
        rest = &fraction[length..];
    }
    Some((micros, rest))
}

fn iso_timestamp(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (civil, rest) = iso_date(bytes)?;
    let (b' ', rest) = rest.split_first()? else { return None };
    let (micros, rest) = iso_time(rest)?;
    Some((civil.to_days() * MICROS_PER_DAY + micros, rest))
}

/// A number of a date, with how many digits it was written.
#[derive(Clone, Copy)]
struct Number {
    value: i64,
    digits: usize,
}

#[derive(Default)]
struct Scanner<'a> {
    rest: &'a str,
    /// A bare `040506` is a time, not a date.
    time_only: bool,
    year: Option<Number>,
    month: Option<i64>,
    day: Option<Number>,
    micros: Option<i64>,
    afternoon: Option<bool>,
    before_christ: bool,
    offset: Option<i64>,
}

impl<'a> Scanner<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text, ..Self::default() }
    }

    fn scan(mut self) -> Option<Moment> {
        while let Some(next) = self.rest.bytes().next() {
            match next {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | b',' => self.rest = &self.rest[1..],
                b'0'..=b'9' => self.numbers()?,
                b'+' | b'-' if self.micros.is_some() && self.offset.is_none() => self.zone()?,
                _ if next.is_ascii_alphabetic() => self.word()?,
                _ => return None,
            }
        }
        self.resolve()
    }

    fn take(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let length = self.rest.bytes().take_while(|byte| is(*byte)).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn number(&mut self) -> Option<Number> {
        let digits = self.take(|byte| byte.is_ascii_digit());
        (digits.len() <= 9).then_some(())?;
        Some(Number { value: digits.parse().ok()?, digits: digits.len() })
    }

    fn skip(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<()> {
        let word = self.take(|byte| byte.is_ascii_alphabetic());
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("t") && self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(());
        }
        if let Some(month) = month_number(word) {
            // `Jan-08-1999`
            let _ = self.skip('-') || self.skip('/');
            return self.month.replace(month).is_none().then_some(());
        }
        if is("am") || is("pm") {
            return self.afternoon.replace(is("pm")).is_none().then_some(());
        }
        if is("bc") || is("ad") {
            self.before_christ = is("bc");
            return Some(());
        }
        if ["z", "utc", "gmt", "ut", "zulu"].into_iter().any(is) {
            return self.offset.replace(0).is_none().then_some(());
        }
        is_weekday(word).then_some(())
    }

    fn numbers(&mut self) -> Option<()> {
        let number = self.number()?;
        let follows = self.rest.bytes().next();
        let no_date = self.year.is_none() && self.day.is_none();
        match follows {
            Some(b':') if self.micros.is_none() => self.clock(number),
            Some(separator @ (b'-' | b'/' | b'.')) if no_date && self.micros.is_none() => self.date(number, separator),
            _ if self.time_only && matches!(number.digits, 4 | 6) && self.micros.is_none() => self.compact_time(number),
            _ if number.digits >= 6 && no_date && self.month.is_none() => self.compact_date(number),
            _ if matches!(number.digits, 4 | 6) && self.year.is_some() && self.day.is_some() => {
                self.compact_time(number)
            }
            _ if self.day.is_none() && number.digits <= 2 => {
                self.day = Some(number);
                Some(())
            }
            _ => self.year.replace(number).is_none().then_some(()),
        }
    }

    /// `1999-01-08`, `1999-Jan-08`, `8-Jan-1999`, `1/8/1999`.
    fn date(&mut self, first: Number, separator: u8) -> Option<()> {
        let separator = char::from(separator);
        self.skip(separator).then_some(())?;
        if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let word = self.take(|byte| byte.is_ascii_alphabetic());
            self.month.replace(month_number(word)?).is_none().then_some(())?;
            self.skip(separator).then_some(())?;
            let last = self.number()?;
            let (year, day) = if first.digits > 2 { (first, last) } else { (last, first) };
            (self.year, self.day) = (Some(year), Some(day));
            return Some(());
        }
        let second = self.number()?;
        if self.month.is_some() {
            // `Jan-08-1999`
            (self.day, self.year) = (Some(first), Some(second));
            return Some(());
        }
        self.skip(separator).then_some(())?;
        let third = self.number()?;
        let (year, month, day) = if first.digits > 2 { (first, second, third) } else { (third, first, second) };
        (self.year, self.month, self.day) = (Some(year), Some(month.value), Some(day));
        Some(())
    }

    /// `19990108`, `990108`.
    fn compact_date(&mut self, number: Number) -> Option<()> {
        let year = Number { value: number.value / 10_000, digits: number.digits - 4 };
        self.year = Some(year);
        self.month = Some(number.value / 100 % 100);
        self.day = Some(Number { value: number.value % 100, digits: 2 });
        Some(())
    }

    fn clock(&mut self, hour: Number) -> Option<()> {
        self.skip(':').then_some(())?;
        let minute = self.number()?.value;
        let second = if self.skip(':') { self.number()?.value } else { 0 };
        let fraction = self.fraction()?;
        self.set_clock(Clock { hour: hour.value, minute, second, fraction })
    }

    /// `040506`, `0405`.
    fn compact_time(&mut self, number: Number) -> Option<()> {
        let value = if number.digits == 4 { number.value * 100 } else { number.value };
        let fraction = self.fraction()?;
        self.set_clock(Clock { hour: value / 10_000, minute: value / 100 % 100, second: value % 100, fraction })
    }

    fn fraction(&mut self) -> Option<i64> {
        match self.skip('.') {
            true => fraction_micros(self.take(|byte| byte.is_ascii_digit())),
            false => Some(0),
        }
    }

    fn set_clock(&mut self, clock: Clock) -> Option<()> {
        let Clock { hour, minute, second, fraction } = clock;
        let end_of_day = hour == 24 && minute == 0 && second == 0 && fraction == 0;
        let valid = (hour < 24 || end_of_day) && minute < 60 && second <= 60;
        let micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
        (valid && self.micros.replace(micros).is_none()).then_some(())
    }

    /// `+00`, `-08:30`, `+0530`, `+01:02:03`.
    fn zone(&mut self) -> Option<()> {
        let west = self.rest.starts_with('-');
        self.rest = &self.rest[1..];
        let first = self.number()?;
        let (hour, minute) = match first.digits {
            3 | 4 => (first.value / 100, first.value % 100),
            1 | 2 if self.skip(':') => (first.value, self.number()?.value),
            1 | 2 => (first.value, 0),
            _ => return None,
        };
        let second = if self.skip(':') { self.number()?.value } else { 0 };
        let seconds = (hour * 60 + minute) * 60 + second;
        (minute < 60 && second < 60 && seconds < OFFSET_END).then_some(())?;
        self.offset = Some(if west { -seconds } else { seconds });
        Some(())
    }

    fn resolve(self) -> Option<Moment> {
        let days = match (self.year, self.month, self.day) {
            (None, None, None) => None,
            (year, month, day) => Some(civil(year?, month?, day?.value, self.before_christ)?.to_days()),
        };
        let micros = match (self.micros, self.afternoon) {
            (Some(micros), Some(afternoon)) => Some(twelve_hours(micros, afternoon)?),
            (None, Some(_)) => return None,
            (micros, None) => micros,
        };
        (days.is_some() || micros.is_some()).then_some(Moment { days, micros, offset: self.offset.unwrap_or(0) })
    }
}

struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
}

fn civil(year: Number, month: i64, day: i64, before_christ: bool) -> Option<Civil> {
    let year = match year {
        Number { value: 0, digits: 3.. } => return None,
        Number { value, .. } if before_christ => 1 - (value > 0).then_some(value)?,
        Number { value, digits: ..=2 } if value < 70 => 2_000 + value,
        Number { value, digits: ..=2 } => 1_900 + value,
        Number { value, .. } => value,
    };
    let civil = Civil { year, month: u32::try_from(month).ok()?, day: u32::try_from(day).ok()? };
    civil.is_valid().then_some(civil)
}

fn twelve_hours(micros: i64, afternoon: bool) -> Option<i64> {
    const HOUR: i64 = 3_600_000_000;
    match micros / HOUR {
        12 if !afternoon => Some(micros - 12 * HOUR),
        0..12 if afternoon => Some(micros + 12 * HOUR),
        0..=12 => Some(micros),
        _ => None,
    }
}

/// Digits behind a point as microseconds, rounded as Postgres rounds: through a double, half to even.
pub(super) fn fraction_micros(digits: &str) -> Option<i64> {
    if digits.is_empty() {
        return Some(0);
    }
    if digits.len() <= 6 {
        return Some(digits.parse::<i64>().ok()? * 10i64.pow(6 - digits.len() as u32));
    }
    let fraction = format!("0.{digits}").parse::<f64>().ok()?;
    Some((fraction * 1e6).round_ties_even() as i64)
}

fn month_number(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is = |name: &str| word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(&name[..3]);
    let index = MONTHS.iter().position(|name| is(name) || *name == "september" && word.eq_ignore_ascii_case("sept"))?;
    Some(index as i64 + 1)
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.iter().any(|name| word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(&name[..3]))
}
