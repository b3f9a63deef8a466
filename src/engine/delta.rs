//! Changes of a multiset of rows: rows with weights, +1 for a row that came, -1 for one that went.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use tailwater_connectors::Row;

/// Rows with weights. The same row may appear more than once; its weights add up.
pub(super) type Delta = Vec<(Row, i64)>;

/// Adds up the weights of equal rows and drops what adds up to nothing, in order of first appearance, so that no hash
/// order can leak into results.
pub(super) fn consolidate(delta: Delta) -> Delta {
    match delta.as_slice() {
        [] => return delta,
        [(_, weight)] if *weight != 0 => return delta,
        _ => {}
    }
    let mut places: HashMap<Row, usize, FxBuildHasher> = HashMap::with_capacity_and_hasher(delta.len(), FxBuildHasher);
    let mut result: Delta = Vec::with_capacity(delta.len());
    for (row, weight) in delta {
        match places.get(&row) {
            Some(&place) => result[place].1 += weight,
            None => {
                places.insert(row.clone(), result.len());
                result.push((row, weight));
            }
        }
    }
    result.retain(|(_, weight)| *weight != 0);
    result
}
