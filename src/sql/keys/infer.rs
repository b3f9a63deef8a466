//! What each node makes of what is known below it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tailwater_connectors::{Row, Value};

use super::facts::{Facts, is_label, telling};
use super::full_join::merged_key;
use super::identity::{Determined, Identity, Key, Relations, is_label_value};
use super::join::join;
use super::union::union;
use super::width::width;
use crate::engine::plan::{Plan, SetOperator, TableCall, WindowCall, WindowFunction};
use crate::engine::scalar::Scalar;
use crate::sql::catalog::Relation;

/// What is known of the rows of `plan`.
pub(in crate::sql) fn identity(plan: &Plan, relations: &Relations) -> Identity {
    let found = match plan {
        Plan::Scan { relation, columns } => scan(relations.get(relation).map(Arc::as_ref), columns),
        Plan::Values { rows, types } => values(rows, types.len()),
        Plan::Filter { input, predicate } => {
            let mut found = identity(input, relations);
            found.learn(predicate);
            found
        }
        Plan::Project { input, expressions, .. } => {
            let mut found = project(&identity(input, relations), expressions);
            merged_key(input, expressions, relations).into_iter().for_each(|key| found.push(key));
            found
        }
        Plan::Join { inputs } => join(inputs, relations),
        Plan::Aggregate { input, group, .. } => {
            let mut found = aggregate(&identity(input, relations), group);
            let (by, others) = ((0..group.len()).collect(), (0..width(plan)).collect());
            found.determined.push(Determined { by, others, survives_left_join: false });
            found
        }
        Plan::Distinct { input } => {
            let mut found = identity(input, relations);
            found.push((0..width(plan)).collect());
            found
        }
        Plan::UnionAll { inputs } => {
            union(inputs.iter().map(|input| identity(input, relations)).collect(), width(plan))
        }
        Plan::Expand { input, projections, types } => {
            let input = identity(input, relations);
            union(projections.iter().map(|expressions| project(&input, expressions)).collect(), types.len())
        }
        Plan::Flatten { input, calls, ordinality, .. } => {
            flatten(identity(input, relations), calls, (width(input), ordinality.then(|| width(plan) - 1)))
        }
        Plan::SetOperation { left, right, operator, all } => {
            let mut found = identity(left, relations);
            if *operator == SetOperator::Intersect {
                identity(right, relations).keys.into_iter().for_each(|key| found.push(key));
            }
            if !all {
                found.push((0..width(left)).collect());
            }
            found
        }
        Plan::TopN { input, partition, limit, with_ties, .. } => {
            let mut found = identity(input, relations);
            let single = limit.is_some_and(|limit| limit <= 1) && !with_ties;
            if let Some(partition) = plain_columns(partition).filter(|_| single) {
                found.push(partition);
            }
            found
        }
        Plan::Window { input, partition, calls, .. } => {
            window(identity(input, relations), (partition, calls), width(input))
        }
        Plan::Recursion { distinct, types, .. } => {
            let mut found = Identity::default();
            if *distinct {
                found.push((0..types.len()).collect());
            }
            found
        }
        // A round's rows are seen by a step that puts its own together; what holds in one round says nothing of all.
        Plan::Round { .. } => Identity::default(),
    };
    found.minimised()
}

/// The columns, when all are columns; constants are left out.
fn plain_columns(expressions: &[Scalar]) -> Option<Key> {
    let varying = expressions.iter().filter(|expression| !matches!(expression, Scalar::Literal(_)));
    let column = |expression: &Scalar| match expression {
        Scalar::Column(column) => Some(*column),
        _ => None,
    };
    varying.map(column).collect()
}

fn scan(relation: Option<&Relation>, columns: &[usize]) -> Identity {
    let mut found = Identity::default();
    let never_null = |column: &usize| relation.is_some_and(|relation| !relation.columns[*column].nullable);
    found.not_null = (0..columns.len()).filter(|place| never_null(&columns[*place])).collect();
    let Some((relation, key)) = relation.and_then(|relation| Some((relation, relation.key.as_ref()?))) else {
        return found;
    };
    let places: Option<Key> = key.iter().map(|column| columns.iter().position(|kept| kept == column)).collect();
    if let Some(places) = places {
        found.push(places.clone());
        // Where a left join finds nothing all columns are null, the key's too: that row must not look like another.
        let survives_left_join = !key.is_empty() && !key.iter().any(|&column| relation.columns[column].nullable);
        found.determined.push(Determined { by: places, others: (0..columns.len()).collect(), survives_left_join });
    }
    found
}

/// A column with a different constant in every row is a key.
fn values(rows: &[Row], width: usize) -> Identity {
    let mut found = Identity::default();
    if rows.len() <= 1 {
        found.push(Key::new());
    }
    for column in 0..width {
        let distinct: BTreeSet<&Value> =
            rows.iter().map(|row| &row[column]).filter(|value| is_label_value(value)).collect();
        if rows.iter().all(|row| !row[column].is_null()) {
            found.not_null.insert(column);
        }
        if distinct.len() == rows.len() {
            found.push(Key::from([column]));
        }
    }
    found
}

