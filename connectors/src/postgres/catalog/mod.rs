//! What the database says of its tables: columns, types, keys, and how each table is read.
//!
//! Generated columns are left out: `pgoutput` does not send them before Postgres 18, and later only on request.
//! Domains are given by their base type. A type without a variant of its own, and an array of such a type, is carried as
//! its output text; [`CatalogTable::expressions`] convert it with the very function that the replication stream uses.
//!
//! ```text
//! tables.rs       tables as sources need them, with what is wrong and what to do
//! relation.rs     rows of pg_class, pg_attribute, pg_index
//! column_type.rs  rows of pg_type and pg_enum; resolving a column's type
//! failure.rs      errors of the client
//! collation.rs    how the database compares text
//! ```

mod collation;
mod column_type;
mod failure;
mod relation;
mod tables;

pub use collation::{DatabaseCollation, collation, is_c_collation};
pub use failure::client_error;
pub use tables::{CatalogTable, all_tables, tables};
