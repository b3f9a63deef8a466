//! Redis and Valkey: a sink that keeps one key per view row.

pub mod config;
