//! The Kafka sink: a topic that holds a view, or what changes in it, and one record for the cursor.

use std::hash::{BuildHasher, RandomState};
use std::panic::resume_unwind;
use std::sync::Arc;

use async_trait::async_trait;
use smol_str::SmolStr;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::kafka::connection::FILE_HINT;
use crate::read_back::ReadBack;
use crate::schema::ViewSchema;
use crate::sink::{ChangelogBatch, Cursor, RowPages, Sink, SinkError};

use super::config::{KafkaMode, KafkaSinkConfig};
use super::encoder::{Keys, Moment};
use super::error::{Place, Words};
use super::patience::{GivenUp, Waiting};
use super::schemas::refuse_misfits;
use super::session::{Opening, Owner, Session};
use super::transactions::Portion;

/// Holds a view in a topic.
pub struct KafkaSink {
    config: Arc<KafkaSinkConfig>,
    pub(super) place: Place,
    owner: Owner,
    pub(super) session: Option<Box<Session>>,
}

impl KafkaSink {
    /// A sink that connects when it is opened. Refuses a configuration that does not fit the view.
    pub fn new(config: KafkaSinkConfig, view: &ViewSchema) -> Result<Self, SinkError> {
        let place = Place {
            sink: config.name.to_string(),
            brokers: config.connection.brokers.clone(),
            topic: config.topic.clone(),
            cursor_topic: config.cursor_topic.clone(),
            transactional_id: config.transactional_id.clone(),
            words: Words::default(),
        };
        let keys = Keys::new(&config, view, &place)?;
        refuse_misfits(&config, (view, &keys), &place)?;
        // Seeded by the system at random: no two processes have one name.
        let name = format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1));
        let owner = Owner { name: SmolStr::new(name), has_owned: false };
        Ok(Self { config: Arc::new(config), place, owner, session: None })
    }

    fn opening(&self, view: &ViewSchema) -> Result<Opening, SinkError> {
        if let Some(message) = self.config.connection.unreadable_file() {
            return Err(self.place.refused(message, FILE_HINT));
        }
        Ok(Opening {
            config: self.config.clone(),
            place: self.place.clone(),
            view: view.clone(),
            keys: Keys::new(&self.config, view, &self.place)?,
            owner: self.owner.clone(),
            given_up: GivenUp::default(),
        })
    }

    /// Does something that blocks with the session, which ends with any error.
    pub(super) async fn act<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&mut Session) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        let Some(mut session) = self.session.take() else { return Err(self.place.unavailable("not connected")) };
        let given_up = session.given_up.clone();
        let (session, done) = self
            .blocking(&given_up, move || {
                let done = act(&mut session)?;
                Ok((session, done))
            })
            .await?;
        self.session = Some(session);
        Ok(done)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        given_up: &GivenUp,
        work: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        let waiting = Waiting::for_end(given_up);
        let done = spawn_blocking(work).await;
        waiting.done();
        match done {
            Ok(done) => done,
            Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
            Err(_) => Err(self.place.unavailable("the daemon is stopping")),
        }
    }
}

impl Drop for KafkaSink {
    /// The client takes a moment to end its threads.
    fn drop(&mut self) {
        if let (Some(session), Ok(runtime)) = (self.session.take(), Handle::try_current()) {
            drop(runtime.spawn_blocking(move || drop(session)));
        }
    }
}

#[async_trait]
impl Sink for KafkaSink {
    async fn check(&mut self, view: &ViewSchema) -> Result<(), SinkError> {
        let opening = self.opening(view)?;
        self.blocking(&opening.given_up.clone(), move || opening.check()).await
    }

    async fn open(&mut self, view: &ViewSchema) -> Result<Option<Cursor>, SinkError> {
        let (opening, former) = (self.opening(view)?, self.session.take());
        let given_up = opening.given_up.clone();
        let open = move || {
            drop(former);
            opening.open().map(Box::new)
        };
        let session = self.blocking(&given_up, open).await?;
        self.owner.has_owned = true;
        let cursor = session.stored.cursor.clone();
        self.session = Some(session);
        Ok(cursor)
    }

    async fn replace(&mut self, pages: &mut dyn RowPages, cursor: &Cursor) -> Result<(), SinkError> {
        let began = cursor.clone();
        self.act(move |session| session.begin_replacement(&began)).await?;
        while let Some(rows) = pages.next_page().await? {
            self.act(move |session| session.replace_rows(rows)).await?;
        }
        let cursor = cursor.clone();
        self.act(move |session| session.end_replacement(cursor)).await
    }

    async fn write(&mut self, batch: &ChangelogBatch) -> Result<(), SinkError> {
        self.write_steps(std::slice::from_ref(batch)).await
    }

    fn tells_each_step(&self) -> bool {
        self.config.mode == KafkaMode::Append
    }

    /// All in one transaction.
    async fn write_steps(&mut self, batches: &[ChangelogBatch]) -> Result<(), SinkError> {
        let Some(session) = &self.session else { return Err(self.place.unavailable("not connected")) };
        let Some(last) = batches.last() else { return Ok(()) };
        let portion = |batch: &ChangelogBatch| {
            let moment = Moment::of(batch);
            session.encoder.changes(&batch.changes, &moment).map(|records| Portion { records, moment })
        };
        let (portions, cursor) = (batches.iter().map(portion).collect::<Result<Vec<_>, _>>()?, last.cursor.clone());
        self.act(move |session| session.commit(&portions, Some(cursor))).await
    }

    fn read_back(&mut self) -> Option<&mut dyn ReadBack> {
        Some(self)
    }
}
