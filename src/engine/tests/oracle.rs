//! Answers plans from scratch by nested loops: slow, plain, and with nothing of the engine in it.

use std::collections::BTreeMap;

use tailwater_connectors::{Numeric, Row, SqlType, Value};

use super::super::operators::ExactFloat;
use super::oracle_aggregate;
use super::oracle_join;
use super::oracle_window;
use crate::engine::scalar::{sql_cmp, sql_eq};
use crate::engine::{AggregateCall, AggregateFunction, Plan, RelationName};
use crate::state::{encode_key, encode_row};

/// Rows and column types of every relation.
pub(super) type Database = BTreeMap<RelationName, (Vec<SqlType>, Vec<Row>)>;

pub(super) fn types(plan: &Plan, database: &Database) -> Vec<SqlType> {
    match plan {
        Plan::Scan { relation, columns } => columns.iter().map(|place| database[relation].0[*place].clone()).collect(),
        Plan::Values { types, .. } | Plan::Project { types, .. } => types.clone(),
        Plan::Filter { input, .. } | Plan::Distinct { input } => types(input, database),
        Plan::Aggregate { group_types, aggregates, .. } => {
            group_types.iter().cloned().chain(aggregates.iter().map(|call| call.result_type.clone())).collect()
        }
        Plan::UnionAll { inputs } => types(&inputs[0], database),
        Plan::TopN { .. } | Plan::Window { .. } => oracle_window::types(plan, database),
        other => oracle_join::types(other, database),
    }
}

pub(super) fn rows(plan: &Plan, database: &Database) -> Vec<Row> {
    match plan {
        Plan::Scan { relation, columns } => database[relation].1.iter().map(|row| row.project(columns)).collect(),
        Plan::Values { rows, .. } => rows.clone(),
        Plan::Project { input, expressions, .. } => {
            let project = |row: &Row| expressions.iter().map(|part| part.evaluate(row).unwrap()).collect();
            rows(input, database).iter().map(project).collect()
        }
        Plan::Filter { input, predicate } => {
            rows(input, database).into_iter().filter(|row| predicate.holds(row).unwrap_or(false)).collect()
        }
        Plan::Aggregate { input, group, group_types, aggregates } => {
            let mut groups: BTreeMap<Vec<u8>, (Vec<Value>, Vec<Row>)> = BTreeMap::new();
            if group.is_empty() {
                groups.insert(Vec::new(), (Vec::new(), Vec::new()));
            }
            for row in rows(input, database) {
                let values: Vec<Value> = group.iter().map(|part| part.evaluate(&row).unwrap()).collect();
                let mut key = Vec::new();
                encode_key(&mut key, group_types, &values).unwrap();
                let group = groups.entry(key).or_insert((values.clone(), Vec::new()));
                group.0 = least_form(group.0.clone(), values);
                group.1.push(row);
            }
            let shown = |(values, rows): (Vec<Value>, Vec<Row>)| -> Row {
                values.into_iter().chain(aggregates.iter().map(|call| aggregate(call, &rows))).collect()
            };
            groups.into_values().map(shown).collect()
        }
        Plan::Distinct { input } => {
            let types = types(input, database);
            let keyed = rows(input, database).into_iter().map(|row| {
                let mut key = Vec::new();
                encode_key(&mut key, &types, &row).unwrap();
                (key, row)
            });
            let mut distinct: BTreeMap<Vec<u8>, Row> = BTreeMap::new();
            for (key, row) in keyed {
                let least = distinct
                    .remove(&key)
                    .map_or_else(|| row.clone(), |seen| least_form(seen.to_vec(), row.to_vec()).into());
                distinct.insert(key, least);
            }
            distinct.into_values().collect()
        }
        Plan::UnionAll { inputs } => inputs.iter().flat_map(|input| rows(input, database)).collect(),
        Plan::TopN { .. } | Plan::Window { .. } => oracle_window::rows(plan, database),
        other => oracle_join::rows(other, database),
    }
}

/// Of equal rows the one whose bytes are least.
pub(super) fn least_form<T: AsRef<[Value]>>(a: T, b: T) -> T {
    let bytes = |row: &T| {
        let mut bytes = Vec::new();
        encode_row(&mut bytes, row.as_ref());
        bytes
    };
    if bytes(&b) < bytes(&a) { b } else { a }
}

/// The value of an aggregate over rows.
pub(super) fn aggregate(call: &AggregateCall, rows: &[Row]) -> Value {
    let kept = rows.iter().filter(|row| call.filter.as_ref().is_none_or(|filter| filter.holds(row).unwrap()));
    let values = kept.map(|row| call.argument().map_or(Value::Bool(true), |part| part.evaluate(row).unwrap()));
    let mut values: Vec<Value> = values.filter(|value| !value.is_null()).collect();
    let bytes = |value: &Value| {
        let mut bytes = Vec::new();
        encode_row(&mut bytes, std::slice::from_ref(value));
        bytes
    };
    if call.argument().is_some() {
        let order = |a: &Value, b: &Value| sql_cmp(call.argument_type(), a, b).then(bytes(a).cmp(&bytes(b)));
        values.sort_by(order);
        if call.distinct {
            values.dedup_by(|a, b| sql_eq(call.argument_type(), a, b));
        }
    }
    let average = call.function == AggregateFunction::Avg;
    match call.function {
        AggregateFunction::Count => Value::Int(values.len() as i64),
        AggregateFunction::Min => values.first().cloned().unwrap_or_default(),
        AggregateFunction::Max => values.last().cloned().unwrap_or_default(),
        AggregateFunction::Sum | AggregateFunction::Avg if values.is_empty() => Value::Null,
        AggregateFunction::Sum | AggregateFunction::Avg => sum(call, &values, average),
        _ => {
            let holds = |row: &&Row| call.filter.as_ref().is_none_or(|filter| filter.holds(row).unwrap());
            oracle_aggregate::aggregate(call, &rows.iter().filter(holds).collect::<Vec<_>>())
        }
    }
}

fn sum(call: &AggregateCall, values: &[Value], average: bool) -> Value {
    let count = Numeric::from_i128(values.len() as i128, 0);
    match call.argument_type() {
        SqlType::Float8 => {
            let mut sum = ExactFloat::default();
            for value in values {
                let Value::Float(value) = value else { panic!("not a float") };
                sum.add(*value, 1);
            }
            let negative_zeros = values.iter().all(|value| *value == Value::Float(-0.0));
            let sum = if negative_zeros { -0.0 } else { sum.round_double().unwrap() };
            Value::Float(if average { sum / values.len() as f64 } else { sum })
        }
        _ => {
            let sum = values.iter().fold(Numeric::ZERO, |sum, value| match value {
                Value::Int(value) => sum.add(&Numeric::from_i128(i128::from(*value), 0)).unwrap(),
                Value::Numeric(value) => sum.add(value).unwrap(),
                other => panic!("no sum of {other:?}"),
            });
            match (average, &call.result_type) {
                (true, _) => Value::Numeric(sum.div(&count).unwrap()),
                (false, SqlType::Int8) => Value::Int(sum.to_i64("bigint").unwrap()),
                _ => Value::Numeric(sum),
            }
        }
    }
}
