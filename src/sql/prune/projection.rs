//! Choices of columns, and projections made simpler.

use std::collections::BTreeSet;

use super::narrow::{Pruned, chosen};
use crate::engine::plan::Plan;
use crate::engine::scalar::Scalar;
use crate::sql::keys::{Key, width};
use crate::sql::scalars::replaced;

/// The plan with exactly the columns `wanted`, ascending.
pub(super) fn exactly(pruned: Pruned, wanted: &Key) -> Plan {
    exact(pruned, wanted).plan
}

/// The same, with its columns.
pub(super) fn exact(pruned: Pruned, wanted: &Key) -> Pruned {
    if pruned.kept.iter().eq(wanted) {
        return pruned;
    }
    let places: Vec<usize> = wanted.iter().map(|&column| pruned.place(column)).collect();
    let types = chosen(&pruned.types, &places);
    let expressions = places.into_iter().map(Scalar::Column).collect();
    let plan = Plan::Project { input: Box::new(pruned.plan), expressions, types: types.clone() };
    Pruned { plan: simplified(plan), kept: wanted.iter().copied().collect(), types }
}

/// A projection over a projection is one; one that changes nothing is none; one of columns over a scan is the scan's.
pub(super) fn simplified(plan: Plan) -> Plan {
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
