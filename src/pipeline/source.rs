//! Keeps each source running: starts it where the state stands, starts it again after a transient error.

use std::path::PathBuf;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::kafka::KafkaSource;
use tailwater_connectors::kinesis::KinesisSource;
use tailwater_connectors::mysql::MysqlSource;
use tailwater_connectors::postgres::PostgresSource;
use tailwater_connectors::{
    OpenTransactions, Position, ResumePoint, Source, SourceError, SourceMessage, UnfinishedCopy,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::backoff::Backoff;
use super::records::SourceRecord;
use super::status::{Condition, StatusBoard};
use super::takeover::TakeOver;
use crate::config::{SourceConfig, SourceKind};

/// Batches of transactions on their way from one source to the engine.
pub(super) const BATCHES_IN_FLIGHT_MAX: usize = 16;

/// What the stepper takes.
pub(super) struct Taken {
    pub(super) source: SmolStr,
    pub(super) item: Item,
}

/// A source's message, or the question where the source stands, once all that it handed over before has been dealt with.
pub(super) enum Item {
    Stand(oneshot::Sender<Standing>),
    /// The source stands where it is to stand when the others take over.
    TakeOver(Box<TakeOver>),
    Message(SourceMessage),
}

/// Where a source stands, as the engine has it.
pub(super) struct Standing {
    /// `None` until its stream has begun.
    pub(super) position: Option<Position>,
    /// Tables whose copy is not complete.
    pub(super) copying: Vec<UnfinishedCopy>,
    /// What the source wanted to find again.
    pub(super) note: Option<String>,
}

impl Standing {
    /// Where the source starts.
    fn resume_point(self, record: &SourceRecord) -> ResumePoint {
        match self.position {
            Some(position) => ResumePoint::Stream {
                position,
                identity: record.identity.clone(),
                tables: record.tables.clone(),
                copying: self.copying,
                note: self.note,
            },
            None => ResumePoint::FirstCopy {
                tables: record.tables.iter().map(|table| table.name.clone()).collect(),
                foreign: record.foreign,
            },
        }
    }
}

/// The connector of a configured source.
pub(super) fn connector(config: &SourceConfig) -> Result<Box<dyn Source>, SourceError> {
    match &config.kind {
        SourceKind::Postgres(config) => Ok(Box::new(PostgresSource::new(config.clone())?)),
        SourceKind::Mysql(config) => Ok(Box::new(MysqlSource::new(config.clone()))),
        SourceKind::Kafka(config) => Ok(Box::new(KafkaSource::new(config.clone()))),
        SourceKind::Kinesis(config) => Ok(Box::new(KinesisSource::new(config.clone()))),
    }
}

/// One source's supervisor.
pub(super) struct Supervisor {
    pub(super) config: Arc<SourceConfig>,
    pub(super) record: SourceRecord,
    /// Where it is to be met exactly before it goes further: places of sources that have several logs are not in one order.
    pub(super) meets: Option<Position>,
    /// Where the source keeps transactions that are still open; its own.
    pub(super) spill: PathBuf,
    pub(super) out: mpsc::Sender<Taken>,
    pub(super) durable: watch::Receiver<Option<Position>>,
    pub(super) status: Arc<StatusBoard>,
    pub(super) stop: CancellationToken,
}

impl Supervisor {
    /// Runs until stopped or until an error that someone must act on. `standing` is where the source stands at first; without it the engine is asked.
    pub(super) async fn run(self, mut standing: Option<Standing>) {
        let (mut backoff, mut takes_open) = (Backoff::default(), true);
        while !self.stop.is_cancelled() {
            let now = match standing.take() {
                Some(standing) => standing,
                None => match self.ask().await {
                    Some(standing) => standing,
                    None => return,
                },
            };
            let outcome = self.run_once(now.resume_point(&self.record), takes_open, &mut backoff).await;
            // What the server cannot send while it is open it sends whole, in one run; the next one asks again.
            takes_open = !matches!(outcome, Err(SourceError::OpenNotSent { .. }));
            match outcome {
                Ok(()) => return,
                Err(error) if error.is_transient() => self.wait(&error, &mut backoff).await,
                Err(error) => {
                    error!(source = %self.name(), %error, "source stopped");
                    return self.say(Condition::Failed, &error).await;
                }
            }
        }
    }

    /// Where the source stands when all that it has handed over is dealt with: a message of the run before must not meet the state that
    /// the next run starts from. `None` when the engine has ended.
    async fn ask(&self) -> Option<Standing> {
        let (answer, standing) = oneshot::channel();
        self.out.send(Taken { source: self.name().clone(), item: Item::Stand(answer) }).await.ok()?;
        standing.await.ok()
    }

    fn name(&self) -> &SmolStr {
        self.config.name()
    }

    /// One connection's life. Ends with `Ok` only when stopped.
    async fn run_once(&self, resume: ResumePoint, takes_open: bool, backoff: &mut Backoff) -> Result<(), SourceError> {
        if matches!(resume, ResumePoint::FirstCopy { .. }) {
            self.condition(Condition::Loading, None, None);
        }
        let (sender, mut messages) = mpsc::channel(1);
        let (told, mut open) = watch::channel(self.open_transactions());
        let source: Box<dyn Source> = match &self.config.kind {
            SourceKind::Postgres(config) => {
                let source = PostgresSource::new(config.clone())?;
                Box::new(if takes_open { source.with_spill(self.spill.clone(), told) } else { source })
            }
            SourceKind::Mysql(config) => Box::new(MysqlSource::new(config.clone())),
            SourceKind::Kafka(config) => Box::new(KafkaSource::new(config.clone()).stopping_at(self.meets.as_ref())),
            SourceKind::Kinesis(config) => {
                Box::new(KinesisSource::new(config.clone()).stopping_at(self.meets.as_ref()))
            }
        };
        let mut running = tokio::spawn(source.run(resume, sender, self.durable.clone()));
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Ok(()) = open.changed() => self.show_open(&open.borrow_and_update()),
                message = messages.recv() => match message {
                    Some(message) => {
                        backoff.reset();
                        let taken = Taken { source: self.name().clone(), item: Item::Message(message) };
                        if self.out.send(taken).await.is_err() {
                            break;
                        }
                    }
                    None => {
                        let ended = joined(running.await, self.name());
                        self.show_open(&open.borrow());
                        return ended;
                    }
                },
            }
        }
        drop(messages);
        // The source says goodbye to the server; a dead network must not hold the stop.
        if tokio::time::timeout(GOODBYE_MAX, &mut running).await.is_err() {
            running.abort();
        }
        Ok(())
    }

    fn open_transactions(&self) -> OpenTransactions {
        let known =
            self.status.inspect(|status| status.sources.get(self.name()).map(|source| source.open_transactions));
        known.unwrap_or_default()
    }

    fn show_open(&self, open: &OpenTransactions) {
        self.status.update(|status| {
            status.sources.entry(self.name().clone()).or_default().open_transactions = *open;
        });
    }

    async fn wait(&self, error: &SourceError, backoff: &mut Backoff) {
        let wait = backoff.next();
        warn!(source = %self.name(), %error, ?wait, "source unavailable, retrying");
        let waited = async {
            self.say(Condition::Retrying, error).await;
            tokio::time::sleep(wait).await;
        };
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = waited => info!(source = %self.name(), "connecting again"),
        }
    }

    /// Says why the source does not run: at once, and again when the engine has dealt with all that it handed over, which says that it lives.
    async fn say(&self, condition: Condition, error: &SourceError) {
        let say = || self.condition(condition, Some(error.to_string()), error.hint().map(Into::into));
        say();
        if self.ask().await.is_some() {
            say();
        }
    }

    fn condition(&self, condition: Condition, error: Option<String>, hint: Option<String>) {
        self.status.update(|status| {
            let source = status.sources.entry(self.name().clone()).or_default();
            source.condition = condition;
            source.error = error;
            source.hint = hint;
        });
    }
}

/// How long a source may take to say goodbye.
const GOODBYE_MAX: std::time::Duration = std::time::Duration::from_secs(2);

fn joined(result: Result<Result<(), SourceError>, tokio::task::JoinError>, name: &str) -> Result<(), SourceError> {
    result.unwrap_or_else(|panic| {
        let message = format!("its task ended: {panic}");
        Err(SourceError::Protocol { source_name: name.into(), message })
    })
}
