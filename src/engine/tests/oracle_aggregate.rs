//! Answers aggregates that look at all values in order, and statistics of exact numbers, from the rows themselves.

use std::cmp::Ordering;
use std::sync::Arc;

use tailwater_connectors::text::write_text;
use tailwater_connectors::{Array, Numeric, Row, SqlType, Value};

use crate::engine::scalar::{sql_cmp, sql_eq};
use crate::engine::{AggregateCall, AggregateFunction, SortKey};
use crate::state::encode_row;

/// Arguments and sort keys of one row.
type Found = (Vec<Value>, Vec<Value>);

/// The value of a call over rows that its filter kept.
pub(super) fn aggregate(call: &AggregateCall, rows: &[&Row]) -> Value {
    use AggregateFunction::{
        ArrayAgg, BitAnd, BitOr, BitXor, JsonAgg, Mode, PercentileCont, PercentileDisc, StringAgg, VarPop, VarSamp,
    };
    let found = ordered(call, rows);
    let values: Vec<&Value> = found.iter().map(|(arguments, _)| &arguments[0]).collect();
    match call.function {
        _ if values.is_empty() => Value::Null,
        ArrayAgg => {
            let elements: Vec<Value> = values.into_iter().cloned().collect();
            Value::Array(Arc::new(Array { dimensions: vec![(elements.len() as u32, 1)], elements }))
        }
        StringAgg => {
            let text = |value: &Value| if let Value::Text(text) = value { text.to_string() } else { String::new() };
            let joined = found.iter().map(|(arguments, _)| text(&arguments[1]) + &text(&arguments[0]));
            let first = text(&found[0].0[1]).len();
            Value::text(&joined.collect::<String>()[first..])
        }
        JsonAgg => {
            let json = values.iter().map(|value| json(call.argument_type(), value));
            Value::text(format!("[{}]", json.collect::<Vec<_>>().join(", ")))
        }
        Mode => {
            let times =
                |value: &Value| values.iter().filter(|other| sql_eq(call.argument_type(), value, other)).count();
            let most = values.iter().map(|value| times(value)).max().unwrap();
            values.iter().find(|value| times(value) == most).map_or(Value::Null, |value| (*value).clone())
        }
        PercentileDisc => {
            let place = (fraction(call) * values.len() as f64).ceil() as usize;
            values[place.max(1) - 1].clone()
        }
        PercentileCont => {
            let place = fraction(call) * (values.len() - 1) as f64;
            let at = |place: f64| if let Value::Float(value) = values[place as usize] { *value } else { f64::NAN };
            let (low, high) = (at(place.floor()), at(place.ceil()));
            Value::Float(if place.fract() == 0.0 { low } else { low + place.fract() * (high - low) })
        }
        BitAnd | BitOr | BitXor => {
            let number = |value: &&Value| if let Value::Int(value) = value { *value } else { 0 };
            let combined = values.iter().map(number).reduce(|a, b| match call.function {
                BitAnd => a & b,
                BitOr => a | b,
                _ => a ^ b,
            });
            combined.map_or(Value::Null, Value::Int)
        }
        VarPop | VarSamp => variance(call, &values),
        other => panic!("the oracle does not know {other:?}"),
    }
}

fn fraction(call: &AggregateCall) -> f64 {
    if let Some(Value::Float(fraction)) = call.direct.first() { *fraction } else { panic!("no fraction") }
}

fn compare((a, b): (&Value, &Value), key: &SortKey) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if key.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) => compare((b, a), key).reverse(),
        _ if key.descending => sql_cmp(&key.sql_type, b, a),
        _ => sql_cmp(&key.sql_type, a, b),
    }
}

/// Rows that count, in order.
fn ordered(call: &AggregateCall, rows: &[&Row]) -> Vec<Found> {
    let keeps_nulls = matches!(call.function, AggregateFunction::ArrayAgg | AggregateFunction::JsonAgg);
    let found = rows.iter().map(|row| {
        let arguments: Vec<Value> = call.arguments.iter().map(|part| part.evaluate(row).unwrap()).collect();
        (arguments, call.order.iter().map(|key| key.expression.evaluate(row).unwrap()).collect())
    });
    let mut found: Vec<Found> = found.filter(|(arguments, _)| keeps_nulls || !arguments[0].is_null()).collect();
    let bytes = |values: &[Value]| {
        let mut bytes = Vec::new();
        encode_row(&mut bytes, values);
        bytes
    };
    let plain: Vec<SortKey> = call
        .argument_types
        .iter()
        .map(|sql_type| SortKey {
            expression: crate::engine::Scalar::Column(0),
            sql_type: sql_type.clone(),
            descending: false,
            nulls_first: false,
        })
        .collect();
    let in_order = |keys: &[SortKey], a: &[Value], b: &[Value]| {
        let each = keys.iter().zip(a.iter().zip(b)).map(|(key, pair)| compare(pair, key));
        each.fold(Ordering::Equal, Ordering::then)
    };
    found.sort_by(|a, b| {
        in_order(&call.order, &a.1, &b.1)
            .then_with(|| in_order(&plain, &a.0, &b.0))
            .then_with(|| bytes(&a.0).cmp(&bytes(&b.0)))
    });
    if call.distinct {
        found.dedup_by(|a, b| in_order(&plain, &a.0, &b.0).is_eq());
    }
    found
}

fn json(sql_type: &SqlType, value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Null => return "null".into(),
        value => write_text(&mut text, sql_type, value),
    }
    if !matches!(value, Value::Text(_)) {
        return text;
    }
    serde_json::to_string(&text).expect("text is JSON")
}

/// From the distances of all pairs of values: their squares add up to `count² × variance`.
fn variance(call: &AggregateCall, values: &[&Value]) -> Value {
    let numbers: Vec<Numeric> = values
        .iter()
        .map(|value| match value {
            Value::Int(value) => Numeric::from(*value),
            Value::Numeric(value) => value.clone(),
            other => panic!("no variance of {other:?}"),
        })
        .collect();
    let (count, scale) = (numbers.len() as i64, numbers.iter().map(Numeric::scale).max().unwrap_or(0));
    let divisor = if call.function == AggregateFunction::VarSamp { count - 1 } else { count };
    if divisor == 0 {
        return Value::Null;
    }
    let mut squares = Numeric::ZERO.round(i32::from(scale) * 2).unwrap();
    for (place, left) in numbers.iter().enumerate() {
        for right in &numbers[place + 1..] {
            let distance = left.sub(right).unwrap();
            squares = squares.add(&distance.mul(&distance).unwrap()).unwrap();
        }
    }
    if squares.is_zero() {
        return Value::Numeric(Numeric::ZERO);
    }
    Value::Numeric(squares.div(&Numeric::from(count * divisor)).unwrap())
}
