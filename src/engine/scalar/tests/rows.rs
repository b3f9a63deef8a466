//! Every call of a set-returning function in `TABLES` has the rows, columns and SQLSTATE that Postgres 15 gives it.

use tailwater_connectors::Value;
use tokio_postgres::{Client, NoTls};

use super::differential::expressions;
use super::server::Postgres;
use super::sql_text::bind_table;
use super::{cases_json, cases_jsonpath};
use crate::engine::scalar::RowError;
use crate::engine::scalar::bind::{self, Typed};
use crate::engine::scalar::expression::Scalar;

/// The rows of one call as JSON, or the SQLSTATE of its error.
const PROBE: &str = "create function probe(call text, out documents text[], out code text) as $$
begin
  execute format('select coalesce(array_agg(row_to_json(t)::text), ''{}'') from (select * from %s) t', call)
    into documents;
exception when others then code := sqlstate;
end $$ language plpgsql";

type Answer = Result<Vec<String>, String>;

fn documents(call: &str) -> Result<Vec<String>, RowError> {
    let bound = bind_table(call).unwrap_or_else(|error| panic!("{call}: {error}"));
    let arguments = bound.call.arguments.iter().map(|argument| argument.evaluate(&[]));
    let arguments = arguments.collect::<Result<Vec<Value>, _>>()?;
    let function = &bound.call.function;
    if function.strict && arguments.iter().any(Value::is_null) {
        return Ok(Vec::new());
    }
    let rows = (function.body)(&function.argument_types, &arguments)?;
    let document = |row: &tailwater_connectors::Row| {
        let fields = bound.columns.iter().zip(row.iter());
        let fields = fields.map(|((name, sql_type), value)| {
            (name.clone(), Typed::new(Scalar::Literal(value.clone()), sql_type.clone()))
        });
        let document = bind::row_document(fields.collect(), false).expect("a document");
        match document.scalar.evaluate(&[]).expect("has a value") {
            Value::Text(text) => text.to_string(),
            other => panic!("{other:?} is no document"),
        }
    };
    Ok(rows.iter().map(document).collect())
}

fn ours(call: &str) -> Answer {
    documents(call).map_err(|error| error.code.to_owned())
}

async fn theirs(client: &Client, call: &str) -> Answer {
    // Between declared columns, where a comma may stand in a type, the cases have a semicolon.
    let row = client
        .query_one("select documents, code from probe($1)", &[&call.replace("; ", ", ")])
        .await
        .expect("the probe answers");
    match row.get::<_, Option<String>>(1) {
        Some(code) => Err(code),
        None => Ok(row.get(0)),
    }
}

#[tokio::test]
async fn set_returning_functions_have_the_rows_and_errors_of_postgres() {
    let server = Postgres::start();
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    client.batch_execute(PROBE).await.expect("the probe is made");
    let (mut differences, mut answers) = (Vec::new(), 0);
    let calls: Vec<String> = [cases_json::TABLES, cases_jsonpath::TABLES].into_iter().flat_map(expressions).collect();
    for call in &calls {
        let (ours, theirs) = (ours(call), theirs(&client, call).await);
        answers += usize::from(ours.is_ok());
        if ours != theirs {
            differences.push(format!("{call}\n    ours:   {ours:?}\n    theirs: {theirs:?}"));
        }
    }
    assert!(answers * 2 > calls.len(), "only {answers} of {} have rows", calls.len());
    assert!(differences.is_empty(), "{} of {} differ:\n{}", differences.len(), calls.len(), differences.join("\n"));
    drop(client);
    connection.await.expect("the connection ends").expect("without an error");
}
