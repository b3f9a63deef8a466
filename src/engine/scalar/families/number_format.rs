//! `to_char` for numbers: digits, grouping, signs. `EEEE`, `V` and `RN` are refused.

use tailwater_connectors::{Numeric, Value};

use super::date_format::ordinal;
use super::read::text;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// One place of the template.
#[derive(Clone, PartialEq)]
enum Place {
    Digit,
    Zero,
    Point,
    Group,
    Sign,
    Minus,
    Plus,
    SignHere,
    Brackets,
    Currency,
    Ordinal(bool),
    Literal(String),
}

struct Template {
    places: Vec<Place>,
    filled: bool,
}

fn template(pattern: &str) -> Result<Template, RowError> {
    let (mut places, mut filled, mut rest) = (Vec::new(), false, pattern);
    let words = [
        ("MI", Place::Minus),
        ("PL", Place::Plus),
        ("SG", Place::SignHere),
        ("PR", Place::Brackets),
        ("TH", Place::Ordinal(true)),
        ("th", Place::Ordinal(false)),
        ("9", Place::Digit),
        ("0", Place::Zero),
        (".", Place::Point),
        ("D", Place::Point),
        (",", Place::Group),
        ("G", Place::Group),
        ("S", Place::Sign),
        ("L", Place::Currency),
    ];
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("EEEE") || rest.starts_with("RN") || rest.starts_with('V') {
            return Err(RowError::new("0A000", "to_char() with EEEE, RN or V is not supported"));
        }
        if let Some(after) = rest.strip_prefix("FM") {
            (filled, rest) = (true, after);
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            places.push(Place::Literal(quoted[..end].to_owned()));
            rest = quoted.get(end + 1..).unwrap_or("");
        } else if let Some((word, place)) = words.iter().find(|(word, _)| rest.starts_with(word)) {
            places.push(place.clone());
            rest = &rest[word.len()..];
        } else {
            places.push(Place::Literal(c.to_string()));
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(Template { places, filled })
}

/// The number, rounded and cut into digits, beside what the template has room for.
struct Digits {
    negative: bool,
    whole: Vec<char>,
    fraction: Vec<char>,
    room: usize,
    overflow: bool,
}

fn is_digit(place: &Place) -> bool {
    matches!(place, Place::Digit | Place::Zero)
}

fn digits(number: &Numeric, template: &Template) -> Result<Digits, RowError> {
    let point = template.places.iter().position(|place| *place == Place::Point).unwrap_or(template.places.len());
    let room = template.places[..point].iter().filter(|place| is_digit(place)).count();
    let after = template.places[point..].iter().filter(|place| is_digit(place)).count();
    let shown = number.abs().round(after as i32)?.to_string();
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    // A lone zero before the point is not written by a 9.
    let whole = if whole == "0" && (after > 0 || room == 0) { "" } else { whole };
    Ok(Digits {
        negative: number.is_negative(),
        whole: whole.chars().collect(),
        fraction: fraction.chars().collect(),
        room,
        overflow: whole.len() > room || !number.is_finite(),
    })
}

fn sign_text(template: &Template, negative: bool) -> &'static str {
    let has = |place: Place| template.places.contains(&place);
    let elsewhere = has(Place::Minus) || has(Place::SignHere) || has(Place::Plus);
    let (plus, minus) = match () {
        () if has(Place::Brackets) => (" ", "<"),
        () if has(Place::Sign) => ("+", "-"),
        () if elsewhere => ("", ""),
        () => (" ", "-"),
    };
    let shown = if negative { minus } else { plus };
    if template.filled && shown == " " { "" } else { shown }
}

/// Walks the places of a template and writes what stands there.
struct Writer<'a> {
    template: &'a Template,
    digits: &'a Digits,
    sign: &'static str,
    /// The sign stands behind the digits.
    trailing_sign: bool,
    signed: bool,
    out: String,
    /// Places before the point that were passed, and digits after it that were written.
    seen: usize,
    after: usize,
    started: bool,
    past_point: bool,
}

