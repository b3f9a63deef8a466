//! `POST /v1/plan` and `POST /v1/apply`: what the configuration file as it is now would change, and the same with doing it.
//! `POST /v1/rebuild`: makes a source, a view or a sink again.
//!
//! Answers take as long as the daemon needs to ask its databases. Whoever closes the connection does not end what has begun.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use serde::Deserialize;
use smol_str::SmolStr;

use super::problem::Problem;
use super::router::Context;
use crate::pipeline::apply::{ApplyRefusal, Plan, Rebuilt};

/// What would be done.
pub(super) async fn plan(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let planned = unless_stopping(&context, context.reads.live.apply().plan()).await?;
    Ok(Json(planned).into_response())
}

/// What will be done; how far it is, is on the board.
pub(super) async fn apply(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let begun = unless_stopping(&context, context.reads.live.apply().apply()).await?;
    Ok((StatusCode::ACCEPTED, Json(begun)).into_response())
}

/// As typed; one of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    source: Option<SmolStr>,
    view: Option<SmolStr>,
    sink: Option<SmolStr>,
}

/// What will be made again; how far it is, is on the board.
pub(super) async fn rebuild(
    State(context): State<Arc<Context>>,
    named: Result<Query<Named>, QueryRejection>,
) -> Result<Response, Problem> {
    let hint = "parameters here: source, view or sink, one of them";
    let Query(named) = named.map_err(|error| Problem::malformed(error.body_text()).hint(hint))?;
    let what = match named {
        Named { source: Some(source), view: None, sink: None } => Rebuilt::Source(source),
        Named { source: None, view: Some(view), sink: None } => Rebuilt::View(view),
        Named { source: None, view: None, sink: Some(sink) } => Rebuilt::Sink(sink),
        _ => return Err(Problem::malformed("what is to be rebuilt?").hint(hint)),
    };
    let begun = unless_stopping(&context, context.reads.live.apply().rebuild(what)).await?;
    Ok((StatusCode::ACCEPTED, Json(begun)).into_response())
}

/// A stop does not wait for a database that does not answer.
async fn unless_stopping(
    context: &Context,
    answer: impl Future<Output = Result<Plan, ApplyRefusal>>,
) -> Result<Plan, Problem> {
    let answered = tokio::select! {
        answered = answer => answered,
        () = context.reads.stop.cancelled() => Err(ApplyRefusal::Stopping),
    };
    answered.map_err(problem)
}

fn problem(refusal: ApplyRefusal) -> Problem {
    let text = refusal.to_string();
    match refusal {
        ApplyRefusal::Busy => {
            Problem::new(StatusCode::CONFLICT, text).hint("wait for its end; /v1/status shows how far it is")
        }
        ApplyRefusal::Stopping => Problem::new(StatusCode::SERVICE_UNAVAILABLE, text)
            .hint("the next start takes the configuration file as it is then"),
        ApplyRefusal::Refused { hint, .. } => {
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text);
            match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            }
        }
    }
}
