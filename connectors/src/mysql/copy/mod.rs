//! Copies tables while the stream runs: in chunks by ranges of the key, each read under a consistent snapshot of its own that is given up at
//! once, and gone on with after a restart behind the last key. `docs/ARCHITECTURE.md`, section 6, says why the order of visibility and log
//! does no harm.
//!
//! ```text
//! copier.rs   tables, one after the other, several at once     mark.rs   how far a copy has come, as the state keeps it
//! chunk.rs    one chunk: floor, snapshot, rows, end of the log, wait for the stream
//! whole.rs    a table without a key, in one go
//! keys.rs     conditions on keys                               model.rs  a model of all orders of log, commits, chunks and stream
//! in_flight.rs   what is logged and cannot be seen yet, where transactions have no ids
//! ```

mod chunk;
mod copier;
mod in_flight;
mod keys;
mod mark;
mod whole;

#[cfg(test)]
mod model;

pub(super) use copier::{Copier, TableCopy};
