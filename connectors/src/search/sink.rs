//! The sink that keeps an embedded index.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tantivy::TantivyError;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::build::{Build, Plan};
use super::config::SearchSinkConfig;
use super::fields::Fields;
use super::index::SearchIndex;
use crate::schema::ViewSchema;
use crate::sink::{ChangelogBatch, Cursor, RowPages, Sink, SinkError};

/// A batch of so many changes is worth a commit of its own.
const GATHERED_CHANGES: usize = 1_000;
/// Between small commits the index rests this many times as long as the last one took, so that they cost at most a third
/// of a core; never longer than the configured interval.
const REST_FACTOR: u32 = 2;

/// Holds a view in an embedded index.
pub struct SearchSink {
    config: SearchSinkConfig,
    directory: PathBuf,
    index: Arc<SearchIndex>,
    session: Option<Session>,
}

/// From a successful `open` to the first error.
struct Session {
    plan: Arc<Plan>,
    build: Option<Build>,
    rested_at: Instant,
}

impl SearchSink {
    /// A sink in `directory`, which is its own and is made when needed, and the index to ask.
    pub fn new(config: SearchSinkConfig, directory: PathBuf) -> (Self, Arc<SearchIndex>) {
        let index = Arc::new(SearchIndex::default());
        (Self { config, directory, index: Arc::clone(&index), session: None }, index)
    }

    fn plan(&self, view: &ViewSchema) -> Result<Plan, SinkError> {
        let refused = |(message, hint)| SinkError::Refused { sink: self.config.name.to_string(), message, hint };
        Ok(Plan {
            view: view.clone(),
            fields: Fields::new(view, &self.config).map_err(refused)?,
            directory: self.directory.clone(),
            memory_bytes: self.config.memory_bytes,
        })
    }

    fn unavailable(&self, message: impl Into<String>) -> SinkError {
        SinkError::Unavailable { sink: self.config.name.to_string(), message: message.into() }
    }

    /// Runs `work` where it may block.
    async fn blocking<T, F>(&self, work: F) -> Result<T, SinkError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, TantivyError> + Send + 'static,
    {
        match spawn_blocking(work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(self.unavailable(format!("search index: {error}"))),
            Err(_) => Err(self.unavailable("search index: the indexing thread stopped")),
        }
    }

    /// Takes the session away, so that an error or a dropped call ends it.
    fn take_session(&mut self) -> Result<Session, SinkError> {
        self.session.take().ok_or_else(|| self.unavailable("not open"))
    }

    fn rest(&self, took: Duration) -> Duration {
        (took * REST_FACTOR).min(self.config.commit_interval)
    }
}

#[async_trait]
impl Sink for SearchSink {
    async fn check(&mut self, view: &ViewSchema) -> Result<(), SinkError> {
        self.plan(view).map(drop)
    }

    async fn open(&mut self, view: &ViewSchema) -> Result<Option<Cursor>, SinkError> {
        // First of all, so that its lock is free.
        self.session = None;
        let plan = Arc::new(self.plan(view)?);
        let opening = Arc::clone(&plan);
        let (build, cursor) = match self.blocking(move || opening.open()).await? {
            Some((build, generation)) => {
                let cursor = generation.cursor().clone();
                self.index.show(Some(generation));
                (Some(build), Some(cursor))
            }
            None => {
                self.index.show(None);
                (None, None)
            }
        };
        self.session = Some(Session { plan, build, rested_at: Instant::now() });
        Ok(cursor)
    }

    async fn replace(&mut self, pages: &mut dyn RowPages, cursor: &Cursor) -> Result<(), SinkError> {
        let session = self.take_session()?;
        // Readers keep the old build's files open; its writer's memory is needed for the new one.
        drop(session.build);
        let plan = Arc::clone(&session.plan);
        let mut build = self.blocking(move || plan.begin()).await?;
        while let Some(rows) = pages.next_page().await? {
            build = self.blocking(move || build.add(&rows).map(|()| build)).await?;
        }
        let finished = cursor.clone();
        let (build, generation) = self.blocking(move || build.finish(&finished)).await?;
        self.index.show(Some(generation));
        self.session = Some(Session { build: Some(build), ..session });
        Ok(())
    }

    async fn write(&mut self, batch: &ChangelogBatch) -> Result<(), SinkError> {
        let mut session = self.take_session()?;
        let Some(mut build) = session.build.take() else {
            return Err(self.unavailable("the index is not filled yet"));
        };
        if batch.changes.len() < GATHERED_CHANGES {
            sleep_until(session.rested_at).await;
        }
        let began = Instant::now();
        let batch = batch.clone();
        let apply = move || build.apply(&batch.changes, &batch.cursor).map(|generation| (build, generation));
        let (build, generation) = self.blocking(apply).await?;
        self.index.show(Some(generation));
        let ended = Instant::now();
        let rested_at = ended + self.rest(ended - began);
        self.session = Some(Session { build: Some(build), rested_at, ..session });
        Ok(())
    }
}
