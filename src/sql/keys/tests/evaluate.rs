//! Answers plans from scratch, over integers, booleans and nulls.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::{Row, Value};

use crate::engine::plan::{
    AggregateCall, AggregateFunction, FrameBound, JoinInput, JoinKind, Plan, RelationName, SetOperator, SortKey,
    WindowCall, WindowFunction,
};
use crate::engine::scalar::Scalar;
use crate::sql::keys::width;

/// Plans that answer more somewhere are not looked at.
const ROWS_MAX: usize = 3_000;

/// The rows of all tables, and of the rounds at hand.
#[derive(Clone, Default)]
pub(in crate::sql) struct World {
    pub(in crate::sql) tables: BTreeMap<RelationName, Vec<Row>>,
    pub(in crate::sql) rounds: BTreeMap<usize, Vec<Row>>,
}

impl World {
    /// The rows of a plan; `None` when there are too many on the way.
    pub(in crate::sql) fn rows(&self, plan: &Plan) -> Option<Vec<Row>> {
        let rows = match plan {
            Plan::Scan { relation, columns } => self.tables[relation].iter().map(|row| row.project(columns)).collect(),
            Plan::Values { rows, .. } => rows.clone(),
            Plan::Project { input, expressions, .. } => {
                self.rows(input)?.iter().map(|row| all(expressions, row).into()).collect()
            }
            Plan::Filter { input, predicate } => {
                self.rows(input)?.into_iter().filter(|row| predicate.holds(row).unwrap()).collect()
            }
            Plan::Join { inputs } => self.join(inputs)?,
            Plan::Aggregate { input, group, aggregates, .. } => {
                let mut groups = grouped(group, self.rows(input)?);
                if group.is_empty() {
                    groups.entry(Vec::new()).or_default();
                }
                let shown = |(key, rows): (Vec<Value>, Vec<Row>)| -> Row {
                    key.into_iter().chain(aggregates.iter().map(|call| aggregate(call, &rows))).collect()
                };
                groups.into_iter().map(shown).collect()
            }
            Plan::Distinct { input } => self.rows(input)?.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            Plan::UnionAll { inputs } => {
                let branches: Option<Vec<Vec<Row>>> = inputs.iter().map(|input| self.rows(input)).collect();
                branches?.concat()
            }
            Plan::Expand { input, projections, .. } => {
                let rows = self.rows(input)?;
                projections.iter().flat_map(|list| rows.iter().map(|row| all(list, row).into())).collect()
            }
            Plan::Flatten { .. } => self.flatten(plan)?,
            Plan::SetOperation { left, right, operator, all } => {
                let counts = |rows: Vec<Row>| {
                    let mut counts: BTreeMap<Row, usize> = BTreeMap::new();
                    rows.into_iter().for_each(|row| *counts.entry(row).or_default() += 1);
                    counts
                };
                let (left, right) = (counts(self.rows(left)?), counts(self.rows(right)?));
                let times = |(row, left): (Row, usize)| {
                    let right = right.get(&row).copied().unwrap_or_default();
                    let times = match (operator, all) {
                        (SetOperator::Intersect, true) => left.min(right),
                        (SetOperator::Except, true) => left.saturating_sub(right),
                        (SetOperator::Intersect, false) => usize::from(right > 0),
                        (SetOperator::Except, false) => usize::from(right == 0),
                    };
                    vec![row; times]
                };
                left.into_iter().flat_map(times).collect()
            }
            Plan::TopN { .. } => self.top(plan)?,
            Plan::Window { input, partition, order, calls, .. } => {
                let partitions = grouped(partition, self.rows(input)?).into_values();
                partitions.flat_map(|rows| windowed(&sorted(rows, order), order, calls)).collect()
            }
            Plan::Recursion { id, base, step, distinct, .. } => self.recursion(*id, (base, step), *distinct)?,
            Plan::Round { id, .. } => self.rounds[id].clone(),
        };
        (rows.len() <= ROWS_MAX).then_some(rows)
    }

    fn join(&self, inputs: &[JoinInput]) -> Option<Vec<Row>> {
        let mut joined = self.rows(&inputs[0].plan)?;
        for input in &inputs[1..] {
            let own = self.rows(&input.plan)?;
            let mut next = Vec::new();
            for before in &joined {
                let matches = |row: &&Row| {
                    let met = input.keys.iter().all(|key| {
                        let (left, right) = (&before[key.before], &row[key.own]);
                        left == right && (key.null_safe || !left.is_null())
                    });
                    met && input.residual.as_ref().is_none_or(|residual| residual.holds(&both(before, row)).unwrap())
                };
                let found: Vec<&Row> = own.iter().filter(matches).collect();
                match input.kind {
                    JoinKind::Left if found.is_empty() => {
                        next.push(both(before, &vec![Value::Null; width(&input.plan)]));
                    }
                    JoinKind::Inner | JoinKind::Left => next.extend(found.into_iter().map(|row| both(before, row))),
                    JoinKind::Semi => next.extend((!found.is_empty()).then(|| before.clone())),
                    JoinKind::Anti => next.extend(found.is_empty().then(|| before.clone())),
                    JoinKind::Mark => next.push(both(before, &[Value::Bool(!found.is_empty())])),
                }
                if next.len() > ROWS_MAX {
                    return None;
                }
            }
            joined = next;
        }
        Some(joined)
    }

