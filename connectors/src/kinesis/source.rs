//! The source as the pipeline sees it. What asks Kinesis blocks, and so has threads of its own.

use std::sync::Arc;

use async_trait::async_trait;

use super::beginning::{Begins, SYSTEM};
use super::call_error::CallError;
use super::client::Client;
use super::config::{KinesisSourceConfig, SCHEMA};
use super::faults::Faults;
use super::position::KinesisPosition;
use super::reader::Reader;
use super::table::schemas;
use crate::health::SourceHealth;
use crate::no_snapshots::NoSnapshots;
use crate::position::Position;
use crate::schema::{TableName, TableSchema};
use crate::snapshot::Snapshots;
use crate::source::{DurablePosition, ResumePoint, Source, SourceError, SourceIdentity, TransactionSender};

/// Text in streams has no collation; we order it by its bytes.
const COLLATION: &str = "C";

/// The streams of one account and region that a source reads.
pub struct KinesisSource {
    config: KinesisSourceConfig,
    faults: Faults,
    stop_at: Option<KinesisPosition>,
}

impl KinesisSource {
    /// Connects to nothing yet.
    pub fn new(config: KinesisSourceConfig) -> Self {
        let faults = Faults { source: config.name.clone() };
        Self { config, faults, stop_at: None }
    }

    /// Reads up to exactly this position first, before it reads further: others stand there, and no step is to pass it in one shard while it
    /// has not reached it in another.
    pub fn stopping_at(mut self, position: Option<&Position>) -> Self {
        self.stop_at = position.and_then(Position::kinesis).cloned();
        self
    }

    /// Asks Kinesis on a thread of its own.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&KinesisSourceConfig, &Client, &Faults) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (config, faults) = (self.config.clone(), self.faults.clone());
        blocking(move || question(&config, &Client::new(&config.connection), &faults)).await
    }
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}

/// Shapes of the wanted tables, as they are declared, where their streams exist.
fn describe(
    config: &KinesisSourceConfig,
    (client, faults): (&Client, &Faults),
    wanted: &[TableName],
) -> Result<Vec<Arc<TableSchema>>, SourceError> {
    let mut found = Vec::new();
    for name in wanted {
        let declared = config.tables.iter().find_map(|table| {
            let schema = schemas(&config.name, table).into_iter().find(|schema| schema.name == *name)?;
            Some((table, schema))
        });
        let Some((table, schema)) = declared else {
            let hint = format!("write [source.{}.table.{}]; tables of streams are declared", config.name, name.table);
            return Err(faults.table(&name.to_string(), "is not declared", hint));
        };
        match client.summary(&table.stream) {
            Ok(_) => found.push(Arc::new(schema)),
            Err(CallError::Missing(_)) => return Err(faults.missing(table)),
            Err(error) => return Err(faults.asked(&table.stream, error)),
        }
    }
    Ok(found)
}

/// Region and account, by the first stream that tells.
fn owner(config: &KinesisSourceConfig, (client, faults): (&Client, &Faults)) -> Result<String, SourceError> {
    let mut missing = None;
    for table in &config.tables {
        match client.summary(&table.stream) {
            Ok(dated) => return Ok(dated.answer.owner.to_string()),
            Err(CallError::Missing(_)) => missing = missing.or(Some(faults.missing(table))),
            Err(error) => return Err(faults.asked(&table.stream, error)),
        }
    }
    Err(missing.unwrap_or_else(|| faults.refused("no stream is declared", "declare a table")))
}

#[async_trait]
impl Source for KinesisSource {
    async fn tables(&mut self, wanted: &[TableName]) -> Result<Vec<Arc<TableSchema>>, SourceError> {
        let wanted = wanted.to_vec();
        self.ask(move |config, client, faults| describe(config, (client, faults), &wanted)).await
    }

    async fn identity(&mut self) -> Result<SourceIdentity, SourceError> {
        let owner = self.ask(|config, client, faults| owner(config, (client, faults))).await?;
        Ok(SourceIdentity {
            system: SYSTEM.into(),
            database: owner,
            slot: String::new(),
            collation: COLLATION.into(),
            ascii_case: false,
            default_schema: SCHEMA.into(),
        })
    }

    async fn health(&mut self) -> Result<Option<SourceHealth>, SourceError> {
        // Kinesis keeps records by its own clock, and nothing for us.
        Ok(None)
    }

    async fn release(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn snapshots(&self) -> Box<dyn Snapshots> {
        let reason = "streams of Kinesis can only be read, not asked";
        Box::new(NoSnapshots { source: self.config.name.clone(), reason })
    }

    async fn run(
        self: Box<Self>,
        resume: ResumePoint,
        out: TransactionSender,
        _durable: DurablePosition,
    ) -> Result<(), SourceError> {
        let Self { config, faults, stop_at } = *self;
        blocking(move || {
            let client = Client::new(&config.connection);
            let begins = Begins { config: &config, faults: &faults, client: &client, meets: stop_at.as_ref() };
            let mut beginning = match begins.find(resume) {
                Err(_) if out.is_closed() => return Ok(()),
                found => found?,
            };
            let first = std::mem::take(&mut beginning.messages);
            Reader::new((config, faults), client, out, (beginning, stop_at)).run(first)
        })
        .await
    }
}
