//! `to_timestamp` and `to_date`: text to a moment by a template.

use tailwater_connectors::Value;

use super::calendar::{
    Day, JULIAN_EPOCH, MICROS_PER_HOUR, MICROS_PER_SECOND, Moment, checked_date, checked_timestamp, month_length,
    weekday,
};
use super::date_fields::{Fields, Reader};
use super::read::text;
use super::template::{DATE_FIELDS, template};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn overflow() -> RowError {
    RowError::new("22008", "date/time field value out of range")
}

fn invalid(message: &str) -> RowError {
    RowError::new("22007", message)
}

/// Day of an ISO week's Monday.
fn monday(year: i64, week: i64) -> i64 {
    let fourth = Day { year, month: 1, day: 4 }.days();
    (week - 1) * 7 + fourth - (weekday(fourth) + 6) % 7
}

/// A date that is being put together, and which of its fields were given.
struct Date {
    day: Day,
    given: (bool, bool, bool),
}

impl Date {
    fn set(&mut self, days: i64) {
        self.day = Day::of(days);
        self.given = (true, true, true);
    }
}

/// The year as astronomers count, by century and era.
fn year(fields: &Fields) -> Option<i64> {
    let century = if fields.before_christ { -fields.century } else { fields.century };
    if fields.year != 0 {
        if century != 0 && fields.year_digits <= 2 {
            let short = fields.year % 100;
            return Some(match (short, century >= 0) {
                (0, true) => century * 100,
                (0, false) => century * 100 + 1,
                (_, true) => short + (century - 1) * 100,
                (_, false) => (century + 1) * 100 - short + 1,
            });
        }
        let year = if fields.before_christ { -fields.year } else { fields.year };
        return Some(if year < 0 { year + 1 } else { year });
    }
    (century != 0).then(|| if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 })
}

fn date(fields: &Fields) -> Result<Date, RowError> {
    let year = year(fields);
    let mut date =
        Date { day: Day { year: year.unwrap_or(0), month: 1, day: 1 }, given: (year.is_some(), false, false) };
    let (mut day_of_year, mut day) = (fields.day_of_year, fields.day);
    if fields.julian != 0 {
        date.set(fields.julian - JULIAN_EPOCH);
    }
    if fields.week != 0 && fields.iso == Some(true) {
        let first = monday(date.day.year, fields.week);
        // Days of the week begin with Sunday here, which ends the ISO week.
        let within = match fields.weekday {
            0 => 0,
            1 => 6,
            day => day - 2,
        };
        date.set(first + within);
    } else if fields.week != 0 {
        day_of_year = (fields.week - 1) * 7 + 1;
    }
    if fields.week_of_month != 0 {
        day = (fields.week_of_month - 1) * 7 + 1;
    }
    if day != 0 {
        (date.day.day, date.given.2) = (day, true);
    }
    if fields.month != 0 {
        (date.day.month, date.given.1) = (fields.month, true);
    }
    if day_of_year != 0 && (date.day.month <= 1 || date.day.day <= 1) {
        fill_from_day_of_year(&mut date, day_of_year, fields)?;
    }
    Ok(date)
}

fn fill_from_day_of_year(date: &mut Date, day_of_year: i64, fields: &Fields) -> Result<(), RowError> {
    if date.day.year == 0 && !fields.before_christ {
        return Err(invalid("cannot calculate day of year without year information"));
    }
    if fields.iso == Some(true) {
        date.set(monday(date.day.year, 1) - 1 + day_of_year);
        return Ok(());
    }
    let (mut month, mut before) = (1, 0);
    while month <= 12 && day_of_year > before + month_length(date.day.year, month) {
        before += month_length(date.day.year, month);
        month += 1;
    }
    if date.day.month <= 1 {
        date.day.month = month;
    }
    if date.day.day <= 1 {
        date.day.day = day_of_year - before;
    }
    (date.given.1, date.given.2) = (true, true);
    Ok(())
}

impl Date {
    fn days(&self) -> Result<i64, RowError> {
        let Day { year, month, day } = self.day;
        let known_month = (1..=12).contains(&month);
        if (self.given.1 && !known_month) || (self.given.2 && !(1..=31).contains(&day)) {
            return Err(overflow());
        }
        if self.given == (true, true, true) && day > month_length(year, month) {
            return Err(overflow());
        }
        let first = Day { year, month, day: 1 }.days();
        checked_date(first + day - 1).map(i64::from).map_err(|_| overflow())
    }
}

/// Microseconds since midnight.
fn time(fields: &Fields) -> Result<i64, RowError> {
    let or = |given: i64, otherwise: i64| if given == 0 { otherwise } else { given };
    let seconds = fields.seconds_of_day;
    let mut hour = or(fields.hour, seconds / 3_600);
    let minute = or(fields.minute, seconds / 60 % 60);
    let second = or(fields.second, seconds % 60);
    if fields.twelve_hours {
        if !(1..=12).contains(&hour) {
            return Err(invalid("hour is invalid for the 12-hour clock"));
        }
        hour = hour % 12 + if fields.afternoon { 12 } else { 0 };
    }
    let fraction = fields.milliseconds * 1_000 + fields.microseconds;
    let known = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    if !known || !(0..MICROS_PER_SECOND).contains(&fraction) {
        return Err(overflow());
    }
    Ok(hour * MICROS_PER_HOUR + (minute * 60 + second) * MICROS_PER_SECOND + fraction)
}

/// Seconds east of Greenwich.
fn zone(fields: &Fields) -> Result<i64, RowError> {
    if fields.zone_sign == 0 {
        return Ok(0);
    }
    if !(0..=15).contains(&fields.zone_hour) || !(0..60).contains(&fields.zone_minute) {
        return Err(RowError::new("22009", "time zone displacement out of range"));
    }
    Ok(fields.zone_sign * (fields.zone_hour * 60 + fields.zone_minute) * 60)
}

/// Days and what else was read.
fn read(arguments: &[Value]) -> Result<(i64, Fields), RowError> {
    let nodes = template(text(&arguments[1]), DATE_FIELDS);
    let fields = Reader::new(text(&arguments[0])).fields(&nodes)?;
    let days = date(&fields)?.days();
    time(&fields)?;
    zone(&fields)?;
    Ok((days?, fields))
}

fn to_timestamp(arguments: &[Value]) -> Result<Value, RowError> {
    let (days, fields) = read(arguments)?;
    let local = Moment { days, micros: time(&fields)? }.timestamp()?;
    let universal = checked_timestamp(local.checked_sub(zone(&fields)? * MICROS_PER_SECOND))?;
    let unit = match fields.precision {
        0 => 1,
        digits => 10i64.pow(6 - digits),
    };
    let half = unit / 2;
    let rounded = if universal >= 0 { (universal + half) / unit } else { -((half - universal) / unit) };
    Ok(Value::Timestamptz(rounded * unit))
}

fn to_date(arguments: &[Value]) -> Result<Value, RowError> {
    checked_date(read(arguments)?.0).map(Value::Date)
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("to_timestamp(text,text) timestamptz", to_timestamp);
    catalog.strict("to_date(text,text) date", to_date);
}
