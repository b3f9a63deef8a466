//! MySQL and MariaDB: a source by their binary logs.
//!
//! ```text
//! source.rs      the source                   session.rs     sessions, and the log     settings.rs   settings of the server
//! stream.rs      the loop that tails the log  assembler.rs   events to transactions    followed.rs   rows to changes
//! variables.rs   how settings are asked for      log_files.rs   how long the log stays
//! tables.rs      tables, then and now         definition.rs  statements that change them   shapes.rs  what tables look like where the log does not say
//! by_file.rs     servers without transaction ids  anchor.rs   where their stream begins          note.rs   what is kept beside the position
//! copy/          the first copy               check.rs, prepare.rs   what a person asks for
//! ```

pub mod binlog;
pub mod catalog;
pub mod config;
pub mod definition;
pub mod flavor;
pub mod gtid_set;
pub mod maria_gtids;
pub mod position;
pub mod prepare;
pub mod value;

mod anchor;
mod assembler;
mod by_file;
mod charset;
mod check;
mod copy;
mod followed;
mod json;
mod log_files;
mod note;
mod session;
mod settings;
mod shapes;
mod source;
mod stream;
mod tables;
mod variables;

pub use check::check;
pub use flavor::{Flavor, ServerVersion};
pub use gtid_set::{Gtid, GtidSet};
pub use maria_gtids::{MariaGtid, MariaGtids};
pub use position::{EventCheck, FilePosition, MysqlPosition};
pub use source::MysqlSource;
