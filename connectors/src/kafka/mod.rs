//! Kafka.
//!
//! ```text
//! connection.rs   how brokers are reached, for every client
//! sink/           a topic that holds a view, or what changes in it
//! ```

pub mod connection;
pub mod sink;

pub use connection::{KafkaConnection, Sasl, SaslMechanism, Tls};
pub use sink::KafkaSink;
