//! What queries find and say.

use std::sync::Arc;

use tempfile::TempDir;

use super::fixture::{Pages, column, config, cursor, filled, ids, row, view};
use crate::search::{SearchIndex, SearchSink};
use crate::{Array, Row, Sink, SqlType, Value};

async fn shoes(directory: &TempDir) -> (SearchSink, Arc<SearchIndex>) {
    let titles = ["red running shoes", "blue <b>shoes</b> & socks", "Zürcher Käse", "東京 タワー", "red socks"];
    let rows = titles.iter().enumerate().map(|(nth, title)| row(nth as i64 + 1, title)).collect();
    filled(directory.path(), rows).await
}

#[tokio::test]
async fn words_phrases_fields_and_ranges_find_rows() {
    let directory = TempDir::new().unwrap();
    let (_sink, index) = shoes(&directory).await;
    for (query, expected) in [
        ("red", &[1, 5][..]),
        ("RED socks", &[1, 2, 5]),
        ("+red +socks", &[5]),
        ("red AND socks", &[5]),
        ("shoes -red", &[2]),
        ("\"red socks\"", &[5]),
        ("\"running red\"", &[]),
        ("title:zürcher", &[3]),
        ("käse", &[3]),
        ("東京", &[4]),
        ("acme3", &[3]),
        ("details:wide", &[1, 2, 3, 4, 5]),
        ("active:true", &[2, 4]),
        ("price:[3 TO 4.5]", &[2, 3]),
        ("price:>6", &[5]),
        ("id:4", &[4]),
        ("id:[2 TO 3]", &[2, 3]),
        ("day:[2024-08-24T00:00:00Z TO 2024-08-25T00:00:00Z]", &[2, 3]),
        ("day:>=2024-08-26T00:00:00Z", &[4, 5]),
        ("*", &[1, 2, 3, 4, 5]),
        ("", &[1, 2, 3, 4, 5]),
    ] {
        assert_eq!(ids(&index, query), expected, "{query}");
    }
}

#[tokio::test]
async fn the_best_hits_come_first_and_the_total_counts_all() {
    let directory = TempDir::new().unwrap();
    let (_sink, index) = shoes(&directory).await;
    let answer = index.search("red socks", 1).unwrap();
    assert_eq!((answer.total, answer.hits.len()), (3, 1));
    assert_eq!(answer.hits[0].row["id"], 5);
    let answer = index.search("red socks", 0).unwrap();
    assert_eq!((answer.total, answer.hits.len()), (3, 0));
}

#[tokio::test]
async fn matches_are_highlighted_and_the_rest_is_escaped() {
    let directory = TempDir::new().unwrap();
    let (_sink, index) = shoes(&directory).await;
    let highlight = |query: &str, column: &str| {
        let answer = index.search(query, 1).unwrap();
        answer.hits[0].highlights.get(column).and_then(|text| text.as_str()).map(String::from)
    };
    let expected = "blue &lt;b&gt;<b>shoes</b>&lt;&#x2F;b&gt; &amp; <b>socks</b>";
    let found = highlight("+shoes +socks", "title").unwrap().replace("&#47;", "/").replace("&#x2F;", "/");
    assert_eq!(found, expected.replace("&#x2F;", "/"));
    assert_eq!(highlight("käse", "title").unwrap(), "Zürcher <b>Käse</b>");
    assert_eq!(highlight("details:acme3", "details").unwrap(), "<b>acme3</b> wide");
    assert_eq!(highlight("details:acme3", "title"), None);
}

#[tokio::test]
async fn malformed_queries_say_what_is_wrong_and_where() {
    let directory = TempDir::new().unwrap();
    let (_sink, index) = shoes(&directory).await;
    for (query, expected) in [
        ("colour:red", "no column \"colour\""),
        ("red (socks", "at character"),
        ("price:many", "compared with numbers"),
        ("id:1.5", "compared with integers"),
        ("day:\"yesterday\"", "RFC 3339"),
        ("_row:x", "not declared as indexed"),
    ] {
        let error = index.search(query, 10).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{query}: {error}");
    }
}

