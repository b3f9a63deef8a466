//! Query parameters of reads. Unknown ones are refused: a misspelt `min_position` must not be ignored.

use std::time::Duration;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Deserialize;
use tailwater_connectors::Positions;

use super::super::generation::Generation;
use super::super::reads::WAIT_MAX;
use super::problem::Problem;
use crate::config::duration;

/// How long a reader waits for `min_position` when it does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);
/// Rows of a page, or hits, when nothing is said.
pub(super) const DEFAULT_ROWS: usize = 1_000;
/// Most rows of one page.
pub(super) const ROWS_MAX: usize = 10_000;
/// Hits when nothing is said.
pub(super) const DEFAULT_HITS: usize = 10;
/// Most hits.
pub(super) const HITS_MAX: usize = 1_000;

/// As typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    pub(super) limit: Option<String>,
    pub(super) after: Option<String>,
    pub(super) min_position: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) q: Option<String>,
}

/// A position to wait for, and how long.
pub(super) struct Wanted {
    pub(super) positions: Positions,
    pub(super) within: Duration,
}

impl Parameters {
    /// Takes the query apart; parameters that the route does not have are refused.
    pub(super) fn read(query: Result<Query<Self>, QueryRejection>, known: &[&str]) -> Result<Self, Problem> {
        let hint = || format!("parameters here: {}", known.join(", "));
        let Query(parameters) = query.map_err(|error| Problem::malformed(error.body_text()).hint(hint()))?;
        let given = [
            ("limit", parameters.limit.is_some()),
            ("after", parameters.after.is_some()),
            ("min_position", parameters.min_position.is_some()),
            ("timeout", parameters.timeout.is_some()),
            ("q", parameters.q.is_some()),
        ];
        match given.iter().find(|(name, given)| *given && !known.contains(name)) {
            Some((name, _)) => Err(Problem::malformed(format!("unknown parameter \"{name}\"")).hint(hint())),
            None => Ok(parameters),
        }
    }

    /// `limit=`, at least 1 and at most `max`.
    pub(super) fn limit(&self, max: usize) -> Result<Option<usize>, Problem> {
        let Some(text) = &self.limit else { return Ok(None) };
        match text.parse() {
            Ok(limit) if (1..=max).contains(&limit) => Ok(Some(limit)),
            _ => Err(Problem::malformed(format!("limit must be a number from 1 to {max}"))
                .hint("for a whole view, send \"Accept: application/x-ndjson\" without a limit")),
        }
    }

    /// `min_position=` and `timeout=`.
    pub(super) fn wanted(&self, generation: &Generation) -> Result<Option<Wanted>, Problem> {
        let within = match &self.timeout {
            None => DEFAULT_WAIT,
            Some(text) => duration(text).filter(|within| *within <= WAIT_MAX).ok_or_else(|| {
                Problem::malformed("timeout must be a duration of at most 60s").hint("written as 250ms or 5s")
            })?,
        };
        let Some(text) = &self.min_position else { return Ok(None) };
        let sources = &generation.projections.sources;
        let positions = Positions::parse(text, sources).map_err(|error| {
            let hint = match &sources[..] {
                [only] => format!("one position of source \"{only}\", or {only}=POSITION"),
                many => format!("SOURCE=POSITION pairs joined by \";\"; sources: {}", many.join(", ")),
            };
            Problem::malformed(error.to_string()).hint(hint)
        })?;
        Ok(Some(Wanted { positions, within }))
    }
}
