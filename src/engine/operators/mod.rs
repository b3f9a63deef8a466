//! The stateful operators. Each gets its inputs' deltas of a step, reads state as old or new, writes its own part of the
//! overlay, and answers its output's delta.

mod accumulator;
mod aggregate;
mod aggregate_call;
mod aggregate_fill;
mod bit_counts;
mod boundary;
mod contribution;
mod decimal_moments;
mod decimal_sum;
mod distinct;
mod exact_float;
mod flatten;
mod float_moments;
mod float_sum;
mod fold;
mod group;
mod input;
mod input_pages;
mod interval_sum;
mod join;
mod join_match;
mod join_rows;
mod kept;
mod multiset;
mod ordered;
mod ordered_result;
mod parts;
mod percentile;
mod ratio;
mod recursion;
mod set_operation;
mod term;
mod top_n;
mod window;

pub(super) use aggregate::Aggregate;
pub(super) use aggregate_call::Call;
pub(super) use contribution::{Method, check_call};
pub(super) use distinct::Distinct;
#[cfg(test)]
pub(super) use exact_float::ExactFloat;
pub(super) use flatten::Flatten;
#[cfg(test)]
pub(super) use fold::AggregateState;
pub(super) use input::{Access, Arrangement, Input, Store};
pub(super) use join::Join;
pub(super) use multiset::{Multiset, has_forms};
pub(super) use recursion::Recursion;
pub(super) use set_operation::SetOperation;
pub(super) use term::{Lookup, PlanAccess, Shape, plan_terms};
pub(super) use top_n::TopN;
pub(super) use window::Window;
