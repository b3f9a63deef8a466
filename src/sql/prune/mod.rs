//! Leaves out what nobody reads: columns of relations first of all, so that changes of others vanish at the scan; then aggregates
//! and window functions, and joins that neither add rows nor take any away.

mod grouping;
mod join;
mod narrow;
mod order;
mod projection;

#[cfg(test)]
mod tests;

pub(super) use narrow::pruned;
