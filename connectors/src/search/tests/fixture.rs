//! A view of products, and a sink in a directory of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::search::config::SearchSinkConfig;
use crate::search::{SearchAnswer, SearchIndex, SearchSink};
use crate::{
    ChangelogBatch, Column, Cursor, Lsn, Position, Positions, Row, RowChange, RowPages, Sink, SinkError, SqlType,
    Value, ViewSchema,
};

pub(super) fn column(name: &str, sql_type: SqlType) -> Column {
    Column::new(name, sql_type, true)
}

pub(super) fn view() -> ViewSchema {
    ViewSchema {
        name: "products".into(),
        columns: vec![
            column("id", SqlType::Int8),
            column("title", SqlType::Text),
            column("price", SqlType::Float8),
            column("day", SqlType::Date),
            column("active", SqlType::Bool),
            column("details", SqlType::Jsonb),
        ],
        key: vec![0],
        fingerprint: 1,
    }
}

pub(super) fn config() -> SearchSinkConfig {
    SearchSinkConfig {
        name: "products".into(),
        view: "products".into(),
        fields: Default::default(),
        language: None,
        commit_interval: Duration::ZERO,
        memory_bytes: 16 << 20,
    }
}

pub(super) fn row(id: i64, title: &str) -> Row {
    let details = Value::text(format!(r#"{{"maker": "acme{id}", "size": [1, "wide"]}}"#));
    let day = Value::Date(9_000 + id as i32);
    vec![Value::Int(id), Value::text(title), Value::Float(id as f64 * 1.5), day, Value::Bool(id % 2 == 0), details]
        .into()
}

pub(super) fn cursor(generation: &str, step: u64) -> Cursor {
    let positions = [("shop".into(), Position::Lsn(Lsn(step * 16)))].into();
    Cursor { generation: generation.into(), step, positions: Positions(positions) }
}

pub(super) fn put(id: i64, title: &str) -> RowChange {
    RowChange { old: None, new: Some(row(id, title)) }
}

pub(super) fn gone(id: i64) -> RowChange {
    RowChange { old: Some(row(id, "")), new: None }
}

pub(super) fn batch(step: u64, changes: Vec<RowChange>) -> ChangelogBatch {
    ChangelogBatch { changes, cursor: cursor("g", step), committed_at: None }
}

/// Pages given beforehand; fails at the end if so told.
pub(super) struct Pages(pub(super) Vec<Vec<Row>>, pub(super) bool);

#[async_trait]
impl RowPages for Pages {
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError> {
        if self.0.is_empty() && self.1 {
            return Err(SinkError::Unavailable { sink: "products".into(), message: "pages failed".into() });
        }
        Ok((!self.0.is_empty()).then(|| self.0.remove(0)))
    }
}

/// An open sink that holds `rows` at step 1.
pub(super) async fn filled(directory: &Path, rows: Vec<Row>) -> (SearchSink, Arc<SearchIndex>) {
    let (mut sink, index) = SearchSink::new(config(), directory.into());
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    sink.replace(&mut Pages(vec![rows], false), &cursor("g", 1)).await.unwrap();
    (sink, index)
}

/// Found ids, ascending.
pub(super) fn ids(index: &SearchIndex, query: &str) -> Vec<i64> {
    let answer = index.search(query, 10_000).unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut ids: Vec<_> = answer.hits.iter().map(|hit| hit.row["id"].as_i64().unwrap()).collect();
    assert_eq!(answer.total, ids.len());
    ids.sort_unstable();
    ids
}

pub(super) fn all(index: &SearchIndex) -> SearchAnswer {
    index.search("*", 10_000).unwrap()
}
