//! `POST /v1/verify`: compares views with the source's own answer, and sinks with their views.
//!
//! One JSON line per view and sink, as soon as it is known, and a last line `{"done":true,"equal":…}`. An answer without that line was
//! cut off. Whoever closes the connection ends the verification.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use serde::Deserialize;
use serde_json::json;
use smol_str::SmolStr;

use super::super::generation::names_hint;
use super::page::NDJSON;
use super::problem::Problem;
use super::router::Context;
use crate::pipeline::verify::{Outcomes, VerifyDesk, VerifyRefusal, VerifyWish};

/// As typed; lists are joined by commas.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    name: Option<String>,
    view: Option<String>,
    sink: Option<String>,
    #[serde(default)]
    repair: bool,
}

/// Outcomes as lines.
pub(super) async fn verify(
    State(context): State<Arc<Context>>,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(wish) = wish.map_err(|error| {
        Problem::malformed(error.body_text())
            .hint("parameters here: name, view, sink (lists joined by \",\"), repair=true")
    })?;
    let desk = context.reads.now().projections.verify.clone();
    let wish = VerifyWish {
        names: list(wish.name.as_deref()),
        views: list(wish.view.as_deref()),
        sinks: list(wish.sink.as_deref()),
        repair: wish.repair,
    };
    let outcomes = desk.ask(wish).map_err(|refusal| problem(&desk, &refusal))?;
    let body = unfold(Some(Lines { outcomes, equal: true }), next_line);
    Ok(([(CONTENT_TYPE, NDJSON)], Body::from_stream(body)).into_response())
}

struct Lines {
    outcomes: Outcomes,
    equal: bool,
}

/// The next outcome, or the last line.
async fn next_line(lines: Option<Lines>) -> Option<(Result<Bytes, io::Error>, Option<Lines>)> {
    let mut lines = lines?;
    match lines.outcomes.recv().await {
        Some(outcome) => {
            lines.equal &= outcome.verdict.is_good();
            let line = serde_json::to_string(&outcome).map(|line| Bytes::from(line + "\n"));
            Some((line.map_err(io::Error::from), Some(lines)))
        }
        None if !lines.outcomes.are_complete() => {
            Some((Err(io::Error::other("the daemon is stopping, or takes up another configuration")), None))
        }
        None => Some((Ok(Bytes::from(format!("{}\n", json!({ "done": true, "equal": lines.equal })))), None)),
    }
}

fn list(text: Option<&str>) -> Vec<SmolStr> {
    text.unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(SmolStr::new).collect()
}

fn problem(desk: &VerifyDesk, refusal: &VerifyRefusal) -> Problem {
    let text = refusal.to_string();
    match refusal {
        VerifyRefusal::Busy => {
            Problem::new(StatusCode::CONFLICT, text).hint("wait for its end; /v1/status shows what it has found so far")
        }
        VerifyRefusal::Unknown { name, .. } => {
            Problem::new(StatusCode::NOT_FOUND, text).hint(names_hint("view or sink", name, desk.known()))
        }
        VerifyRefusal::Stopping => Problem::new(StatusCode::SERVICE_UNAVAILABLE, text),
    }
}
