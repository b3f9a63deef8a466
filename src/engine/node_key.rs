//! Keys of the rows that leave a node, as far as the plan proves them.
//!
//! Rows with a proven key are a set: a row is there once or not at all. What keeps such rows needs not read how often a row is
//! there before it adds one or takes one away.

use super::dataflow::NodeKind;
use super::operators::Join;
use super::plan::JoinKind;
use super::relation::Relation;
use super::scalar::Scalar;

/// Columns in which any two rows of a node differ; `None` when that is not proven. With no columns there is at most one row.
pub(super) fn key_of(kind: &NodeKind, width: usize, relations: &[Relation]) -> Option<Vec<usize>> {
    match kind {
        NodeKind::Scan { relation, columns } => {
            let shown = |column: &usize| match columns {
                None => Some(*column),
                Some(columns) => columns.iter().position(|shown| shown == column),
            };
            relations[*relation].key_columns()?.iter().map(shown).collect()
        }
        NodeKind::Project { input, expressions } => {
            let shown = |column: &usize| {
                expressions.iter().position(|expression| matches!(expression, Scalar::Column(place) if place == column))
            };
            input.key.as_ref()?.iter().map(shown).collect()
        }
        NodeKind::Filter { input, .. } => input.key.clone(),
        NodeKind::TopN(top) => top.input.key.clone(),
        NodeKind::Window(window) => window.input.key.clone(),
        NodeKind::Aggregate(aggregate) => Some((0..aggregate.group.len()).collect()),
        NodeKind::Distinct(_) => Some((0..width).collect()),
        // Its rows are rows of the left side, each no more often than there.
        NodeKind::SetOperation(operation) => {
            operation.left.key.clone().or_else(|| (!operation.all).then(|| (0..width).collect()))
        }
        NodeKind::Join(join) => join_key(join),
        NodeKind::Values(_)
        | NodeKind::UnionAll(_)
        | NodeKind::Expand { .. }
        | NodeKind::Flatten(_)
        | NodeKind::Recursion(_)
        | NodeKind::Round { .. } => None,
    }
}

/// The keys of all inputs that add rows, but for those whose own key is given by the rows before.
fn join_key(join: &Join) -> Option<Vec<usize>> {
    let shape = &join.shape;
    let mut key = Vec::new();
    for (number, (input, kind)) in join.inputs.iter().zip(&shape.kinds).enumerate() {
        if !matches!(kind, JoinKind::Inner | JoinKind::Left) {
            continue;
        }
        let own = input.node.key.as_ref()?;
        let is_given = |column: &usize| shape.keys[number].iter().any(|key| key.own == *column);
        if number > 0 && own.iter().all(is_given) {
            continue;
        }
        for column in own {
            let wide = shape.offsets[number] + column;
            key.push(shape.output.iter().position(|shown| *shown == wide)?);
        }
    }
    Some(key)
}
