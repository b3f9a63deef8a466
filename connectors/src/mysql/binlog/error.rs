//! Why bytes are not an event of a binary log.

use smol_str::SmolStr;
use thiserror::Error;

use crate::mysql::value::ValueError;

/// Why an event cannot be used. What concerns a table alone says so ([`BinlogError::table`]); after any other nothing that follows on
/// the connection can be trusted. Names no values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BinlogError {
    /// The bytes are not those that the server wrote.
    #[error("the checksum of an event of kind {kind} is {found:08x} instead of {expected:08x}")]
    Checksum {
        /// Kind of the event, by its header.
        kind: u8,
        /// What the event says.
        expected: u32,
        /// What its bytes have.
        found: u32,
    },
    /// The event's bytes do not have the form of its kind.
    #[error("an event of kind {kind} {flaw}")]
    Event {
        /// Kind of the event, by its header.
        kind: u8,
        /// What is wrong.
        flaw: Flaw,
    },
    /// A kind of event that neither server is known to write, and which does not say that it may be ignored.
    #[error("events of kind {kind} are not known")]
    UnknownKind {
        /// The kind.
        kind: u8,
    },
    /// Rows of a table that was not described before them.
    #[error("rows of table number {id}, which the log did not describe")]
    UnknownTable {
        /// Number of the table in the log.
        id: u64,
    },
    /// Events of a compressed transaction are missing, or were not to be there.
    #[error("a compressed transaction {reason}")]
    Payload {
        /// What is wrong.
        reason: &'static str,
    },
    /// A row cannot be read.
    #[error("rows of table \"{schema}.{table}\": {reason}")]
    Row {
        /// Schema of the table.
        schema: SmolStr,
        /// Its name.
        table: SmolStr,
        /// What is wrong.
        reason: RowFlaw,
    },
}

impl BinlogError {
    /// Schema and name of the table that this is about, where it leaves all others alone.
    pub fn table(&self) -> Option<(&str, &str)> {
        match self {
            Self::Row { schema, table, .. } => Some((schema, table)),
            _ => None,
        }
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RowFlaw {
    /// Its bytes end early, or something follows.
    #[error("the bytes {0}")]
    Bytes(Flaw),
    /// A value is not of its column's type.
    #[error("column \"{column}\": {error}")]
    Value {
        /// Name of the column.
        column: SmolStr,
        /// What is wrong.
        error: ValueError,
    },
    /// Only what changed in a document was written, and the document before is not there.
    #[error(
        "column \"{column}\" has only what changed in a document, and not the document before; \
         set binlog_row_image to FULL or binlog_row_value_options to empty"
    )]
    NoDocument {
        /// Name of the column.
        column: SmolStr,
    },
    /// The log names neither the old row nor its key.
    #[error("an old row has not all columns of the key; set binlog_row_image to FULL")]
    NoKey,
    /// An inserted row leaves a column out whose default is not a constant.
    #[error(
        "column \"{column}\" of a new row is not in the log, and its default is an expression; set binlog_row_image to FULL"
    )]
    NoDefault {
        /// Name of the column.
        column: SmolStr,
    },
    /// An updated row leaves a generated column out.
    #[error(
        "generated column \"{column}\" of an updated row is not in the log; leave the table out, or set binlog_row_image to FULL"
    )]
    NotGenerated {
        /// Name of the column.
        column: SmolStr,
    },
    /// Compressed rows that are not what they were.
    #[error("compressed rows cannot be read")]
    Compression,
}

impl From<Flaw> for RowFlaw {
    fn from(flaw: Flaw) -> Self {
        Self::Bytes(flaw)
    }
}

/// What is wrong with some bytes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Flaw {
    /// They end before the last field.
    #[error("ends early")]
    Short,
    /// Bytes follow the last field.
    #[error("has {bytes} bytes too many")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A field holds what is not known.
    #[error("has an unknown {field}: {value}")]
    Unknown {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: u8,
    },
    /// A field holds what cannot be.
    #[error("has a wrong {field}")]
    Wrong {
        /// Which field.
        field: &'static str,
    },
    /// A name is not UTF-8.
    #[error("has a name that is not UTF-8")]
    NotUtf8,
}
