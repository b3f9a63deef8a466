//! Every expression of `cases` has the value, type and SQLSTATE that Postgres 15 gives it.

use tailwater_connectors::{SqlType, Value};
use tokio_postgres::{Client, NoTls};

use super::made_up::made_up;
use super::made_up_paths::paths;
use super::made_up_patterns::{date_templates, number_templates, patterns};
use super::server::Postgres;
use super::sql_text::bind_text;
use super::{cases, cases_json, cases_jsonpath, cases_number, cases_text, cases_time};
use crate::engine::scalar::bind;

/// Evaluates one expression and turns an error into its SQLSTATE.
const PROBE: &str = "create function probe(expression text, out value text, out type text, out code text) as $$
begin
  execute format('select (%s)::text, pg_typeof(%s)::text', expression, expression) into value, type;
exception when others then code := sqlstate;
end $$ language plpgsql";

#[derive(Debug, PartialEq)]
enum Answer {
    Value {
        text: Option<String>,
        sql_type: String,
    },
    /// An error of one row.
    RowError(String),
    /// The expression has no meaning; Postgres' codes for that are not ours.
    Refused(String),
}

fn ours(expression: &str) -> Answer {
    let typed = match bind_text(expression) {
        Ok(typed) => typed,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    let sql_type = typed.sql_type.clone();
    let text = match bind::cast(typed, &SqlType::Text, true) {
        Ok(text) => text,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    match text.scalar.evaluate(&[]) {
        Ok(Value::Null) => Answer::Value { text: None, sql_type: shown(&sql_type) },
        Ok(Value::Text(text)) => Answer::Value { text: Some(text.to_string()), sql_type: shown(&sql_type) },
        Ok(other) => panic!("{expression}: text is {other:?}"),
        Err(error) => Answer::RowError(error.code.to_owned()),
    }
}

fn shown(sql_type: &SqlType) -> String {
    match sql_type {
        SqlType::Numeric(_) => "numeric".to_owned(),
        other => other.to_string(),
    }
}

async fn theirs(client: &Client, expression: &str) -> Answer {
    let row = client.query_one("select value, type, code from probe($1)", &[&expression]).await.expect("probe answers");
    match row.get::<_, Option<String>>(2) {
        Some(code) => Answer::RowError(code),
        None => {
            let name: String = row.get(1);
            Answer::Value { text: row.get(0), sql_type: name.replace("character varying", "text") }
        }
    }
}

/// Binding reports errors of constants early, and words the reason instead of coding it.
fn agree(ours: &Answer, theirs: &Answer) -> bool {
    match (ours, theirs) {
        (Answer::Refused(_), Answer::RowError(_)) => true,
        _ => ours == theirs,
    }
}

/// What differs, and how many expressions have a value.
async fn differences(expressions: Vec<String>) -> (Vec<String>, usize) {
    let server = Postgres::start();
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    client.batch_execute(PROBE).await.expect("the probe is made");
    let (mut differences, mut values) = (Vec::new(), 0);
    for expression in expressions {
        let (ours, theirs) = (ours(&expression), theirs(&client, &expression).await);
        values += usize::from(matches!(ours, Answer::Value { .. }));
        if !agree(&ours, &theirs) {
            differences.push(format!("{expression}\n    ours:   {ours:?}\n    theirs: {theirs:?}"));
        }
    }
    drop(client);
    connection.await.expect("the connection ends").expect("without an error");
    (differences, values)
}

/// Expressions of a list: lines, and those that a line end within quotes continues.
pub(super) fn expressions(text: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::<String>::new(), false);
    for line in text.lines().filter(|line| !line.is_empty()) {
        match found.last_mut().filter(|_| open) {
            Some(last) => *last = format!("{last}\n{line}"),
            None if line.starts_with("--") => continue,
            None => found.push(line.trim().to_owned()),
        }
        open = found.last().is_some_and(|last| last.matches('\'').count() % 2 == 1);
    }
    found
}

#[tokio::test]
async fn expressions_have_the_values_types_and_errors_of_postgres() {
    let texts = [
        cases::CASES,
        cases_text::CASES,
        cases_number::CASES,
        cases_time::CASES,
        cases_json::CASES,
        cases_jsonpath::CASES,
    ];
    let cases: Vec<String> = texts.into_iter().flat_map(expressions).collect();
    let count = cases.len();
    assert!(count > 500, "only {count} cases");
    let (differences, values) = differences(cases).await;
    assert!(values * 10 > count * 8, "only {values} of {count} have a value");
    assert!(differences.is_empty(), "{} of {count} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn made_up_patterns_match_what_postgres_matches() {
    let (differences, values) = differences(patterns(3_000)).await;
    assert!(values > 2_000, "only {values} have a value");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn made_up_paths_find_what_postgres_finds() {
    let (differences, values) = differences(paths(6_000)).await;
    assert!(values > 3_000, "only {values} have a value");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn made_up_number_templates_agree_with_postgres() {
    let (differences, values) = differences(number_templates(2_000)).await;
    assert!(values > 1_000, "only {values} have a value");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn made_up_date_templates_agree_with_postgres() {
    let (differences, values) = differences(date_templates(3_000)).await;
    assert!(values > 1_000, "only {values} have a value");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn made_up_expressions_agree_with_postgres() {
    let count = 3_000;
    let (differences, values) = differences(made_up(count)).await;
    assert!(values * 10 > count * 8, "only {values} of {count} have a value");
    assert!(differences.is_empty(), "{} of {count} differ:\n{}", differences.len(), differences.join("\n"));
}
