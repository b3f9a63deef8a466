//! `FULL JOIN … USING`: the merged columns tell its rows apart where they are the key of both sides.
//!
//! A row of the left side has its own key in them. A row of the right side stands alone only where no row of the left side has
//! its key, so that it is different from all of those.

use std::collections::BTreeSet;

use tailwater_connectors::Value;

use super::identity::{Key, Relations};
use super::width::width;
use crate::engine::plan::{JoinInput, JoinKind, Plan, RelationName};
use crate::engine::scalar::Scalar;

/// Columns of the left and of the right side that are merged.
type Pairs = BTreeSet<(usize, usize)>;

/// A whole relation, and which of its columns are read.
type Whole<'p> = (&'p RelationName, &'p [usize]);

/// The places of the merged columns in a projection of a full join.
pub(super) fn merged_key(input: &Plan, expressions: &[Scalar], relations: &Relations) -> Option<Key> {
    let inputs = match input {
        Plan::Filter { input, .. } => return merged_key(input, expressions, relations),
        Plan::UnionAll { inputs } => inputs,
        _ => return None,
    };
    let place = |(left, right): &(usize, usize)| {
        let sides = [Scalar::Column(*left), Scalar::Column(*right)];
        expressions.iter().position(|shown| matches!(shown, Scalar::Coalesce(operands) if *operands == sides))
    };
    merged(inputs, relations)?.iter().map(place).collect()
}

/// Pairs of columns in the rows of both branches: those with their matches, and those of the right side that have none.
fn merged(inputs: &[Plan], relations: &Relations) -> Option<Pairs> {
    let [matched, alone] = inputs else { return None };
    let ((matched, expressions), (alone, others)) = (shown(matched)?, shown(alone)?);
    let ([left, right], [other_right, other_left]) = (matched, alone) else { return None };
    if (right.kind, other_left.kind) != (JoinKind::Left, JoinKind::Anti)
        || right.residual.is_some()
        || other_left.residual.is_some()
        || right.keys.iter().chain(&other_left.keys).any(|key| key.null_safe)
    {
        return None;
    }
    let (left, right) = (whole(&left.plan)?, (whole(&right.plan)?, &right.keys));
    let (other_right, other_left) = (whole(&other_right.plan)?, (whole(&other_left.plan)?, &other_left.keys));
    let on: Pairs = right.1.iter().map(|key| (left.1[key.before], right.0.1[key.own])).collect();
    let again: Pairs = other_left.1.iter().map(|key| (other_left.0.1[key.own], other_right.1[key.before])).collect();
    let same = left.0 == other_left.0.0 && right.0.0 == other_right.0 && on == again;
    let keys = is_key(left.0, on.iter().map(|pair| pair.0), relations)
        && is_key(right.0.0, on.iter().map(|pair| pair.1), relations);
    if !same || !keys {
        return None;
    }
    let position = |columns: &[usize], column: usize| columns.iter().position(|read| *read == column);
    let places = |(one, other): (usize, usize)| {
        let shown = Scalar::Column(position(left.1, one)?);
        let null = Scalar::Literal(Value::Null);
        let on_left = expressions.iter().zip(&others).position(|pair| pair == (&shown, &null))?;
        let shown = Scalar::Column(left.1.len() + position(right.0.1, other)?);
        let alone = Scalar::Column(position(other_right.1, other)?);
        let on_right = expressions.iter().zip(&others).position(|pair| pair == (&shown, &alone))?;
        Some((on_left, on_right))
    };
    on.into_iter().map(places).collect()
}

/// The inputs of a join and what is shown of it.
fn shown(plan: &Plan) -> Option<(&[JoinInput], Vec<Scalar>)> {
    match plan {
        Plan::Join { inputs } => Some((inputs, (0..width(plan)).map(Scalar::Column).collect())),
        Plan::Project { input, expressions, .. } => match &**input {
            Plan::Join { inputs } => Some((inputs, expressions.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn whole(plan: &Plan) -> Option<Whole<'_>> {
    match plan {
        Plan::Scan { relation, columns } => Some((relation, columns)),
        _ => None,
    }
}

/// Whether these columns are the key of a relation, and never null.
fn is_key(name: &RelationName, columns: impl Iterator<Item = usize>, relations: &Relations) -> bool {
    let columns: BTreeSet<usize> = columns.collect();
    relations.get(name).is_some_and(|relation| {
        let key: Option<BTreeSet<usize>> = relation.key.as_ref().map(|key| key.iter().copied().collect());
        let never_null = columns.iter().all(|column| !relation.columns[*column].nullable);
        never_null && !columns.is_empty() && key.as_ref() == Some(&columns)
    })
}
