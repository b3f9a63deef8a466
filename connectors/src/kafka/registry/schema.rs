//! A schema as the registry has it, with the texts of all that it refers to.

use std::fmt;

/// The language of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaKind {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// JSON Schema.
    Json,
}

impl SchemaKind {
    /// What the registry calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Protobuf => "PROTOBUF",
            Self::Json => "JSON",
        }
    }

    /// What `format` calls it in the configuration.
    pub fn format_name(self) -> &'static str {
        match self {
            Self::Avro => "avro",
            Self::Protobuf => "protobuf",
            Self::Json => "json_schema",
        }
    }

    /// The kind of a `schemaType`; where there is none it is Avro, which was there first.
    pub(super) fn from_name(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Self::Avro),
            Some(name) => [Self::Avro, Self::Protobuf, Self::Json].into_iter().find(|kind| kind.name() == name),
        }
    }
}

impl fmt::Display for SchemaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avro => "Avro",
            Self::Protobuf => "Protobuf",
            Self::Json => "JSON Schema",
        })
    }
}

/// Another schema that a schema refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Under what name: an Avro type, a Protobuf import, a JSON `$ref`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A schema. One id means one schema for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// Its language.
    pub kind: SchemaKind,
    /// Its text.
    pub text: String,
    /// What it refers to, also through others; whatever is referred to stands in front of what refers to it.
    pub references: Vec<Reference>,
}

impl RegisteredSchema {
    /// One that refers to nothing.
    pub fn alone(kind: SchemaKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), references: Vec::new() }
    }
}

/// Which part of a message a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
}

/// The subject of a topic's schemas, as `TopicNameStrategy` names it.
pub fn subject(topic: &str, part: Part) -> String {
    match part {
        Part::Key => format!("{topic}-key"),
        Part::Value => format!("{topic}-value"),
    }
}
