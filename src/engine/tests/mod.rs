//! Tests of the engine over real state: operators by drawn deltas, lifecycle, and a randomized model.

mod fixture;
mod lifecycle;
mod model;
mod oracle;
mod quarantine;
mod random_changes;
mod random_plan;
mod views;
