//! Answers questions about committed state: HTTP, Redis protocol, metrics. Read-only, and every answer is of one checkpoint.
//!
//! ```text
//!   HTTP ──▶ http/ ──┐                         ┌─▶ status board: may the view be served?
//!                    ├─▶ reads, key ─▶ pin ────┤
//!  Redis ──▶ resp/ ──┘                         └─▶ state: rows of the pinned checkpoint
//! ```

mod config;
mod error;
mod http;
mod key;
mod listener;
mod metrics;
mod reads;
mod resp;
mod serve;
#[cfg(test)]
mod testing;

pub use config::ServerConfig;
pub use error::ServerError;
pub use serve::{Server, serve};
