//! `percentile_cont` and `percentile_disc` over values in order.

use std::sync::Arc;

use tailwater_connectors::{Array, SqlType, Value};

use super::super::plan::AggregateCall;
use super::super::scalar::{RowError, Typed, bind};
use super::ordered_result::Entries;

/// One result of a fraction.
type At<'a> = dyn Fn(f64) -> Result<Value, RowError> + 'a;

/// Interpolates between the two values around the fraction.
pub(super) fn percentile_cont(call: &AggregateCall, entries: &Entries) -> Result<Value, RowError> {
    let count = count(entries);
    fractions(call, count, &|fraction| {
        let place = fraction * (count - 1) as f64;
        let (first, second) = (place.floor(), place.ceil());
        let (low, high) = (nth(entries, first as i64), nth(entries, second as i64));
        if first == second { Ok(low.clone()) } else { between(low, high, place - first) }
    })
}

/// The first value whose place reaches the fraction.
pub(super) fn percentile_disc(call: &AggregateCall, entries: &Entries) -> Result<Value, RowError> {
    let count = count(entries);
    fractions(call, count, &|fraction| {
        let place = (fraction * count as f64).ceil() as i64;
        Ok(nth(entries, (place - 1).max(0)).clone())
    })
}

fn count(entries: &Entries) -> i64 {
    entries.iter().map(|(_, count)| count).sum()
}

/// The value at a place, from 0.
fn nth(entries: &Entries, place: i64) -> &Value {
    let mut before = 0;
    let found = entries.iter().find(|(_, count)| {
        before += count;
        before > place
    });
    found.or(entries.last()).map_or(&Value::Null, |(row, _)| &row[0])
}

/// The result for one fraction, or an array of results for an array of them.
fn fractions(call: &AggregateCall, count: i64, at: &At<'_>) -> Result<Value, RowError> {
    let one = |fraction: &Value| match fraction {
        Value::Float(fraction) => {
            if !(0.0..=1.0).contains(fraction) {
                let message = format!("percentile value {} is not between 0 and 1", general(*fraction));
                return Err(RowError::new("22003", message));
            }
            if count == 0 { Ok(Value::Null) } else { at(*fraction) }
        }
        _ => Ok(Value::Null),
    };
    match call.direct.first() {
        Some(Value::Array(_)) if count == 0 => Ok(Value::Null),
        Some(Value::Array(array)) => {
            let elements = array.elements.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            Ok(Value::Array(Arc::new(Array { dimensions: array.dimensions.clone(), elements })))
        }
        Some(fraction) => one(fraction),
        None => Ok(Value::Null),
    }
}

fn between(low: &Value, high: &Value, share: f64) -> Result<Value, RowError> {
    match (low, high) {
        (Value::Float(low), Value::Float(high)) => Ok(Value::Float(low + share * (high - low))),
        _ => {
            let typed = |value: &Value, sql_type| bind::literal_value(value.clone(), sql_type);
            let interval = |value| typed(value, SqlType::Interval);
            let apply = |symbol: &str, left: Typed, right: Typed| {
                bind::operator(symbol, vec![left, right]).map_err(|error| RowError::new("XX000", error.message))
            };
            let length = apply("-", interval(high), interval(low))?;
            let part = apply("*", length, typed(&Value::Float(share), SqlType::Float8))?;
            apply("+", part, interval(low))?.scalar.evaluate(&[])
        }
    }
}

/// As C prints `%g`.
fn general(number: f64) -> String {
    if !number.is_finite() || number == 0.0 {
        return match number {
            number if number.is_nan() => "NaN".into(),
            f64::INFINITY => "Infinity".into(),
            f64::NEG_INFINITY => "-Infinity".into(),
            _ => "0".into(),
        };
    }
    let scientific = format!("{number:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(digits), exponent.abs());
    }
    trimmed(&format!("{number:.*}", (5 - exponent) as usize))
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn numbers_are_printed_as_c_does() {
        let shown = [-0.5, 1.5, 2.0, 1234567.0, 1e-7, 0.0001, 100000.0, 1e100].map(general);
        assert_eq!(shown, ["-0.5", "1.5", "2", "1.23457e+06", "1e-07", "0.0001", "100000", "1e+100"]);
    }
}
