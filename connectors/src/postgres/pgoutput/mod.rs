//! A pure decoder of the `pgoutput` plugin's messages, protocol versions 1 to 4.
//!
//! One call decodes one message into slices of the input: nothing is copied and nothing is allocated per cell. What is not
//! understood is an error and never skipped: an unknown tag, bytes behind the message, a tuple that is not as wide as its
//! relation, a change of a relation that was not announced, a change outside a transaction.
//!
//! ```text
//! decoder.rs   order of messages, widths of relations; dispatch by tag
//! message.rs   the messages
//! tuple.rs     rows: cells as borrowed slices
//! reader.rs    bytes with bounds
//! ```
//!
//! <https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html>

mod decoder;
mod error;
mod message;
mod reader;
mod tuple;

#[cfg(test)]
mod tests;

pub use decoder::{Decoder, streamed_xid};
pub use error::DecodeError;
pub use message::{Message, OldKind, Prepared, Relation, RelationColumn};
pub use tuple::{Cell, Cells, TupleData};
