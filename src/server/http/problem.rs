//! Errors as HTTP answers: a status and a JSON object with `error`, mostly `hint`, and what else a program may want.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use tailwater_connectors::search::SearchError;
use tracing::error;

use super::super::generation::ReadError;
use super::super::reads::WaitError;
use crate::state::StateError;

/// An answer that is an error.
pub(super) struct Problem {
    status: StatusCode,
    body: Map<String, Value>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let mut body = Map::new();
        body.insert("error".into(), error.into().into());
        Self { status, body }
    }

    pub(super) fn malformed(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(super) fn busy(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error).hint("try again in a moment")
    }

    /// Something of ours does not work: whoever runs the daemon must know too.
    fn failed(text: String) -> Self {
        error!(error = %text, "an HTTP read failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text).hint("see the daemon's log")
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.with("hint", hint.into())
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body.insert(key.into(), value.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Value::Object(self.body))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let text = error.to_string();
        match error {
            ReadError::Unknown { hint, .. } => Self::new(StatusCode::NOT_FOUND, text).hint(hint),
            ReadError::NotLive { condition, reason, hint, .. } => {
                let mut problem =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, text).with("condition", condition.word());
                if let Some(reason) = reason {
                    problem = problem.with("reason", reason);
                }
                match hint {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                }
            }
            ReadError::Key(_) | ReadError::State(StateError::Key { .. }) => Self::malformed(text).hint(
                "key columns in the view's key order in Postgres' text form, joined by \",\"; write \"\\\" before \"\\\" and \",\" \
                 inside a value, \\N for null; percent-encode what paths cannot hold",
            ),
            ReadError::SlowReader => Self::busy(text),
            ReadError::State(_) => Self::failed(text),
        }
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        let text = error.to_string();
        match error {
            WaitError::TimedOut { reached } => Self::new(StatusCode::GATEWAY_TIMEOUT, text)
                .with("position", reached.to_string())
                .hint("wait longer with timeout=, at most 60s, or see /v1/status for what holds it up"),
            WaitError::Stopping => Self::new(StatusCode::SERVICE_UNAVAILABLE, text),
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        let text = error.to_string();
        match error {
            SearchError::Query { .. } => Self::malformed(text).hint(
                "words, \"phrases\", column:word, column:[1 TO 9], AND, OR, -not; put special characters in quotes",
            ),
            SearchError::Index { .. } => Self::failed(text),
        }
    }
}
