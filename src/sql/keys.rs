//! Which columns identify a row: unique keys of a plan's output.
//!
//! Keys come from relations and GROUP BY and go upwards. Beside them go columns known to be equal to others (so that
//! a key survives when an equal column is selected in its place) and columns known to be constant (which no key needs).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tailwater_connectors::{Row, Value};

use super::catalog::Relation;
use crate::engine::plan::{JoinInput, JoinKind, Plan, RelationName};
use crate::engine::scalar::Scalar;

/// Keys that are followed at once; more are only useful to queries that nobody writes.
const KEYS_MAX: usize = 16;

/// Relations by name.
pub(super) type Relations = BTreeMap<RelationName, Arc<Relation>>;

/// A set of columns that is different in every row.
pub(super) type Key = BTreeSet<usize>;

/// What is known of a plan's rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    /// Unique keys; an empty one says that there is at most one row.
    pub(super) keys: Vec<Key>,
    /// Columns that are equal in every row.
    equal: Vec<(usize, usize)>,
    /// Columns with one value in all rows.
    constant: BTreeMap<usize, Value>,
    /// Columns that determine others: keys of relations and groups below.
    determined: Vec<Determined>,
}

/// Columns that follow from others.
#[derive(Clone, Debug)]
struct Determined {
    by: Key,
    others: Key,
    /// Whether `by` cannot be all null in a row: it is told from the nulls of a left join that finds nothing.
    survives_left_join: bool,
}

impl Identity {
    /// The key with the fewest columns, the leftmost of those.
    pub(super) fn best(&self) -> Option<&Key> {
        self.keys.iter().min_by_key(|key| (key.len(), key.iter().copied().collect::<Vec<_>>()))
    }

    /// Whether rows are different in `columns`.
    pub(super) fn covered_by(&self, columns: &Key) -> bool {
        self.keys.iter().any(|key| key.is_subset(columns))
    }

    fn push(&mut self, key: Key) {
        if self.keys.iter().any(|known| known.is_subset(&key)) {
            return;
        }
        self.keys.retain(|known| !key.is_subset(known));
        if self.keys.len() < KEYS_MAX {
            self.keys.push(key);
        }
    }

    /// Columns equal to `column`, itself first.
    fn equals(&self, column: usize) -> Vec<usize> {
        let mut found = vec![column];
        let mut next = 0;
        while let Some(&column) = found.get(next) {
            for &(one, other) in &self.equal {
                for (from, to) in [(one, other), (other, one)] {
                    if from == column && !found.contains(&to) {
                        found.push(to);
                    }
                }
            }
            next += 1;
        }
        found
    }

    /// Leaves columns out of the keys that are constant or follow from the rest of the key.
    fn minimised(mut self) -> Self {
        let constant: BTreeSet<usize> = self.constant.keys().flat_map(|&column| self.equals(column)).collect();
        for key in std::mem::take(&mut self.keys) {
            let mut key: Key = key.into_iter().filter(|column| !constant.contains(column)).collect();
            for Determined { by, others, .. } in &self.determined {
                if by.is_subset(&key) {
                    key.retain(|column| by.contains(column) || !others.contains(column));
                }
            }
            self.push(key);
        }
        self
    }

    /// The same seen through a choice of columns; `None` when a column is not chosen.
    fn places(&self, columns: &Key, places: &BTreeMap<usize, Vec<usize>>) -> Option<Key> {
        let place = |&column: &usize| {
            self.equals(column).into_iter().filter_map(|other| places.get(&other)).map(|places| places[0]).min()
        };
        columns.iter().map(place).collect()
    }

