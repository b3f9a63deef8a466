//! What the server's catalog (`information_schema`) says of tables.
//!
//! ```text
//! tables.rs       tables as the source needs them     column_type.rs  types of columns
//! failure.rs      errors of the client, classified    session.rs      settings of a session that reads values
//! ```

mod column_type;
mod failure;
mod session;
mod tables;

pub use failure::client_error;
pub use session::session_settings;
pub use tables::{read_table_names, read_tables};
