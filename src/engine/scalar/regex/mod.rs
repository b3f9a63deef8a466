//! Regular expressions with exactly Postgres' meaning: its "advanced" syntax, and its choice among possible matches.
//!
//! Postgres does not prefer the first alternative that matches but the longest or shortest text, by rules for the whole
//! and for each part. So no engine of the usual kind can stand in, and this one follows Postgres' in its steps:
//!
//! ```text
//! lexer.rs    text to tokens           bracket.rs   [...] to a set      charset.rs  sets of characters
//! parser.rs   tokens to branches       tree.rs      branches to a tree of parts with preferences
//! program.rs  parts to state machines  search.rs    where the whole matches
//! dissect.rs  where the parts of a match are
//! ```
//!
//! A search without back references takes time in proportion to text times pattern; with them, steps have a limit.

mod bracket;
mod charset;
mod dissect;
mod lexer;
mod options;
mod parser;
mod program;
mod search;
mod tree;

pub(super) use options::{Letters, Options, RegexError};
pub(super) use search::Regex;
