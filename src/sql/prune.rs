//! Leaves out what nobody reads: columns of relations first of all, so that changes of others vanish at the scan.

use std::collections::BTreeSet;

use tailwater_connectors::SqlType;

use super::keys::{Key, Relations, determining, width};
use super::scalars::{columns_of, moved, replaced, replaced_call};
use crate::engine::plan::{JoinInput, JoinKey, Plan};
use crate::engine::scalar::Scalar;

/// The same rows with all columns, from inputs that have only what is used.
pub(super) fn pruned(plan: Plan, relations: &Relations) -> Plan {
    let all = (0..width(&plan)).collect();
    let pruned = prune(plan, &all, relations);
    simplified(exactly(pruned, &all))
}

/// A plan that has some of the columns that it had.
struct Pruned {
    plan: Plan,
    /// Which, in its order; all that were asked for and maybe more.
    kept: Vec<usize>,
    /// Their types.
    types: Vec<SqlType>,
}

impl Pruned {
    fn place(&self, column: usize) -> usize {
        self.kept.iter().position(|&kept| kept == column).expect("a column that is read was asked for")
    }

    fn moved(&self, scalar: &Scalar) -> Scalar {
        moved(scalar, &|column| self.place(column))
    }
}

fn prune(plan: Plan, needed: &Key, relations: &Relations) -> Pruned {
    match plan {
        Plan::Scan { relation, columns } => {
            let kept: Vec<usize> = needed.iter().copied().collect();
            let known = relations.get(&relation).expect("scanned relations are known");
            let columns: Vec<usize> = kept.iter().map(|&column| columns[column]).collect();
            let types = columns.iter().map(|&column| known.columns[column].sql_type.clone()).collect();
            Pruned { plan: Plan::Scan { relation, columns }, kept, types }
        }
        Plan::Values { rows, types } => {
            let kept: Vec<usize> = needed.iter().copied().collect();
            let rows = rows.iter().map(|row| row.project(&kept)).collect();
            let types: Vec<SqlType> = kept.iter().map(|&column| types[column].clone()).collect();
            Pruned { plan: Plan::Values { rows, types: types.clone() }, kept, types }
        }
        Plan::Project { input, expressions, types } => {
            let read: Key = needed.iter().flat_map(|&column| columns_of(&expressions[column])).collect();
            let input = prune(*input, &read, relations);
            let kept: Vec<usize> = needed.iter().copied().collect();
            let expressions = kept.iter().map(|&column| input.moved(&expressions[column])).collect();
            let types: Vec<SqlType> = kept.iter().map(|&column| types[column].clone()).collect();
            let plan = Plan::Project { input: Box::new(input.plan), expressions, types: types.clone() };
            Pruned { plan: simplified(plan), kept, types }
        }
        Plan::Filter { input, predicate } => {
            let read = needed.iter().copied().chain(columns_of(&predicate)).collect();
            let input = prune(*input, &read, relations);
            let predicate = input.moved(&predicate);
            Pruned { plan: Plan::Filter { input: Box::new(input.plan), predicate }, ..input }
        }
        Plan::Join { inputs } => prune_join(inputs, needed, relations),
        Plan::Aggregate { .. } => prune_aggregate(plan, needed, relations),
        Plan::Distinct { input } => {
            let all: Key = (0..width(&input)).collect();
            let input = exact(prune(*input, &all, relations), &all);
            Pruned { plan: Plan::Distinct { input: Box::new(input.plan) }, ..input }
        }
        Plan::UnionAll { inputs } => {
            let branches: Vec<Pruned> =
                inputs.into_iter().map(|input| exact(prune(input, needed, relations), needed)).collect();
            let types = branches.first().map(|branch| branch.types.clone()).unwrap_or_default();
            let inputs = branches.into_iter().map(|branch| branch.plan).collect();
            Pruned { plan: Plan::UnionAll { inputs }, kept: needed.iter().copied().collect(), types }
        }
        other => unreachable!("{other:?} is not planned yet"),
    }
}

