//! Protobuf: <https://protobuf.dev/programming-guides/encoding/>. Messages name no fields, so their `.proto` text is needed, from a registry or
//! from a file; it is read here (proto2 and proto3), because the crates that read it would have the whole build compile anew.
//!
//! ```text
//! token.rs    text as words and signs          parser.rs    words as definitions
//! descriptor.rs  definitions from a serialised descriptor
//! pool.rs     definitions of several files with their names looked up
//! known.rs    messages that mean a value: Timestamp, Duration, wrappers, Struct, dates, decimals
//! reader.rs   bytes of a message as data       writer.rs    rows as bytes, and the .proto text of a view's rows
//! ```

mod descriptor;
mod known;
mod parser;
mod pool;
mod reader;
mod token;
mod writer;

pub(super) use pool::{MessageId, Pool};
pub(super) use reader::read;
pub(super) use writer::ProtobufRows;
