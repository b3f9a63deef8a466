//! The stateful operators. Each gets its inputs' deltas of a step, reads state as old or new, writes its own part of the
//! overlay, and answers its output's delta.

mod accumulator;
mod aggregate;
mod decimal_sum;
mod distinct;
mod exact_float;
mod flatten;
mod input;
mod interval_sum;
mod join;
mod join_match;
mod join_rows;
mod multiset;
mod recursion;
mod set_operation;
mod term;
mod top_n;
mod window;

pub(super) use accumulator::check_call;
pub(super) use aggregate::{Aggregate, Call};
pub(super) use distinct::Distinct;
#[cfg(test)]
pub(super) use exact_float::ExactFloat;
pub(super) use flatten::Flatten;
pub(super) use input::{Access, Arrangement, Input, Store};
pub(super) use join::Join;
pub(super) use multiset::{Multiset, has_forms};
pub(super) use recursion::Recursion;
pub(super) use set_operation::SetOperation;
pub(super) use term::{Lookup, PlanAccess, Shape, plan_terms};
pub(super) use top_n::TopN;
pub(super) use window::Window;
