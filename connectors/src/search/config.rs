//! Checked configuration of a search sink.

use std::collections::BTreeMap;
use std::time::Duration;

use smol_str::SmolStr;

/// `[sink.NAME]` with `type = "search"`.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchSinkConfig {
    /// Name in the configuration.
    pub name: SmolStr,
    /// View it holds.
    pub view: SmolStr,
    /// Kind of field per column where the default by type is not wanted.
    pub fields: BTreeMap<SmolStr, FieldKind>,
    /// Language of the stemmer for text fields (`english`, `german`, ...); none: words as they are, lower case.
    pub language: Option<SmolStr>,
    /// Longest rest between two small commits: commits are costly, so writes are gathered. A commit after a pause, and a
    /// large one, does not wait.
    pub commit_interval: Duration,
    /// Bytes of indexing memory.
    pub memory_bytes: usize,
}

/// Kind of an indexed field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Words, analysed; default for text and json (the words of its strings).
    Text,
    /// One exact term; default for enums, uuid, boolean (`true`, `false`), inet and other types.
    Keyword,
    /// A number; default for numeric types.
    Number,
    /// A moment; default for dates and timestamps.
    Date,
    /// Stored, returned, not searched; default for bytea.
    Stored,
}
