//! References in a node: finding those to columns around it, and writing a node over other columns.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Columns, Id};
use super::node::{ApplyKind, Conjunct, Node};
use super::scalars::{columns_of, replaced, replaced_call, replaced_order, replaced_table_call, replaced_window};
use crate::engine::scalar::Scalar;

/// Columns that a node refers to and does not make: those of the queries around it.
pub(super) fn free(node: &Node) -> BTreeSet<Id> {
    let (mut read, mut made) = (BTreeSet::new(), BTreeSet::new());
    referenced(node, &mut read);
    node.made(&mut made);
    read.difference(&made).copied().collect()
}

fn referenced(node: &Node, found: &mut BTreeSet<Id>) {
    // Writing a node over itself is the one walk over all its expressions.
    let seen = std::cell::RefCell::new(std::mem::take(found));
    let mut copy = shallow(node);
    rewrite(&mut copy, &|id| {
        seen.borrow_mut().insert(id);
        Scalar::Column(id)
    });
    *found = seen.into_inner();
    node.inputs().into_iter().for_each(|input| referenced(input, found));
}

/// The node with empty inputs in place of its own.
fn shallow(node: &Node) -> Node {
    // Inputs are cloned with it: plans are small.
    let mut copy = node.clone();
    for input in copy.inputs_mut() {
        *input = Node::Values { rows: Vec::new(), columns: Vec::new() };
    }
    copy
}

/// Writes the expressions of this one node over other columns. Where a column stands by itself (group, partition), it must
/// become a column.
pub(super) fn rewrite(node: &mut Node, to: &dyn Fn(Id) -> Scalar) {
    let id = |column: &mut Id| {
        if let Scalar::Column(other) = to(*column) {
            *column = other;
        }
    };
    let conjuncts = |list: &mut Vec<Conjunct>| list.iter_mut().for_each(|one| *one = one.replaced(to));
    match node {
        Node::Scan { .. } | Node::Round { .. } => {}
        Node::Values { rows, .. } => rows.iter_mut().flatten().for_each(|cell| *cell = replaced(cell, to)),
        Node::Map { computed, .. } => computed.iter_mut().for_each(|(_, scalar)| *scalar = replaced(scalar, to)),
        Node::Filter { conjuncts: list, .. } => conjuncts(list),
        Node::Join { on, .. } => conjuncts(on),
        Node::Apply { on, .. } => conjuncts(on),
        Node::Aggregate { group, calls, .. } => {
            group.iter_mut().for_each(id);
            calls.iter_mut().for_each(|(_, call)| *call = replaced_call(call, to));
        }
        Node::Distinct { columns, .. } => columns.iter_mut().for_each(id),
        Node::UnionAll { inputs, .. } => inputs.iter_mut().for_each(|(_, columns)| columns.iter_mut().for_each(id)),
        Node::SetOperation { left, right, .. } => left.1.iter_mut().chain(&mut right.1).for_each(id),
        Node::Recursion { base, step, .. } => base.1.iter_mut().chain(&mut step.1).for_each(id),
        Node::Expand { lists, .. } => lists.iter_mut().flatten().for_each(|cell| *cell = replaced(cell, to)),
        Node::Flatten { calls, .. } => {
            for (call, _) in calls {
                *call = replaced_table_call(call, to);
            }
        }
        Node::TopN { partition, order, .. } => {
            partition.iter_mut().for_each(id);
            *order = replaced_order(order, to);
        }
        Node::Window { partition, order, calls, .. } => {
            partition.iter_mut().for_each(id);
            *order = replaced_order(order, to);
            calls.iter_mut().for_each(|(_, call)| *call = replaced_window(call, to));
        }
    }
}

/// The node and all below it over other columns.
pub(super) fn rewrite_all(node: &mut Node, to: &dyn Fn(Id) -> Scalar) {
    rewrite(node, to);
    node.inputs_mut().into_iter().for_each(|input| rewrite_all(input, to));
}

/// A copy that makes columns of its own, and what became of each.
pub(super) fn fresh_copy(node: &Node, columns: &mut Columns) -> (Node, BTreeMap<Id, Id>) {
    let mut made = BTreeSet::new();
    node.made(&mut made);
    let fresh: BTreeMap<Id, Id> = made.into_iter().map(|id| (id, columns.like(id))).collect();
    let mut copy = node.clone();
    rewrite_all(&mut copy, &|id| Scalar::Column(fresh.get(&id).copied().unwrap_or(id)));
    renumber(&mut copy, &fresh);
    (copy, fresh)
}

/// New numbers for what the node and those below it make.
fn renumber(node: &mut Node, fresh: &BTreeMap<Id, Id>) {
    let new = |id: &mut Id| *id = fresh.get(id).copied().unwrap_or(*id);
    match node {
        Node::Scan { columns, .. }
        | Node::Values { columns, .. }
        | Node::UnionAll { columns, .. }
        | Node::SetOperation { columns, .. }
        | Node::Expand { columns, .. }
        | Node::Recursion { columns, .. }
        | Node::Round { columns, .. } => columns.iter_mut().for_each(new),
        Node::Map { computed, .. } => computed.iter_mut().for_each(|(id, _)| new(id)),
        Node::Aggregate { calls, .. } => calls.iter_mut().for_each(|(id, _)| new(id)),
        Node::Window { calls, .. } => calls.iter_mut().for_each(|(id, _)| new(id)),
        Node::Flatten { calls, ordinality, .. } => {
            calls.iter_mut().flat_map(|(_, ids)| ids).for_each(new);
            ordinality.iter_mut().for_each(new);
        }
        Node::Join { mark, .. } => mark.iter_mut().for_each(new),
        Node::Apply { kind: ApplyKind::Mark(id), .. } => new(id),
        Node::Apply { kind: ApplyKind::Single { value, out }, .. } => [value, out].into_iter().for_each(new),
        Node::Apply { .. } | Node::Filter { .. } | Node::Distinct { .. } | Node::TopN { .. } => {}
    }
    node.inputs_mut().into_iter().for_each(|input| renumber(input, fresh));
}

/// Whether an expression reads any of these columns.
pub(super) fn reads(scalar: &Scalar, columns: &BTreeSet<Id>) -> bool {
    columns_of(scalar).iter().any(|column| columns.contains(column))
}
