//! From configured sinks to sinks.

use std::path::Path;
use std::sync::Arc;

use tailwater_connectors::kafka::KafkaSink;
use tailwater_connectors::redis::RedisSink;
use tailwater_connectors::search::{SearchIndex, SearchSink};
use tailwater_connectors::{Sink, SinkError, ViewSchema};

use crate::config::SinkConfig;

/// A sink, and its index when it is one that is searched.
type Made = (Box<dyn Sink>, Option<Arc<SearchIndex>>);

/// Makes the configured sink; connects nowhere.
pub(super) fn make_sink(config: &SinkConfig, state_dir: &Path, view: &ViewSchema) -> Result<Made, SinkError> {
    match config {
        SinkConfig::Redis(redis) => Ok((Box::new(RedisSink::new(redis.clone(), view)?), None)),
        SinkConfig::Kafka(kafka) => Ok((Box::new(KafkaSink::new((**kafka).clone(), view)?), None)),
        SinkConfig::Search(search) => {
            let directory = state_dir.join("search").join(search.name.as_str());
            let (sink, index) = SearchSink::new(search.clone(), directory);
            Ok((Box::new(sink), Some(index)))
        }
    }
}
