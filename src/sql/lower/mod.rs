//! The algebra over numbered columns → the engine's plan over positions; joins that lie on each other become one n-way join.
//!
//! [`cluster`] takes joins, filters and computed columns apart, [`arrange`] puts each condition where it can be decided first,
//! [`order`] finds the order of the inputs, [`nodes`] does the rest.

mod arrange;
mod cluster;
mod nodes;
mod order;

pub(super) use nodes::Lowering;
