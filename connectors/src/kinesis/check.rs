//! Looks at streams and says what stands in the way of reading them. Changes nothing.

use std::sync::Arc;

use super::answer::Shard;
use super::call_error::CallError;
use super::client::{Client, From};
use super::config::{KinesisSourceConfig, KinesisTable};
use super::faults::Faults;
use super::source::blocking;
use super::table::TableReader;
use crate::finding::{Finding, Severity};
use crate::kafka::config::BadMessages;
use crate::kafka::format::DecodeError;
use crate::kafka::unreachable_registries;
use crate::source::SourceError;

/// First records that are tried, and shards of which they are.
const TRIED_MAX: usize = 100;
const SHARDS_TRIED_MAX: usize = 4;
/// Answers without records until a shard counts as empty.
const ANSWERS_MAX: usize = 3;

/// Looks at every table's stream. An error only when Kinesis cannot be asked at all.
pub async fn check(config: &KinesisSourceConfig) -> Result<Vec<Finding>, SourceError> {
    let (config, faults) = (config.clone(), Faults { source: config.name.clone() });
    blocking(move || look(&config, &faults)).await
}

fn finding(severity: Severity, what: String) -> Finding {
    Finding { what, sql_to_fix: None, severity }
}

fn look(config: &KinesisSourceConfig, faults: &Faults) -> Result<Vec<Finding>, SourceError> {
    let client = Client::new(&config.connection);
    let formats = config.tables.iter().flat_map(|table| [&table.messages.format, &table.messages.key_format]);
    let mut findings = unreachable_registries(formats);
    for table in &config.tables {
        let stream = &table.stream;
        match client.summary(stream) {
            Ok(found) if matches!(found.answer.status.as_str(), "ACTIVE" | "UPDATING") => {
                findings.extend(read_first((config, &client), table, faults)?);
            }
            Ok(found) => {
                let what = format!("stream \"{stream}\" of table \"{}\" is {}", table.name(), found.answer.status);
                findings.push(finding(Severity::Error, what));
            }
            Err(CallError::Missing(_)) => {
                let what = format!(
                    "stream \"{stream}\" of table \"{}\" does not exist in {}",
                    table.name(),
                    config.connection.region
                );
                findings.push(finding(Severity::Error, what));
            }
            // Another stream would not be answered either.
            Err(error @ (CallError::Unreachable(_) | CallError::Garbled(_))) => return Err(faults.asked(stream, error)),
            Err(error) => findings.push(asked(faults, stream, error)),
        }
    }
    Ok(findings)
}

/// An error as a finding, with what to do.
fn asked(faults: &Faults, stream: &str, error: CallError) -> Finding {
    let error = faults.asked(stream, error);
    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    finding(Severity::Error, format!("{error}{hint}"))
}

/// Reads the first records there are: whether that is allowed, and whether they are what the configuration says.
fn read_first(
    (config, client): (&KinesisSourceConfig, &Client),
    table: &Arc<KinesisTable>,
    faults: &Faults,
) -> Result<Option<Finding>, SourceError> {
    let stream = &table.stream;
    let mut reader = match TableReader::new(&config.name, table.clone()) {
        Ok(reader) => reader,
        Err(error) => return Ok(Some(finding(Severity::Error, format!("table \"{}\": {error}", table.name())))),
    };
    let shards = match client.shards(stream) {
        Ok(shards) => shards,
        Err(error) => return Ok(Some(asked(faults, stream, error))),
    };
    for shard in shards.iter().take(SHARDS_TRIED_MAX) {
        match tried(client, &mut reader, shard) {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            // Others read, too.
            Err(CallError::Throttled(_)) => return Ok(None),
            Err(error) => return Ok(Some(asked(faults, stream, error))),
        }
    }
    Ok(None)
}

fn tried(client: &Client, reader: &mut TableReader, shard: &Shard) -> Result<Option<Finding>, CallError> {
    let (name, stream) = (reader.table.name().clone(), reader.table.stream.clone());
    let mut iterator = Some(client.iterator(&stream, shard.id, &From::Beginning)?);
    for _ in 0..ANSWERS_MAX {
        let Some(open) = iterator else { break };
        let answer = client.records(&open, TRIED_MAX)?.answer;
        for record in &answer.records {
            let wrong = match reader.read(shard.id, record) {
                Ok(_) => continue,
                Err(DecodeError::Bad(bad)) => format!("it {}", bad.reason),
                Err(DecodeError::ColumnsLost { reason, .. }) => reason,
                Err(DecodeError::Unavailable { message } | DecodeError::Refused { message, .. }) => {
                    return Ok(Some(finding(Severity::Error, format!("table \"{name}\": {message}"))));
                }
            };
            let what = format!(
                "stream \"{stream}\" has a record that is not what table \"{name}\" is declared from: {}, record {}: {wrong}",
                shard.id, record.sequence
            );
            let severity = match reader.table.messages.bad_messages {
                BadMessages::Stop => Severity::Error,
                BadMessages::Table => Severity::Warning,
            };
            return Ok(Some(finding(severity, what)));
        }
        iterator = answer.next.filter(|_| answer.records.is_empty());
    }
    Ok(None)
}
