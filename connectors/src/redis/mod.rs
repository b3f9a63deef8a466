//! Redis and Valkey: a sink that keeps one key per view row.
//!
//! Rows and cursor move in one transaction, which Redis refuses when anyone else touched the cursor meanwhile.

mod commands;
pub mod config;
mod connection;
mod cursor;
mod error;
mod key;
mod pattern;
mod read_back;
mod sink;
#[cfg(test)]
mod tests;

pub use key::{KeyTemplate, KeyTemplateError};
pub use sink::RedisSink;
