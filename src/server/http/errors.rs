//! `/v1/views/{view}/errors`: rows that are out of a view because an expression has no value for them.
//!
//! A row is shown as it reached the operator, without the types that the plan knew: the form follows from the value alone.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tailwater_connectors::json::{write_string, write_value};
use tailwater_connectors::{SqlType, Value};

use super::page::{Listing, PageRequest, answer, read_token, wants_lines};
use super::parameters::{DEFAULT_ROWS, Parameters, ROWS_MAX};
use super::problem::Problem;
use super::router::Context;
use super::rows::{QueryString, settle};
use crate::engine::QuarantinedRow;

/// A page of row errors.
pub(super) async fn page(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(query, &["limit", "after", "min_position", "timeout"])?;
    let limit = parameters.limit(ROWS_MAX)?.unwrap_or(DEFAULT_ROWS);
    let (of, after) = settle(&context.reads, &name, &parameters, |view| {
        parameters.after.as_deref().map(|token| read_token(view, Listing::Errors, token)).transpose()
    })
    .await?;
    let request = PageRequest { listing: Listing::Errors, after, limit, lines: wants_lines(&headers) };
    let (shown, operators) = (Arc::clone(&of.view), Arc::clone(&of.generation.projections.operators));
    answer(context, of, request, move |reader, after, limit| {
        let operators = operators.get(&shown.name).map_or(&[][..], Vec::as_slice);
        let page = reader.view_errors(&shown.name, after, limit)?;
        let entries = page.errors.iter().map(|error| Ok(entry(&QuarantinedRow::read(error)?, operators)));
        Ok((entries.collect::<Result<_, crate::state::StateError>>()?, page.next))
    })
    .await
}

/// One entry as JSON.
fn entry(error: &QuarantinedRow<'_>, operators: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut member = |name: &str, write: &dyn Fn(&mut Vec<u8>)| {
        out.push(if out.is_empty() { b'{' } else { b',' });
        write_string(&mut out, name);
        out.push(b':');
        write(&mut out);
    };
    member("code", &|out| write_string(out, error.code));
    member("message", &|out| write_string(out, error.message));
    member("operator", &|out| match operators.get(error.operator).filter(|text| !text.is_empty()) {
        Some(text) => write_string(out, text),
        None => out.extend_from_slice(error.operator.to_string().as_bytes()),
    });
    member("row", &|out| write_values(out, error.row));
    member("count", &|out| out.extend_from_slice(error.count.to_string().as_bytes()));
    out.push(b'}');
    out
}

fn write_values(out: &mut Vec<u8>, row: &[Value]) {
    out.push(b'[');
    for (place, value) in row.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_value(out, &type_of(value), value);
    }
    out.push(b']');
}

/// The widest type whose values are kept like this one.
fn type_of(value: &Value) -> SqlType {
    match value {
        Value::Null | Value::Text(_) => SqlType::Text,
        Value::Bool(_) => SqlType::Bool,
        Value::Int(_) => SqlType::Int8,
        Value::Float(_) => SqlType::Float8,
        Value::Numeric(_) => SqlType::Numeric(None),
        Value::Bytes(_) => SqlType::Bytea,
        Value::Date(_) => SqlType::Date,
        Value::Time(_) => SqlType::Time,
        Value::Timestamp(_) => SqlType::Timestamp,
        Value::Timestamptz(_) => SqlType::Timestamptz,
        Value::Interval(_) => SqlType::Interval,
        Value::Uuid(_) => SqlType::Uuid,
        Value::Array(array) => {
            let element = array.elements.iter().find(|element| !element.is_null());
            SqlType::Array(Box::new(element.map_or(SqlType::Text, type_of)))
        }
    }
}
