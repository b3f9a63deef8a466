//! The order in which the inputs of a join are joined.
//!
//! Every input but the first should be found by its key from those before it: such a lookup reads at most one row. So
//! each input is tried as the first, the others follow greedily, and the order with the best lookups wins; among
//! equals the one that is nearest to the text.

use std::collections::BTreeSet;

use super::super::keys::{Identity, Key};
use crate::engine::plan::JoinKind;

/// Starts that are tried; joins of more inputs begin at the first of the text.
const STARTS_MAX: usize = 24;

/// One input of a join, for ordering.
pub(super) struct Candidate {
    pub(super) kind: JoinKind,
    /// Inputs that must stand before it.
    pub(super) needs: BTreeSet<usize>,
    pub(super) identity: Identity,
}

/// `to` can be looked up by an equality once `from` is there.
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The column of `to`, when the equality compares a bare column.
    pub(super) column: Option<usize>,
}

/// How an input would be found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lookup {
    Everything,
    ByColumn,
    ByKey,
}

/// Positions in `candidates`, in join order; the first is an inner one.
pub(super) fn order(candidates: &[Candidate], links: &[Link]) -> Vec<usize> {
    let may_start = |&start: &usize| candidates[start].kind == JoinKind::Inner && candidates[start].needs.is_empty();
    let starts = (0..candidates.len()).filter(may_start);
    let tried = starts.take(if candidates.len() > STARTS_MAX { 1 } else { candidates.len() });
    let mut best: Option<(i64, Vec<usize>)> = None;
    for start in tried {
        let (score, order) = from_start(start, candidates, links);
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, order));
        }
    }
    best.map(|(_, order)| order).unwrap_or_default()
}

fn from_start(start: usize, candidates: &[Candidate], links: &[Link]) -> (i64, Vec<usize>) {
    let mut placed = vec![start];
    let mut score = 0;
    while placed.len() < candidates.len() {
        let open = (0..candidates.len())
            .filter(|next| !placed.contains(next))
            .filter(|&next| candidates[next].needs.iter().all(|need| placed.contains(need)));
        let rank = |next: usize| {
            let lookup = lookup(next, &placed, candidates, links);
            (lookup > Lookup::Everything, candidates[next].kind == JoinKind::Inner, lookup, std::cmp::Reverse(next))
        };
        let Some(next) = open.max_by_key(|&next| rank(next)) else {
            break;
        };
        score += match lookup(next, &placed, candidates, links) {
            Lookup::Everything => -1_000,
            Lookup::ByColumn => 1,
            Lookup::ByKey => 100,
        };
        placed.push(next);
    }
    (score, placed)
}

fn lookup(next: usize, placed: &[usize], candidates: &[Candidate], links: &[Link]) -> Lookup {
    let usable = || links.iter().filter(|link| link.to == next && placed.contains(&link.from));
    let columns: Key = usable().filter_map(|link| link.column).collect();
    if candidates[next].identity.covered_by(&columns) {
        Lookup::ByKey
    } else if usable().next().is_some() {
        Lookup::ByColumn
    } else {
        Lookup::Everything
    }
}