/// Digits after the point that a filled template keeps: up to the last that is not zero, or that a `0` demands.
fn relevant(template: &Template, digits: &Digits) -> usize {
    let point = template.places.iter().position(|place| *place == Place::Point).unwrap_or(template.places.len());
    let fraction: Vec<&Place> = template.places[point..].iter().filter(|place| is_digit(place)).collect();
    let forced = fraction.iter().rposition(|place| **place == Place::Zero).map_or(0, |at| at + 1);
    digits.fraction.iter().rposition(|digit| *digit != '0').map_or(0, |at| at + 1).max(forced)
}

impl<'a> Writer<'a> {
    fn new(template: &'a Template, digits: &'a Digits) -> Self {
        let places = &template.places;
        let first_digit = places.iter().position(is_digit).unwrap_or(0);
        let trailing_sign = places.iter().position(|place| *place == Place::Sign).is_some_and(|at| at > first_digit);
        let sign = sign_text(template, digits.negative);
        let (signed, started, past_point) = (trailing_sign, false, false);
        Self {
            template,
            digits,
            sign,
            trailing_sign,
            signed,
            out: String::new(),
            seen: 0,
            after: 0,
            started,
            past_point,
        }
    }

    /// The sign stands right before the first digit.
    fn begin(&mut self) {
        if !self.signed {
            self.out.push_str(self.sign);
            self.signed = true;
        }
    }

    /// A blank keeps the width unless the template is filled.
    fn blank(&mut self) {
        self.out.push_str(if self.template.filled { "" } else { " " });
    }

    fn mark(&mut self, shown: bool, mark: char) {
        if shown { self.out.push(mark) } else { self.blank() }
    }

    fn whole_digit(&mut self) {
        let digits = self.digits;
        let zero = self.template.places.iter().filter(|place| is_digit(place)).position(|place| *place == Place::Zero);
        let from_right = digits.room - self.seen;
        self.started |=
            digits.overflow || from_right <= digits.whole.len() || zero.is_some_and(|zero| self.seen >= zero);
        self.seen += 1;
        if !self.started {
            return self.blank();
        }
        self.begin();
        let digit = digits.whole.len().checked_sub(from_right).map_or('0', |at| digits.whole[at]);
        self.out.push(if digits.overflow { '#' } else { digit });
    }

    fn fraction_digit(&mut self, optional: bool) {
        let digit = self.digits.fraction.get(self.after).copied().unwrap_or('0');
        self.after += 1;
        if !(self.template.filled && optional && self.after > relevant(self.template, self.digits)) {
            self.out.push(if self.digits.overflow { '#' } else { digit });
        }
    }

    fn place(&mut self, place: &Place) {
        let negative = self.digits.negative;
        match place {
            Place::Digit | Place::Zero if self.past_point => self.fraction_digit(*place == Place::Digit),
            Place::Digit | Place::Zero => self.whole_digit(),
            Place::Point => {
                self.begin();
                self.past_point = true;
                self.out.push('.');
            }
            Place::Group => self.mark(self.started, ','),
            Place::Sign if self.trailing_sign => self.out.push_str(self.sign),
            Place::Sign => {}
            Place::Minus => self.mark(negative, '-'),
            Place::Plus => self.mark(!negative, '+'),
            Place::SignHere => self.out.push(if negative { '-' } else { '+' }),
            Place::Brackets => self.mark(negative, '>'),
            Place::Currency => self.out.push(' '),
            Place::Ordinal(_) if negative => {}
            Place::Ordinal(upper) => {
                let whole: String = self.digits.whole.iter().collect();
                self.out.push_str(&ordinal(&whole, *upper));
            }
            Place::Literal(text) => self.out.push_str(text),
        }
    }
}

fn render(template: &Template, digits: &Digits) -> String {
    let mut writer = Writer::new(template, digits);
    template.places.iter().for_each(|place| writer.place(place));
    writer.out
}

fn to_char(arguments: &[Value]) -> Result<Value, RowError> {
    let number = match &arguments[0] {
        Value::Int(number) => Numeric::from(*number),
        Value::Float(number) => Numeric::from_f64(*number),
        Value::Numeric(number) => number.clone(),
        _ => return Ok(Value::Null),
    };
    let template = template(text(&arguments[1]))?;
    let digits = digits(&number, &template)?;
    Ok(Value::text(render(&template, &digits)))
}

pub(super) fn register(catalog: &mut Catalog) {
    for number in ["int4", "int8", "float4", "float8", "numeric"] {
        catalog.strict(&format!("to_char({number},text) text"), to_char);
    }
}
