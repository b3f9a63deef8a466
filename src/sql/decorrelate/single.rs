//! Whether a node has at most one row for given values of some of its columns.

use std::collections::BTreeSet;

use super::super::columns::Id;
use super::super::node::{Conjunct, Node};
use crate::engine::plan::JoinKind;
use crate::engine::scalar::Scalar;

/// Whether it has; `fixed` are the columns whose values are given.
pub(super) fn is_single(node: &Node, fixed: &BTreeSet<Id>) -> bool {
    match node {
        Node::Values { rows, .. } => rows.len() <= 1,
        Node::Scan { relation, columns } => {
            relation.key.as_ref().is_some_and(|key| key.iter().all(|column| fixed.contains(&columns[*column])))
        }
        Node::Map { input, computed } => {
            let mut fixed = fixed.clone();
            for (id, scalar) in computed {
                if let (true, Scalar::Column(other)) = (fixed.contains(id), scalar) {
                    fixed.insert(*other);
                }
            }
            is_single(input, &fixed)
        }
        Node::Filter { input, conjuncts } => is_single(input, &closed(fixed.clone(), conjuncts)),
        Node::Window { input, .. } => is_single(input, fixed),
        Node::Aggregate { group: columns, .. } | Node::Distinct { columns, .. } => {
            columns.iter().all(|column| fixed.contains(column))
        }
        Node::TopN { input, partition, rows, .. } => {
            let first = rows.limit.is_some_and(|limit| limit <= 1) && !rows.with_ties;
            first && partition.iter().all(|column| fixed.contains(column)) || is_single(input, fixed)
        }
        Node::Join { left, right, kind: JoinKind::Inner | JoinKind::Left, on, .. } => {
            if !is_single(left, &closed(fixed.clone(), on)) {
                return false;
            }
            let all = fixed.iter().copied().chain(left.outputs()).collect();
            is_single(right, &closed(all, on))
        }
        Node::Join { left, .. } => is_single(left, fixed),
        _ => false,
    }
}

/// Columns that equalities with fixed ones and with constants fix as well.
fn closed(mut fixed: BTreeSet<Id>, conjuncts: &[Conjunct]) -> BTreeSet<Id> {
    let is_fixed = |scalar: &Scalar, fixed: &BTreeSet<Id>| match scalar {
        Scalar::Column(column) => fixed.contains(column),
        Scalar::Literal(_) => true,
        _ => false,
    };
    loop {
        let before = fixed.len();
        for equality in conjuncts.iter().filter_map(|conjunct| conjunct.equality.as_ref()) {
            for (one, other) in [(&equality.left, &equality.right), (&equality.right, &equality.left)] {
                if let (true, Scalar::Column(column)) = (is_fixed(one, &fixed), other) {
                    fixed.insert(*column);
                }
            }
        }
        if fixed.len() == before {
            return fixed;
        }
    }
}
