//! Why bytes are not a pgoutput message.

use thiserror::Error;

/// Why bytes are not a pgoutput message at this place of the stream. Every one of them ends the stream: what follows cannot
/// be trusted. Names no row values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("empty message")]
    Empty,
    /// The message ends before its last field.
    #[error("message '{}' ends early", .tag.escape_ascii())]
    Truncated {
        /// First byte of the message.
        tag: u8,
    },
    /// Bytes follow the message's last field.
    #[error("message '{}' has {bytes} bytes too many", .tag.escape_ascii())]
    Trailing {
        /// First byte of the message.
        tag: u8,
        /// How many.
        bytes: usize,
    },
    /// No such message in this protocol version.
    #[error("message '{}' is not part of protocol version {version}", .tag.escape_ascii())]
    UnknownTag {
        /// First byte of the message.
        tag: u8,
        /// The version that was asked for.
        version: u32,
    },
    /// A field holds a value that the protocol does not know.
    #[error("message '{}' has an unknown {field}: {value:#04x}", .tag.escape_ascii())]
    UnknownValue {
        /// First byte of the message.
        tag: u8,
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: u8,
    },
    /// A count or length is negative.
    #[error("message '{}' has a negative length", .tag.escape_ascii())]
    NegativeLength {
        /// First byte of the message.
        tag: u8,
    },
    /// A name is not UTF-8.
    #[error("message '{}' has a name that is not UTF-8", .tag.escape_ascii())]
    NotUtf8 {
        /// First byte of the message.
        tag: u8,
    },
    /// A change of a relation that no earlier message described.
    #[error("a change of relation {relation}, which was not announced")]
    UnknownRelation {
        /// Relation oid.
        relation: u32,
    },
    /// A row that is not as wide as its relation.
    #[error("a row of relation {relation} has {found} columns, announced were {expected}")]
    Width {
        /// Relation oid.
        relation: u32,
        /// Columns that the relation message named.
        expected: usize,
        /// Columns in the row.
        found: usize,
    },
    /// The message may not come at this place: a change outside a transaction, a commit without a begin.
    #[error("message '{}' came {place}", .tag.escape_ascii())]
    OutOfOrder {
        /// First byte of the message.
        tag: u8,
        /// Where the stream stood.
        place: &'static str,
    },
}
