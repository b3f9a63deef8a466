//! Types of columns in the words of their source, for sinks that tell of a table as it is. The log says nothing of them, so the source is asked
//! whenever a generation is planned. A source that does not answer holds nobody up: what it said before stands.

use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater_connectors::kafka::sink::config::{KafkaFormat, Origin};
use tailwater_connectors::{Column, SourceError, TableName, TableSchema};
use tokio::time::timeout;
use tracing::{info, warn};

use super::error::PipelineError;
use super::records::SourceRecord;
use super::source::connector;
use crate::config::{Config, SinkConfig, SourceConfig, SourceKind};

/// For a source that has said before what it declares.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Brings the record of `source` to what it declares now; whether that is another thing. Waits only where it is not known at all, as in a
/// state of a version that did not keep it.
pub(super) async fn renew(
    config: &Config,
    source: &SourceConfig,
    record: &mut SourceRecord,
) -> Result<bool, PipelineError> {
    let passed = passed(config, source);
    let tables: Vec<TableName> = record
        .tables
        .iter()
        .map(|table| &table.name)
        .filter(|name| passed.iter().any(|it| it.is(name)))
        .cloned()
        .collect();
    if tables.is_empty() {
        return Ok(false);
    }
    let mut connection = connector(source)?;
    let asked = connection.tables(&tables);
    let is_known = record.tables.iter().filter(|table| tables.contains(&table.name)).all(is_declared);
    let answer = match is_known {
        true => timeout(ANSWER_MAX, asked).await.unwrap_or_else(|_| Err(silent(source.name()))),
        false => asked.await,
    };
    match answer {
        Ok(found) => Ok(taken(record, &found)),
        // Views say what has become of the table.
        Err(error) if is_known || !error.is_transient() => {
            warn!(source = %source.name(), %error, "how the source declares columns cannot be asked; what it said before stands");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Tables of which a sink tells with the types that they declare.
fn passed<'c>(config: &'c Config, source: &SourceConfig) -> Vec<&'c Origin> {
    if matches!(source.kind, SourceKind::Kafka(_) | SourceKind::Kinesis(_)) {
        return Vec::new();
    }
    let origin = |sink: &'c SinkConfig| match sink {
        SinkConfig::Kafka(kafka) if kafka.format == KafkaFormat::Debezium => kafka.origin.as_ref(),
        _ => None,
    };
    config.sinks.iter().filter_map(origin).collect()
}

fn is_declared(table: &Arc<TableSchema>) -> bool {
    table.columns.iter().all(|column| column.declared.text().is_some())
}

fn silent(source: &SmolStr) -> SourceError {
    let message = format!("no answer within {} s", ANSWER_MAX.as_secs());
    SourceError::Unavailable { source_name: source.to_string(), message }
}

/// Columns that are of another type than ours are no matter of words.
fn taken(record: &mut SourceRecord, found: &[Arc<TableSchema>]) -> bool {
    let mut is_other = false;
    for table in &mut record.tables {
        let Some(now) = found.iter().find(|now| now.name == table.name) else { continue };
        let mut columns = table.columns.clone();
        let words = |columns: &[Column]| {
            columns.iter().map(|column| column.declared.text().map(SmolStr::new)).collect::<Vec<_>>()
        };
        let before = words(&columns);
        for column in &mut columns {
            let same = |other: &&Column| (&other.name, &other.sql_type) == (&column.name, &column.sql_type);
            if let Some(now) = now.columns.iter().find(same) {
                column.declared = now.declared.clone();
            }
        }
        if words(&columns) != before {
            info!(table = %table.name, "the table declares its columns otherwise than before");
            Arc::make_mut(table).columns = columns;
            is_other = true;
        }
    }
    is_other
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tailwater_connectors::{Declared, ReplicaIdentity, SqlType};

    use super::*;

    fn visits(columns: &[(&str, SqlType, Option<&str>)]) -> Arc<TableSchema> {
        let column = |(name, sql_type, declared): &(&str, SqlType, Option<&str>)| Column {
            declared: declared.map(Declared::new).unwrap_or_default(),
            ..Column::new(*name, sql_type.clone(), true)
        };
        let name = TableName { source: "main".into(), schema: "public".into(), table: "visits".into() };
        let columns = columns.iter().map(column).collect();
        Arc::new(TableSchema { name, columns, key: vec![0], id: 1, identity: ReplicaIdentity::Default })
    }

    fn recorded(table: Arc<TableSchema>) -> SourceRecord {
        let identity = json!({"system": "1", "database": "shop", "slot": "s", "collation": "C"});
        SourceRecord {
            identity: serde_json::from_value(identity).unwrap(),
            tables: vec![table],
            foreign: false,
            aside: None,
        }
    }

    fn words(record: &SourceRecord) -> Vec<Option<&str>> {
        record.tables[0].columns.iter().map(|column| column.declared.text()).collect()
    }

    #[test]
    fn what_is_declared_now_is_taken_where_the_column_is_the_same() {
        let (int, time) = (SqlType::Int4, SqlType::Timestamp);
        let before = [("id", int.clone(), Some("integer")), ("at", time.clone(), Some("timestamp(3)"))];
        let mut record = recorded(visits(&before));
        assert!(!taken(&mut record, &[visits(&before)]));
        let now = [("id", SqlType::Int8, Some("bigint")), ("at", time, Some("timestamp(6)"))];
        assert!(taken(&mut record, &[visits(&now)]));
        assert_eq!(words(&record), [Some("integer"), Some("timestamp(6)")], "another type is for others to take up");
    }

    /// As a state of format 4 has it.
    #[test]
    fn a_record_without_declared_types_is_read_and_gets_them() {
        let known = recorded(visits(&[("id", SqlType::Int4, Some("integer"))]));
        let mut json = serde_json::to_value(&known).unwrap();
        json["tables"][0]["columns"][0].as_object_mut().unwrap().remove("declared").unwrap();
        let mut record: SourceRecord = serde_json::from_value(json).unwrap();
        assert_eq!((words(&record), is_declared(&record.tables[0])), (vec![None], false));
        assert!(taken(&mut record, &known.tables));
        assert_eq!((words(&record), is_declared(&record.tables[0])), (vec![Some("integer")], true));
    }
}
