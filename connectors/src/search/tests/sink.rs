//! What the index holds after writes, reopens, replacements and damage.

use std::fs;

use tempfile::TempDir;

use super::fixture::{Pages, all, batch, column, config, cursor, filled, gone, ids, put, row, view};
use crate::search::SearchSink;
use crate::search::config::{FieldKind, SearchSinkConfig};
use crate::{Numeric, Row, RowChange, Sink, SqlType, Value};

#[tokio::test]
async fn an_index_that_was_never_filled_has_no_cursor() {
    let directory = TempDir::new().unwrap();
    let (mut sink, index) = SearchSink::new(config(), directory.path().join("new"));
    assert!(all(&index).cursor.is_none());
    sink.check(&view()).await.unwrap();
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    assert!(!directory.path().join("new").exists());
    assert!(all(&index).cursor.is_none());
}

#[tokio::test]
async fn rows_are_found_with_the_cursor_of_their_commit_and_survive_a_reopen() {
    let directory = TempDir::new().unwrap();
    let (mut sink, index) = filled(directory.path(), vec![row(1, "red shoes"), row(2, "blue shoes")]).await;
    assert_eq!(ids(&index, "shoes"), [1, 2]);
    sink.write(&batch(2, vec![put(3, "green shoes"), gone(1)])).await.unwrap();
    assert_eq!(ids(&index, "shoes"), [2, 3]);
    assert_eq!(all(&index).cursor, Some(cursor("g", 2)));
    sink.write(&batch(3, vec![])).await.unwrap();
    assert_eq!(index.cursor(), Some(cursor("g", 3)));
    drop(sink);
    let (mut sink, index) = SearchSink::new(config(), directory.path().into());
    assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 3)));
    assert_eq!(ids(&index, "shoes"), [2, 3]);
    let answer = index.search("id:3", 1).unwrap();
    let expected = r#"{"id":3,"title":"green shoes","price":4.5,"day":"2024-08-25","active":false,"details":{"maker": "acme3", "size": [1, "wide"]}}"#;
    assert_eq!(answer.hits[0].row, serde_json::from_str::<serde_json::Value>(expected).unwrap());
}

#[tokio::test]
async fn the_newest_version_of_a_key_wins_and_repeating_is_harmless() {
    let directory = TempDir::new().unwrap();
    let (mut sink, index) = filled(directory.path(), vec![row(1, "first")]).await;
    let versions = vec![put(1, "second"), gone(1), put(1, "third"), put(2, "x"), put(1, "fourth"), gone(2)];
    for _ in 0..2 {
        sink.write(&batch(2, versions.clone())).await.unwrap();
        assert_eq!(ids(&index, "*"), [1]);
        assert_eq!(ids(&index, "title:fourth"), [1]);
    }
    assert!(ids(&index, "title:first OR title:second OR title:third").is_empty());
}

#[tokio::test]
async fn a_key_that_is_printed_differently_now_leaves_no_second_row() {
    let directory = TempDir::new().unwrap();
    let mut view = view();
    view.columns = vec![column("key", SqlType::Numeric(None))];
    let (mut sink, index) = SearchSink::new(config(), directory.path().into());
    sink.open(&view).await.unwrap();
    sink.replace(&mut Pages(vec![], false), &cursor("g", 1)).await.unwrap();
    let keyed =
        |mantissa, scale| -> Option<Row> { Some(vec![Value::Numeric(Numeric::Small { mantissa, scale })].into()) };
    sink.write(&batch(2, vec![RowChange { old: None, new: keyed(10, 1) }])).await.unwrap();
    sink.write(&batch(3, vec![RowChange { old: keyed(10, 1), new: keyed(100, 2) }])).await.unwrap();
    assert_eq!(all(&index).total, 1);
}

#[tokio::test]
async fn a_replacement_is_seen_at_once_and_the_old_rows_until_then() {
    let directory = TempDir::new().unwrap();
    let (mut sink, index) = filled(directory.path(), vec![row(1, "old"), row(2, "old")]).await;
    let failing = sink.replace(&mut Pages(vec![vec![row(7, "new")]], true), &cursor("h", 5)).await;
    assert!(failing.unwrap_err().is_transient());
    assert_eq!((ids(&index, "*"), index.cursor()), (vec![1, 2], Some(cursor("g", 1))));
    assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 1)));
    let pages = vec![vec![row(2, "new")], vec![row(3, "new")]];
    sink.replace(&mut Pages(pages, false), &cursor("h", 5)).await.unwrap();
    assert_eq!((ids(&index, "*"), index.cursor()), (vec![2, 3], Some(cursor("h", 5))));
    assert!(ids(&index, "old").is_empty());
    sink.write(&batch(6, vec![gone(3)])).await.unwrap();
    assert_eq!(ids(&index, "*"), [2]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn another_layout_is_built_anew() {
    let directory = TempDir::new().unwrap();
    drop(filled(directory.path(), vec![row(1, "running")]).await);
    let stemmed = SearchSinkConfig { language: Some("english".into()), ..config() };
    let (mut sink, index) = SearchSink::new(stemmed, directory.path().into());
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    assert!(all(&index).cursor.is_none());
    sink.replace(&mut Pages(vec![vec![row(1, "running")]], false), &cursor("g", 1)).await.unwrap();
    assert_eq!(ids(&index, "runs"), [1]);
    drop(sink);
    let keyword = SearchSinkConfig { fields: [("title".into(), FieldKind::Keyword)].into(), ..config() };
    let (mut sink, _) = SearchSink::new(keyword, directory.path().into());
    assert_eq!(sink.open(&view()).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_index_is_built_anew() {
    let directory = TempDir::new().unwrap();
    drop(filled(directory.path(), vec![row(1, "x")]).await);
    let build = fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    fs::write(build.join("meta.json"), "{").unwrap();
    let (mut sink, index) = SearchSink::new(config(), directory.path().into());
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    sink.replace(&mut Pages(vec![vec![row(2, "y")]], false), &cursor("g", 1)).await.unwrap();
    assert_eq!(ids(&index, "*"), [2]);
}

#[tokio::test]
async fn a_second_writer_waits_for_the_first() {
    let directory = TempDir::new().unwrap();
    let (first, _) = filled(directory.path(), vec![]).await;
    let (mut second, _) = SearchSink::new(config(), directory.path().into());
    assert!(second.open(&view()).await.unwrap_err().is_transient());
    drop(first);
    assert_eq!(second.open(&view()).await.unwrap(), Some(cursor("g", 1)));
}

#[tokio::test]
async fn configurations_that_do_not_fit_the_view_are_refused_by_name() {
    let with = |name: &str, kind| SearchSinkConfig { fields: [(name.into(), kind)].into(), ..config() };
    let klingon = SearchSinkConfig { language: Some("klingon".into()), ..config() };
    for (config, expected) in [
        (with("nothing", FieldKind::Text), "\"nothing\", which is not a column"),
        (with("day", FieldKind::Number), "type date cannot be a number"),
        (with("price", FieldKind::Date), "type double precision cannot be a date"),
        (klingon, "no stemmer for language \"klingon\""),
    ] {
        let (mut sink, _) = SearchSink::new(config, "/nonexistent".into());
        let error = sink.check(&view()).await.unwrap_err();
        assert!(!error.is_transient() && error.to_string().contains(expected), "{error}");
        assert!(!error.hint().unwrap().is_empty());
    }
    let mut view = view();
    view.columns[1].name = "_row".into();
    let (mut sink, _) = SearchSink::new(config(), "/nonexistent".into());
    assert!(sink.open(&view).await.unwrap_err().to_string().contains("\"_row\""));
}
