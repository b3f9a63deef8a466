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
use tokio::time::{Instant, sleep_until};

use super::super::generation::{Generation, ReadError, names_hint};
use super::super::reads::{Reads, WaitError};
use super::page::set_position;
use super::parameters::{DEFAULT_HITS, HITS_MAX, Parameters, Wanted};
use super::problem::Problem;
use super::router::Context;
use crate::pipeline::status::Condition;

/// How often the index is looked at while a reader waits for it: commits of the index take longer.
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
    let text = parameters.q.clone().filter(|text| text.len() <= QUERY_BYTES_MAX).ok_or_else(|| {
        let hint = format!("?q=words, at most {QUERY_BYTES_MAX} bytes; an empty query finds every row");
        Problem::malformed("the parameter \"q\" must hold a query").hint(hint)
    })?;
    let limit = parameters.limit(HITS_MAX)?.unwrap_or(DEFAULT_HITS);
    let wanted = parameters.wanted(&context.reads.now())?;
    let found = find(&context.reads, &sink, wanted).await?;
    let answer = run(&context, &found.index, (text, limit)).await?;
    found.refuse_unready(&sink)?;
    match answer.cursor.clone() {
        Some(cursor) => Ok(respond(answer, &found.generation, &cursor.positions)),
        None => Err(Problem::busy(format!("search sink \"{sink}\" is being built"))),
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

/// A sink's index, of the projections that a query reads.
struct Found {
    generation: Arc<Generation>,
    index: Arc<SearchIndex>,
}

impl Found {
    /// The index as it is now.
    fn now(reads: &Reads, sink: &SmolStr) -> Result<Self, ReadError> {
        let generation = reads.now();
        let searches = &generation.projections.searches;
        let Some(index) = searches.get(sink).map(Arc::clone) else {
            let hint = names_hint("search sink", sink, searches.keys().map(SmolStr::as_str));
            return Err(ReadError::Unknown { kind: "search sink", name: sink.to_string(), hint });
        };
        let found = Self { generation, index };
        found.refuse_unready(sink)?;
        Ok(found)
    }

    /// A sink that was never filled, or has failed, does not answer. One that lags or retries does: its position is shown.
    fn refuse_unready(&self, sink: &SmolStr) -> Result<(), ReadError> {
        let status = self.generation.projections.status.inspect(|status| status.sinks.get(sink).cloned());
        let status = status.unwrap_or_default();
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

    fn reached(&self) -> Positions {
        self.index.cursor().map(|cursor| cursor.positions).unwrap_or_default()
    }
}

/// The index, when a query that starts then sees everything up to the wanted position. Other projections may come meanwhile.
async fn find(reads: &Reads, sink: &SmolStr, wanted: Option<Wanted>) -> Result<Found, Problem> {
    let Some(wanted) = wanted else { return Ok(Found::now(reads, sink)?) };
    let deadline = Instant::now() + wanted.within;
    loop {
        let reached = {
            let found = Found::now(reads, sink)?;
            let reached = found.reached();
            if reached.covers(&wanted.positions) {
                return Ok(found);
            }
            reached
        };
        if Instant::now() >= deadline {
            return Err(WaitError::TimedOut { reached }.into());
        }
        tokio::select! {
            () = sleep_until(deadline.min(Instant::now() + LOOK_INTERVAL)) => {}
            () = reads.stop.cancelled() => return Err(WaitError::Stopping.into()),
        }
    }
}

fn respond(answer: SearchAnswer, generation: &Generation, positions: &Positions) -> Response {
    let hit = |hit: SearchHit| json!({ "score": hit.score, "row": hit.row, "highlights": hit.highlights });
    let hits: Vec<Value> = answer.hits.into_iter().map(hit).collect();
    let body = json!({ "position": positions.to_string(), "total": answer.total, "hits": hits });
    let mut response = (StatusCode::OK, Json(body)).into_response();
    set_position(&mut response, generation, positions);
    response
}
