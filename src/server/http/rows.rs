//! `/v1/views/{view}/rows`: a page, a whole view as JSON lines, or one row by key.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tailwater_connectors::json::write_row;
use tailwater_connectors::{Row, ViewSchema};

use super::super::generation::{Generation, ReadError};
use super::super::key::parse_key;
use super::super::reads::Reads;
use super::page::{JSON, Listing, PageRequest, answer, read_token, set_position, wants_lines};
use super::parameters::{DEFAULT_ROWS, Parameters, ROWS_MAX};
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
    let limit = parameters.limit(ROWS_MAX)?;
    let (of, after) = settle(&context.reads, &name, &parameters, |view| {
        parameters.after.as_deref().map(|token| read_token(view, Listing::Rows, token)).transpose()
    })
    .await?;
    let lines = wants_lines(&headers);
    if lines && limit.is_none() {
        return stream(&context, of, after).await;
    }
    let request = PageRequest { listing: Listing::Rows, after, limit: limit.unwrap_or(DEFAULT_ROWS), lines };
    let shown = Arc::clone(&of.view);
    answer(context, of, request, move |reader, after, limit| {
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
    let parse = |view: &ViewSchema| Ok(parse_key(view, &key, ',').map_err(ReadError::from)?);
    let (Of { generation, view }, key) = settle(&context.reads, &name, &parameters, parse).await?;
    // A point read is short enough for the calling thread.
    let (row, positions) = generation.read(&view, |reader| {
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
    set_position(&mut response, &generation, &positions);
    Ok(response)
}

/// A view of the projections that a request reads.
pub(super) struct Of {
    pub(super) generation: Arc<Generation>,
    pub(super) view: Arc<ViewSchema>,
}

impl Of {
    /// The view as it is now, when it is live.
    fn now(reads: &Reads, name: &str) -> Result<Self, Problem> {
        let generation = reads.now();
        let view = Arc::clone(generation.view(name)?.1);
        if generation.is_live(&view) { Ok(Self { generation, view }) } else { Err(generation.not_live(&view).into()) }
    }
}

/// The view `name`, and what `prepare` makes of it, at the moment in which the wanted position is reached. What is wrong already is refused
/// at once. Other projections may have come meanwhile: those of before are not held, and both are asked for anew.
pub(super) async fn settle<T>(
    reads: &Reads,
    name: &str,
    parameters: &Parameters,
    prepare: impl Fn(&ViewSchema) -> Result<T, Problem>,
) -> Result<(Of, T), Problem> {
    let wanted = {
        let of = Of::now(reads, name)?;
        let prepared = prepare(&of.view)?;
        match parameters.wanted(&of.generation)? {
            Some(wanted) => wanted,
            None => return Ok((of, prepared)),
        }
    };
    reads.reach(&wanted.positions, wanted.within).await?;
    let of = Of::now(reads, name)?;
    let prepared = prepare(&of.view)?;
    Ok((of, prepared))
}
