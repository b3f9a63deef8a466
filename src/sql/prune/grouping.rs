//! Aggregates and DISTINCT.

use tailwater_connectors::SqlType;

use super::narrow::{Known, Pruned, chosen, prune, whole};
use crate::engine::plan::{AggregateCall, Plan};
use crate::sql::keys::{Key, determining, identity};
use crate::sql::scalars::{columns_met, replaced_all, replaced_call};

/// Group columns that others determine are left out when they are not read: `GROUP BY o.id` then groups by the key alone.
pub(super) fn prune_aggregate(plan: Plan, needed: &Key, known: &Known<'_>) -> Pruned {
    let Plan::Aggregate { input, group, group_types, aggregates } = plan else {
        unreachable!("called for aggregates");
    };
    let determining = determining(&input, &group, known.relations);
    let stays = |column: &usize| needed.contains(column) || determining.as_ref().is_none_or(|key| key.contains(column));
    let groups: Vec<usize> = (0..group.len()).filter(stays).collect();
    let calls: Vec<usize> = (0..aggregates.len()).filter(|call| needed.contains(&(call + group.len()))).collect();
    let kept = groups.iter().copied().chain(calls.iter().map(|call| call + group.len())).collect();
    let group: Vec<_> = groups.iter().map(|&column| group[column].clone()).collect();
    let aggregates: Vec<AggregateCall> = calls.iter().map(|&call| aggregates[call].clone()).collect();
    let read = columns_met(|column| {
        replaced_all(&group, column);
        aggregates.iter().for_each(|call| drop(replaced_call(call, column)));
    });
    let input = prune(*input, &read, known);
    let place = |column: usize| input.column(column);
    let aggregates: Vec<AggregateCall> = aggregates.iter().map(|call| replaced_call(call, &place)).collect();
    let group = replaced_all(&group, &place);
    let group_types = chosen(&group_types, &groups);
    let results = aggregates.iter().map(|call| call.result_type.clone());
    let types: Vec<SqlType> = group_types.iter().cloned().chain(results).collect();
    let plan = Plan::Aggregate { input: Box::new(input.plan), group, group_types, aggregates };
    Pruned { plan, kept, types }
}

/// Rows that a key tells apart are distinct as they are.
pub(super) fn prune_distinct(input: Plan, needed: &Key, known: &Known<'_>) -> Pruned {
    if identity(&input, known.relations).best().is_some() {
        return prune(input, needed, known);
    }
    let input = whole(input, known);
    Pruned { plan: Plan::Distinct { input: Box::new(input.plan) }, ..input }
}
