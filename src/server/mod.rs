//! Answers questions about committed state: HTTP, Redis protocol, metrics. Read-only, and every answer is of one checkpoint.
//!
//! ```text
//!   HTTP ──▶ http/ ──┐                                     ┌─▶ status board: may the view be served?
//!                    ├─▶ reads ─▶ generation, key ─▶ pin ──┤
//!  Redis ──▶ resp/ ──┘   of this moment                    └─▶ state: rows of the pinned checkpoint
//! ```
//!
//! When a configuration has been applied, other projections are seen from one request to the next ([`Live`](crate::pipeline::Live)). Connections
//! stay; nothing that waits holds on to those of before.

mod config;
mod error;
mod generation;
mod http;
mod key;
mod listener;
mod metrics;
mod reads;
mod resp;
mod serve;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use config::ServerConfig;
pub use error::ServerError;
pub use serve::{Server, serve};
