//! Keys of plans built by hand, and of random plans: what is inferred holds in the rows that a plain evaluation answers.

pub(in crate::sql) mod build;
mod cases;
pub(in crate::sql) mod evaluate;
mod holds;
pub(in crate::sql) mod random;
