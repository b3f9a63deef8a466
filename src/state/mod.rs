//! RocksDB: ordered tables, key codec, cache, the one atomic commit, readers.

mod checkpoint;

pub use checkpoint::Checkpoint;
mod store;

pub use store::{Reader, RowPage, State, StateError};