    fn flatten(&self, plan: &Plan) -> Option<Vec<Row>> {
        let Plan::Flatten { input, calls, ordinality, keeps_empty } = plan else { unreachable!() };
        let mut found = Vec::new();
        for row in self.rows(input)? {
            let lists: Vec<Vec<Row>> = calls
                .iter()
                .map(|call| (call.function.body)(&call.function.argument_types, &all(&call.arguments, &row)).unwrap())
                .collect();
            let longest = lists.iter().map(Vec::len).max().unwrap_or_default();
            let emptied = longest == 0 && *keeps_empty;
            for place in 0..longest.max(usize::from(emptied)) {
                let mut shown = row.to_vec();
                for (list, call) in lists.iter().zip(calls) {
                    match list.get(place) {
                        Some(made) => shown.extend(made.iter().cloned()),
                        None => shown.extend(vec![Value::Null; call.types.len()]),
                    }
                }
                if *ordinality {
                    shown.push(if emptied { Value::Null } else { Value::Int(place as i64 + 1) });
                }
                found.push(shown.into());
            }
        }
        Some(found)
    }

    fn top(&self, plan: &Plan) -> Option<Vec<Row>> {
        let Plan::TopN { input, partition, order, offset, limit, with_ties, .. } = plan else { unreachable!() };
        let mut found = Vec::new();
        for rows in grouped(partition, self.rows(input)?).into_values() {
            let rows = sorted(rows, order);
            let start = (*offset as usize).min(rows.len());
            let mut end = limit.map_or(rows.len(), |limit| (start + limit as usize).min(rows.len()));
            while *with_ties && end > start && end < rows.len() && compared(&rows[end - 1], &rows[end], order).is_eq() {
                end += 1;
            }
            found.extend_from_slice(&rows[start..end]);
        }
        Some(found)
    }

    fn recursion(&self, id: usize, (base, step): (&Plan, &Plan), distinct: bool) -> Option<Vec<Row>> {
        let mut seen = BTreeSet::new();
        let mut fresh = |rows: Vec<Row>| -> Vec<Row> {
            if distinct { rows.into_iter().filter(|row| seen.insert(row.clone())).collect() } else { rows }
        };
        let mut world = self.clone();
        let mut round = fresh(self.rows(base)?);
        let mut found = Vec::new();
        while !round.is_empty() && found.len() <= ROWS_MAX {
            found.extend_from_slice(&round);
            world.rounds.insert(id, round);
            round = fresh(world.rows(step)?);
        }
        Some(found)
    }
}

fn all(scalars: &[Scalar], row: &[Value]) -> Vec<Value> {
    scalars.iter().map(|scalar| scalar.evaluate(row).unwrap()).collect()
}

fn both(before: &[Value], own: &[Value]) -> Row {
    before.iter().chain(own).cloned().collect()
}

fn grouped(by: &[Scalar], rows: Vec<Row>) -> BTreeMap<Vec<Value>, Vec<Row>> {
    let mut groups: BTreeMap<Vec<Value>, Vec<Row>> = BTreeMap::new();
    rows.into_iter().for_each(|row| groups.entry(all(by, &row)).or_default().push(row));
    groups
}

fn compared(left: &Row, right: &Row, order: &[SortKey]) -> Ordering {
    let compared = order.iter().map(|key| {
        let (left, right) = (key.expression.evaluate(left).unwrap(), key.expression.evaluate(right).unwrap());
        match (left.is_null(), right.is_null()) {
            (false, false) if key.descending => right.cmp(&left),
            (false, false) => left.cmp(&right),
            (left, right) if key.nulls_first => right.cmp(&left),
            (left, right) => left.cmp(&right),
        }
    });
    compared.fold(Ordering::Equal, Ordering::then)
}

fn sorted(mut rows: Vec<Row>, order: &[SortKey]) -> Vec<Row> {
    rows.sort_by(|left, right| compared(left, right, order).then_with(|| left.cmp(right)));
    rows
}

fn aggregate(call: &AggregateCall, rows: &[Row]) -> Value {
    let kept = rows.iter().filter(|row| call.filter.as_ref().is_none_or(|filter| filter.holds(row).unwrap()));
    let values = kept.map(|row| call.arguments[0].evaluate(row).unwrap()).filter(|value| !value.is_null());
    match call.function {
        AggregateFunction::Count => Value::Int(values.count() as i64),
        AggregateFunction::Min => values.min().unwrap_or_default(),
        AggregateFunction::Max => values.max().unwrap_or_default(),
        other => panic!("no {other:?} here"),
    }
}

/// One sorted partition with its calls: `row_number`, `rank`, `lag`, and aggregates from a frame's start to the last peer.
fn windowed(rows: &[Row], order: &[SortKey], calls: &[WindowCall]) -> Vec<Row> {
    let value = |place: usize, call: &WindowCall| {
        let peer = |other: &Row| compared(other, &rows[place], order).is_eq();
        let first = rows.iter().position(peer).unwrap();
        let end = rows.iter().rposition(peer).unwrap() + 1;
        match &call.function {
            WindowFunction::RowNumber => Value::Int(place as i64 + 1),
            WindowFunction::Rank => Value::Int(first as i64 + 1),
            WindowFunction::Lag => match place.checked_sub(1) {
                Some(before) => call.arguments[0].evaluate(&rows[before]).unwrap(),
                None => call.arguments[2].evaluate(&rows[place]).unwrap(),
            },
            WindowFunction::Aggregate(inner) => {
                let start = match &call.frame.start {
                    FrameBound::RangeLimit(limit) => {
                        let limit = limit.evaluate(&rows[place]).unwrap();
                        let within = |row: &Row| order[0].expression.evaluate(row).unwrap() >= limit;
                        if limit.is_null() { first } else { rows.iter().position(within).unwrap_or(first) }
                    }
                    _ => 0,
                };
                aggregate(inner, &rows[start.min(end)..end])
            }
            other => panic!("no {other:?} here"),
        }
    };
    let shown =
        |place: usize| rows[place].iter().cloned().chain(calls.iter().map(|call| value(place, call))).collect::<Row>();
    (0..rows.len()).map(shown).collect()
}
