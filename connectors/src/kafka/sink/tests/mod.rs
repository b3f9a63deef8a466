//! Tests of the Kafka sink; all but those in `encoder` run against a private broker.

mod append;
mod debezium;
mod encoder;
mod fence;
mod fixture;
mod key_values;
mod read_back;
mod schemas;
mod sink;
mod topics;

#[path = "../../../../tests/support/kafka_broker.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
mod kafka_broker;
#[path = "../../../../tests/support/kafka_topic.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
mod kafka_topic;
#[path = "../../../../tests/support/schema_registry.rs"]
mod schema_registry;
