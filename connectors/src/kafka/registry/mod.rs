//! Schema registries that speak Confluent's protocol (also Apicurio's compatible endpoint, Karapace, Redpanda):
//! <https://docs.confluent.io/platform/current/schema-registry/develop/api.html>.
//!
//! ```text
//! client.rs   schemas by id, subjects and versions: what is asked, and what is remembered
//! http.rs     one question to one of several addresses
//! schema.rs   a schema with all that it refers to; names of subjects
//! wire.rs     the bytes in front of a message that name its schema
//! error.rs    what is worth another try
//! ```

mod client;
mod error;
mod http;
mod schema;
pub mod wire;

pub use client::{Registry, RegistryConfig, Version};
pub use error::RegistryError;
pub use http::DEFAULT_TIMEOUT;
pub use schema::{Part, Reference, RegisteredSchema, SchemaKind, subject};

#[cfg(test)]
mod tests;
