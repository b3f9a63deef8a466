//! Moves transactions: take, step, commit, announce, deliver. The only place that spawns data tasks and that retries.

mod projections;
pub mod status;

pub use projections::Projections;
