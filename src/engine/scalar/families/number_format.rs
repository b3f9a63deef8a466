//! `to_char` and `to_number` for numbers.

use num_bigint::BigInt;
use num_traits::Signed;
use tailwater_connectors::{Numeric, Value};

use super::number_read::digits_read;
use super::number_template::NumberTemplate;
use super::number_write::{Digits, written};
use super::read::{float, int, numeric, text};
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

/// Digits that doubles and reals have.
const DOUBLE_DIGITS: usize = 15;
const REAL_DIGITS: usize = 6;
/// Templates are as long as people write them; longer ones are refused.
const TEMPLATE_MAX: usize = 10_000;

fn read(value: &Value) -> Result<NumberTemplate, RowError> {
    let pattern = text(value);
    if pattern.len() > TEMPLATE_MAX {
        return Err(RowError::new("54000", "number template is too long"));
    }
    NumberTemplate::new(pattern)
}

fn roman(number: Option<i64>) -> String {
    const UNITS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let Some(mut rest) = number.filter(|number| (1..4_000).contains(number)) else { return "#".repeat(15) };
    let mut out = String::new();
    for (unit, letters) in UNITS {
        while rest >= unit {
            out.push_str(letters);
            rest -= unit;
        }
    }
    out
}

/// Room of the template, where there is no number to show.
fn hashes(template: &NumberTemplate) -> String {
    let mut shown = vec![b'#'; template.before + template.after + 6];
    shown[0] = b' ';
    if let Some(point) = shown.get_mut(template.before + 1) {
        *point = b'.';
    }
    String::from_utf8_lossy(&shown).into_owned()
}

/// A number in digits, with a sign, as what the template has room for.
fn fitted(template: &NumberTemplate, number: &str) -> Digits {
    let shown = number.strip_prefix('-').unwrap_or(number);
    let whole = shown.find('.').unwrap_or(shown.len());
    let shown = if whole > template.before {
        format!("{}.{}", "#".repeat(template.before), "#".repeat(template.after))
    } else {
        shown.to_owned()
    };
    Digits { shown, spaces: template.before.saturating_sub(whole), negative: number.starts_with('-') }
}

fn show(template: &NumberTemplate, digits: &Digits) -> Result<Value, RowError> {
    let is_number = digits.shown.starts_with('#') || digits.shown.ends_with(|c: char| c.is_ascii_digit());
    if template.ordinal_is_shown(digits.negative) && !is_number {
        return Err(RowError::new("22P02", "the number of an ordinal is not one"));
    }
    Ok(Value::text(written(template, digits)))
}

fn plain(shown: String) -> Digits {
    Digits { shown, spaces: 0, negative: false }
}

fn show_roman(template: NumberTemplate, number: Option<i64>) -> Result<Value, RowError> {
    let NumberTemplate { steps, filled, .. } = template;
    let template = NumberTemplate { steps, filled, roman: true, ..NumberTemplate::default() };
    show(&template, &plain(roman(number)))
}

/// `1.5e+02`, with a blank for the sign of numbers above zero.
fn scientific(number: &Numeric, after: usize) -> Option<String> {
    let (mantissa, scale) = number.to_parts()?;
    let digits = mantissa.abs().to_string();
    let zero = number.is_zero();
    let exponent = if zero { 0 } else { digits.len() as i64 - 1 - i64::from(scale) };
    let mut taken: String = digits.chars().chain(std::iter::repeat('0')).take(after + 1).collect();
    if digits.as_bytes().get(after + 1).is_some_and(|digit| *digit >= b'5') && !zero {
        let grown: BigInt = taken.parse::<BigInt>().ok()? + 1;
        taken = grown.to_string();
    }
    let (whole, fraction) = taken.split_at(taken.len() - after);
    let point = if after > 0 { "." } else { "" };
    let sign = if number.is_negative() { '-' } else { ' ' };
    Some(format!("{sign}{whole}{point}{fraction}e{exponent:+03}"))
}

fn float_scientific(number: f64, after: usize) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let shown = format!("{number:.after$e}");
    let (digits, exponent) = shown.split_once('e')?;
    let exponent: i64 = exponent.parse().ok()?;
    let sign = if digits.starts_with('-') { "" } else { " " };
    Some(format!("{sign}{digits}e{exponent:+03}"))
}

