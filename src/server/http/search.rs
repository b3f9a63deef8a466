//! `/v1/search/{sink}`: queries of the embedded search.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use smol_str::SmolStr;
use tailwater_connectors::Positions;
use tailwater_connectors::search::{SearchAnswer, SearchHit, SearchIndex};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::reads::{ReadError, WaitError, names_hint};
use super::parameters::{DEFAULT_HITS, HITS_MAX, Parameters, Wanted};
use super::problem::Problem;
use super::router::Context;
use super::rows::set_position;
use crate::pipeline::status::Condition;

/// How often the board is looked at while a reader waits for the index: commits of the index take longer.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// Longest query.
const QUERY_BYTES_MAX: usize = 8 << 10;

/// Rows that match `q=`, best first.
pub(super) async fn search(
    State(context): State<Arc<Context>>,
    Path(sink): Path<SmolStr>,
    query: Result<Query<Parameters>, QueryRejection>,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(query, &["q", "limit", "min_position", "timeout"])?;
    let text = parameters.q.as_deref().filter(|text| !text.trim().is_empty() && text.len() <= QUERY_BYTES_MAX);
    let text =
        text.ok_or_else(|| Problem::malformed("the parameter \"q\" must hold a query").hint("?q=words"))?.to_owned();
    let limit = parameters.limit(HITS_MAX)?.unwrap_or(DEFAULT_HITS);
    let searches = &context.reads.projections.searches;
    let index = searches.get(&sink).ok_or_else(|| {
        let hint = names_hint("search sink", &sink, searches.keys().map(SmolStr::as_str));
        ReadError::Unknown { kind: "search sink", name: sink.to_string(), hint }
    })?;
    let wanted = parameters.wanted(&context.reads)?;
    refuse_unready(&context, &sink)?;
    let deadline = Instant::now() + wanted.as_ref().map_or(Duration::ZERO, |wanted| wanted.within);
    loop {
        wait_for_sink(&context, &sink, wanted.as_ref(), deadline).await?;
        let answer = run(&context, index, (text.clone(), limit)).await?;
        refuse_unready(&context, &sink)?;
        let Some(cursor) = &answer.cursor else {
            return Err(Problem::busy(format!("search sink \"{sink}\" is being built")));
        };
        // The board may be ahead of the searcher that answered.
        if wanted.as_ref().is_some_and(|wanted| !cursor.positions.covers(&wanted.positions)) {
            if Instant::now() >= deadline {
                return Err(WaitError::TimedOut { reached: cursor.positions.clone() }.into());
            }
            sleep(LOOK_INTERVAL).await;
            continue;
        }
        let positions = cursor.positions.clone();
        return Ok(respond(answer, &positions));
    }
}

async fn run(context: &Context, index: &Arc<SearchIndex>, query: (String, usize)) -> Result<SearchAnswer, Problem> {
    let permit = Arc::clone(&context.running_reads).acquire_owned().await;
    let index = Arc::clone(index);
    let search = move || {
        let _permit = permit;
        index.search(&query.0, query.1)
    };
    Ok(tokio::task::spawn_blocking(search).await.map_err(|_| Problem::busy("the search was stopped"))??)
}

/// A sink that was never filled, or has failed, does not answer. One that lags or retries does: its position is shown.
fn refuse_unready(context: &Context, sink: &SmolStr) -> Result<(), ReadError> {
    let status = context.reads.projections.status.inspect(|status| status.sinks.get(sink).cloned()).unwrap_or_default();
    if matches!(status.condition, Condition::Live | Condition::Retrying) {
        return Ok(());
    }
    Err(ReadError::NotLive {
        kind: "search sink",
        name: sink.clone(),
        condition: status.condition,
        reason: status.error,
        hint: status.hint,
    })
}

async fn wait_for_sink(
    context: &Context,
    sink: &SmolStr,
    wanted: Option<&Wanted>,
    deadline: Instant,
) -> Result<(), Problem> {
    let Some(wanted) = wanted else { return Ok(()) };
    let reached = || -> Positions {
        context
            .reads
            .projections
            .status
            .inspect(|status| status.sinks.get(sink).map(|sink| sink.positions.clone()).unwrap_or_default())
    };
    let look = async {
        while !reached().covers(&wanted.positions) {
            sleep(LOOK_INTERVAL).await;
        }
    };
    tokio::select! {
        looked = timeout_at(deadline, look) => looked.map_err(|_| WaitError::TimedOut { reached: reached() }.into()),
        () = context.reads.stop.cancelled() => Err(WaitError::Stopping.into()),
    }
}

fn respond(answer: SearchAnswer, positions: &Positions) -> Response {
    let hit = |hit: SearchHit| json!({ "score": hit.score, "row": hit.row, "highlights": hit.highlights });
    let hits: Vec<Value> = answer.hits.into_iter().map(hit).collect();
    let body = json!({ "position": positions.to_string(), "total": answer.total, "hits": hits });
    let mut response = (StatusCode::OK, Json(body)).into_response();
    set_position(&mut response, positions);
    response
}
