//! Pages of a view's rows or row errors: a bounded body of one checkpoint, and the token that leads to the next one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use tailwater_connectors::{Positions, ViewSchema};

use super::super::generation::{Generation, ReadError};
use super::problem::Problem;
use super::router::Context;
use super::rows::Of;
use crate::state::Reader;

/// Entries that are taken from the state at a time.
pub(super) const ROWS_AT_A_TIME: usize = 500;
/// A page ends early when it has grown to this size; `Tailwater-Next` leads on.
const PAGE_BYTES_MAX: usize = 32 << 20;
const POSITION: HeaderName = HeaderName::from_static("tailwater-position");
const NEXT: HeaderName = HeaderName::from_static("tailwater-next");
const STALE: HeaderName = HeaderName::from_static("tailwater-stale");
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const JSON: &str = "application/json";

/// What a page, and so its token, is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    Rows,
    Errors,
}

/// Which page of a view is wanted, and how.
pub(super) struct PageRequest {
    pub(super) listing: Listing,
    pub(super) after: Option<Vec<u8>>,
    pub(super) limit: usize,
    pub(super) lines: bool,
}

/// A page that was read.
struct Page {
    body: Vec<u8>,
    request: PageRequest,
    next: Option<Vec<u8>>,
    positions: Positions,
}

/// Entries in their final form, and the token of those behind them.
pub(super) type Entries = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// Whether the reader asks for JSON lines.
pub(super) fn wants_lines(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains(NDJSON)))
}

impl Page {
    /// Gathers a page; `take` answers so many entries after a token.
    fn read(
        reader: &Reader<'_>,
        request: PageRequest,
        take: impl Fn(Option<&[u8]>, usize) -> Result<Entries, ReadError>,
    ) -> Result<Self, ReadError> {
        let (mut body, mut token, mut missing) = (Vec::new(), request.after.clone(), request.limit);
        let (open, between, close) = if request.lines { ("", "\n", "\n") } else { ("[", ",\n", "]\n") };
        body.extend_from_slice(open.as_bytes());
        let mut first = true;
        loop {
            let (entries, next) = take(token.as_deref(), missing.min(ROWS_AT_A_TIME))?;
            missing = missing.saturating_sub(entries.len());
            for entry in entries {
                body.extend_from_slice(if first { b"" } else { between.as_bytes() });
                first = false;
                body.extend_from_slice(&entry);
            }
            token = next;
            if token.is_none() || missing == 0 || body.len() >= PAGE_BYTES_MAX {
                break;
            }
        }
        if !(first && request.lines) {
            body.extend_from_slice(close.as_bytes());
        }
        Ok(Self { body, request, next: token, positions: reader.checkpoint()?.positions })
    }

    /// The page as an answer.
    fn respond(self, of: &Of) -> Response {
        let kind = if self.request.lines { NDJSON } else { JSON };
        let mut response = ([(CONTENT_TYPE, kind)], Bytes::from(self.body)).into_response();
        set_position(&mut response, &of.generation, &self.positions);
        if let Some(next) = self.next
            && let Ok(next) = HeaderValue::from_str(&write_token(&of.view, self.request.listing, &next))
        {
            response.headers_mut().insert(NEXT, next);
        }
        response
    }
}

/// Reads a page of a view beside the runtime, when it is its turn; `take` answers so many entries after a token.
pub(super) async fn answer(
    context: Arc<Context>,
    of: Of,
    request: PageRequest,
    take: impl Fn(&Reader<'_>, Option<&[u8]>, usize) -> Result<Entries, ReadError> + Send + 'static,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&context.running_reads).acquire_owned().await;
    let read = move || {
        let _permit = permit;
        let read = |reader: &Reader<'_>| Page::read(reader, request, |after, limit| take(reader, after, limit));
        of.generation.read(&of.view, read).map(|page| page.respond(&of))
    };
    Ok(tokio::task::spawn_blocking(read).await.map_err(|_| Problem::busy("the read was stopped"))??)
}

/// Says which position an answer is of, and whose position does not move at the moment.
pub(super) fn set_position(response: &mut Response, generation: &Generation, positions: &Positions) {
    // Names of sources may be any text: bytes that a header can hold are shown as they are.
    if let Ok(value) = HeaderValue::from_bytes(positions.to_string().as_bytes()) {
        response.headers_mut().insert(POSITION, value);
    }
    if let Some(names) = Some(generation.stale_sources()).filter(|names| !names.is_empty()) {
        let names = HeaderValue::try_from(names).expect("names are letters, digits, '_' and '-'");
        response.headers_mut().insert(STALE, names);
    }
}

/// Begins the tokens of one listing of one view, so that they are not taken for another's.
fn mark(view: &ViewSchema, listing: Listing) -> [u8; 8] {
    match listing {
        Listing::Rows => view.fingerprint.to_be_bytes(),
        Listing::Errors => (!view.fingerprint).to_be_bytes(),
    }
}

/// A page token for outside: the mark of what it is of and the state's token, in hexadecimal digits.
fn write_token(view: &ViewSchema, listing: Listing, token: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit");
    mark(view, listing).iter().chain(token).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The state's token in one from outside.
pub(super) fn read_token(view: &ViewSchema, listing: Listing, text: &str) -> Result<Vec<u8>, Problem> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|nibble| nibble as u8);
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    bytes
        .filter(|_| odd.is_empty())
        .and_then(|bytes| bytes.strip_prefix(&mark(view, listing)).map(<[u8]>::to_vec))
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
            let text = write_token(&view(fingerprint), Listing::Rows, &token);
            prop_assert!(read_token(&view(fingerprint - 1), Listing::Rows, &text).is_err());
            prop_assert!(read_token(&view(fingerprint), Listing::Errors, &text).is_err());
            prop_assert!(matches!(read_token(&view(fingerprint), Listing::Rows, &text), Ok(read) if read == token));
        }

        #[test]
        fn garbage_tokens_are_refused(text in "\\PC{0,20}") {
            prop_assert!(read_token(&view(u64::MAX), Listing::Rows, &text).is_err());
        }
    }
}
