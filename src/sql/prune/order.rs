//! Limits and window functions.
//!
//! Where an order leaves rows undecided their other columns decide. So a subquery that is read twice must not lose different
//! columns in its two places: both would be right alone, but they would choose different rows.

use tailwater_connectors::SqlType;

use super::narrow::{Known, Pruned, prune};
use crate::engine::plan::{Plan, SortKey, WindowCall};
use crate::engine::scalar::Scalar;
use crate::sql::keys::{Key, Relations, identity, width};
use crate::sql::scalars::{columns_met, replaced_all, replaced_order, replaced_window};

/// Limits and windows that stand in the plan more than once, and whose order leaves rows undecided.
pub(super) fn repeated(plan: &Plan, relations: &Relations) -> Vec<Plan> {
    let mut ordered = Vec::new();
    collect(plan, &mut ordered);
    let mut found: Vec<Plan> = Vec::new();
    for (place, plan) in ordered.iter().enumerate() {
        if ordered[..place].contains(plan) && !found.contains(plan) && leaves_undecided(plan, relations) {
            found.push((*plan).clone());
        }
    }
    found
}

fn collect<'a>(plan: &'a Plan, found: &mut Vec<&'a Plan>) {
    if let Plan::TopN { .. } | Plan::Window { .. } = plan {
        found.push(plan);
    }
    plan.inputs().into_iter().for_each(|input| collect(input, found));
}

fn leaves_undecided(plan: &Plan, relations: &Relations) -> bool {
    let (Plan::TopN { input, partition, order, .. } | Plan::Window { input, partition, order, .. }) = plan else {
        return false;
    };
    let by = partition.iter().chain(order.iter().map(|key| &key.expression));
    let columns = by.filter_map(|scalar| match scalar {
        Scalar::Column(column) => Some(*column),
        _ => None,
    });
    !identity(input, relations).covered_by(&columns.collect())
}

pub(super) fn prune_top_n(plan: Plan, needed: &Key, known: &Known<'_>) -> Pruned {
    let repeated = known.repeated.contains(&plan);
    let Plan::TopN { input, partition, partition_types, order, offset, limit, with_ties } = plan else {
        unreachable!("called for limits");
    };
    if offset == 0 && limit.is_none() {
        return prune(*input, needed, known);
    }
    let (input, partition, order) = ordered((*input, &partition, &order), (needed, repeated), known);
    let Pruned { plan, kept, types } = input;
    let plan = Plan::TopN { input: Box::new(plan), partition, partition_types, order, offset, limit, with_ties };
    Pruned { plan, kept, types }
}

/// Calls that nobody reads are left out, and with the last of them the node.
pub(super) fn prune_window(plan: Plan, needed: &Key, known: &Known<'_>) -> Pruned {
    let repeated = known.repeated.contains(&plan);
    let Plan::Window { input, partition, partition_types, order, calls } = plan else {
        unreachable!("called for windows");
    };
    let width = width(&input);
    let places: Vec<usize> = needed.range(width..).copied().collect();
    if places.is_empty() {
        return prune(*input, needed, known);
    }
    let calls: Vec<WindowCall> = places.iter().map(|place| calls[place - width].clone()).collect();
    let read = columns_met(|column| calls.iter().for_each(|call| drop(replaced_window(call, column))));
    let read = needed.range(..width).copied().chain(read).collect();
    let (input, partition, order) = ordered((*input, &partition, &order), (&read, repeated), known);
    let calls: Vec<WindowCall> =
        calls.iter().map(|call| replaced_window(call, &|column| input.column(column))).collect();
    let Pruned { plan, kept, types } = input;
    let results: Vec<SqlType> = calls.iter().map(|call| call.result_type.clone()).collect();
    let plan = Plan::Window { input: Box::new(plan), partition, partition_types, order, calls };
    Pruned { plan, kept: kept.into_iter().chain(places).collect(), types: types.into_iter().chain(results).collect() }
}

/// The input with the columns `read` and those that order it, or with all of them; its partition and order.
fn ordered(
    (input, partition, order): (Plan, &[Scalar], &[SortKey]),
    (read, all): (&Key, bool),
    known: &Known<'_>,
) -> (Pruned, Vec<Scalar>, Vec<SortKey>) {
    let mut read = read.clone();
    read.extend(columns_met(|column| {
        replaced_all(partition, column);
        replaced_order(order, column);
    }));
    if all {
        read.extend(0..width(&input));
    }
    let input = prune(input, &read, known);
    let place = |column: usize| input.column(column);
    let (partition, order) = (replaced_all(partition, &place), replaced_order(order, &place));
    (input, partition, order)
}
