//! PostgreSQL: a source by logical replication (pgoutput).

pub mod binary;
pub mod catalog;
pub mod check;
pub mod config;
pub mod conninfo;
pub mod copy_rows;
pub mod pgoutput;
pub mod prepare;
pub mod source;
pub mod wire_type;

mod assembler;
mod auth;
mod changes;
mod channel_binding;
mod connection;
mod copy;
mod feedback;
mod first_start;
mod frame;
mod logical_messages;
mod onlooker;
mod pending;
mod publication;
mod relation_map;
mod replay;
mod replication;
mod server_error;
mod session_attrs;
mod slot;
mod slot_health;
mod snapshot;
mod snapshot_rows;
mod spill;
mod sql_client;
mod sql_text;
mod standby;
mod start;
mod stream;
mod streamed;
mod table_changes;
mod timeline;
mod tls;
mod transport;
mod watch;

#[cfg(test)]
mod binary_tests;
#[cfg(test)]
mod tests;

pub use check::check;
pub use conninfo::ConnInfo;
pub use logical_messages::is_messages;
pub use source::PostgresSource;
pub use spill::MEMORY_BYTES_MAX as OPEN_MEMORY_BYTES_MAX;
pub use sql_client::connect_sql;
