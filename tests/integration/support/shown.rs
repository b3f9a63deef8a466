//! What a daemon shows of its views, compared with what a Postgres answers that holds the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value as Json;

use super::database::Database;
use super::rig::get;

/// Rows of a view, sorted, every value as text, in the order of the columns' names.
pub(crate) fn rows(http: SocketAddr, view: &str) -> Vec<Vec<String>> {
    let answer = get(http, &format!("/v1/views/{view}/rows")).unwrap();
    assert_eq!(answer.code, 200, "{}", answer.body);
    sorted(answer.lines())
}

/// Views are what the Postgres answers, as [`assert_rows`] says.
pub(crate) fn assert_equal(at: (SocketAddr, &Path), database: &Database, views: &[(&str, &str)]) {
    for (view, sql) in views {
        let answer = database.rows(&format!("select row_to_json(answer)::text from ({sql}) answer"));
        let json = |row: Vec<Option<String>>| serde_json::from_str(row[0].as_ref().unwrap()).unwrap();
        let expected = sorted(answer.into_iter().map(json).collect());
        assert!(!expected.is_empty(), "{view} is empty, which proves little");
        assert_rows(at, view, &expected);
    }
}

/// A view of the daemon there has these rows; else what it logs there is shown.
pub(crate) fn assert_rows((http, log): (SocketAddr, &Path), view: &str, expected: &[Vec<String>]) {
    let found = rows(http, view);
    let first = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "{view} has {} rows instead of {}; first difference {first:?}\nlog:\n{}",
        found.len(),
        expected.len(),
        std::fs::read_to_string(log).unwrap_or_default()
    );
}

/// Rows as texts, in the order of their columns' names.
fn sorted(rows: Vec<Json>) -> Vec<Vec<String>> {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let row = |row: Json| {
        let cells = row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value)));
        cells.collect::<BTreeMap<_, _>>().into_values().collect::<Vec<_>>()
    };
    let mut rows: Vec<_> = rows.into_iter().map(row).collect();
    rows.sort();
    rows
}
