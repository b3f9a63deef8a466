//! Copies tables beside the stream, by several sessions at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::by_key;
use super::floor::floor_of_now;
use super::mark::Pages;
use super::pace::Pace;
use super::session::{Chunk, Outcome, Reason, Session, WAIT_FIRST, WAIT_MAX};
use super::table::{Next, TableCopy, Target};
use super::visibility::Visible;
use crate::position::{Lsn, Position};
use crate::postgres::config::CopySettings;
use crate::postgres::conninfo::ConnInfo;
use crate::postgres::server_error::Scene;
use crate::postgres::sql_client;
use crate::row::Row;
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// Pauses before a chunk is tried again, from the first to the longest.
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Waiting for longer than this is said.
const WAIT_QUIET: Duration = Duration::from_secs(5);

/// A copy of some tables.
#[derive(Clone)]
pub(in crate::postgres) struct Copier {
    pub(in crate::postgres) info: ConnInfo,
    pub(in crate::postgres) scene: Scene,
    pub(in crate::postgres) settings: CopySettings,
    /// How far the stream has handed over.
    pub(in crate::postgres) passed: watch::Receiver<Lsn>,
    pub(in crate::postgres) out: TransactionSender,
}

/// What the sessions share.
struct Work {
    tables: Mutex<Vec<TableCopy>>,
    client: Client,
}

/// Something to do with a table.
struct Job {
    place: usize,
    target: Arc<Target>,
    next: Next,
}

impl Copier {
    /// Copies all. The first failure stops all.
    pub(in crate::postgres) async fn run(self, tables: Vec<TableCopy>) -> Result<(), SourceError> {
        let number = tables.len();
        tracing::info!(source = %self.scene.source_name, tables = number, "copying beside the stream");
        let client = sql_client::connect(&self.info).await.map_err(|error| self.scene.error(error))?;
        let work = Arc::new(Work { tables: Mutex::new(tables), client });
        let mut sessions = JoinSet::new();
        for _ in 0..self.settings.sessions.max(1) {
            let rate = self.settings.rate.map(|rate| rate / self.settings.sessions.max(1) as u64);
            let worker = Worker {
                session: Session::new(self.info.clone(), self.scene.clone(), self.passed.clone()),
                pace: Pace::new(self.settings.chunk_time, rate),
                copier: self.clone(),
                work: work.clone(),
            };
            sessions.spawn(worker.run());
        }
        while let Some(ended) = sessions.join_next().await {
            ended.map_err(|error| self.scene.protocol(format!("a copying task failed: {error}")))??;
        }
        tracing::info!(source = %self.scene.source_name, tables = number, "copy complete");
        Ok(())
    }
}

/// One session.
struct Worker {
    copier: Copier,
    work: Arc<Work>,
    session: Session,
    pace: Pace,
}

impl Worker {
    async fn run(mut self) -> Result<(), SourceError> {
        while let Some(Job { place, target, next }) = self.take().await {
            match next {
                Next::Chunk { part, filenode, pages } => self.chunk(&target, place, (part, filenode, pages)).await?,
                Next::Whole => self.whole(&target).await?,
                Next::End => self.end(&target).await?,
            }
        }
        Ok(())
    }

    async fn take(&self) -> Option<Job> {
        let mut tables = self.work.tables.lock().await;
        let job = |(place, table): (usize, &mut TableCopy)| {
            let next = table.take(self.pace.pages())?;
            Some(Job { place, target: table.target.clone(), next })
        };
        tables.iter_mut().enumerate().find_map(job)
    }

    async fn chunk(
        &mut self,
        target: &Target,
        place: usize,
        (part, filenode, pages): (usize, u32, Pages),
    ) -> Result<(), SourceError> {
        let relation = &target.parts[part];
        let select = match relation.by_pages {
            true => format!(
                "SELECT {} FROM ONLY {} WHERE ctid >= '({},0)' AND ctid < '({},0)'",
                target.select, relation.name, pages.0, pages.1
            ),
            false => format!("SELECT {} FROM {}", target.select, relation.name),
        };
        let chunk = Chunk {
            target,
            relation: (&relation.name, relation.oid),
            filenode: relation.by_pages.then_some(filenode),
            select: &select,
            floor: self.work.tables.lock().await[place].floor.clone(),
            wait: WAIT_FIRST,
        };
        let begun = Instant::now();
        let outcome = self.until_read(chunk).await?;
        let mut tables = self.work.tables.lock().await;
        let table = &mut tables[place];
        match outcome {
            Outcome::Read(bytes) => {
                table.done((part, filenode, pages));
                // Sent under the lock: a mark names what was handed over before it, and the last one is the newest.
                self.send_mark(table).await;
                drop(tables);
                sleep(self.pace.took((pages.1 - pages.0, bytes), begun.elapsed())).await;
            }
            Outcome::Rewritten { filenode, size } => {
                table.give_back(part, pages);
                table.rewritten(part, filenode, size);
            }
            Outcome::Later(_) => table.give_back(part, pages),
        }
        Ok(())
    }

