//! Copies tables while the stream runs: in chunks, each read in a short transaction of its own, by several sessions at once, and gone on
//! with after a restart where it was. No snapshot is exported, and none is kept.
//!
//! ```text
//! copier.rs      sessions at work, marks, ends
//! table.rs       a table: its parts, what is still to be read
//! mark.rs        how far a copy has come, as the state keeps it
//! session.rs     a chunk: lock, snapshot, end of the log, wait for the stream, read
//! whole.rs       a table without a key, in one go
//! by_key.rs      rows by their keys
//! rows.rs        COPY, and batches of rows
//! visibility.rs  which transactions a snapshot sees
//! floor.rs       what one must see
//! pace.rs        how much is read in one chunk, and when the next one begins
//! ```
//!
//! `engine::copying` says what is done with the rows, and what they must fulfil.

mod by_key;
mod copier;
mod floor;
mod mark;
mod pace;
mod rows;
mod session;
mod table;
mod visibility;
mod whole;

pub(super) use copier::Copier;
pub(super) use floor::floor_of_now;
pub(super) use table::{Described, TableCopy, describe};
