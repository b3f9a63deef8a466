//! Order of jsonb values.

use std::cmp::Ordering;

use super::json_text::{Json, parse};

/// Postgres' btree order of jsonb: by kind, then size, then content.
pub(in crate::engine::scalar) fn jsonb_cmp(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    match (parse(left), parse(right)) {
        (Ok(left), Ok(right)) => top(&left, &right),
        _ => left.cmp(right),
    }
}

/// An empty array at the top sorts before null: a quirk of Postgres that its indexes depend on.
fn top(left: &Json<'_>, right: &Json<'_>) -> Ordering {
    let empty = |json: &Json<'_>| matches!(json, Json::Array(elements) if elements.is_empty());
    match (empty(left), empty(right)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => compare(left, right),
    }
}

fn kind(json: &Json<'_>) -> u8 {
    match json {
        Json::Null => 0,
        Json::Text(_) => 1,
        Json::Number(_) | Json::Written => 2,
        Json::Bool(_) => 3,
        Json::Array(_) => 4,
        Json::Object(_) => 5,
    }
}

fn compare(left: &Json<'_>, right: &Json<'_>) -> Ordering {
    match (left, right) {
        (Json::Text(a), Json::Text(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => a.numeric_cmp(b),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::Array(a), Json::Array(b)) => {
            let pairs = || a.iter().zip(b).map(|(a, b)| compare(a.value(), b.value()));
            a.len().cmp(&b.len()).then_with(|| pairs().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
        }
        (Json::Object(a), Json::Object(b)) => {
            let pairs = || a.iter().zip(b).map(|((k, v), (l, w))| k.cmp(l).then_with(|| compare(v.value(), w.value())));
            a.len().cmp(&b.len()).then_with(|| pairs().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
        }
        _ => kind(left).cmp(&kind(right)),
    }
}
