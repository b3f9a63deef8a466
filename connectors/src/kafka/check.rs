//! Looks at topics and says what stands in the way of reading them. Changes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::config::{BadMessages, KafkaSourceConfig, KafkaTable, Mode};
use super::faults::{Faults, Told};
use super::format::{DecodeError, Format, SchemaFrom};
use super::registry::Registry;
use super::source::connect;
use super::table::TableReader;
use super::topics::Topics;
use crate::finding::{Finding, Severity};
use crate::source::SourceError;

/// First messages that are tried, and how long is waited for them.
const TRIED_MAX: usize = 100;
const TRY_MAX: Duration = Duration::from_secs(5);

/// Looks at every table's topic. An error only when no broker can be asked at all.
pub async fn check(config: &KafkaSourceConfig) -> Result<Vec<Finding>, SourceError> {
    let (asked, faults) = (config.clone(), Faults { source: config.name.clone() });
    let looked = tokio::task::spawn_blocking(move || look(&asked, &faults)).await;
    let mut findings = match looked {
        Ok(findings) => findings?,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    };
    findings.extend(compaction(config).await);
    Ok(findings)
}

fn finding(severity: Severity, what: String) -> Finding {
    Finding { what, sql_to_fix: None, severity }
}

fn of_error(error: &SourceError) -> Finding {
    Finding { sql_to_fix: error.hint().map(Into::into), ..finding(Severity::Error, error.to_string()) }
}

fn look(config: &KafkaSourceConfig, faults: &Faults) -> Result<Vec<Finding>, SourceError> {
    let consumer = connect(config, faults)?;
    let topics = Topics { consumer: &consumer, faults, out: None, hears: true, patience: config.connection.timeout };
    topics.cluster()?;
    let formats = config.tables.iter().flat_map(|table| [&table.messages.format, &table.messages.key_format]);
    let mut findings = unreachable_registries(formats);
    for table in &config.tables {
        match topics.extents(&table.topic) {
            Ok(Some(extents)) => {
                let lows: BTreeMap<i32, i64> = extents
                    .iter()
                    .filter(|(_, extent)| extent.high > extent.low)
                    .map(|(partition, extent)| (*partition, extent.low))
                    .collect();
                findings.extend(tried((config, faults), table, &lows)?);
            }
            Ok(None) => {
                let what = format!("topic \"{}\" of table \"{}\" does not exist", table.topic, table.name());
                findings.push(finding(Severity::Error, what));
            }
            Err(error) => findings.push(of_error(&error)),
        }
    }
    Ok(findings)
}

/// Schema registries that cannot be asked.
pub(crate) fn unreachable_registries<'a>(formats: impl Iterator<Item = &'a Format>) -> Vec<Finding> {
    let mut asked = Vec::new();
    for format in formats {
        if let Format::Schema(format) = format
            && let SchemaFrom::Registry(registry) = &format.from
            && !asked.contains(registry)
        {
            asked.push(registry.clone());
        }
    }
    let answers = asked.iter().map(|registry| Registry::new(registry).and_then(|registry| registry.check()));
    answers.filter_map(Result::err).map(|error| finding(Severity::Error, error.to_string())).collect()
}

/// Reads the first messages there are: whether that is allowed, and whether they are what the configuration says.
fn tried(
    (config, faults): (&KafkaSourceConfig, &Faults),
    table: &std::sync::Arc<KafkaTable>,
    lows: &BTreeMap<i32, i64>,
) -> Result<Option<Finding>, SourceError> {
    let consumer = connect(config, faults)?;
    let mut list = TopicPartitionList::new();
    for (partition, low) in lows {
        let _ = list.add_partition_offset(&table.topic, *partition, Offset::Offset(*low));
    }
    let mut reader = match TableReader::new(&config.name, table.clone()) {
        Ok(reader) => reader,
        Err(error) => return Ok(Some(finding(Severity::Error, format!("table \"{}\": {error}", table.name())))),
    };
    if lows.is_empty() || consumer.assign(&list).is_err() {
        return Ok(None);
    }
    let (begun, mut read) = (Instant::now(), 0);
    while read < TRIED_MAX && begun.elapsed() < TRY_MAX {
        let message = match consumer.poll(Duration::from_millis(if read == 0 { 200 } else { 50 })) {
            None if read > 0 => break,
            None => continue,
            Some(Ok(message)) => message,
            Some(Err(error)) => match faults.told(&error, &consumer.client().context().last_error()) {
                Told::Fault(error) if !error.is_transient() => {
                    return Ok(Some(of_error(&error)));
                }
                _ => continue,
            },
        };
        read += 1;
        let wrong = match reader.read(&message) {
            Ok(_) => None,
            Err(DecodeError::Bad(bad)) => Some(format!("it {}", bad.reason)),
            Err(DecodeError::ColumnsLost { reason, .. }) => Some(reason),
            Err(DecodeError::Unavailable { message } | DecodeError::Refused { message, .. }) => {
                return Ok(Some(finding(Severity::Error, format!("table \"{}\": {message}", table.name()))));
            }
        };
        if let Some(wrong) = wrong {
            let (partition, offset) = (message.partition(), message.offset());
            let what = format!(
                "topic \"{}\" has a message that is not what table \"{}\" is declared from: partition {partition}, offset {offset}: {wrong}",
                table.topic,
                table.name()
            );
            let severity = match table.messages.bad_messages {
                BadMessages::Stop => Severity::Error,
                BadMessages::Table => Severity::Warning,
            };
            return Ok(Some(finding(severity, what)));
        }
    }
    Ok(None)
}

/// Topics of which old messages go although every one of them is a row.
async fn compaction(config: &KafkaSourceConfig) -> Vec<Finding> {
    let appended: Vec<_> = config.tables.iter().filter(|table| table.messages.mode == Mode::Append).collect();
    let client = config.connection.client(&format!("tailwater-{}", config.name));
    let admin: AdminClient<DefaultClientContext> = match client.create() {
        Ok(admin) => admin,
        Err(_) => return Vec::new(),
    };
    let options = AdminOptions::new().request_timeout(Some(config.connection.timeout));
    let resources: Vec<_> = appended.iter().map(|table| ResourceSpecifier::Topic(&table.topic)).collect();
    if resources.is_empty() {
        return Vec::new();
    }
    let answered = match admin.describe_configs(&resources, &options).await {
        Ok(answered) => answered,
        Err(error) => return vec![finding(Severity::Warning, format!("settings of topics cannot be read: {error}"))],
    };
    let mut findings = Vec::new();
    for (table, answer) in appended.into_iter().zip(answered) {
        match answer {
            Ok(settings) => {
                let policy = settings.get("cleanup.policy").and_then(|entry| entry.value.clone()).unwrap_or_default();
                if policy.contains("compact") {
                    let what = format!(
                        "topic \"{}\" is compacted: of table \"{}\", which takes every message for a row, rows are missing that were compacted away \
                         before they were read; mode = \"upsert\" keeps the latest of each key",
                        table.topic,
                        table.name()
                    );
                    findings.push(finding(Severity::Warning, what));
                }
            }
            Err(code) => {
                let what = format!(
                    "settings of topic \"{}\" cannot be read ({code}): whether it is compacted is not known",
                    table.topic
                );
                findings.push(finding(Severity::Warning, what));
            }
        }
    }
    findings
}
