//! Keys over rows of several branches.

use super::facts::{Facts, is_label, parts, telling};
use super::identity::{Determined, Identity, Key};

/// Rows of several branches are told apart by a column that is a different constant in each, or null in one and never in another.
pub(super) fn union(mut branches: Vec<Identity>, width: usize) -> Identity {
    if branches.len() == 1 {
        return branches.remove(0);
    }
    let mut found = Identity::default();
    let not_null = |column: &usize| branches.iter().all(|branch| branch.not_null.contains(column));
    found.not_null = (0..width).filter(not_null).collect();
    let Some(numbered) = parts(&branches) else { return found };
    let (numbers, parts): (Vec<usize>, Vec<Facts>) = numbered.into_iter().unzip();
    let labels = (0..width).filter(|column| is_label(&parts, *column));
    let others = (0..width).filter(|column| !is_label(&parts, *column));
    let of_two = |one: usize, other: usize| numbers[one] != numbers[other];
    let keys: Option<Vec<&Key>> = branches.iter().map(Identity::best).collect();
    if let Some(keys) = keys {
        let whole: Key = keys.into_iter().flatten().copied().collect();
        // A label may be left out above, so that both ways to tell branches apart are of use.
        let all = (0..width).collect::<Vec<_>>();
        let ways = [
            telling(&parts, labels.clone(), of_two),
            telling(&parts, others.clone(), of_two),
            telling(&parts, all.into_iter(), of_two),
        ];
        for way in ways.into_iter().flatten() {
            found.push(whole.union(&way).copied().collect());
        }
    }
    let known: Key = labels.clone().collect();
    for by in [telling(&parts, labels, |_, _| true), telling(&parts, others, |_, _| true)].into_iter().flatten() {
        found.determined.push(Determined { by, others: known.clone(), survives_left_join: false });
    }
    found.numbered = branches.iter().flat_map(|branch| branch.numbered.iter().copied()).collect();
    found.parts = parts;
    found
}
