//! Tests of the engine over real state: operators by drawn deltas, lifecycle, and a randomized model.

mod aggregate_case;
mod aggregate_postgres;
mod aggregates;
mod copying;
mod fixture;
mod lifecycle;
mod model;
mod oracle;
mod oracle_aggregate;
mod oracle_join;
mod oracle_window;
mod quarantine;
mod random_changes;
mod random_plan;
mod random_sets;
mod random_window;
mod recursion;
mod replaced;
mod sets;
mod views;
mod window_postgres;
mod windows;
