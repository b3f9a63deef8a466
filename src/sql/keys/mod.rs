//! Which columns identify a row: unique keys of a plan's output.
//!
//! Keys come from relations and GROUP BY and go upwards. Beside them go columns known to be equal to others (so that
//! a key survives when an equal column is selected in its place), columns known to be constant (which no key needs), and columns
//! that follow from others. All of it is meant as in GROUP BY: null is a value, and equal to null.

mod facts;
mod full_join;
mod identity;
mod infer;
mod join;
mod missing;
mod union;
mod width;

#[cfg(test)]
pub(super) mod tests;

pub(super) use identity::{Identity, Key, Relations};
pub(super) use infer::{determining, identity};
pub(super) use missing::missing_key;
pub(super) use width::{shown_width, width};
