//! Kafka.
//!
//! ```text
//! connection.rs   how brokers are reached, for every client
//! sink/           a topic that holds a view, or what changes in it
//!
//! source
//! config.rs       what is configured                     column.rs     types of columns as the configuration writes them
//! source.rs       the source as the pipeline sees it     beginning.rs  where a run begins
//! reader.rs       the loop that reads                    round.rs      messages that are handed over together
//! table.rs        messages as changes of a table         format/       the bytes of messages as values of columns
//! position.rs     places in topics                       client.rs     the consumer, and what it tells
//! topics.rs       questions about topics                 faults.rs     errors
//! check.rs        what stands in the way
//!
//! schemas
//! registry/       schemas of messages, from a registry   varint.rs     integers as Avro and Protobuf write them
//! base64.rs       bytes as text
//! ```

pub(crate) mod base64;
mod beginning;
mod check;
mod client;
pub mod column;
pub mod config;
pub mod connection;
mod faults;
pub mod format;
mod position;
mod reader;
pub mod registry;
mod round;
pub mod sink;
mod source;
mod table;
mod topics;
mod varint;

pub use check::check;
pub(crate) use check::unreachable_registries;
pub use connection::{KafkaConnection, Sasl, SaslMechanism, Tls};
pub use position::{KafkaPosition, KafkaPositionError, is_topic_name};
pub use sink::KafkaSink;
pub use source::KafkaSource;
pub use table::METADATA_COLUMNS;
pub(crate) use table::micros;
