//! The Redis protocol, read-only: views as keys `{view}:{key}`.
//!
//! Every key answers both as a document (GET, MGET: the row as JSON) and as a hash (HGET, HGETALL, ...: columns as fields in
//! Postgres' text form, null columns absent); TYPE says `hash`. Keys do not expire. SCAN walks views in configuration order and
//! rows in key order; its cursors are numbers that this process gave out, so a key that is there throughout is returned once.
//! Every command sees one checkpoint, all commands of a MULTI/EXEC the same one. `TAILWATER POSITION` says which,
//! `TAILWATER WAIT position timeout-ms` waits until one is reached. How keys are written: [`super::key`].
//!
//! One task per connection: [`connection`] reads and writes, [`request`] finds requests, [`session`] answers them.

mod arguments;
mod commands;
mod connection;
mod cursors;
mod handshake;
mod info;
mod pattern;
mod reply;
mod request;
mod rows;
mod scan;
mod server;
mod session;
mod tailwater;
#[cfg(test)]
mod tests;
mod transaction;

pub(super) use server::RedisServer;
