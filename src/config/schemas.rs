//! Schemas of Kafka messages: how a registry is reached, and the formats that need one or a file.

use std::path::PathBuf;

use tailwater_connectors::kafka::format::{SchemaFormat, SchemaFrom};
use tailwater_connectors::kafka::registry::{DEFAULT_TIMEOUT, RegistryConfig, SchemaKind};

use super::section::Section;

/// Names of the keys that describe the schema of a part of messages.
pub(super) struct PartKeys {
    pub(super) format: &'static str,
    pub(super) schema: &'static str,
    pub(super) message: &'static str,
    /// Keys have no envelope.
    pub(super) envelope: Option<&'static str>,
}

/// Those of values.
pub(super) const VALUE: PartKeys =
    PartKeys { format: "format", schema: "schema", message: "message", envelope: Some("envelope") };
/// Those of keys.
pub(super) const KEY: PartKeys =
    PartKeys { format: "key_format", schema: "key_schema", message: "key_message", envelope: None };

/// Reads `registry` and what goes with it; `None` where no address is given.
pub(super) fn registry(section: &Section<'_>) -> Option<RegistryConfig> {
    let (user, password) = (section.string("registry_user"), section.string("registry_password"));
    let ca = section.string("registry_ca").map(PathBuf::from);
    let timeout = section.duration("registry_timeout").unwrap_or(DEFAULT_TIMEOUT);
    if timeout.is_zero() {
        section.report("registry_timeout", "must not be zero", None);
    }
    let Some(addresses) = section.string("registry") else {
        if user.is_some() || password.is_some() || ca.is_some() {
            section.report(
                "registry",
                "is missing beside \"registry_*\"",
                Some("write registry = \"http://host:8081\""),
            );
        }
        return None;
    };
    let addresses: Vec<String> = addresses.split(',').map(|address| address.trim().to_owned()).collect();
    for address in &addresses {
        let host = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
        match host {
            None => section.report("registry", "is no address", Some("write registry = \"http://host:8081\"")),
            Some(host) if host.split('/').next().is_some_and(|authority| authority.contains('@')) => {
                section.report("registry", "has a login in it", Some("write registry_user and registry_password"));
            }
            Some(_) => {}
        }
    }
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => {
            section.report("registry_user", "needs \"registry_password\", and the other way round", None);
            None
        }
    };
    Some(RegistryConfig { addresses, login, ca, timeout })
}

/// The language that a format's name stands for.
pub(super) fn kind(format: &str) -> Option<SchemaKind> {
    match format {
        "avro" => Some(SchemaKind::Avro),
        "protobuf" => Some(SchemaKind::Protobuf),
        "json_schema" => Some(SchemaKind::Json),
        _ => None,
    }
}

/// Reads what a table says of the schema of a part of its messages; `None` where its schemas are nowhere.
pub(super) fn format(
    section: &Section<'_>,
    keys: &PartKeys,
    kind: SchemaKind,
    registry: Option<&RegistryConfig>,
) -> Option<SchemaFormat> {
    let file = section.string(keys.schema).map(PathBuf::from);
    let message = section.string(keys.message);
    if message.is_some() && kind != SchemaKind::Protobuf {
        section.report(keys.message, "is for Protobuf alone", Some("leave it out"));
    }
    let envelope = match keys.envelope.and_then(|name| section.string(name)).as_deref() {
        None => false,
        Some("debezium") => true,
        Some(other) => {
            section.report("envelope", format!("\"{other}\" is not known here"), Some("known: debezium"));
            false
        }
    };
    if file.is_some() && kind == SchemaKind::Json {
        section.report(keys.schema, "is not needed to read JSON", Some("write format = \"json\""));
    }
    let from = match (file, registry) {
        (Some(file), _) => SchemaFrom::File(file),
        (None, Some(registry)) => SchemaFrom::Registry(registry.clone()),
        (None, None) => {
            let hint = "write registry = \"http://host:8081\" in the source, or schema = \"FILE\" here";
            section.report(keys.format, "needs the schemas of its messages", Some(hint));
            return None;
        }
    };
    Some(SchemaFormat { kind, from, message, envelope })
}
