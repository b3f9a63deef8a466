//! The index, as it is queried.

use serde_json::Value as Json;
use thiserror::Error;

use crate::sink::Cursor;

/// An open index; shared by its sink and the server.
pub struct SearchIndex {}

/// Answer to a query.
pub struct SearchAnswer {
    /// The view's position that the answer is of.
    pub cursor: Option<Cursor>,
    /// Matching rows in all.
    pub total: usize,
    /// Best first.
    pub hits: Vec<SearchHit>,
}

/// One matching row.
pub struct SearchHit {
    /// Relevance.
    pub score: f32,
    /// The row as JSON object.
    pub row: Json,
    /// Column → fragment with matches in `<b>`.
    pub highlights: serde_json::Map<String, Json>,
}

/// Why a query could not be answered.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The query is not well formed.
    #[error("query: {message}")]
    Query {
        /// What and where.
        message: String,
    },
    /// The index failed.
    #[error("search index failed: {message}")]
    Index {
        /// What it said.
        message: String,
    },
}

impl SearchIndex {
    /// Answers `query` in tantivy's query language over all searchable fields.
    pub fn search(&self, _query: &str, _limit: usize) -> Result<SearchAnswer, SearchError> {
        Ok(SearchAnswer { cursor: None, total: 0, hits: Vec::new() })
    }
}
