//! Routes, and what every request passes: the token, the counters.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;

use super::super::config::is_secret;
use super::super::metrics::Metrics;
use super::super::reads::Reads;
use super::problem::Problem;
use super::{apply, errors, health, rows, search, verify, views};
use crate::telemetry::RequestCounters;

/// Most reads that block on the disk at the same time; who comes then waits.
const READS_MAX: usize = 32;
/// Most whole views that are streamed at the same time: each keeps its checkpoint from being cleaned away.
const STREAMS_MAX: usize = 8;

/// What handlers share.
pub(super) struct Context {
    pub(super) reads: Arc<Reads>,
    pub(super) metrics: Metrics,
    pub(super) running_reads: Arc<Semaphore>,
    pub(super) running_streams: Arc<Semaphore>,
    token: Option<String>,
    counters: RequestCounters,
}

/// The HTTP interface over committed state.
pub(in crate::server) fn router(reads: Arc<Reads>, token: Option<String>, counters: RequestCounters) -> Router {
    let context = Arc::new(Context {
        metrics: Metrics::new(Arc::clone(&reads), &counters),
        reads,
        running_reads: Arc::new(Semaphore::new(READS_MAX)),
        running_streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        token,
        counters,
    });
    let counted = |path: &'static str, handler: MethodRouter<Arc<Context>>| {
        let count = move |State(context): State<Arc<Context>>, request: Request, next: Next| async move {
            let response = next.run(request).await;
            context.counters.count_http(path, response.status().as_u16());
            response
        };
        let handler = handler.fallback(wrong_method);
        (path, handler.layer(from_fn_with_state(Arc::clone(&context), count)))
    };
    let open = [
        counted("/healthz", get(health::alive)),
        counted("/readyz", get(health::ready)),
        counted("/metrics", get(health::metrics)),
    ];
    let guarded = [
        counted("/v1/status", get(health::status)),
        counted("/v1/views", get(views::list)),
        counted("/v1/views/{view}/rows", get(rows::page)),
        counted("/v1/views/{view}/rows/", get(rows::only_row)),
        counted("/v1/views/{view}/rows/{key}", get(rows::row)),
        counted("/v1/views/{view}/errors", get(errors::page)),
        counted("/v1/search/{sink}", get(search::search)),
        counted("/v1/verify", post(verify::verify)),
        counted("/v1/plan", post(apply::plan)),
        counted("/v1/apply", post(apply::apply)),
        counted("/v1/rebuild", post(apply::rebuild)),
    ];
    let add = |router: Router<Arc<Context>>, (path, handler): (&str, _)| router.route(path, handler);
    let guard = from_fn_with_state(Arc::clone(&context), require_token);
    let guarded = guarded.into_iter().fold(Router::new(), add).route_layer(guard);
    open.into_iter().fold(guarded, add).fallback(unknown_path).with_state(context)
}

async fn require_token(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match &context.token {
        Some(token) if !given.is_some_and(|given| is_secret(token, given)) => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "a token is needed")
                .hint("send the header \"Authorization: Bearer TOKEN\"");
            ([(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))], problem).into_response()
        }
        _ => next.run(request).await,
    }
}

async fn unknown_path(State(context): State<Arc<Context>>) -> Problem {
    context.counters.count_http("unknown", 404);
    Problem::new(StatusCode::NOT_FOUND, "no such path").hint(
        "paths: /healthz, /readyz, /metrics, /v1/status, /v1/views, /v1/views/{view}/rows, \
         /v1/views/{view}/rows/{key}, /v1/views/{view}/errors, /v1/search/{sink}, POST /v1/verify, \
         POST /v1/plan, POST /v1/apply, POST /v1/rebuild",
    )
}

async fn wrong_method(method: Method) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not possible here"))
        .hint("everything is read with GET; /v1/verify, /v1/plan, /v1/apply and /v1/rebuild are asked with POST")
}
