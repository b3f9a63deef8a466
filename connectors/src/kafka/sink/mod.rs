//! The Kafka sink: a topic that holds a view, or what changes in it.
//!
//! ```text
//! config        what a section says
//! encoder       changed rows -> records: key, partition, value
//! envelope      values that say what happened to a row, and what such a value says
//! debezium      messages as Debezium writes them
//! form          rows and keys as bytes
//! schemas       what is registered before it is used
//! murmur        the hash that places a key
//! topic         what a topic must be like; makes the missing one
//! cluster       questions to the brokers
//! transactions  records and cursor, all or nothing
//! cursor        what the sink keeps about itself
//! reader        what is committed in a topic, from its beginning to its end
//! held          what a topic holds, by key
//! patience      how long something that blocks may take
//! session       from a successful `open` to the first error
//! replace       a topic that is to hold other rows
//! read_back     what a topic holds, compared with the view
//! key_values    keys of messages, read back
//! kafka_sink    the sink
//! ```
//!
//! Rows and cursor move in one transaction. Kafka lets one producer have a `transactional.id`: whoever begins ends what an
//! earlier one left open, and only then asks how far the topic is.

mod cluster;
pub mod config;
mod cursor;
mod debezium;
mod encoder;
mod envelope;
mod error;
mod form;
mod held;
mod kafka_sink;
mod key_values;
mod murmur;
mod patience;
mod read_back;
mod reader;
mod replace;
mod schemas;
mod session;
#[cfg(test)]
mod tests;
mod topic;
mod transactions;

pub use kafka_sink::KafkaSink;