fn project(input: &Identity, expressions: &[Scalar]) -> Identity {
    let mut found = Identity::default();
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, expression) in expressions.iter().enumerate() {
        match expression {
            Scalar::Column(column) => places.entry(*column).or_default().push(place),
            Scalar::Literal(value) => {
                found.constant.insert(place, value.clone());
            }
            _ => {}
        }
    }
    for (&column, own) in &places {
        let equal = input.equals(column).into_iter().filter_map(|other| places.get(&other)).flatten();
        found.equal.extend(equal.filter(|&&other| other != own[0]).map(|&other| (own[0], other)));
        if let Some(value) = input.constant.get(&column) {
            found.constant.insert(own[0], value.clone());
        }
        if input.numbered.contains(&column) {
            found.numbered.extend(own);
        }
    }
    let whole = Facts { constant: input.constant.clone(), not_null: input.not_null.clone() };
    found.not_null = whole.through(expressions).not_null;
    found.parts = input.parts.iter().map(|part| part.through(expressions)).collect();
    let stand_ins = stand_ins(input, (&found.parts, expressions.len()), &places);
    for key in &input.keys {
        let (told, rest): (Key, Key) = key.iter().partition(|column| stand_ins.contains_key(column));
        if let Some(rest) = input.places(&rest, &places) {
            found.push(told.iter().flat_map(|column| &stand_ins[column]).copied().chain(rest).collect());
        }
    }
    found.determined = input.determined.iter().flat_map(|known| through(known, input, &places)).collect();
    found
}

/// For columns that are not chosen but have one value in each part: chosen ones that tell those parts apart, as `grouping(a, b)`
/// tells the sets.
fn stand_ins(
    input: &Identity,
    (seen, width): (&[Facts], usize),
    places: &BTreeMap<usize, Vec<usize>>,
) -> BTreeMap<usize, Key> {
    let used: Key = input.keys.iter().flatten().copied().collect();
    let hidden = used.into_iter().filter(|&column| {
        !input.parts.is_empty()
            && is_label(&input.parts, column)
            && !input.equals(column).iter().any(|other| places.contains_key(other))
    });
    let told = hidden.filter_map(|column| {
        let value = |part: usize| &input.parts[part].constant[&column];
        let key = telling(seen, 0..width, |one, other| value(one) != value(other))?;
        Some((column, key))
    });
    told.collect()
}

/// What is determined, seen through a choice of columns: also what follows by way of columns that are not chosen.
fn through(known: &Determined, input: &Identity, places: &BTreeMap<usize, Vec<usize>>) -> Vec<Determined> {
    let Some(by) = input.places(&known.by, places) else { return Vec::new() };
    let chosen = |beyond_left_join| -> Key {
        let columns = input.closure(&known.by, beyond_left_join);
        columns.iter().filter_map(|column| places.get(column)).flatten().copied().collect()
    };
    let all = chosen(false);
    if !known.survives_left_join {
        return vec![Determined { by, others: all, survives_left_join: false }];
    }
    let surviving = chosen(true);
    let more = (all != surviving).then(|| Determined { by: by.clone(), others: all, survives_left_join: false });
    [Determined { by, others: surviving, survives_left_join: true }].into_iter().chain(more).collect()
}

fn aggregate(input: &Identity, group: &[Scalar]) -> Identity {
    let mut found = project(input, group);
    found.push((0..group.len()).collect());
    found
}

/// Group columns from which the others follow, as positions in `group`.
pub(in crate::sql) fn determining(input: &Plan, group: &[Scalar], relations: &Relations) -> Option<Key> {
    let found = aggregate(&identity(input, relations), group).minimised();
    // Without any group column there would be one group even over no rows.
    found.best().filter(|key| !key.is_empty()).cloned()
}

/// The rows made of one row are told apart by their number, or by a column in which a function does not repeat itself.
fn flatten(input: Identity, calls: &[TableCall], (width, ordinality): (usize, Option<usize>)) -> Identity {
    let keys = input.keys.clone();
    let mut found = input.without_keys();
    let unrepeated = match calls {
        [call] if never_repeats(call) => Some(width),
        _ => None,
    };
    for column in unrepeated.into_iter().chain(ordinality) {
        for key in &keys {
            found.push(key.iter().copied().chain([column]).collect());
        }
    }
    found
}

/// Whether the first column of the rows of one call is different in each.
fn never_repeats(call: &TableCall) -> bool {
    let signature = call.function.signature.as_str();
    match signature.split('(').next().unwrap_or_default() {
        "generate_series" => match call.arguments.get(2) {
            // A step that goes forth in months and back in days may stand still.
            Some(Scalar::Literal(Value::Interval(step))) => {
                let parts = [i64::from(step.months), i64::from(step.days), step.micros];
                parts.iter().all(|part| *part >= 0) || parts.iter().all(|part| *part <= 0)
            }
            _ => !signature.contains("interval"),
        },
        "generate_subscripts" | "jsonb_object_keys" | "jsonb_each" | "jsonb_each_text" => true,
        _ => false,
    }
}

/// The input's rows with more columns; a row number tells the rows of its partition apart.
fn window(input: Identity, (partition, calls): (&[Scalar], &[WindowCall]), width: usize) -> Identity {
    let mut found = input;
    if let Some(by) = found.best().cloned() {
        let others = (0..width + calls.len()).collect();
        found.determined.push(Determined { by, others, survives_left_join: false });
    }
    for (place, call) in calls.iter().enumerate() {
        if call.function == WindowFunction::RowNumber {
            let number = width + place;
            found.numbered.insert(number);
            if let Some(partition) = plain_columns(partition) {
                found.push(partition.into_iter().chain([number]).collect());
            }
        }
    }
    found
}
