//! jsonpath: SQL's language for parts of documents, with Postgres' meaning.
//!
//! ```text
//! lexer.rs   text to tokens         parser.rs   tokens to a path       path.rs    the path, and how it prints
//! item.rs    what it runs over      run.rs      steps over items       access.rs  keys and elements
//! filter.rs  conditions             number.rs   arithmetic             method.rs  `.size()` and its kin
//! layout.rs  places in documents    moment.rs   `.datetime()`
//! ```
//!
//! A path is run in one of two ways. Where its items are wanted they are collected; where only their presence is, it stops
//! at the first. An error of the data either ends the call or, where it is silent, the search: then `Outcome::Failed`.

mod access;
mod filter;
mod item;
mod layout;
mod lexer;
mod method;
mod moment;
mod number;
mod parser;
mod path;
mod run;

pub(super) use item::Item;
pub(super) use parser::parse;
pub(super) use path::{Path, stored, written};
pub(super) use run::{Call, Outcome, items, presence};
