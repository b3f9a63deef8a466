//! The source as the pipeline sees it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;

use super::assembler::Assembler;
use super::binary::has_binary_form;
use super::catalog;
use super::config::PostgresSourceConfig;
use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::copy::{Copier, TableCopy};
use super::logical_messages::{self, is_messages};
use super::onlooker::Onlooker;
use super::relation_map::KnownTable;
use super::replication::{self, StreamOptions};
use super::server_error::Scene;
use super::slot_health::SlotHealth;
use super::snapshot::PostgresSnapshots;
use super::spill::{self, Spill};
use super::start::Start;
use super::stream::{Stream, StreamParts};
use super::timeline::{self, Note, Promotion};
use super::{prepare, slot, sql_client, standby, streamed, watch};
use crate::health::SourceHealth;
use crate::open_transactions::OpenTransactionsSender;
use crate::position::{Lsn, Position};
use crate::schema::{TableName, TableSchema};
use crate::snapshot::Snapshots;
use crate::source::{
    DurablePosition, ResumePoint, Source, SourceError, SourceIdentity, SourceMessage, TransactionSender,
};

/// One Postgres database, by one slot and one publication.
pub struct PostgresSource {
    pub(super) config: PostgresSourceConfig,
    pub(super) info: ConnInfo,
    /// What [`Source::tables`] answered, so that a first copy notices a change since.
    pub(super) seen: HashMap<TableName, Arc<TableSchema>>,
    health: SlotHealth,
    /// Where transactions in progress are kept, and who is told; `None`: the server is not asked for them.
    spill: Option<(PathBuf, OpenTransactionsSender)>,
}

impl PostgresSource {
    /// Reads the connection URL; connects to nothing.
    pub fn new(config: PostgresSourceConfig) -> Result<Self, SourceError> {
        let info = ConnInfo::of(&config)?;
        Ok(Self { config, info, seen: HashMap::new(), health: SlotHealth::default(), spill: None })
    }

    /// The same, which lets the server send large transactions while they are open, and keeps them in this directory until they
    /// commit or roll back. It is made where it is missing; `run` removes what an earlier one left in it, so it is one source's alone.
    pub fn with_spill(mut self, directory: PathBuf, told: OpenTransactionsSender) -> Self {
        self.spill = Some((directory, told));
        self
    }

    pub(super) fn scene(&self, resuming: Option<Position>) -> Scene {
        Scene { source_name: self.config.name.to_string(), slot: self.config.slot.clone(), resuming }
    }

    async fn check_resume(
        &self,
        scene: &Scene,
        connection: &mut Connection,
        (identity, durable, kept): (&SourceIdentity, Lsn, Option<Note>),
    ) -> Result<Note, SourceError> {
        let fault = |error| scene.error(error);
        let system = replication::identify_system(connection).await.map_err(fault)?;
        if system.system != identity.system {
            return Err(scene.cannot_resume("the server is another one than the state was made from".into()));
        }
        if identity.database != self.info.database() || identity.slot != self.config.slot {
            return Err(scene.cannot_resume("the state was made from another database or slot".into()));
        }
        let found = slot::find(connection, &self.config.slot).await.map_err(fault)?;
        slot::check_resume(scene, self.info.database(), found.as_ref(), (&system, durable))?;
        let now = Note { timeline: system.timeline };
        timeline::check_resume(scene, connection, (&system, kept.unwrap_or(now), durable)).await?;
        Ok(now)
    }
}

#[async_trait]
impl Source for PostgresSource {
    async fn tables(&mut self, wanted: &[TableName]) -> Result<Vec<Arc<TableSchema>>, SourceError> {
        let scene = self.scene(None);
        let look = async {
            let client = sql_client::connect(&self.info).await.map_err(|error| scene.error(error))?;
            catalog::tables(&client, &self.config.name, &logical_messages::stored(wanted)).await
        };
        let found = watch::in_time(&self.info, &scene, look).await?;
        let mut tables: Vec<_> = found.into_iter().map(|table| Arc::new(table.schema)).collect();
        self.seen.extend(tables.iter().map(|table| (table.name.clone(), table.clone())));
        tables.extend(wanted.iter().any(is_messages).then(|| logical_messages::schema(&self.config.name)));
        Ok(tables)
    }

