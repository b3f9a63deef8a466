//! The source as the pipeline sees it. What asks brokers blocks, and so has threads of its own.

use std::sync::Arc;

use async_trait::async_trait;

use super::beginning::{Begins, SYSTEM, missing};
use super::client::{self, SourceConsumer};
use super::config::{KafkaSourceConfig, SCHEMA};
use super::connection::FILE_HINT;
use super::faults::Faults;
use super::position::KafkaPosition;
use super::reader::Reader;
use super::table::TableReader;
use super::topics::Topics;
use crate::health::SourceHealth;
use crate::no_snapshots::NoSnapshots;
use crate::position::Position;
use crate::schema::{TableName, TableSchema};
use crate::snapshot::Snapshots;
use crate::source::{DurablePosition, ResumePoint, Source, SourceError, SourceIdentity, TransactionSender};

/// Text in Kafka has no collation; we order it by its bytes.
const COLLATION: &str = "C";

/// The topics of one cluster that a source reads.
pub struct KafkaSource {
    config: KafkaSourceConfig,
    faults: Faults,
    stop_at: Option<KafkaPosition>,
}

impl KafkaSource {
    /// Connects to nothing yet.
    pub fn new(config: KafkaSourceConfig) -> Self {
        let faults = Faults { source: config.name.clone() };
        Self { config, faults, stop_at: None }
    }

    /// Reads up to exactly this position first, before it reads further: others stand there, and no step is to pass it in one
    /// partition while it has not reached it in another.
    pub fn stopping_at(mut self, position: Option<&Position>) -> Self {
        self.stop_at = position.and_then(Position::kafka).cloned();
        self
    }

    /// Asks brokers on a thread of its own.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&KafkaSourceConfig, Topics<'_>) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (config, faults) = (self.config.clone(), self.faults.clone());
        blocking(move || {
            let consumer = connect(&config, &faults)?;
            let patience = config.connection.timeout;
            question(&config, Topics { consumer: &consumer, faults: &faults, out: None, hears: true, patience })
        })
        .await
    }
}

/// A client; it connects by itself.
pub(super) fn connect(config: &KafkaSourceConfig, faults: &Faults) -> Result<SourceConsumer, SourceError> {
    if let Some(message) = config.connection.unreadable_file() {
        return Err(faults.refused(message, FILE_HINT));
    }
    client::consumer(config).map_err(|error| {
        faults.refused(format!("the client cannot be made: {error}"), "check the source's connection settings")
    })
}

/// Runs `work` where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}

/// Shapes of the wanted tables, as they are declared, where their topics exist.
fn describe(
    config: &KafkaSourceConfig,
    topics: &Topics<'_>,
    wanted: &[TableName],
) -> Result<Vec<Arc<TableSchema>>, SourceError> {
    let mut found = Vec::new();
    for name in wanted {
        let schema_of = |reader: &TableReader| reader.tables().find(|schema| schema.name == *name).cloned();
        let mut schema = None;
        for table in &config.tables {
            let reader = TableReader::new(&config.name, table.clone()).map_err(|error| {
                topics.faults.table(table.name(), error.to_string(), "change the table's columns or its format")
            })?;
            if let Some(declared) = schema_of(&reader) {
                if topics.partitions(&table.topic)?.is_none() {
                    return Err(missing(topics.faults, table));
                }
                schema = Some(declared);
            }
        }
        let hint = format!("write [source.{}.table.{}]; tables of topics are declared", config.name, name.table);
        found.push(schema.ok_or_else(|| topics.faults.table(&name.to_string(), "is not declared", hint))?);
    }
    Ok(found)
}

#[async_trait]
impl Source for KafkaSource {
    async fn tables(&mut self, wanted: &[TableName]) -> Result<Vec<Arc<TableSchema>>, SourceError> {
        let wanted = wanted.to_vec();
        self.ask(move |config, topics| describe(config, &topics, &wanted)).await
    }

    async fn identity(&mut self) -> Result<SourceIdentity, SourceError> {
        let cluster = self.ask(|_, topics| topics.cluster()).await?;
        Ok(SourceIdentity {
            system: SYSTEM.into(),
            database: cluster,
            slot: String::new(),
            collation: COLLATION.into(),
            ascii_case: false,
            default_schema: SCHEMA.into(),
        })
    }

    async fn health(&mut self) -> Result<Option<SourceHealth>, SourceError> {
        // Brokers keep messages by their own clock, and nothing for us.
        Ok(None)
    }

    async fn release(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn snapshots(&self) -> Box<dyn Snapshots> {
        let reason = "topics of Kafka can only be read, not asked";
        Box::new(NoSnapshots { source: self.config.name.clone(), reason })
    }

    async fn run(
        self: Box<Self>,
        resume: ResumePoint,
        out: TransactionSender,
        durable: DurablePosition,
    ) -> Result<(), SourceError> {
        let Self { config, faults, stop_at } = *self;
        blocking(move || {
            let consumer = connect(&config, &faults)?;
            let patience = config.connection.timeout;
            let topics = Topics { consumer: &consumer, faults: &faults, out: Some(&out), hears: true, patience };
            let begins = Begins { config: &config, faults: &faults, topics, meets: stop_at.as_ref() };
            let mut beginning = match begins.find(resume) {
                Err(_) if out.is_closed() => return Ok(()),
                found => found?,
            };
            let first = std::mem::take(&mut beginning.messages);
            Reader::new((config, faults), consumer, (out, durable), (beginning, stop_at)).run(first)
        })
        .await
    }
}
