//! Embedded full-text search on tantivy: a sink that lives in the state directory, and its queries.

pub mod config;
mod index;

pub use index::{SearchAnswer, SearchError, SearchHit, SearchIndex};
