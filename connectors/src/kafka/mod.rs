//! Kafka.
//!
//! ```text
//! connection.rs   how brokers are reached, for every client
//! column.rs       types of columns as the configuration writes them
//! format/         the bytes of messages as values of columns
//! position.rs     places in topics
//! ```

pub mod column;
pub mod connection;
pub mod format;
mod position;

pub use connection::{KafkaConnection, Sasl, SaslMechanism, Tls};
pub use position::{KafkaPosition, KafkaPositionError, is_topic_name};
