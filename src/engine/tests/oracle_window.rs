//! Answers limits and window functions from scratch, by what they mean: for every row all others are looked at.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use tailwater_connectors::{Row, SqlType, Value};

use super::oracle::{Database, aggregate, rows as oracle_rows, types as oracle_types};
use crate::engine::plan::{Frame, FrameBound, FrameExclusion, FrameUnits, WindowCall, WindowFunction};
use crate::engine::scalar::sql_cmp;
use crate::engine::{Plan, Scalar, SortKey};
use crate::state::{encode_key, encode_row};

pub(super) fn types(plan: &Plan, database: &Database) -> Vec<SqlType> {
    match plan {
        Plan::TopN { input, .. } => oracle_types(input, database),
        Plan::Window { input, calls, .. } => {
            let made = calls.iter().map(|call| call.result_type.clone());
            oracle_types(input, database).into_iter().chain(made).collect()
        }
        other => panic!("the oracle does not know {other:?}"),
    }
}

pub(super) fn rows(plan: &Plan, database: &Database) -> Vec<Row> {
    match plan {
        Plan::TopN { input, partition, partition_types, order, offset, limit, with_ties } => {
            let partitions = partitioned(oracle_rows(input, database), (partition, partition_types, order));
            let offset = *offset as usize;
            let taken = |rows: Vec<Row>| -> Vec<Row> {
                let mut end = limit.map_or(rows.len(), |limit| (offset + limit as usize).min(rows.len()));
                while *with_ties && end > 0 && end < rows.len() && compare(order, &rows[end - 1], &rows[end]).is_eq() {
                    end += 1;
                }
                if *limit == Some(0) { Vec::new() } else { rows[..end].iter().skip(offset).cloned().collect() }
            };
            partitions.into_iter().flat_map(taken).collect()
        }
        Plan::Window { input, partition, partition_types, order, calls } => {
            let partitions = partitioned(oracle_rows(input, database), (partition, partition_types, order));
            partitions.into_iter().flat_map(|rows| windows(&rows, order, calls)).collect()
        }
        other => panic!("the oracle does not know {other:?}"),
    }
}

/// Rows in partitions, in order; rows that the order does not tell apart by their bytes.
fn partitioned(rows: Vec<Row>, (by, types, order): (&[Scalar], &[SqlType], &[SortKey])) -> Vec<Vec<Row>> {
    let mut partitions: BTreeMap<Vec<u8>, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let values: Vec<Value> = by.iter().map(|part| part.evaluate(&row).unwrap()).collect();
        let mut key = Vec::new();
        encode_key(&mut key, types, &values).unwrap();
        partitions.entry(key).or_default().push(row);
    }
    let bytes = |row: &Row| {
        let mut bytes = Vec::new();
        encode_row(&mut bytes, row);
        bytes
    };
    for rows in partitions.values_mut() {
        rows.sort_by(|a, b| compare(order, a, b).then_with(|| bytes(a).cmp(&bytes(b))));
    }
    partitions.into_values().collect()
}

fn compare(order: &[SortKey], a: &Row, b: &Row) -> Ordering {
    let by = |key: &SortKey| {
        let (a, b) = (key.expression.evaluate(a).unwrap(), key.expression.evaluate(b).unwrap());
        match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if key.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if key.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ if key.descending => sql_cmp(&key.sql_type, &b, &a),
            _ => sql_cmp(&key.sql_type, &a, &b),
        }
    };
    order.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

fn windows(rows: &[Row], order: &[SortKey], calls: &[WindowCall]) -> Vec<Row> {
    let value = |row: usize, call: &WindowCall| call_value((rows, order), (row, call));
    let made = |row: usize| calls.iter().map(|call| value(row, call)).collect::<Vec<_>>();
    (0..rows.len()).map(|row| rows[row].iter().cloned().chain(made(row)).collect()).collect()
}

fn call_value((rows, order): (&[Row], &[SortKey]), (row, call): (usize, &WindowCall)) -> Value {
    let less = |other: &&Row| compare(order, other, &rows[row]).is_lt();
    let argument = |place: usize, row: usize| call.arguments[place].evaluate(&rows[row]).unwrap();
    match &call.function {
        WindowFunction::RowNumber => Value::Int(row as i64 + 1),
        WindowFunction::Rank => Value::Int(rows.iter().filter(less).count() as i64 + 1),
        WindowFunction::DenseRank => {
            let starts = |other: &usize| *other == 0 || compare(order, &rows[*other - 1], &rows[*other]).is_ne();
            Value::Int((0..=row).filter(starts).count() as i64)
        }
        WindowFunction::Lag | WindowFunction::Lead => {
            let Value::Int(offset) = argument(1, row) else { return Value::Null };
            let sign = if call.function == WindowFunction::Lag { -1 } else { 1 };
            match usize::try_from(row as i64 + sign * offset).ok().filter(|place| *place < rows.len()) {
                Some(place) => argument(0, place),
                None => argument(2, row),
            }
        }
        WindowFunction::FirstValue | WindowFunction::LastValue => {
            let members = members((rows, order), (row, &call.frame));
            let first = call.function == WindowFunction::FirstValue;
            let chosen = if first { members.first() } else { members.last() };
            chosen.map_or(Value::Null, |place| argument(0, *place))
        }
        WindowFunction::Aggregate(call_over) => {
            let members = members((rows, order), (row, &call.frame));
            aggregate(call_over, &members.into_iter().map(|place| rows[place].clone()).collect::<Vec<_>>())
        }
        other => panic!("the oracle does not know {other:?}"),
    }
}

/// Places of the rows in a row's frame.
fn members((rows, order): (&[Row], &[SortKey]), (row, frame): (usize, &Frame)) -> Vec<usize> {
    // Distance from the current row in what the frame counts: rows, or groups of peers.
    let distance = |other: usize| -> i64 {
        if frame.units == FrameUnits::Rows {
            return other as i64 - row as i64;
        }
        let (from, to) = (row.min(other), row.max(other));
        let steps = (from..to).filter(|place| compare(order, &rows[*place], &rows[place + 1]).is_ne()).count() as i64;
        if other < row { -steps } else { steps }
    };
    let after_start = |distance: i64| match &frame.start {
        FrameBound::UnboundedPreceding => true,
        FrameBound::Preceding(count) => distance >= -(*count as i64),
        FrameBound::CurrentRow => distance >= 0,
        FrameBound::Following(count) => distance >= *count as i64,
        other => panic!("no frame starts at {other:?}"),
    };
    let before_end = |distance: i64| match &frame.end {
        FrameBound::UnboundedFollowing => true,
        FrameBound::Preceding(count) => distance <= -(*count as i64),
        FrameBound::CurrentRow => distance <= 0,
        FrameBound::Following(count) => distance <= *count as i64,
        other => panic!("no frame ends at {other:?}"),
    };
    let left_out = |other: usize| {
        let peer = compare(order, &rows[row], &rows[other]).is_eq();
        match frame.exclusion {
            FrameExclusion::Nothing => false,
            FrameExclusion::CurrentRow => other == row,
            FrameExclusion::Group => peer,
            FrameExclusion::Ties => peer && other != row,
        }
    };
    let is_member = |other: &usize| after_start(distance(*other)) && before_end(distance(*other)) && !left_out(*other);
    (0..rows.len()).filter(is_member).collect()
}