    async fn send_mark(&self, table: &TableCopy) {
        let message = SourceMessage::CopyMark { table: table.name().clone(), mark: table.mark() };
        // When nobody receives any more, the source's own loop ends this task.
        let _ = self.copier.out.send(message).await;
    }

    /// Tries until the chunk is read or is another one.
    async fn until_read(&mut self, mut chunk: Chunk<'_>) -> Result<Outcome, SourceError> {
        let mut waiting = Waiting::new(&self.copier.scene, chunk.target);
        loop {
            match self.session.read(&chunk, &self.copier.out).await? {
                Outcome::Later(reason) => {
                    if reason == Reason::Behind {
                        chunk.wait = (chunk.wait * 2).min(WAIT_MAX);
                    }
                    waiting.wait(reason).await;
                }
                outcome => return Ok(outcome),
            }
        }
    }

    async fn whole(&mut self, target: &Target) -> Result<(), SourceError> {
        let mut waiting = Waiting::new(&self.copier.scene, target);
        loop {
            match self.session.read_whole((target, &self.work.client), &self.copier.out).await? {
                Ok(position) => {
                    self.ask_for_the_end(target, Some(position)).await;
                    return Ok(());
                }
                Err(Outcome::Later(reason)) => waiting.wait(reason).await,
                Err(_) => waiting.wait(Reason::Locked).await,
            }
        }
    }

    /// Ends a table: reads again what the stream left out of rows that no chunk had at the time, until nothing is missing.
    async fn end(&mut self, target: &Target) -> Result<(), SourceError> {
        loop {
            let incomplete = self.ask_for_the_end(target, None).await;
            if incomplete.is_empty() {
                return Ok(());
            }
            let floor = self.floor_of_now().await?;
            for rows in incomplete.chunks(by_key::KEYS_MAX) {
                let select = by_key::select(target, rows);
                let chunk = Chunk {
                    target,
                    relation: (&target.name, target.schema.id),
                    filenode: None,
                    select: &select,
                    floor: floor.clone(),
                    wait: WAIT_FIRST,
                };
                self.until_read(chunk).await?;
            }
        }
    }

    /// What rows that were asked for must see: all that had been handed over by then.
    async fn floor_of_now(&self) -> Result<Option<Arc<Visible>>, SourceError> {
        let (info, scene) = (&self.copier.info, &self.copier.scene);
        let Some(text) = floor_of_now(&self.work.client, info, scene).await? else { return Ok(None) };
        let floor = Visible::parse(&text).ok_or_else(|| scene.protocol(format!("\"{text}\" is no snapshot")))?;
        Ok(Some(Arc::new(floor)))
    }

    /// Answers with no rows when the table is complete, or when nobody listens any more.
    async fn ask_for_the_end(&self, target: &Target, snapshot: Option<Position>) -> Vec<Row> {
        let (incomplete, mut answer) = mpsc::channel(1);
        let message = SourceMessage::CopyEnds { table: target.schema.clone(), snapshot, incomplete };
        if self.copier.out.send(message).await.is_err() {
            return Vec::new();
        }
        let rows = answer.recv().await.unwrap_or_default();
        if rows.is_empty() {
            tracing::info!(source = %self.copier.scene.source_name, table = %target.schema.name, "table copied");
        }
        rows
    }
}

/// Pauses that grow, and say why when it takes long.
struct Waiting<'a> {
    scene: &'a Scene,
    target: &'a Target,
    pause: Duration,
    begun: Instant,
    said: bool,
}

impl<'a> Waiting<'a> {
    fn new(scene: &'a Scene, target: &'a Target) -> Self {
        Self { scene, target, pause: RETRY_FIRST, begun: Instant::now(), said: false }
    }

    async fn wait(&mut self, reason: Reason) {
        if self.begun.elapsed() > WAIT_QUIET && !self.said {
            self.said = true;
            let why = match reason {
                Reason::Locked => "its table is locked by another session",
                Reason::Invisible => "transactions that began before the copy are open or not visible yet",
                Reason::Behind => "the stream has not come to what it would read",
                Reason::NotReceiving => "the standby receives nothing from its primary",
            };
            tracing::warn!(source = %self.scene.source_name, table = %self.target.schema.name, "the copy waits: {why}");
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(RETRY_MAX);
    }
}
