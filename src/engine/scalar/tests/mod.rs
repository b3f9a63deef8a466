//! Tests of binding and evaluation: hand-made ones, and several hundred expressions compared with a real Postgres.

mod behaviour;
mod cases;
mod cases_json;
mod cases_jsonpath;
mod cases_number;
mod cases_text;
mod cases_time;
mod collation;
mod differential;
mod jsonb_order;
mod made_up;
mod made_up_paths;
mod made_up_patterns;
mod reference;
mod rows;
pub(in crate::engine) mod server;
mod sql_text;