fn prune_join(inputs: Vec<JoinInput>, needed: &Key, relations: &Relations) -> Pruned {
    let mut read = needed.clone();
    let mut offset = 0;
    for input in &inputs {
        read.extend(input.keys.iter().flat_map(|key| [key.before, key.own + offset]));
        read.extend(input.residual.iter().flat_map(columns_of));
        offset += width(&input.plan);
    }
    let mut kept: Vec<usize> = Vec::new();
    let mut types = Vec::new();
    let mut pruned = Vec::new();
    let mut offset = 0;
    for JoinInput { plan, kind, keys, residual } in inputs {
        let end = offset + width(&plan);
        let own_read = read.range(offset..end).map(|column| column - offset).collect();
        let own = prune(plan, &own_read, relations);
        let keys = keys
            .into_iter()
            .map(|key| {
                let before = kept.iter().position(|&kept| kept == key.before).expect("key columns were asked for");
                JoinKey { before, own: own.place(key.own), ..key }
            })
            .collect();
        kept.extend(own.kept.iter().map(|column| column + offset));
        types.extend(own.types);
        let place = |column: usize| kept.iter().position(|&kept| kept == column).expect("residuals were asked for");
        let residual = residual.map(|residual| moved(&residual, &place));
        pruned.push(JoinInput { plan: own.plan, kind, keys, residual });
        offset = end;
    }
    Pruned { plan: Plan::Join { inputs: pruned }, kept, types }
}

/// Group columns that others determine are left out when they are not read: `GROUP BY o.id` then groups by the key alone.
fn prune_aggregate(plan: Plan, needed: &Key, relations: &Relations) -> Pruned {
    let Plan::Aggregate { input, group, group_types, aggregates } = plan else {
        unreachable!("called for aggregates");
    };
    let determining = determining(&input, &group, relations);
    let stays = |column: &usize| needed.contains(column) || determining.as_ref().is_none_or(|key| key.contains(column));
    let groups: Vec<usize> = (0..group.len()).filter(stays).collect();
    let calls: Vec<usize> = (0..aggregates.len()).filter(|call| needed.contains(&(call + group.len()))).collect();
    let mut read: Key = groups.iter().flat_map(|&column| columns_of(&group[column])).collect();
    for &call in &calls {
        let scalars = aggregates[call].arguments.iter().chain(&aggregates[call].filter);
        read.extend(scalars.flat_map(columns_of));
    }
    let input = prune(*input, &read, relations);
    let place = |column: usize| Scalar::Column(input.place(column));
    let kept_types: Vec<SqlType> = groups.iter().map(|&column| group_types[column].clone()).collect();
    let calls_kept: Vec<_> = calls.iter().map(|&call| replaced_call(&aggregates[call], &place)).collect();
    let types = kept_types.iter().cloned().chain(calls_kept.iter().map(|call| call.result_type.clone())).collect();
    let kept = groups.iter().copied().chain(calls.iter().map(|call| call + group.len())).collect();
    let plan = Plan::Aggregate {
        group: groups.iter().map(|&column| replaced(&group[column], &place)).collect(),
        group_types: kept_types,
        aggregates: calls_kept,
        input: Box::new(input.plan),
    };
    Pruned { plan, kept, types }
}

/// The plan with exactly the columns `wanted`, ascending.
fn exactly(pruned: Pruned, wanted: &Key) -> Plan {
    exact(pruned, wanted).plan
}

fn exact(pruned: Pruned, wanted: &Key) -> Pruned {
    if pruned.kept.iter().copied().eq(wanted.iter().copied()) {
        return pruned;
    }
    let places: Vec<usize> = wanted.iter().map(|&column| pruned.place(column)).collect();
    let types: Vec<SqlType> = places.iter().map(|&place| pruned.types[place].clone()).collect();
    let expressions = places.into_iter().map(Scalar::Column).collect();
    let plan = Plan::Project { input: Box::new(pruned.plan), expressions, types: types.clone() };
    Pruned { plan: simplified(plan), kept: wanted.iter().copied().collect(), types }
}

/// A projection over a projection is one; one that changes nothing is none; one of columns over a scan is the scan's.
fn simplified(plan: Plan) -> Plan {
    let Plan::Project { input, expressions, types } = plan else { return plan };
    match *input {
        Plan::Project { input, expressions: inner, .. } => {
            let expressions =
                expressions.iter().map(|outer| replaced(outer, &|column| inner[column].clone())).collect();
            simplified(Plan::Project { input, expressions, types })
        }
        Plan::Scan { relation, columns } => {
            let picked = expressions.iter().map(|expression| match expression {
                Scalar::Column(column) => Some(columns[*column]),
                _ => None,
            });
            // Each column of a relation at most once: relations are projected, not computed.
            let all_different = |columns: &Vec<usize>| columns.iter().collect::<BTreeSet<_>>().len() == columns.len();
            match picked.collect::<Option<Vec<usize>>>().filter(all_different) {
                Some(columns) => Plan::Scan { relation, columns },
                None => Plan::Project { input: Box::new(Plan::Scan { relation, columns }), expressions, types },
            }
        }
        input => {
            let identity = (0..width(&input)).map(Scalar::Column);
            if expressions.len() == width(&input) && expressions.iter().cloned().eq(identity) {
                return input;
            }
            Plan::Project { input: Box::new(input), expressions, types }
        }
    }
}