    fn learn(&mut self, condition: &Scalar) {
        match condition {
            Scalar::And(operands) => operands.iter().for_each(|operand| self.learn(operand)),
            // Of a left join without a match: all rows that are left have this one key on the other side.
            Scalar::IsNull(operand) => {
                if let Scalar::Column(column) = **operand {
                    self.constant.insert(column, Value::Null);
                }
            }
            Scalar::Call { function, arguments } if function.signature.starts_with("=(") => {
                match arguments.as_slice() {
                    [Scalar::Column(one), Scalar::Column(other)] => self.equal.push((*one, *other)),
                    [Scalar::Column(column), Scalar::Literal(value)]
                    | [Scalar::Literal(value), Scalar::Column(column)] => {
                        self.constant.insert(*column, value.clone());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// What is known of the rows of `plan`.
pub(super) fn identity(plan: &Plan, relations: &Relations) -> Identity {
    let found = match plan {
        Plan::Scan { relation, columns } => scan(relations.get(relation).map(Arc::as_ref), columns),
        Plan::Values { rows, types } => values(rows, types.len()),
        Plan::Filter { input, predicate } => {
            let mut found = identity(input, relations);
            found.learn(predicate);
            found
        }
        Plan::Project { input, expressions, .. } => project(&identity(input, relations), expressions),
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
        Plan::UnionAll { inputs } => union(inputs, relations),
        _ => Identity::default(),
    };
    found.minimised()
}

/// Number of columns that an input of a join adds to the concatenation.
pub(super) fn shown_width(input: &JoinInput) -> usize {
    match input.kind {
        JoinKind::Inner | JoinKind::Left => width(&input.plan),
        JoinKind::Semi | JoinKind::Anti => 0,
        JoinKind::Mark => 1,
    }
}

/// Number of output columns.
pub(super) fn width(plan: &Plan) -> usize {
    match plan {
        Plan::Scan { columns, .. } => columns.len(),
        Plan::Values { types, .. } | Plan::Project { types, .. } => types.len(),
        Plan::Filter { input, .. } | Plan::Distinct { input } => width(input),
        Plan::Join { inputs } => inputs.iter().map(shown_width).sum(),
        Plan::Aggregate { group, aggregates, .. } => group.len() + aggregates.len(),
        Plan::UnionAll { inputs } => inputs.first().map_or(0, width),
        Plan::Expand { types, .. } | Plan::Recursion { types, .. } | Plan::Round { types, .. } => types.len(),
        Plan::SetOperation { left, .. } => width(left),
        Plan::TopN { input, .. } => width(input),
        Plan::Window { input, calls, .. } => width(input) + calls.len(),
        Plan::Flatten { input, calls, ordinality, .. } => {
            width(input) + calls.iter().map(|call| call.types.len()).sum::<usize>() + usize::from(*ordinality)
        }
    }
}

fn scan(relation: Option<&Relation>, columns: &[usize]) -> Identity {
    let mut found = Identity::default();
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
    }
    for key in &input.keys {
        if let Some(key) = input.places(key, &places) {
            found.push(key);
        }
    }
    for known in &input.determined {
        if let Some(by) = input.places(&known.by, &places) {
            let others = known.others.iter().filter_map(|column| places.get(column)).flatten().copied().collect();
            found.determined.push(Determined { by, others, survives_left_join: known.survives_left_join });
        }
    }
    found
}

/// A row of the join is named by the keys of its inputs, without those that are found by their full key.
fn join(inputs: &[JoinInput], relations: &Relations) -> Identity {
    let mut found = Identity::default();
    let mut offset = 0;
    for (position, input) in inputs.iter().enumerate() {
        let own = identity(&input.plan, relations);
        let width = width(&input.plan);
        let joined: Key = input.keys.iter().map(|key| key.own).collect();
        if position == 0 {
            found.keys = own.keys.clone();
        } else if !own.covered_by(&joined) {
            let before = std::mem::take(&mut found.keys);
            // For one row before it the joined columns are fixed: equal to columns of that row, or null.
            for first in &before {
                for second in &own.keys {
                    let rest = second.difference(&joined).map(|column| column + offset);
                    found.push(first.iter().copied().chain(rest).collect());
                }
            }
        }
        // What holds in the rows of a left join's input does not hold where it had no match.
        if input.kind == JoinKind::Inner {
            found.equal.extend(own.equal.iter().map(|&(one, other)| (one + offset, other + offset)));
            found.constant.extend(own.constant.iter().map(|(column, value)| (column + offset, value.clone())));
            found.equal.extend(input.keys.iter().map(|key| (key.before, key.own + offset)));
            input.residual.iter().for_each(|condition| found.learn(condition));
        }
        let shifted = |columns: &Key| columns.iter().map(|column| column + offset).collect::<Key>();
        let holds = |known: &&Determined| input.kind == JoinKind::Inner || known.survives_left_join;
        let determined = own.determined.iter().filter(holds).map(|known| Determined {
            by: shifted(&known.by),
            others: shifted(&known.others),
            survives_left_join: known.survives_left_join,
        });
        found.determined.extend(determined.take(KEYS_MAX));
        offset += width;
    }
    found
}

fn aggregate(input: &Identity, group: &[Scalar]) -> Identity {
    let mut found = project(input, group);
    found.push((0..group.len()).collect());
    found
}

/// Group columns from which the others follow, as positions in `group`.
pub(super) fn determining(input: &Plan, group: &[Scalar], relations: &Relations) -> Option<Key> {
    let found = aggregate(&identity(input, relations), group).minimised();
    // Without any group column there would be one group even over no rows.
    found.best().filter(|key| !key.is_empty()).cloned()
}

/// Rows of several branches are told apart by a column that is a different constant in each.
fn union(inputs: &[Plan], relations: &Relations) -> Identity {
    let branches: Vec<Identity> = inputs.iter().map(|input| identity(input, relations)).collect();
    let width = inputs.first().map_or(0, width);
    let is_label = |column: &usize| {
        let labels: Option<Vec<&Value>> = branches.iter().map(|branch| branch.constant.get(column)).collect();
        labels.is_some_and(|mut labels| {
            labels.sort();
            labels.windows(2).all(|pair| pair[0] != pair[1]) && labels.iter().all(|label| is_label_value(label))
        })
    };
    let Some(label) = (0..width).find(is_label) else {
        return Identity::default();
    };
    let keys: Option<Vec<&Key>> = branches.iter().map(Identity::best).collect();
    let mut found = Identity::default();
    if let Some(keys) = keys {
        found.push(keys.into_iter().flatten().copied().chain([label]).collect());
    }
    found
}

/// Values that are equal only when they are written alike.
fn is_label_value(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Numeric(_) | Value::Float(_) | Value::Interval(_) | Value::Array(_))
}

/// Names of columns that would have to be selected to have a key, of a plan with all columns.
pub(super) fn missing_key(plan: &Plan, relations: &Relations) -> Option<Vec<String>> {
    let Plan::Project { input, expressions, .. } = plan else { return None };
    let known = identity(input, relations);
    let selected = |column: usize| expressions.contains(&Scalar::Column(column));
    let missing = |key: &Key| -> Vec<usize> {
        key.iter().copied().filter(|&column| !known.equals(column).into_iter().any(selected)).collect()
    };
    let fewest = known.keys.iter().map(missing).min_by_key(Vec::len)?;
    fewest.into_iter().map(|column| written_name(input, column, relations)).collect()
}

/// `table.column`, when a column comes straight from a relation.
fn written_name(plan: &Plan, column: usize, relations: &Relations) -> Option<String> {
    match plan {
        Plan::Scan { relation, columns } => {
            let name = &relations.get(relation)?.columns.get(*columns.get(column)?)?.name;
            Some(match relation {
                RelationName::Table(table) => format!("{}.{name}", table.table),
                RelationName::View(view) => format!("{view}.{name}"),
            })
        }
        Plan::Filter { input, .. } => written_name(input, column, relations),
        Plan::Aggregate { input, group, .. } => match group.get(column)? {
            Scalar::Column(column) => written_name(input, *column, relations),
            _ => None,
        },
        Plan::Project { input, expressions, .. } => match expressions.get(column)? {
            Scalar::Column(column) => written_name(input, *column, relations),
            _ => None,
        },
        Plan::Join { inputs } => {
            let mut offset = 0;
            for input in inputs {
                let end = offset + width(&input.plan);
                if column < end {
                    return written_name(&input.plan, column - offset, relations);
                }
                offset = end;
            }
            None
        }
        _ => None,
    }
}
