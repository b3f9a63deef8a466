//! The index, as it is queried.

use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value as Json;
use tantivy::Searcher;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::Query;
use tantivy::schema::{Field, TantivyDocument, Value};
use tantivy::snippet::SnippetGenerator;
use thiserror::Error;

use super::document::string_values;
use super::fields::{row_field, searched_by_default};
use super::query;
use crate::sink::Cursor;

/// Most hits of one answer: they are held in memory.
const HITS_MAX: usize = 10_000;
/// Length of a highlighted fragment.
const FRAGMENT_CHARS: usize = 160;

/// An open index; shared by its sink and the server. A query sees one commit with its cursor, never a mixture.
#[derive(Default)]
pub struct SearchIndex {
    current: RwLock<Option<Arc<Generation>>>,
}

/// Answer to a query.
pub struct SearchAnswer {
    /// The view's position that the answer is of; `None` while the index was never filled.
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
    /// Column → fragment with matches in `<b>`, the rest escaped for HTML.
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

impl From<tantivy::TantivyError> for SearchError {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Index { message: error.to_string() }
    }
}

/// One commit as readers see it.
pub(super) struct Generation {
    searcher: Searcher,
    cursor: Cursor,
}

impl Generation {
    pub(super) fn new(searcher: Searcher, cursor: Cursor) -> Self {
        Self { searcher, cursor }
    }

    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    fn search(&self, text: &str, limit: usize) -> Result<SearchAnswer, SearchError> {
        let schema = self.searcher.schema();
        let fields = searched_by_default(schema);
        let query = query::parse(self.searcher.index(), text, fields.iter().map(|(field, _)| *field).collect())?;
        let row_field = row_field(schema)?;
        let (total, best) = match limit.min(HITS_MAX) {
            0 => (self.searcher.search(&*query, &Count)?, Vec::new()),
            limit => self.searcher.search(&*query, &(Count, TopDocs::with_limit(limit).order_by_score()))?,
        };
        let words = fields.iter().filter(|(_, words)| *words).map(|(field, _)| *field);
        let highlighters =
            words.map(|field| self.highlighter(&*query, field)).collect::<Result<Vec<_>, SearchError>>()?;
        let hit = |(score, address)| {
            let document: TantivyDocument = self.searcher.doc(address)?;
            let text = document.get_first(row_field).and_then(|value| value.as_str()).unwrap_or_default();
            let row: Json = serde_json::from_str(text)
                .map_err(|error| SearchError::Index { message: format!("a stored row is not JSON: {error}") })?;
            let highlights = highlighters.iter().filter_map(|highlighter| highlighter.highlight(&row)).collect();
            Ok(SearchHit { score, row, highlights })
        };
        let hits = best.into_iter().map(hit).collect::<Result<_, SearchError>>()?;
        Ok(SearchAnswer { cursor: Some(self.cursor.clone()), total, hits })
    }

    fn highlighter(&self, query: &dyn Query, field: Field) -> Result<Highlighter, SearchError> {
        let mut generator = SnippetGenerator::create(&self.searcher, query, field)?;
        generator.set_max_num_chars(FRAGMENT_CHARS);
        Ok(Highlighter { column: self.searcher.schema().get_field_name(field).into(), generator })
    }
}

struct Highlighter {
    column: String,
    generator: SnippetGenerator,
}

impl Highlighter {
    fn highlight(&self, row: &Json) -> Option<(String, Json)> {
        let value = row.get(&self.column)?;
        let mut text = String::new();
        string_values(value, &mut |words| {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(words);
        });
        let snippet = self.generator.snippet(&text);
        (!snippet.is_empty()).then(|| (self.column.clone(), Json::String(snippet.to_html())))
    }
}

impl SearchIndex {
    /// Answers `query` over all text and keyword columns. It may block: call it outside the async runtime's workers.
    ///
    /// `red shoes` finds rows with either word, `+red +shoes` or `red AND shoes` with both, `"red shoes"` in that order,
    /// `name:foo` in one column, `price:[10 TO 20]` and `day:>2026-01-31T00:00:00Z` in a range, `-sold` without; `*`, or
    /// nothing, finds every row.
    pub fn search(&self, query: &str, limit: usize) -> Result<SearchAnswer, SearchError> {
        let current = self.current.read().clone();
        match current {
            Some(generation) => generation.search(query, limit),
            None => Ok(SearchAnswer { cursor: None, total: 0, hits: Vec::new() }),
        }
    }

    /// What the index holds, if it was ever filled.
    pub fn cursor(&self) -> Option<Cursor> {
        self.current.read().as_ref().map(|generation| generation.cursor().clone())
    }

    pub(super) fn show(&self, generation: Option<Generation>) {
        // The former one is dropped outside the lock: it may be the last to hold deleted files.
        let former = std::mem::replace(&mut *self.current.write(), generation.map(Arc::new));
        drop(former);
    }
}
