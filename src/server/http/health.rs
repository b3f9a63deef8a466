//! Alive, ready, status, metrics.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::router::Context;
use crate::pipeline::Projections;
use crate::pipeline::status::{Condition, Status};

const STATE: SmolStr = SmolStr::new_static("state_dir");

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Every source and every view is live; else which are not, and why.
pub(super) async fn ready(State(context): State<Arc<Context>>) -> Response {
    let projections = &context.reads.now().projections;
    let waiting = projections.status.inspect(|status| waiting(projections, status));
    let status = if waiting.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": waiting.is_empty(), "waiting_for": waiting }))).into_response()
}

fn waiting(projections: &Projections, status: &Status) -> Vec<Value> {
    let sources = projections.sources.iter().map(|name| {
        let source = status.sources.get(name).cloned().unwrap_or_default();
        ("source", name, source.condition, source.error, source.hint)
    });
    let views = projections.views.iter().map(|view| {
        let status = status.views.get(&view.name).cloned().unwrap_or_default();
        ("view", &view.name, status.condition, status.error, status.hint)
    });
    let state = &status.state;
    let state = ("state", &STATE, state.condition, state.error.clone(), state.hint.clone());
    std::iter::once(state)
        .chain(sources)
        .chain(views)
        .filter(|(_, _, condition, _, _)| *condition != Condition::Live)
        .map(|(kind, name, condition, error, hint)| {
            json!({ "kind": kind, "name": name, "condition": condition, "error": error, "hint": hint })
        })
        .collect()
}

/// The status board.
pub(super) async fn status(State(context): State<Arc<Context>>) -> Json<Status> {
    Json(context.reads.now().projections.status.read())
}

/// Metrics in Prometheus' text form.
pub(super) async fn metrics(State(context): State<Arc<Context>>) -> Response {
    let (content_type, text) = context.metrics.text();
    ([(CONTENT_TYPE, content_type)], text).into_response()
}
