//! Tests of binding and evaluation: hand-made ones, and several hundred expressions compared with a real Postgres.

mod behaviour;
mod cases;
mod differential;
mod made_up;
pub(in crate::engine) mod server;
mod sql_text;
