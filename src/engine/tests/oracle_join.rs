//! Answers joins, set operations, set-returning functions and recursions from scratch, for the oracle.

use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::{Row, SqlType, Value};

use super::oracle::{Database, least_form, rows as oracle_rows, types as oracle_types};
use crate::engine::plan::{SetOperator, TableCall};
use crate::engine::scalar::{RowError, TableFunction, sql_eq};
use crate::engine::{JoinInput, JoinKey, JoinKind, Plan, RelationName, Scalar};
use crate::state::encode_key;

/// Rounds after which a recursion of a test is a mistake of the test.
const ROUNDS_MAX: usize = 200;

pub(super) fn types(plan: &Plan, database: &Database) -> Vec<SqlType> {
    match plan {
        Plan::Join { inputs } => inputs
            .iter()
            .flat_map(|input| match input.kind {
                JoinKind::Inner | JoinKind::Left => oracle_types(&input.plan, database),
                JoinKind::Semi | JoinKind::Anti => Vec::new(),
                JoinKind::Mark => vec![SqlType::Bool],
            })
            .collect(),
        Plan::SetOperation { left, .. } => oracle_types(left, database),
        Plan::Flatten { input, calls, ordinality, .. } => {
            let made = calls.iter().flat_map(|call| call.types.clone()).chain(ordinality.then_some(SqlType::Int8));
            oracle_types(input, database).into_iter().chain(made).collect()
        }
        Plan::Expand { types, .. } | Plan::Recursion { types, .. } | Plan::Round { types, .. } => types.clone(),
        other => panic!("the oracle does not know {other:?}"),
    }
}

pub(super) fn rows(plan: &Plan, database: &Database) -> Vec<Row> {
    match plan {
        Plan::Join { inputs } => join(inputs, database),
        Plan::SetOperation { left, right, operator, all } => {
            let types = oracle_types(left, database);
            set_operation((*operator, *all, &types), oracle_rows(left, database), oracle_rows(right, database))
        }
        Plan::Flatten { input, calls, ordinality, keeps_empty } => {
            let input = oracle_rows(input, database);
            input.iter().flat_map(|row| flatten(row, calls, (*ordinality, *keeps_empty))).collect()
        }
        Plan::Expand { input, projections, .. } => {
            let project = |row: &Row, list: &[Scalar]| list.iter().map(|part| part.evaluate(row).unwrap()).collect();
            let input = oracle_rows(input, database);
            input.iter().flat_map(|row| projections.iter().map(move |list| project(row, list))).collect()
        }
        Plan::Recursion { id, base, step, distinct, types } => {
            recursion((*id, *distinct, types), (base, step), database)
        }
        Plan::Round { id, .. } => database[&round_name(*id)].1.clone(),
        other => panic!("the oracle does not know {other:?}"),
    }
}

fn join(inputs: &[JoinInput], database: &Database) -> Vec<Row> {
    let mut joined = oracle_rows(&inputs[0].plan, database);
    for input in &inputs[1..] {
        let right = oracle_rows(&input.plan, database);
        let types = oracle_types(&input.plan, database);
        let mut next = Vec::new();
        for left in &joined {
            let matches: Vec<&Row> = right.iter().filter(|row| pairs(input, &types, (left, row))).collect();
            let with = |values: &[Value]| left.iter().chain(values).cloned().collect::<Row>();
            match input.kind {
                JoinKind::Left if matches.is_empty() => next.push(with(&vec![Value::Null; types.len()])),
                JoinKind::Inner | JoinKind::Left => next.extend(matches.into_iter().map(|row| with(row))),
                JoinKind::Semi => next.extend((!matches.is_empty()).then(|| left.clone())),
                JoinKind::Anti => next.extend(matches.is_empty().then(|| left.clone())),
                JoinKind::Mark => next.push(with(&[Value::Bool(!matches.is_empty())])),
            }
        }
        joined = next;
    }
    joined
}

/// Whether two rows match; not if the condition has no value for them.
fn pairs(input: &JoinInput, types: &[SqlType], (left, row): (&Row, &Row)) -> bool {
    let equal = |key: &JoinKey| match (&left[key.before], &row[key.own]) {
        (Value::Null, Value::Null) => key.null_safe,
        (Value::Null, _) | (_, Value::Null) => false,
        (before, own) => sql_eq(&types[key.own], before, own),
    };
    let both: Row = left.iter().chain(row.iter()).cloned().collect();
    input.keys.iter().all(equal)
        && input.residual.as_ref().is_none_or(|residual| residual.holds(&both).unwrap_or(false))
}

fn key(types: &[SqlType], row: &Row) -> Vec<u8> {
    let mut key = Vec::new();
    encode_key(&mut key, types, row).unwrap();
    key
}

fn least(a: Row, b: Row) -> Row {
    least_form(a.to_vec(), b.to_vec()).into()
}

