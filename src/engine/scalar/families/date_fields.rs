//! The fields that text has by a date template.

use super::date_format::{MONTHS, ROMAN, WEEKDAYS};
use super::template::{Node, Ordinal, is_blank};
use crate::engine::scalar::expression::RowError;

/// What was read; zero is what was not.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) year: i64,
    /// Digits that the year's field has.
    pub(super) year_digits: i64,
    pub(super) century: i64,
    pub(super) before_christ: bool,
    pub(super) month: i64,
    pub(super) day: i64,
    /// 1 is Sunday.
    pub(super) weekday: i64,
    pub(super) day_of_year: i64,
    pub(super) week: i64,
    pub(super) week_of_month: i64,
    pub(super) julian: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) milliseconds: i64,
    pub(super) microseconds: i64,
    pub(super) seconds_of_day: i64,
    pub(super) twelve_hours: bool,
    pub(super) afternoon: bool,
    pub(super) zone_sign: i64,
    pub(super) zone_hour: i64,
    pub(super) zone_minute: i64,
    /// Whether fields are of the ISO week calendar; none is of either.
    pub(super) iso: Option<bool>,
    /// Digits of a second that count, of `FF1` to `FF6`; zero for all.
    pub(super) precision: u32,
    halves: (i64, i64),
}

fn invalid(name: &str) -> RowError {
    RowError::new("22007", format!("invalid value for \"{name}\""))
}

fn set(field: &mut i64, value: i64) -> Result<(), RowError> {
    if *field != 0 && *field != value {
        return Err(RowError::new("22007", "conflicting values for a field in formatting string"));
    }
    *field = value;
    Ok(())
}

