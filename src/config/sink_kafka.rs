//! `[sink.NAME]` with `type = "kafka"`.

use tailwater_connectors::kafka::registry::RegistryConfig;
use tailwater_connectors::kafka::sink::config::{
    Compression, DEFAULT_CURSOR_TOPIC, DebeziumStyle, Decimals, Intervals, KafkaFormat, KafkaMode, KafkaSinkConfig,
};

use super::checked::SinkConfig;
use super::kafka;
use super::schemas;
use super::section::Section;
use super::sink_table::PassedTable;

/// Longer names are no topics.
const TOPIC_NAME_MAX: usize = 249;
/// More partitions than any cluster has for a topic.
const MANY: u32 = 1_000_000;

/// Reads the section; `None` where what is missing makes the rest pointless.
pub(super) fn read(
    name: &str,
    (view, passed): (Option<String>, Option<&PassedTable>),
    section: &Section<'_>,
) -> Option<SinkConfig> {
    let connection = kafka::connection(section);
    let topic = section.required("topic", "write topic = \"NAME\"");
    check_topic("topic", topic.as_deref(), section);
    let (format, mode) = (format(section), mode(section));
    let registry = registry((format, mode), section);
    let names = |key| section.strings(key).map(|names| names.into_iter().map(Into::into).collect());
    let (key, partition_by): (_, Option<Vec<_>>) = (names("key"), names("partition_by"));
    if partition_by.as_ref().is_some_and(Vec::is_empty) {
        section.report("partition_by", "names no column", Some("leave it out to place messages by the whole key"));
    }
    let transactional_id = section.string("transactional_id").unwrap_or_else(|| format!("tailwater-{name}"));
    let cursor_topic = section.string("cursor_topic").unwrap_or_else(|| DEFAULT_CURSOR_TOPIC.into());
    check_topic("cursor_topic", Some(&cursor_topic), section);
    if topic.as_ref() == Some(&cursor_topic) {
        section.report("topic", "is the topic of cursors", Some("choose another name"));
    }
    let partitions = count("partitions", section);
    let replication = count("replication", section);
    Some(SinkConfig::Kafka(Box::new(KafkaSinkConfig {
        name: name.into(),
        view: view?.into(),
        origin: passed.map(|passed| passed.origin.clone()),
        connection: connection?,
        topic: topic?,
        format,
        debezium: debezium(format, section),
        registry,
        mode,
        key,
        partition_by,
        partitions,
        replication,
        topic_config: topic_config(mode, section),
        transactional_id,
        cursor_topic,
        compression: compression(section),
    })))
}

fn format(section: &Section<'_>) -> KafkaFormat {
    match section.string("format").as_deref() {
        None | Some("json") => KafkaFormat::Json,
        Some("debezium") => KafkaFormat::Debezium,
        Some(other) => schemas::kind(other).map(KafkaFormat::Schema).unwrap_or_else(|| {
            let hint = "known formats: json, debezium, avro, protobuf, json_schema";
            section.report("format", format!("\"{other}\" is no format"), Some(hint));
            KafkaFormat::Json
        }),
    }
}

/// Reads what Debezium's connector and converter would be told; no other format has use for it.
fn debezium(format: KafkaFormat, section: &Section<'_>) -> DebeziumStyle {
    let style = DebeziumStyle {
        schemas: section.boolean("schemas").unwrap_or(DebeziumStyle::default().schemas),
        decimals: named("decimals", &Decimals::ALL, section),
        intervals: named("intervals", &Intervals::ALL, section),
    };
    for key in ["schemas", "decimals", "intervals"] {
        if format != KafkaFormat::Debezium && section.has(key) {
            let hint = "leave it out, or write format = \"debezium\"";
            section.report(key, format!("is not for format \"{}\"", format.name()), Some(hint));
        }
    }
    style
}

fn named<T: Copy + Default>(key: &'static str, all: &[(T, &str)], section: &Section<'_>) -> T {
    let Some(text) = section.string(key) else { return T::default() };
    let found = all.iter().find(|(_, name)| *name == text).map(|(value, _)| *value);
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        section.report(key, format!("\"{text}\" is not known here"), Some(&format!("known: {}", names.join(", "))));
    }
    found.unwrap_or_default()
}

/// Reads where schemas are registered, which the formats that have schemas need and no other has use for.
fn registry((format, mode): (KafkaFormat, KafkaMode), section: &Section<'_>) -> Option<RegistryConfig> {
    let registry = schemas::registry(section);
    match (format, &registry) {
        (KafkaFormat::Schema(_), None) if !section.has("registry") => {
            let message = format!("is missing: format \"{}\" registers its schemas", format.name());
            section.report("registry", message, Some("write registry = \"http://host:8081\""));
        }
        (KafkaFormat::Json | KafkaFormat::Debezium, Some(_)) => {
            let hint = "leave it out, or write format = \"avro\", \"protobuf\" or \"json_schema\"";
            section.report("registry", format!("is not for format \"{}\"", format.name()), Some(hint));
        }
        _ => {}
    }
    if matches!(format, KafkaFormat::Schema(_)) && mode == KafkaMode::Append {
        let hint = "write mode = \"upsert\", or format = \"json\" or \"debezium\"";
        section.report("mode", format!("format \"{}\" writes rows, not events", format.name()), Some(hint));
    }
    registry
}

fn mode(section: &Section<'_>) -> KafkaMode {
    match section.string("mode").as_deref() {
        None | Some("upsert") => KafkaMode::Upsert,
        Some("append") => KafkaMode::Append,
        Some(other) => {
            section.report("mode", format!("\"{other}\" is no mode"), Some("known modes: upsert, append"));
            KafkaMode::Upsert
        }
    }
}

fn compression(section: &Section<'_>) -> Compression {
    let Some(named) = section.string("compression") else { return Compression::default() };
    let found = Compression::ALL.into_iter().find(|(_, name)| *name == named);
    if found.is_none() {
        let hint = "known ones: none, gzip, lz4, zstd";
        section.report("compression", format!("\"{named}\" is no compression that is known here"), Some(hint));
    }
    found.map(|(compression, _)| compression).unwrap_or_default()
}

fn count(name: &'static str, section: &Section<'_>) -> Option<u32> {
    let number = section.number(name)?;
    let count = u32::try_from(number).ok().filter(|count| (1..=MANY).contains(count));
    if count.is_none() {
        section.report(name, "is not a number that brokers take", Some("write 1 or more, or leave it to the brokers"));
    }
    count
}

fn topic_config(mode: KafkaMode, section: &Section<'_>) -> Vec<(String, String)> {
    let settings = section.string_map("topic_config");
    for (name, value) in &settings {
        if name == "cleanup.policy" && value != mode.cleanup_policy() {
            let hint = format!("leave it out: mode \"{}\" needs \"{}\"", mode.name(), mode.cleanup_policy());
            section.report("topic_config", format!("cleanup.policy = \"{value}\" does not fit the mode"), Some(&hint));
        }
    }
    settings
}

fn check_topic(key: &'static str, topic: Option<&str>, section: &Section<'_>) {
    let Some(topic) = topic else { return };
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_name = !topic.is_empty() && topic.len() <= TOPIC_NAME_MAX && topic.bytes().all(good);
    if !is_name || matches!(topic, "." | "..") {
        let hint = "use up to 249 letters, digits, dots, underscores and hyphens";
        section.report(key, format!("\"{topic}\" is no name of a topic"), Some(hint));
    }
}
