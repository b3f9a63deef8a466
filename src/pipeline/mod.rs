//! Moves transactions: take, step, commit, announce, deliver. The only place that spawns data tasks and that retries.
//!
//! ```text
//! source ─▶ Supervisor ─▶ Stepper (engine thread) ─▶ commit ─▶ checkpoint announced ─┬─▶ readers that wait
//!              ▲                                                                     ├─▶ Flusher ─▶ durable position ─▶ source
//!              └─────────────── again after a transient error                        └─▶ Delivery, one per sink
//! Verifier, when asked or due: pins source and state at one position and compares them
//! HealthWatch, beside each source: what its server keeps for us
//! ```

pub mod apply;
mod applying;
mod aside;
mod backoff;
mod check;
mod copies;
mod daemon;
mod declared;
mod delivered;
mod delivery;
mod durability;
mod error;
mod fold;
mod generation;
mod health;
mod live;
mod planning;
mod preparing;
mod projections;
mod rebuilding;
mod records;
mod refilling;
mod replacing;
mod sinks;
mod source;
mod staging;
mod starting;
pub mod status;
mod stepper;
mod takeover;
#[cfg(test)]
pub(crate) mod testing;
mod touched;
pub mod verify;

pub use check::{Found, check};
pub use daemon::{Daemon, LoadConfig};
pub use error::PipelineError;
pub use live::Live;
pub use planning::{Planning, named_tables, plan_from_sources};
pub use projections::Projections;
