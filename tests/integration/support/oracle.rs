//! Postgres' own answers, as text.

use std::collections::BTreeMap;

use smol_str::SmolStr;
use tailwater::sql::ViewText;
use tailwater_connectors::Column;
use tailwater_connectors::SqlType;
use tokio_postgres::{Client, SimpleQueryMessage};

/// One row as text; `None` is null.
pub(crate) type TextRow = Vec<Option<String>>;
/// Rows by view, sorted.
pub(crate) type Answers = BTreeMap<SmolStr, Vec<TextRow>>;

/// The database's error with its reason.
pub(crate) fn reason(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.to_string())
}

/// Makes the views in the database, so that views can read views; answers with those that Postgres rejects, and why.
pub(crate) async fn create_views(client: &Client, views: &[ViewText]) -> Vec<(SmolStr, String)> {
    let mut rejected = Vec::new();
    for view in views {
        let sql = format!("create view \"{}\" as {}", view.name, view.sql);
        if let Err(error) = client.batch_execute(&sql).await {
            rejected.push((view.name.clone(), reason(&error)));
        }
    }
    rejected
}

/// What the views hold now. A view that has no answer, because an expression has no value, is answered with the error.
pub(crate) async fn answers(client: &Client, views: &[ViewText]) -> (Answers, Vec<(SmolStr, String)>) {
    let (mut answers, mut failed) = (Answers::new(), Vec::new());
    for view in views {
        match rows(client, &format!("select * from \"{}\"", view.name)).await {
            Ok(mut rows) => {
                rows.sort_unstable();
                answers.insert(view.name.clone(), rows);
            }
            Err(error) => failed.push((view.name.clone(), error)),
        }
    }
    (answers, failed)
}

/// Rows of any query.
pub(crate) async fn rows(client: &Client, sql: &str) -> Result<Vec<TextRow>, String> {
    let messages = client.simple_query(sql).await.map_err(|error| format!("{sql}: {}", reason(&error)))?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.map(|row| (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()).collect())
}

/// Types that are carried as text.
const TEXTS: [&str; 3] = ["character varying", "name", "\"char\""];

/// Compares names and types of a view's columns with those that Postgres gave its own view.
pub(crate) async fn check_columns(client: &Client, view: &str, columns: &[Column]) -> Result<(), String> {
    let sql = format!(
        "select attname, format_type(coalesce(nullif(typbasetype, 0), pg_type.oid), null) \
         from pg_attribute join pg_type on pg_type.oid = atttypid where attrelid = '\"{view}\"'::regclass and attnum > 0 order by attnum"
    );
    let theirs: Vec<(String, String)> = rows(client, &sql)
        .await?
        .into_iter()
        .map(|row| {
            let mut cells = row.into_iter().flatten();
            (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
        })
        .collect();
    let ours: Vec<(String, String)> =
        columns.iter().map(|column| (column.name.to_string(), base_name(&column.sql_type))).collect();
    let same = |(ours, theirs): (&(String, String), &(String, String))| {
        ours.0 == theirs.0 && (ours.1 == theirs.1 || (ours.1 == "text" && TEXTS.contains(&&*theirs.1)))
    };
    if ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same) {
        return Ok(());
    }
    Err(format!("view {view}: columns are {ours:?}, in Postgres {theirs:?}"))
}

fn base_name(sql_type: &SqlType) -> String {
    match sql_type {
        SqlType::Numeric(_) => SqlType::Numeric(None).to_string(),
        SqlType::Array(element) => format!("{}[]", base_name(element)),
        other => other.to_string(),
    }
}
