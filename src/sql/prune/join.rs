//! Joins: columns that nobody reads, and inputs that nobody needs.
//!
//! The walk goes from the last input to the first to see what is read, and back to number the columns anew. An input goes when its
//! columns are not read and each row before it stays exactly once: a left join by a unique key, a mark, a single row.

use tailwater_connectors::SqlType;

use super::narrow::{Known, Pruned, prune};
use crate::engine::plan::{JoinInput, JoinKey, JoinKind, Plan};
use crate::engine::scalar::Scalar;
use crate::sql::keys::{Key, identity, shown_width, width};
use crate::sql::scalars::{columns_of, moved};

/// An input that stays: where its columns began in the concatenation, and which of its own are read.
struct Staying {
    input: JoinInput,
    offset: usize,
    read: Key,
}

pub(super) fn prune_join(inputs: Vec<JoinInput>, needed: &Key, known: &Known<'_>) -> Pruned {
    let mut joined = Joined { inputs: Vec::new(), kept: Vec::new(), types: Vec::new() };
    staying(inputs, needed, known).into_iter().for_each(|staying| joined.add(staying, known));
    let Joined { mut inputs, kept, types } = joined;
    let plan = match inputs.len() {
        1 => inputs.remove(0).plan,
        _ => Plan::Join { inputs },
    };
    Pruned { plan, kept, types }
}

/// The inputs that are needed, in order.
fn staying(inputs: Vec<JoinInput>, needed: &Key, known: &Known<'_>) -> Vec<Staying> {
    let mut end: usize = inputs.iter().map(shown_width).sum();
    let mut read = needed.clone();
    let mut found = Vec::new();
    for (position, mut input) in inputs.into_iter().enumerate().rev() {
        let offset = end - shown_width(&input);
        let shown = read.split_off(&offset);
        if position > 0 && shown.is_empty() && is_needless(&input, known) {
            end = offset;
            continue;
        }
        input.plan = matched(input.plan, input.kind);
        let mut own: Key = match input.kind {
            JoinKind::Inner | JoinKind::Left => shown.iter().map(|column| column - offset).collect(),
            JoinKind::Semi | JoinKind::Anti | JoinKind::Mark => Key::new(),
        };
        for key in &input.keys {
            read.insert(key.before);
            own.insert(key.own);
        }
        for column in input.residual.iter().flat_map(columns_of) {
            if column < offset {
                read.insert(column);
            } else {
                own.insert(column - offset);
            }
        }
        found.push(Staying { input, offset, read: own });
        end = offset;
    }
    found.reverse();
    found
}

/// Whether each row before an input stays exactly once, whatever the input holds.
fn is_needless(input: &JoinInput, known: &Known<'_>) -> bool {
    match input.kind {
        JoinKind::Mark => true,
        JoinKind::Left => {
            let by_key: Key = input.keys.iter().map(|key| key.own).collect();
            // A residual only takes the one match away, and then the row stays with nulls.
            identity(&input.plan, known.relations).covered_by(&by_key)
        }
        JoinKind::Inner => input.keys.is_empty() && input.residual.is_none() && is_single_row(&input.plan),
        JoinKind::Semi | JoinKind::Anti => false,
    }
}

fn is_single_row(plan: &Plan) -> bool {
    match plan {
        Plan::Values { rows, .. } => rows.len() == 1,
        Plan::Aggregate { group, .. } => group.is_empty(),
        _ => false,
    }
}

/// Who asks for a match alone does not ask how many there are.
fn matched(plan: Plan, kind: JoinKind) -> Plan {
    match (plan, kind) {
        (Plan::Distinct { input }, JoinKind::Semi | JoinKind::Anti | JoinKind::Mark) => matched(*input, kind),
        (plan, _) => plan,
    }
}

/// The inputs joined so far.
struct Joined {
    inputs: Vec<JoinInput>,
    /// Columns of the old concatenation, in the order of the new one.
    kept: Vec<usize>,
    types: Vec<SqlType>,
}

impl Joined {
    fn place(&self, column: usize) -> usize {
        self.kept.iter().position(|&kept| kept == column).expect("a column that a join reads was asked for")
    }

    fn add(&mut self, Staying { input, offset, read }: Staying, known: &Known<'_>) {
        let JoinInput { plan, kind, keys, residual } = input;
        debug_assert!(read.iter().all(|&column| column < width(&plan)), "an input is asked for its own columns");
        let own = prune(plan, &read, known);
        let keys = keys.into_iter().map(|key| self.key(key, &own)).collect();
        let residual = residual.map(|residual| self.residual(&residual, (&own, offset)));
        match kind {
            JoinKind::Inner | JoinKind::Left => {
                self.kept.extend(own.kept.iter().map(|column| column + offset));
                self.types.extend(own.types);
            }
            JoinKind::Semi | JoinKind::Anti => {}
            JoinKind::Mark => {
                self.kept.push(offset);
                self.types.push(SqlType::Bool);
            }
        }
        self.inputs.push(JoinInput { plan: own.plan, kind, keys, residual });
    }

    fn key(&self, key: JoinKey, own: &Pruned) -> JoinKey {
        JoinKey { before: self.place(key.before), own: own.place(key.own), ..key }
    }

    fn residual(&self, residual: &Scalar, (own, offset): (&Pruned, usize)) -> Scalar {
        moved(residual, &|column| match column.checked_sub(offset) {
            Some(column) => self.kept.len() + own.place(column),
            None => self.place(column),
        })
    }
}
