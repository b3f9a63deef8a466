//! `/v1/views/{view}/rows`: a page, a whole view as JSON lines, or one row by key.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tailwater_connectors::json::write_row;
use tailwater_connectors::{Row, ViewSchema};

use super::super::key::parse_key;
use super::super::reads::{ReadError, Reads};
use super::page::{JSON, Listing, PageRequest, answer, read_token, set_position, wants_lines};
use super::parameters::{DEFAULT_ROWS, Parameters, ROWS_MAX, Wanted};
use super::problem::Problem;
use super::router::Context;
use super::stream::stream;

pub(super) type QueryString = Result<Query<Parameters>, QueryRejection>;

/// A page of rows, or all of them.
pub(super) async fn page(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(query, &["limit", "after", "min_position", "timeout"])?;
    let view = Arc::clone(context.reads.view(&name)?.1);
    let limit = parameters.limit(ROWS_MAX)?;
    let after = parameters.after.as_deref().map(|token| read_token(&view, Listing::Rows, token)).transpose()?;
    wait(&context.reads, &view, parameters.wanted(&context.reads)?).await?;
    let lines = wants_lines(&headers);
    if lines && limit.is_none() {
        return stream(&context, view, after).await;
    }
    let request = PageRequest { listing: Listing::Rows, after, limit: limit.unwrap_or(DEFAULT_ROWS), lines };
    let shown = Arc::clone(&view);
    answer(context, view, request, move |reader, after, limit| {
        let page = reader.view_rows(&shown.name, after, limit)?;
        let entry = |row: &Row| {
            let mut out = Vec::new();
            write_row(&mut out, &shown.columns, row);
            out
        };
        Ok((page.rows.iter().map(entry).collect(), page.next))
    })
    .await
}

/// The row of a view that has at most one.
pub(super) async fn only_row(
    context: State<Arc<Context>>,
    Path(view): Path<String>,
    query: QueryString,
) -> Result<Response, Problem> {
    row(context, Path((view, String::new())), query).await
}

/// One row by key.
pub(super) async fn row(
    State(context): State<Arc<Context>>,
    Path((name, key)): Path<(String, String)>,
    query: QueryString,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(query, &["min_position", "timeout"])?;
    let view = context.reads.view(&name)?.1;
    let key = parse_key(view, &key, ',').map_err(ReadError::from)?;
    wait(&context.reads, view, parameters.wanted(&context.reads)?).await?;
    // A point read is short enough for the calling thread.
    let (row, positions) = context.reads.read(view, |reader| {
        let row = reader.view_row(&view.name, &key)?;
        Ok((row, reader.checkpoint()?.positions))
    })?;
    let mut response = match row {
        Some(row) => {
            let mut body = Vec::new();
            write_row(&mut body, &view.columns, &row);
            ([(CONTENT_TYPE, JSON)], body).into_response()
        }
        None => Problem::new(StatusCode::NOT_FOUND, format!("view \"{}\" has no row with this key", view.name))
            .with("position", positions.to_string())
            .into_response(),
    };
    set_position(&mut response, &positions);
    Ok(response)
}

/// Refuses views that are not live at once, then waits for the position.
pub(super) async fn wait(reads: &Reads, view: &ViewSchema, wanted: Option<Wanted>) -> Result<(), Problem> {
    if !reads.is_live(view) {
        return Err(reads.not_live(view).into());
    }
    match wanted {
        Some(wanted) => Ok(reads.reach(&wanted.positions, wanted.within).await?),
        None => Ok(()),
    }
}
