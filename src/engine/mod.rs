//! Plan → operators over deltas. Synchronous and deterministic: no clock, no randomness, no I/O but state.

pub mod plan;
pub mod scalar;

pub use plan::{AggregateCall, AggregateFunction, JoinInput, JoinKind, Plan, RelationName, ViewPlan};
pub use scalar::Scalar;
