//! What is in the bytes of a message: its value, and its key, as values of declared columns. Pure: no clock, no broker; fuzzed.
//!
//! ```text
//! decoder.rs    one decoder for each format, made from the columns that it is to fill
//! error.rs      what a message can be that is not decoded
//! json.rs       an object, a field for each column          json_value.rs  one field as a value of its column's type
//! debezium.rs   the envelope of change data capture         jsonb.rs       documents as Postgres prints jsonb
//! csv.rs        fields between separators                   base64.rs      bytes in JSON
//! ```

mod base64;
mod csv;
mod debezium;
mod decoder;
mod error;
mod json;
mod json_value;
mod jsonb;

#[cfg(test)]
mod tests;

pub use decoder::{Decoded, Decoder, Format, FormatError, TimeUnit};
pub use error::{BadMessage, DecodeError};
