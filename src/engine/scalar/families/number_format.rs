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

fn render(template: &Template, digits: &Digits) -> String {
    let places = &template.places;
    let sign = sign_text(template, digits.negative);
    let first_digit = places.iter().position(is_digit).unwrap_or(0);
    let trailing_sign = places.iter().position(|place| *place == Place::Sign).is_some_and(|at| at > first_digit);
    let zero_from =
        places.iter().filter(|place| is_digit(place)).position(|place| *place == Place::Zero).unwrap_or(usize::MAX);
    let last_relevant = digits.fraction.iter().rposition(|digit| *digit != '0').map_or(0, |at| at + 1);
    let point = places.iter().position(|place| *place == Place::Point).unwrap_or(places.len());
    let forced = places[point..].iter().filter(|place| is_digit(place)).collect::<Vec<_>>();
    let forced = forced.iter().rposition(|place| **place == Place::Zero).map_or(0, |at| at + 1);
    let last_relevant = last_relevant.max(forced);
    let (mut out, mut seen, mut after, mut started) = (String::new(), 0, 0, false);
    let mut signed = trailing_sign;
    let begin = |out: &mut String, signed: &mut bool| {
        if !*signed {
            out.push_str(sign);
            *signed = true;
        }
    };
    let mut past_point = false;
    for place in places {
        match place {
            Place::Digit | Place::Zero if past_point => {
                let digit = if digits.overflow { '#' } else { digits.fraction.get(after).copied().unwrap_or('0') };
                after += 1;
                if !(template.filled && *place == Place::Digit && after > last_relevant) {
                    out.push(digit);
                }
            }
            Place::Digit | Place::Zero => {
                let from_right = digits.room - seen;
                started |= digits.overflow || from_right <= digits.whole.len() || seen >= zero_from;
                seen += 1;
                if started {
                    begin(&mut out, &mut signed);
                    let digit = digits.whole.len().checked_sub(from_right).map_or('0', |at| digits.whole[at]);
                    out.push(if digits.overflow { '#' } else { digit });
                } else if !template.filled {
                    out.push(' ');
                }
            }
            Place::Point => {
                begin(&mut out, &mut signed);
                past_point = true;
                out.push('.');
            }
            Place::Group if started => out.push(','),
            Place::Group if template.filled => {}
            Place::Group => out.push(' '),
            Place::Sign if trailing_sign => out.push_str(sign),
            Place::Sign => {}
            Place::Minus => out.push_str(if digits.negative {
                "-"
            } else if template.filled {
                ""
            } else {
                " "
            }),
            Place::Plus => out.push_str(if !digits.negative {
                "+"
            } else if template.filled {
                ""
            } else {
                " "
            }),
            Place::SignHere => out.push(if digits.negative { '-' } else { '+' }),
            Place::Brackets => out.push_str(if digits.negative {
                ">"
            } else if template.filled {
                ""
            } else {
                " "
            }),
            Place::Currency => out.push(' '),
            Place::Ordinal(upper) if !digits.negative => {
                out.push_str(&ordinal(&digits.whole.iter().collect::<String>(), *upper));
            }
            Place::Ordinal(_) => {}
            Place::Literal(text) => out.push_str(text),
        }
    }
    out
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
