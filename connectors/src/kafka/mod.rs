//! Kafka.
//!
//! ```text
//! connection.rs   how brokers are reached, for every client
//! ```

pub mod connection;

pub use connection::{KafkaConnection, Sasl, SaslMechanism, Tls};