fn set_operation((operator, all, types): (SetOperator, bool, &[SqlType]), left: Vec<Row>, right: Vec<Row>) -> Vec<Row> {
    let mut groups: BTreeMap<Vec<u8>, (Row, usize)> = BTreeMap::new();
    for row in left {
        let group = groups.entry(key(types, &row)).or_insert((row.clone(), 0));
        group.0 = least(group.0.clone(), row);
        group.1 += 1;
    }
    let shown = |(key_of, (row, count)): (Vec<u8>, (Row, usize))| {
        let others = right.iter().filter(|other| key(types, other) == key_of).count();
        let times = match (operator, all) {
            (SetOperator::Intersect, true) => count.min(others),
            (SetOperator::Intersect, false) => usize::from(others > 0),
            (SetOperator::Except, true) => count.saturating_sub(others),
            (SetOperator::Except, false) => usize::from(others == 0),
        };
        std::iter::repeat_n(row, times)
    };
    groups.into_iter().flat_map(shown).collect()
}

/// A row's rows; none when a function has no value for it.
fn flatten(row: &Row, calls: &[TableCall], (ordinality, keeps_empty): (bool, bool)) -> Vec<Row> {
    let answer = |call: &TableCall| {
        let values: Vec<Value> = call.arguments.iter().map(|part| part.evaluate(row).unwrap()).collect();
        if call.function.strict && values.iter().any(Value::is_null) {
            return Ok(Vec::new());
        }
        (call.function.body)(&call.function.argument_types, &values)
    };
    let Ok(answers) = calls.iter().map(answer).collect::<Result<Vec<_>, _>>() else { return Vec::new() };
    let longest = answers.iter().map(Vec::len).max().unwrap();
    let made = |place: usize, is_empty: bool| -> Row {
        let nulls = |call: &TableCall| vec![Value::Null; call.types.len()];
        let parts = calls.iter().zip(&answers);
        let parts = parts.flat_map(|(call, rows)| rows.get(place).map_or_else(|| nulls(call), |row| row.to_vec()));
        let number = if is_empty { Value::Null } else { Value::Int(place as i64 + 1) };
        row.iter().cloned().chain(parts).chain(ordinality.then_some(number)).collect()
    };
    match longest {
        0 if keeps_empty => vec![made(0, true)],
        _ => (0..longest).map(|place| made(place, false)).collect(),
    }
}

fn round_name(id: usize) -> RelationName {
    RelationName::View(format!("round of {id}").into())
}

/// Round after round, as the database does it.
fn recursion(
    (id, distinct, types): (usize, bool, &[SqlType]),
    (base, step): (&Plan, &Plan),
    database: &Database,
) -> Vec<Row> {
    let mut database = database.clone();
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut result = Vec::new();
    let mut made = oracle_rows(base, &database);
    for _ in 0..ROUNDS_MAX {
        if distinct {
            let mut fresh: BTreeMap<Vec<u8>, Row> = BTreeMap::new();
            for row in made.into_iter().filter(|row| !seen.contains(&key(types, row))) {
                let least =
                    fresh.remove(&key(types, &row)).map_or_else(|| row.clone(), |known| least(known, row.clone()));
                fresh.insert(key(types, &row), least);
            }
            seen.extend(fresh.keys().cloned());
            made = fresh.into_values().collect();
        }
        if made.is_empty() {
            return result;
        }
        result.extend(made.iter().cloned());
        database.insert(round_name(id), (types.to_vec(), made));
        made = oracle_rows(step, &database);
    }
    panic!("a recursion of the oracle does not end")
}

/// `steps(n)`: the numbers below n with a letter each; none over 4.
pub(super) fn steps() -> TableFunction {
    fn body(_: &[SqlType], values: &[Value]) -> Result<Vec<Row>, RowError> {
        match values {
            [Value::Int(4)] => Err(RowError::new("22023", "too many steps")),
            [Value::Int(count)] => {
                let letters = ["x", "y", "z"];
                let row = |step: i64| Row::from(vec![Value::Int(step), Value::text(letters[step as usize % 3])]);
                Ok((0..*count).map(row).collect())
            }
            other => panic!("steps of {other:?}"),
        }
    }
    TableFunction { signature: "steps(bigint)".into(), strict: true, argument_types: [SqlType::Int8].into(), body }
}

/// `twice(text)`: the text twice; null once.
pub(super) fn twice() -> TableFunction {
    fn body(_: &[SqlType], values: &[Value]) -> Result<Vec<Row>, RowError> {
        let times = if values[0].is_null() { 1 } else { 2 };
        Ok(vec![Row::from(values.to_vec()); times])
    }
    TableFunction { signature: "twice(text)".into(), strict: false, argument_types: [SqlType::Text].into(), body }
}
