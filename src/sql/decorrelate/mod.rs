//! Removes references to the queries around: every [`Node::Apply`] becomes joins.
//!
//! First the simple way is tried ([`pull`]): conditions that refer to the left side are lifted out of the right side and
//! become the join's. Where that would change the answer (below an outer join, through a condition that is no equality below an
//! aggregate) the right side is computed for every distinct combination of the values it refers to ([`domain`]), and joined on
//! those: Neumann and Kemper, "Unnesting Arbitrary Queries", BTW 2015.

mod apply;
mod domain;
mod pull;
mod single;

pub(super) use apply::decorrelated;
