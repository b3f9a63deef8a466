//! RocksDB: ordered tables, key codec, cache, the one atomic commit, readers.
//!
//! ```text
//!  engine ──begin──▶ StateTx: get, scan (Old | New), put ──commit──▶ one WriteBatch: tables, changelog, documents,
//!                      │  overlay over                                checkpoint
//!                      └─▶ row cache over RocksDB                       │
//!  server, delivery ──read──▶ Reader: one snapshot of it all ◀──────────┘
//! ```
//!
//! Several states may lie in one [`StateHome`]: a branch is filled beside the current one, and takes over.

mod changelog;
mod checkpoint;
mod commit;
mod current;
mod database;
mod directory;
mod documents;
mod error;
mod home;
mod key_codec;
mod key_jsonb;
mod key_numeric;
mod life;
mod lock;
mod log_sync;
mod overlay;
mod reader;
mod row_cache;
mod row_codec;
mod run;
mod scan;
mod store;
mod stored_row;
mod table;
mod transaction;
mod views;
mod witness;
mod writer;

pub use changelog::Chunk;
pub use checkpoint::Checkpoint;
pub use error::StateError;
pub use home::StateHome;
pub use key_codec::{encode_key, encode_value};
pub use reader::{ErrorPage, Reader, RowPage};
pub use row_codec::{decode_row, encode_row};
pub use run::{Run, RunMark, WrittenRun};
pub use store::{State, Usage};
pub use stored_row::StoredRow;
pub use table::{TableId, Version};
pub use transaction::StateTx;
pub use views::{ErrorTables, RegisteredView, ViewError};
