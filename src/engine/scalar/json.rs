//! JSON of SQL values for aggregates, as `to_json` writes it.

pub(in crate::engine) use super::families::json_build::{append_json, append_json_key};
pub(in crate::engine) use super::families::json_text::canonical as canonical_json;
