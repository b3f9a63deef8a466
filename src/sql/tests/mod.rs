//! Tests of the planner: plans as text over a small shop's tables.

mod drawing;
mod keys;
mod plans;
mod random;
mod reference;
mod refusals;
mod shop;