/// A year of fewer digits is the one near 2020.
fn near_2020(year: i64) -> i64 {
    match year {
        ..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}

/// Walks through the text.
pub(super) struct Reader {
    text: Vec<char>,
    at: usize,
    /// Characters that were skipped beyond the template's.
    skipped: i64,
    exact: bool,
}

/// Whether a number that stands here ends by itself: what follows is no digit.
fn is_delimited(nodes: &[Node]) -> bool {
    if matches!(nodes[0], Node::Field { ordinal: Ordinal::Lower | Ordinal::Upper, .. }) {
        return true;
    }
    match nodes.get(1) {
        None => true,
        Some(Node::Field { name, .. }) => !has_digits(name),
        Some(Node::Space(c) | Node::Separator(c) | Node::Text(c)) => !c.is_ascii_digit(),
    }
}

fn has_digits(name: &str) -> bool {
    let names = [
        "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "DAY", "DY", "FX", "MONTH", "MON", "OF", "P.M.", "PM", "RM", "TZH",
        "TZ",
    ];
    !names.contains(&name.to_ascii_uppercase().as_str())
}

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.chars().collect(), at: 0, skipped: 0, exact: false }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
            self.skipped += 1;
        }
    }

    pub(super) fn fields(mut self, nodes: &[Node]) -> Result<Fields, RowError> {
        let mut fields = Fields::default();
        for (place, node) in nodes.iter().enumerate() {
            if self.peek().is_none() {
                break;
            }
            let is_mode = matches!(node, Node::Field { name, .. } if name.eq_ignore_ascii_case("FX"));
            if !self.exact && !is_mode && (place == 0 || matches!(node, Node::Field { .. })) {
                self.skip_blanks();
            }
            match node {
                Node::Space(_) | Node::Separator(_) if self.exact => self.at += 1,
                Node::Space(_) | Node::Separator(_) => {
                    self.skipped -= 1;
                    if self.peek().is_some_and(|c| is_blank(c) || c.is_ascii_punctuation()) {
                        self.at += 1;
                        self.skipped += 1;
                    }
                }
                // What was skipped already may be it.
                Node::Text(_) if !self.exact && self.skipped > 0 => self.skipped -= 1,
                Node::Text(_) => self.at += 1,
                Node::Field { name, ordinal, .. } => {
                    self.field(name, &nodes[place..], &mut fields)?;
                    let numbered = has_digits(name) && !["TZM", "FX"].contains(&name.to_ascii_uppercase().as_str());
                    if *ordinal != Ordinal::None && numbered {
                        self.at = (self.at + 2).min(self.text.len());
                    }
                    if !self.exact {
                        self.skipped = 0;
                        self.skip_blanks();
                    }
                }
            }
        }
        Ok(fields)
    }

    /// A number of at most `length` digits; answers also how many characters it took.
    fn number(&mut self, length: usize, nodes: &[Node]) -> Result<(i64, usize), RowError> {
        let Node::Field { name, filled, .. } = &nodes[0] else { return Err(invalid("")) };
        let start = self.at;
        let mut blank = 0;
        while self.text.get(start + blank).copied().is_some_and(is_blank) {
            blank += 1;
        }
        let from = start + blank;
        let delimited = *filled || is_delimited(nodes);
        let end = if delimited { self.text.len() } else { self.text.len().min(from + length) };
        let mut at = from;
        if self.text[..end].get(at).is_some_and(|c| matches!(c, '+' | '-')) {
            at += 1;
        }
        let (digits_from, mut value) = (at, 0i64);
        while let Some(digit) = self.text[..end].get(at).and_then(|c| c.to_digit(10)) {
            value = value.saturating_mul(10).saturating_add(i64::from(digit));
            at += 1;
        }
        let used = if at == digits_from { 0 } else { at - from };
        if !delimited {
            if end - from < length {
                return Err(RowError::new("22007", format!("source string too short for \"{name}\" formatting field")));
            }
            if used > 0 && used < length {
                return Err(invalid(name));
            }
        }
        if used == 0 && (delimited || blank == 0) {
            return Err(invalid(name));
        }
        self.at = from + used;
        if self.text.get(from) == Some(&'-') {
            value = -value;
        }
        if i32::try_from(value).is_err() {
            return Err(RowError::new("22008", format!("value for \"{name}\" in source string is out of range")));
        }
        Ok((value, self.at - start))
    }

    /// Which of these words comes next, in any case.
    fn word(&mut self, words: &[&str], name: &str) -> Result<i64, RowError> {
        let rest = &self.text[self.at..];
        let begins = |word: &&str| {
            let count = word.chars().count();
            rest.len() >= count && word.chars().zip(rest).all(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        let found = words.iter().position(begins).ok_or_else(|| invalid(name))?;
        self.at += words[found].chars().count();
        Ok(found as i64)
    }

    fn field(&mut self, name: &str, nodes: &[Node], fields: &mut Fields) -> Result<(), RowError> {
        let upper = name.to_ascii_uppercase();
        fields.mode(&upper)?;
        match upper.as_str() {
            "FX" => self.exact = true,
            "A.M." | "P.M." | "AM" | "PM" => {
                let words = if upper.contains('.') { ["a.m.", "p.m."] } else { ["am", "pm"] };
                let half = self.word(&words, name)?;
                set(&mut fields.halves.0, half)?;
                (fields.afternoon, fields.twelve_hours) = (half == 1, true);
            }
            "A.D." | "B.C." | "AD" | "BC" => {
                let words = if upper.contains('.') { ["a.d.", "b.c."] } else { ["ad", "bc"] };
                let era = self.word(&words, name)?;
                set(&mut fields.halves.1, era)?;
                fields.before_christ = era == 1;
            }
            "MONTH" => set(&mut fields.month, self.word(&MONTHS, name)? + 1)?,
            "MON" => set(&mut fields.month, self.word(&MONTHS.map(|month| &month[..3]), name)? + 1)?,
            "DAY" => fields.weekday = self.weekday(&WEEKDAYS, (name, fields.weekday))?,
            "DY" => fields.weekday = self.weekday(&WEEKDAYS.map(|day| &day[..3]), (name, fields.weekday))?,
            "RM" => {
                // The longest come first, so that X is not read off XII.
                let mut months: Vec<&str> = ROMAN.to_vec();
                months.reverse();
                set(&mut fields.month, 12 - self.word(&months, name)?)?;
            }
            "TZ" | "OF" => {
                return Err(RowError::new(
                    "0A000",
                    format!("formatting field \"{name}\" is only supported in to_char"),
                ));
            }
            "TZH" => {
                let sign = self.peek().filter(|c| matches!(c, '+' | '-' | ' '));
                let swallowed = self.skipped > 0 && self.at > 0 && self.text[self.at - 1] == '-';
                fields.zone_sign = if sign == Some('-') || (sign.is_none() && swallowed) { -1 } else { 1 };
                self.at += usize::from(sign.is_some());
                set(&mut fields.zone_hour, self.number(2, nodes)?.0)?;
            }
            "TZM" => {
                fields.zone_sign = if fields.zone_sign == 0 { 1 } else { fields.zone_sign };
                set(&mut fields.zone_minute, self.number(2, nodes)?.0)?;
            }
            "Y,YYY" => self.year_with_comma(name, fields)?,
            _ => return self.numbered(&upper, nodes, fields),
        }
        Ok(())
    }

    fn weekday(&mut self, words: &[&str], (name, known): (&str, i64)) -> Result<i64, RowError> {
        let mut day = known;
        set(&mut day, self.word(words, name)?)?;
        Ok(day + 1)
    }

    fn year_with_comma(&mut self, name: &str, fields: &mut Fields) -> Result<(), RowError> {
        let text: String = self.text[self.at..].iter().collect();
        let (thousands, rest) = text.split_once(',').ok_or_else(|| invalid(name))?;
        let digits: String = rest.chars().take(3).take_while(char::is_ascii_digit).collect();
        let (thousands_value, years) = (thousands.trim_start().parse::<i64>(), digits.parse::<i64>());
        let (Ok(thousands_value), Ok(years)) = (thousands_value, years) else { return Err(invalid(name)) };
        self.at += thousands.chars().count() + 1 + digits.len();
        set(&mut fields.year, thousands_value * 1_000 + years)?;
        fields.year_digits = 4;
        Ok(())
    }

    fn numbered(&mut self, upper: &str, nodes: &[Node], fields: &mut Fields) -> Result<(), RowError> {
        let length = match upper {
            "HH24" | "HH12" => 2,
            "MS" | "FF3" => 3,
            "US" | "FF6" => 6,
            "ID" => 1,
            _ if upper.starts_with("FF") => usize::from(upper.as_bytes()[2] - b'0'),
            "IDDD" => 3,
            _ => upper.len(),
        };
        let length = if upper == "MS" { 3 } else { length };
        let (value, used) = self.number(length, nodes)?;
        if upper.starts_with("FF") {
            fields.precision = length as u32;
        }
        let fraction = |digits: u32| value * 10i64.pow(digits.saturating_sub(used as u32));
        match upper {
            "HH" | "HH12" => {
                set(&mut fields.hour, value)?;
                fields.twelve_hours = true;
            }
            "HH24" => set(&mut fields.hour, value)?,
            "MI" => set(&mut fields.minute, value)?,
            "SS" => set(&mut fields.second, value)?,
            "MS" => set(&mut fields.milliseconds, value).map(|()| fields.milliseconds = fraction(3))?,
            "SSSS" | "SSSSS" => set(&mut fields.seconds_of_day, value)?,
            "MM" => set(&mut fields.month, value)?,
            "DDD" | "IDDD" => set(&mut fields.day_of_year, value)?,
            "DD" => set(&mut fields.day, value)?,
            "D" => set(&mut fields.weekday, value)?,
            "ID" => set(&mut fields.weekday, value).map(|()| fields.weekday = value % 7 + 1)?,
            "WW" | "IW" => set(&mut fields.week, value)?,
            "W" => set(&mut fields.week_of_month, value)?,
            "CC" => set(&mut fields.century, value)?,
            "J" => set(&mut fields.julian, value)?,
            "Q" => {}
            "YYYY" | "IYYY" => set(&mut fields.year, value).map(|()| fields.year_digits = 4)?,
            "YYY" | "IYY" | "YY" | "IY" | "Y" | "I" => {
                set(&mut fields.year, value)?;
                fields.year_digits = upper.len() as i64;
                if used < 4 {
                    fields.year = near_2020(value);
                }
            }
            _ => set(&mut fields.microseconds, value).map(|()| fields.microseconds = fraction(6))?,
        }
        Ok(())
    }
}

impl Fields {
    /// Fields of one calendar only.
    fn mode(&mut self, upper: &str) -> Result<(), RowError> {
        let iso = match upper {
            "IDDD" | "ID" | "IW" | "IYYY" | "IYY" | "IY" | "I" => true,
            "DDD" | "DD" | "D" | "MM" | "MONTH" | "MON" | "RM" | "WW" | "W" | "Y,YYY" | "YYYY" | "YYY" | "YY" | "Y" => {
                false
            }
            _ => return Ok(()),
        };
        if self.iso.is_some_and(|known| known != iso) {
            return Err(RowError::new("22007", "invalid combination of date conventions"));
        }
        self.iso = Some(iso);
        Ok(())
    }
}
