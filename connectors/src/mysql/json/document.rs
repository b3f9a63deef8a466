//! A document in memory.

/// A value in a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Document {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    /// A value of another type of the server: its number, and its bytes.
    Opaque(u8, Vec<u8>),
    Array(Vec<Document>),
    /// Members by length of their names, then by their bytes.
    Object(Vec<(String, Document)>),
}