    async fn identity(&mut self) -> Result<SourceIdentity, SourceError> {
        let scene = self.scene(None);
        let fault = |error| scene.error(error);
        let look = async {
            let mut connection = Connection::connect(&self.info, Purpose::Replication).await.map_err(fault)?;
            let system = replication::identify_system(&mut connection).await.map_err(fault)?.system;
            let client = sql_client::connect(&self.info).await.map_err(fault)?;
            Ok((system, catalog::collation(&client, &self.config.name).await?))
        };
        let (system, found) = watch::in_time(&self.info, &scene, look).await?;
        let (collation, ascii_case) = (found.name, found.ascii_case);
        let (database, slot) = (self.info.database().to_owned(), self.config.slot.clone());
        let default_schema = "public".into();
        Ok(SourceIdentity { system, database, slot, collation, ascii_case, default_schema })
    }

    async fn health(&mut self) -> Result<Option<SourceHealth>, SourceError> {
        let scene = self.scene(None);
        let (info, config) = (&self.info, &self.config);
        let look =
            async { self.health.look(info, &config.slot, config.heartbeat).await.map_err(|error| scene.error(error)) };
        watch::in_time(info, &scene, look).await
    }

    async fn release(&mut self) -> Result<(), SourceError> {
        watch::in_time(&self.info, &self.scene(None), prepare::release(&self.config)).await
    }

    fn snapshots(&self) -> Box<dyn Snapshots> {
        Box::new(PostgresSnapshots::new(self.info.clone(), self.scene(None)))
    }

    async fn run(
        self: Box<Self>,
        resume: ResumePoint,
        out: TransactionSender,
        durable: DurablePosition,
    ) -> Result<(), SourceError> {
        let resumes = matches!(resume, ResumePoint::Stream { .. });
        // Stopping must not wait for locks, a slow login or open transactions; the stream watches for itself.
        let (parts, copies, (onlooker, promotion)) = tokio::select! {
            () = out.closed() => return Ok(()),
            started = self.start(resume, &out) => started?,
        };
        if resumes {
            // Nothing new, but a sign that the stream is there, although a quiet server may send nothing for long.
            let _ = out.send(SourceMessage::Progress { position: Position::Lsn(parts.start) }).await;
        }
        let (scene, stream) = (parts.scene.clone(), Stream::new(parts, out.clone(), durable));
        let passed = stream.passed();
        let stream = async {
            tokio::select! {
                ended = stream.run() => ended,
                never = onlooker.run() => match never {},
                Some(never) = async { Some(promotion?.run().await) } => match never {},
            }
        };
        if copies.is_empty() {
            return stream.await;
        }
        let copier = Copier { info: self.info.clone(), scene, settings: self.config.copy, passed, out };
        let mut stream = pin!(stream);
        tokio::select! {
            // It notices first when nobody listens any more, and says goodbye; what is being read is given up.
            ended = &mut stream => return ended,
            copied = copier.run(copies) => copied?,
        }
        stream.await
    }
}

/// Who looks at the tables while the stream runs, and, on a standby, at that.
type Watching = (Onlooker, Option<Promotion>);
/// A stream, what is copied beside it, and who looks meanwhile.
type Started = (StreamParts, Vec<TableCopy>, Watching);

