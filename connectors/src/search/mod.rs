//! Embedded full-text search on tantivy: a sink that lives in the state directory, and its queries.
//!
//! ```text
//! sink ── writes ──▶ build (documents, one commit per batch with its cursor) ── shows ──▶ index ◀── asks ── server
//! ```

mod build;
pub mod config;
mod document;
mod fields;
mod index;
mod query;
mod sink;
#[cfg(test)]
mod tests;

pub use index::{SearchAnswer, SearchError, SearchHit, SearchIndex};
pub use sink::SearchSink;
