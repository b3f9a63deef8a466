//! PostgreSQL: a source by logical replication (pgoutput).

pub mod binary;
pub mod catalog;
pub mod config;
pub mod copy_rows;
pub mod pgoutput;
pub mod wire_type;
