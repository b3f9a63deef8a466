//! What was typed → one call and one exit code.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 done; 1 the thing asked for failed or was found wrong; 2 the command
//! line or the configuration is wrong; 3 the daemon cannot be reached.

mod apply;
mod arguments;
mod check;
pub mod demo;
mod explain;
mod failure;
mod following;
mod init;
mod plan;
mod query;
mod rebuild;
mod remote;
mod run;
mod source;
mod status;
mod verify;

pub use arguments::main;
pub use failure::Failure;