#[tokio::test]
async fn no_query_brings_the_process_down() {
    let directory = TempDir::new().unwrap();
    let (_sink, index) = shoes(&directory).await;
    let shapes =
        ["(", ")", "-", "+", "\"", "[", "NOT ", "a AND ", "(a OR ", "a:", "\\", "* ", "^", "~", "'", "a:(", "-(", "+("];
    for shape in shapes {
        for length in [1, 7, 30, 300, 8 << 10] {
            let mut query = shape.repeat(length / shape.len() + 1);
            query.truncate(length);
            let closed = format!("{query}x{}", ")".repeat(length.min(32)));
            for query in [query.clone(), format!("{query}x"), closed] {
                let _ = index.search(&query, 10);
            }
        }
    }
}

#[tokio::test]
async fn values_that_fields_cannot_hold_are_kept_in_the_row() {
    let directory = TempDir::new().unwrap();
    let view = {
        let mut view = view();
        view.columns = vec![
            column("id", SqlType::Int8),
            column("price", SqlType::Float8),
            column("at", SqlType::Timestamptz),
            column("tags", SqlType::Array(Box::new(SqlType::Text))),
            column("raw", SqlType::Bytea),
            column("state", SqlType::Other("inet".into())),
        ];
        view
    };
    let tags = Array { dimensions: vec![(2, 1)], elements: vec![Value::text("big deal"), Value::Null] };
    let rows: Vec<Row> = [(f64::NAN, i64::MAX), (f64::INFINITY, i64::MIN), (1.0, i64::MAX - 1), (2.0, 0)]
        .into_iter()
        .enumerate()
        .map(|(nth, (price, at))| {
            let tags = Value::Array(Arc::new(tags.clone()));
            let bytes = Value::Bytes([1, 2][..].into());
            vec![
                Value::Int(nth as i64),
                Value::Float(price),
                Value::Timestamptz(at),
                tags,
                bytes,
                Value::text("10.0.0.1"),
            ]
            .into()
        })
        .collect();
    let (mut sink, index) = SearchSink::new(config(), directory.path().into());
    sink.open(&view).await.unwrap();
    sink.replace(&mut Pages(vec![rows], false), &cursor("g", 1)).await.unwrap();
    assert_eq!(ids(&index, "*"), [0, 1, 2, 3]);
    assert_eq!(ids(&index, "price:[* TO 5]"), [2, 3]);
    assert_eq!(ids(&index, "at:\"2000-01-01T00:00:00Z\""), [3]);
    assert_eq!(ids(&index, "tags:\"big deal\""), [0, 1, 2, 3]);
    assert_eq!(ids(&index, "state:10.0.0.1"), [0, 1, 2, 3]);
}

#[tokio::test]
async fn negative_numbers_and_uuids_are_found() {
    let directory = TempDir::new().unwrap();
    let mut view = view();
    view.columns = vec![column("id", SqlType::Int8), column("code", SqlType::Uuid)];
    let rows = [-5, 5].map(|id| vec![Value::Int(id), Value::Uuid(id.unsigned_abs().into())].into()).to_vec();
    let (mut sink, index) = SearchSink::new(config(), directory.path().into());
    sink.open(&view).await.unwrap();
    sink.replace(&mut Pages(vec![rows], false), &cursor("g", 1)).await.unwrap();
    assert_eq!(ids(&index, "id:-5"), [-5]);
    assert_eq!(ids(&index, "id:[-9 TO 0]"), [-5]);
    assert_eq!(ids(&index, "id:<0"), [-5]);
    assert_eq!(ids(&index, "code:00000000-0000-0000-0000-000000000005"), [-5, 5]);
    assert_eq!(ids(&index, "00000000-0000-0000-0000-000000000005"), [-5, 5]);
}
