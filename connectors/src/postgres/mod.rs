//! PostgreSQL: a source by logical replication (pgoutput).

pub mod config;
pub mod pgoutput;
