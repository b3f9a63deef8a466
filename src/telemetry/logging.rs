//! The log: to stderr, so that stdout stays data.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// Variables that say what is logged, the first that is set; in `tracing`'s directives, for example `info,tailwater::server=debug`.
const FILTER_VARIABLES: [&str; 2] = ["TAILWATER_LOG", "RUST_LOG"];
/// What is logged when nothing is said.
const DEFAULT_FILTER: &str = "info,tantivy=warn";

/// Starts the log, as lines for people or as one JSON object per line for machines. A second call changes nothing. Returns what was
/// wrong with the filter that the environment asked for, if anything: the default is used then.
pub fn init(json: bool) -> Option<String> {
    let asked = FILTER_VARIABLES.iter().find_map(|name| std::env::var(name).ok().filter(|filter| !filter.is_empty()));
    let (filter, problem) = match asked.map(|text| EnvFilter::try_new(&text).map_err(|error| (text, error))) {
        None => (EnvFilter::new(DEFAULT_FILTER), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err((text, error))) => (EnvFilter::new(DEFAULT_FILTER), Some(format!("log filter \"{text}\": {error}"))),
    };
    let builder = fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal());
    let _ = if json { builder.event_format(super::json_lines::JsonLines).try_init() } else { builder.try_init() };
    problem
}
