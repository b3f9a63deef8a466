//! Tailwater tails a database's changelog and keeps SQL views of it up to date as projections.
//!
//! Modules in the order in which they may import each other, top to bottom (`config` and `telemetry` stand beside the
//! list): [`cli`], [`server`], [`pipeline`], [`sql`], [`engine`], [`state`], and the package `tailwater-connectors`.

pub mod cli;
pub mod config;
pub mod engine;
pub mod fail_point;
pub mod pipeline;
pub mod server;
pub mod sql;
pub mod state;
pub mod telemetry;
