//! `/v1/views/{view}/rows`: a page, a whole view as JSON lines, or one row by key.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tailwater_connectors::json::write_row;
use tailwater_connectors::{Positions, ViewSchema};

use super::super::key::parse_key;
use super::super::reads::{ReadError, Reads};
use super::parameters::{DEFAULT_ROWS, Parameters, ROWS_MAX, Wanted};
use super::problem::Problem;
use super::router::Context;
use super::stream::stream;
use crate::state::Reader;

/// Rows that are taken from the state at a time.
pub(super) const ROWS_AT_A_TIME: usize = 500;
/// A page ends early when it has grown to this size; `Tailwater-Next` leads on.
const PAGE_BYTES_MAX: usize = 32 << 20;
const POSITION: HeaderName = HeaderName::from_static("tailwater-position");
const NEXT: HeaderName = HeaderName::from_static("tailwater-next");
pub(super) const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

type QueryString = Result<Query<Parameters>, QueryRejection>;

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
    let after = parameters.after.as_deref().map(|token| read_token(&view, token)).transpose()?;
    wait(&context.reads, &view, parameters.wanted(&context.reads)?).await?;
    let lines =
        headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains(NDJSON)));
    if lines && limit.is_none() {
        return stream(&context, view, after).await;
    }
    let request = PageRequest { after, limit: limit.unwrap_or(DEFAULT_ROWS), lines };
    let permit = Arc::clone(&context.running_reads).acquire_owned().await;
    let read = move || {
        let _permit = permit;
        context.reads.read(&view, |reader| read_page(reader, &view, request)).map(|page| page.respond(&view, lines))
    };
    Ok(tokio::task::spawn_blocking(read).await.map_err(|_| Problem::busy("the read was stopped"))??)
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

struct PageRequest {
    after: Option<Vec<u8>>,
    limit: usize,
    lines: bool,
}

struct Page {
    body: Vec<u8>,
    next: Option<Vec<u8>>,
    positions: Positions,
}

fn read_page(reader: &Reader<'_>, view: &ViewSchema, request: PageRequest) -> Result<Page, ReadError> {
    let (mut body, mut token, mut missing) = (Vec::new(), request.after, request.limit);
    let (open, between, close) = if request.lines { ("", "\n", "\n") } else { ("[", ",\n", "]\n") };
    body.extend_from_slice(open.as_bytes());
    let mut first = true;
    loop {
        let rows = reader.view_rows(&view.name, token.as_deref(), missing.min(ROWS_AT_A_TIME))?;
        for row in &rows.rows {
            body.extend_from_slice(if first { b"" } else { between.as_bytes() });
            first = false;
            write_row(&mut body, &view.columns, row);
        }
        missing = missing.saturating_sub(rows.rows.len());
        token = rows.next;
        if token.is_none() || missing == 0 || body.len() >= PAGE_BYTES_MAX {
            break;
        }
    }
    if !(first && request.lines) {
        body.extend_from_slice(close.as_bytes());
    }
    Ok(Page { body, next: token, positions: reader.checkpoint()?.positions })
}

impl Page {
    fn respond(self, view: &ViewSchema, lines: bool) -> Response {
        let kind = if lines { NDJSON } else { JSON };
        let mut response = ([(CONTENT_TYPE, kind)], Bytes::from(self.body)).into_response();
        set_position(&mut response, &self.positions);
        if let Some(next) = self.next
            && let Ok(next) = HeaderValue::from_str(&write_token(view, &next))
        {
            response.headers_mut().insert(NEXT, next);
        }
        response
    }
}

/// Says which position an answer is of.
pub(super) fn set_position(response: &mut Response, positions: &Positions) {
    // Names of sources may be any text: bytes that a header can hold are shown as they are.
    if let Ok(value) = HeaderValue::from_bytes(positions.to_string().as_bytes()) {
        response.headers_mut().insert(POSITION, value);
    }
}

/// A page token for outside: the view's fingerprint, so that it is not taken for another view's, and the state's token, in
/// hexadecimal digits.
fn write_token(view: &ViewSchema, token: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit");
    view.fingerprint.to_be_bytes().iter().chain(token).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn read_token(view: &ViewSchema, text: &str) -> Result<Vec<u8>, Problem> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|nibble| nibble as u8);
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    bytes
        .filter(|_| odd.is_empty())
        .and_then(|bytes| bytes.strip_prefix(&view.fingerprint.to_be_bytes()).map(<[u8]>::to_vec))
        .ok_or_else(|| {
            Problem::malformed(format!("\"after\" is no token of view \"{}\"", view.name))
                .hint("use the Tailwater-Next header of the page before; after a change of the view start without it")
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn view(fingerprint: u64) -> ViewSchema {
        ViewSchema { name: "v".into(), columns: Vec::new(), key: Vec::new(), fingerprint }
    }

    proptest! {
        #[test]
        fn a_token_is_read_back_by_its_own_view_only(token: Vec<u8>, fingerprint in 1u64..) {
            let text = write_token(&view(fingerprint), &token);
            prop_assert!(read_token(&view(fingerprint - 1), &text).is_err());
            prop_assert!(matches!(read_token(&view(fingerprint), &text), Ok(read) if read == token));
        }

        #[test]
        fn garbage_tokens_are_refused(text in "\\PC{0,20}") {
            prop_assert!(read_token(&view(u64::MAX), &text).is_err());
        }
    }
}
