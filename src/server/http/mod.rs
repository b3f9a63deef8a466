//! The HTTP interface.
//!
//! | path | answer |
//! |---|---|
//! | `/healthz` | 200: the process is alive |
//! | `/readyz` | 200 when every source and view is live, else 503 and which are not |
//! | `/metrics` | metrics in Prometheus' text form |
//! | `/v1/status` | the status board |
//! | `/v1/views` | views with columns, types, key |
//! | `/v1/views/{view}/rows?limit=&after=` | rows in key order, as array or JSON lines |
//! | `/v1/views/{view}/rows/{key}` | one row |
//! | `/v1/views/{view}/errors?limit=&after=` | rows that are out of a view because an expression has no value for them |
//! | `/v1/search/{sink}?q=&limit=` | rows of a search sink, best first |
//! | `POST /v1/plan` | what the configuration file would change |
//! | `POST /v1/apply` | the same, and begins to do it |
//! | `POST /v1/rebuild` | makes a source, a view or a sink again |
//! | `POST /v1/verify?name=&view=&sink=&repair=` | compares views with the source and sinks with views: one JSON line each |
//!
//! Reads of rows take `min_position=` and `timeout=`. Errors are JSON objects with `error` and mostly `hint`.

mod apply;
mod errors;
mod health;
mod page;
mod parameters;
mod problem;
mod router;
mod rows;
mod search;
mod stream;
#[cfg(test)]
mod tests;
mod verify;
mod views;

pub(super) use router::router;
