//! What is in the bytes of a message: its value, and its key, as values of declared columns. Pure: no clock, no broker; fuzzed.
//!
//! ```text
//! decoder.rs    one decoder for each format, made from the columns that it is to fill
//! error.rs      what a message can be that is not decoded
//! json.rs       an object, a field for each column          json_value.rs  one field as a value of its column's type
//! debezium.rs   the envelope of change data capture         jsonb.rs       documents as Postgres prints jsonb
//! csv.rs        fields between separators                   rows.rs        messages as rows of a declared table
//!
//! schema_format.rs   settings of formats with a schema      schema_decoder.rs  messages with a schema from a registry or a file
//! schema_plan.rs     how one schema's fields fill columns   schema_rows.rs     rows with a schema, for sinks
//! datum.rs           what a schema says of a field          landing.rs         a datum as the value of a column
//! avro/, protobuf/, json_schema.rs   the languages of schemas   topic_schemas.rs   those of a topic that holds a view
//! names.rs           names of columns in them               encode_error.rs    rows that they cannot write
//! ```

mod avro;
mod csv;
mod datum;
mod debezium;
mod decoder;
mod encode_error;
mod error;
mod json;
mod json_schema;
mod json_value;
mod jsonb;
mod landing;
mod names;
mod protobuf;
mod rows;
mod schema_decoder;
mod schema_format;
mod schema_plan;
mod schema_rows;
mod topic_schemas;

#[cfg(test)]
mod tests;

pub use decoder::{Decoded, Decoder, Format, FormatError, TimeUnit};
pub use encode_error::EncodeError;
pub use error::{BadMessage, DecodeError};
pub use rows::MessageTable;
pub(crate) use rows::{MessageRow, MessageRows};
pub use schema_decoder::SchemaDecoder;
pub use schema_format::{SchemaFormat, SchemaFrom};
pub use schema_rows::SchemaRows;
pub use topic_schemas::{TopicSchemas, TopicView};

#[cfg(test)]
mod schema_tests;
