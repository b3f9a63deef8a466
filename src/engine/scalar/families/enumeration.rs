//! The labels of an enum: `enum_first`, `enum_last`, `enum_range`. Their arguments tell the type; those of a range may be null.

use tailwater_connectors::{SqlType, Value};

use super::array::from_elements;
use crate::engine::scalar::catalog::Catalog;
use crate::engine::scalar::expression::RowError;

fn labels(sql_type: &SqlType) -> Vec<Value> {
    match sql_type {
        SqlType::Enum(enumeration) => enumeration.labels.iter().cloned().map(Value::Text).collect(),
        _ => Vec::new(),
    }
}

fn first(types: &[SqlType], _: &[Value]) -> Result<Value, RowError> {
    Ok(labels(&types[0]).first().cloned().unwrap_or(Value::Null))
}

fn last(types: &[SqlType], _: &[Value]) -> Result<Value, RowError> {
    Ok(labels(&types[0]).pop().unwrap_or(Value::Null))
}

/// `[first, last]`; a bound that is null is open.
fn range(types: &[SqlType], bounds: &[Value]) -> Result<Value, RowError> {
    let labels = labels(&types[0]);
    let place = |bound: Option<&Value>| bound.and_then(|bound| labels.iter().position(|label| label == bound));
    let (from, to) = (place(bounds.first()).unwrap_or(0), place(bounds.get(1)).map_or(labels.len(), |to| to + 1));
    Ok(from_elements(labels.get(from..to).unwrap_or_default().to_vec()))
}

/// `enum_range(value)` has all labels, whatever the value is.
fn whole_range(types: &[SqlType], _: &[Value]) -> Result<Value, RowError> {
    range(types, &[])
}

pub(super) fn register(catalog: &mut Catalog) {
    catalog.typed_nullable("enum_first(anyenum) anyenum", first);
    catalog.typed_nullable("enum_last(anyenum) anyenum", last);
    catalog.typed_nullable("enum_range(anyenum) anyarray", whole_range);
    catalog.typed_nullable("enum_range(anyenum,anyenum) anyarray", range);
}
