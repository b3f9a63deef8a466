//! Settings of the formats whose messages have a schema.

use std::path::PathBuf;

use crate::kafka::registry::{RegistryConfig, SchemaKind};

/// `"avro"`, `"protobuf"` or `"json_schema"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFormat {
    /// Which of them.
    pub kind: SchemaKind,
    /// Where schemas come from.
    pub from: SchemaFrom,
    /// `message`: full name of the Protobuf message type; `None`: that which a message names, or the only one of the file.
    pub message: Option<String>,
    /// `envelope = "debezium"`: `op`, `before` and `after` of change data capture.
    pub envelope: bool,
}

/// Where schemas come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaFrom {
    /// `registry`: messages begin with the id of their schema.
    Registry(RegistryConfig),
    /// `schema`: a file; messages have nothing in front.
    File(PathBuf),
}

impl SchemaFormat {
    /// As it is written in the configuration.
    pub fn name(&self) -> &'static str {
        self.kind.format_name()
    }
}