fn numeric_to_char(arguments: &[Value]) -> Result<Value, RowError> {
    let (number, mut template) = (numeric(&arguments[0]), read(&arguments[1])?);
    if template.roman {
        return show_roman(template, number.round(0)?.to_i64("integer").map(Some)?);
    }
    if template.scientific {
        let shown = scientific(number, template.after).unwrap_or_else(|| hashes(&template));
        return show(&template, &plain(shown));
    }
    let factor = Numeric::from_parts(BigInt::from(10).pow(template.moved as u32), 0);
    let moved = if template.moved > 0 { number.mul(&factor)? } else { number.clone() };
    template.before += template.moved;
    let shown = moved.round(template.after as i32)?.to_string();
    show(&template, &fitted(&template, &shown))
}

fn integer_to_char<const WIDE: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let (number, mut template) = (int(&arguments[0]), read(&arguments[1])?);
    if template.roman {
        return show_roman(template, Some(number));
    }
    if template.scientific {
        let shown = match WIDE {
            true => scientific(&Numeric::from(number), template.after),
            false => float_scientific(number as f64, template.after),
        };
        return show(&template, &plain(shown.unwrap_or_default()));
    }
    // Postgres takes an integer's overflow here as it comes.
    let moved = match WIDE {
        true => 10i64.checked_pow(template.moved as u32).and_then(|factor| number.checked_mul(factor)),
        false => Some(i64::from((number as i32).wrapping_mul(10i32.wrapping_pow(template.moved as u32)))),
    };
    let moved = moved.ok_or_else(|| RowError::out_of_range("bigint"))?;
    template.before += template.moved;
    let after = template.after;
    let point = if after > 0 { "." } else { "" };
    show(&template, &fitted(&template, &format!("{moved}{point}{:0<after$}", "")))
}

fn c_float(number: f64, after: usize) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    format!("{number:.after$}")
}

fn float_to_char<const REAL: bool>(arguments: &[Value]) -> Result<Value, RowError> {
    let (number, mut template) = (float(&arguments[0]), read(&arguments[1])?);
    if template.roman {
        let rounded = number.round_ties_even();
        return show_roman(template, (rounded.abs() < 1e9).then_some(rounded as i64));
    }
    if template.scientific {
        let shown = float_scientific(number, template.after).unwrap_or_else(|| hashes(&template));
        return show(&template, &plain(shown));
    }
    let moved = if template.moved == 0 { number } else { number * 10f64.powi(template.moved as i32) };
    let moved = if REAL { f64::from(moved as f32) } else { moved };
    template.before += template.moved;
    let most = if REAL { REAL_DIGITS } else { DOUBLE_DIGITS };
    template.after = template.after.min(most.saturating_sub(c_float(moved.abs(), 0).len()));
    let shown = c_float(moved, template.after);
    show(&template, &fitted(&template, &shown))
}

fn to_number(arguments: &[Value]) -> Result<Value, RowError> {
    let template = read(&arguments[1])?;
    if text(&arguments[1]).is_empty() {
        return Ok(Value::Null);
    }
    if template.scientific {
        return Err(RowError::new("0A000", "\"EEEE\" not supported for input"));
    }
    if template.roman {
        return Err(RowError::new("0A000", "\"RN\" not supported for input"));
    }
    let (digits, after) = digits_read(&template, text(&arguments[0]));
    let number: Numeric = digits.parse()?;
    let precision = template.before + template.moved + after;
    let (precision, after) = (precision.min(1_000) as u16, after.min(1_000) as i16);
    let number = number.apply_modifier(precision, after)?;
    if template.moved == 0 {
        return Ok(Value::Numeric(number));
    }
    let factor = Numeric::from(10).power(&Numeric::from(-(template.moved as i64)))?;
    Ok(Value::Numeric(number.mul(&factor)?))
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.strict("to_char(int4,text) text", integer_to_char::<false>);
    catalog.strict("to_char(int8,text) text", integer_to_char::<true>);
    catalog.strict("to_char(float4,text) text", float_to_char::<true>);
    catalog.strict("to_char(float8,text) text", float_to_char::<false>);
    catalog.strict("to_char(numeric,text) text", numeric_to_char);
    catalog.strict("to_number(text,text) numeric", to_number);
}
