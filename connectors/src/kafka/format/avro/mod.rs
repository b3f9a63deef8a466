//! Avro: <https://avro.apache.org/docs/1.12.0/specification/>. Messages are single values without a header of their own; the schema
//! with which one was written comes from a registry or from a file.
//!
//! ```text
//! schema.rs     a schema's text as nodes            logical.rs   what annotations say that a type means
//! reader.rs     bytes of a node as a datum, or past them
//! record_schema.rs  the schema of a view's rows     writer.rs    rows as bytes of it
//! ```

mod logical;
mod reader;
mod record_schema;
mod schema;
mod writer;

pub(super) use reader::read;
pub(super) use schema::AvroSchema;
pub(super) use writer::AvroRows;