impl PostgresSource {
    /// Makes what is missing on the server, starts the stream, and says what is to be copied beside it.
    async fn start(&self, resume: ResumePoint, out: &TransactionSender) -> Result<Started, SourceError> {
        match resume {
            ResumePoint::FirstCopy { tables, foreign } => {
                let scene = self.scene(None);
                let now = watch::in_time(&self.info, &scene, self.timeline(&scene)).await?;
                // A closed channel is noticed by the stream that follows.
                let _ = out.send(SourceMessage::Note(now.print())).await;
                let Start { position, known, messages, copies } = self.start_first((&tables, foreign), out).await?;
                let scene = self.scene(Some(Position::Lsn(position)));
                let stream = async {
                    let mut connection = self.connect(&scene).await?;
                    let watching = self.watching(&scene, &mut connection, &known, out).await?;
                    Ok((self.start_stream(scene.clone(), connection, (known, messages, position)).await?, watching))
                };
                let (parts, watching) = watch::in_time(&self.info, &scene, stream).await?;
                Ok((parts, copies, watching))
            }
            ResumePoint::Stream { position, identity, tables, copying, note } => {
                let durable = position.lsn();
                let scene = self.scene(Some(position));
                let durable = durable
                    .ok_or_else(|| scene.cannot_resume("the state is of a source of another type".to_owned()))?;
                let look = async {
                    let mut connection = self.connect(&scene).await?;
                    let kept = note.map(|note| Note::parse(&note, &scene)).transpose()?;
                    let now = self.check_resume(&scene, &mut connection, (&identity, durable, kept)).await?;
                    if kept != Some(now) {
                        // A closed channel is noticed by the stream that follows.
                        let _ = out.send(SourceMessage::Note(now.print())).await;
                    }
                    let Start { position, known, messages, copies } =
                        self.start_again(&scene, durable, (&tables, &copying), out).await?;
                    let watching = self.watching(&scene, &mut connection, &known, out).await?;
                    Ok((
                        self.start_stream(scene.clone(), connection, (known, messages, position)).await?,
                        copies,
                        watching,
                    ))
                };
                watch::in_time(&self.info, &scene, look).await
            }
        }
    }

    async fn timeline(&self, scene: &Scene) -> Result<Note, SourceError> {
        let mut connection = self.connect(scene).await?;
        let system = replication::identify_system(&mut connection).await.map_err(|error| scene.error(error))?;
        Ok(Note { timeline: system.timeline })
    }

    /// Somebody who has looked at the tables once, and somebody who looks at a standby.
    async fn watching(
        &self,
        scene: &Scene,
        connection: &mut Connection,
        known: &[KnownTable],
        out: &TransactionSender,
    ) -> Result<Watching, SourceError> {
        let mut onlooker = Onlooker {
            info: self.info.clone(),
            scene: scene.clone(),
            publication: self.config.publication.clone(),
            tables: known.iter().map(|known| known.schema.clone()).collect(),
            out: out.clone(),
            seen: None,
        };
        onlooker.begin().await?;
        let promotion = Promotion { info: self.info.clone(), scene: scene.clone(), out: out.clone() };
        Ok((onlooker, standby::is_standby(connection, scene).await?.then_some(promotion)))
    }

    async fn connect(&self, scene: &Scene) -> Result<Connection, SourceError> {
        let connection = Connection::connect(&self.info, Purpose::Replication).await;
        let connection = connection.map_err(|error| scene.error(error))?;
        replication::check_version(&connection, scene)?;
        Ok(connection)
    }

    async fn start_stream(
        &self,
        scene: Scene,
        mut connection: Connection,
        (tables, messages, start): (Vec<KnownTable>, Option<Arc<TableSchema>>, Lsn),
    ) -> Result<StreamParts, SourceError> {
        let all_columns = || tables.iter().flat_map(|known| &known.schema.columns);
        // Of an open transaction the server does not say which of its parts wrote a message, so one that is rolled back could not be told.
        let spill = self.spill.as_ref().filter(|_| messages.is_none());
        let options = StreamOptions {
            slot: &self.config.slot,
            publication: &self.config.publication,
            start,
            proto_version: replication::proto_version(connection.server_version()),
            binary: all_columns().all(|column| has_binary_form(&column.sql_type)),
            streaming: spill.is_some(),
            messages: messages.is_some(),
        };
        replication::start(&mut connection, &options).await.map_err(|error| scene.error(error))?;
        tracing::info!(source = %self.config.name, position = %start, binary = options.binary, "streaming");
        let assembler = Assembler::new(scene.source_name.clone(), options.proto_version, tables);
        let mut assembler = assembler.following_messages(messages);
        if let Some((directory, told)) = spill {
            let spill = Spill::open(directory, spill::MEMORY_BYTES_MAX);
            let spill = spill.map_err(|error| streamed::not_kept(&scene.source_name, &error))?;
            assembler = assembler.streaming_into(spill, told.clone());
        }
        Ok(StreamParts { scene, connection, assembler, start, silence_max: self.info.silence_max() })
    }
}
