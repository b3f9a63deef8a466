//! From configured sinks to sinks.

use std::path::Path;
use std::sync::Arc;

use tailwater_connectors::kafka::KafkaSink;
use tailwater_connectors::kafka::sink::config::KafkaSinkConfig;
use tailwater_connectors::redis::RedisSink;
use tailwater_connectors::search::{SearchIndex, SearchSink};
use tailwater_connectors::{Column, Sink, SinkError, TableSchema, ViewSchema};

use crate::config::SinkConfig;

/// A sink, and its index when it is one that is searched.
type Made = (Box<dyn Sink>, Option<Arc<SearchIndex>>);

/// Makes the configured sink; connects nowhere. `tables` are those that views read.
pub(super) fn make_sink<'t>(
    (config, state_dir): (&SinkConfig, &Path),
    view: &ViewSchema,
    tables: impl Iterator<Item = &'t Arc<TableSchema>>,
) -> Result<Made, SinkError> {
    match config {
        SinkConfig::Redis(redis) => Ok((Box::new(RedisSink::new(redis.clone(), view)?), None)),
        SinkConfig::Kafka(kafka) => Ok((Box::new(KafkaSink::new(with_declared_types(kafka, tables), view)?), None)),
        SinkConfig::Search(search) => {
            let directory = state_dir.join("search").join(search.name.as_str());
            let (sink, index) = SearchSink::new(search.clone(), directory);
            Ok((Box::new(sink), Some(index)))
        }
    }
}

/// A sink of a table as it is gets to know how the source declares the columns.
fn with_declared_types<'t>(
    config: &KafkaSinkConfig,
    mut tables: impl Iterator<Item = &'t Arc<TableSchema>>,
) -> KafkaSinkConfig {
    let mut config = config.clone();
    let Some(origin) = &mut config.origin else { return config };
    if let Some(table) = tables.find(|table| origin.is(&table.name)) {
        let declared = |column: &Column| Some((column.name.clone(), column.declared.text()?.into()));
        origin.declared = table.columns.iter().filter_map(declared).collect();
    }
    config
}
