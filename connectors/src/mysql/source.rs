//! The source as the pipeline sees it.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::anchor::Anchor;
use super::assembler::Assembler;
use super::binlog::Decoder;
use super::by_file::{self, LogIdentity};
use super::config::MysqlSourceConfig;
use super::copy::{Copier, TableCopy};
use super::flavor::{Flavor, ServerVersion};
use super::followed::{Followed, Gone};
use super::log_files::Watch;
use super::note::Note;
use super::position::MysqlPosition;
use super::session::{Connector, current_position, print_position};
use super::shapes::{Shapes, shape_of};
use super::stream::Stream;
use super::tables::{describe, examine};
use super::variables::{seconds_behind, variables};
use super::{settings, value::MysqlTable};
use crate::finding::Severity;
use crate::health::SourceHealth;
use crate::no_snapshots::NoSnapshots;
use crate::position::Position;
use crate::schema::{TableName, TableSchema};
use crate::snapshot::Snapshots;
use crate::source::{
    DurablePosition, ResumePoint, Source, SourceError, SourceIdentity, SourceMessage, TransactionSender, UnfinishedCopy,
};

/// How long a server may take to show in `gtid_executed` what it had sent before.
const SHOWN_MAX: Duration = Duration::from_secs(10);

/// One MySQL or MariaDB server.
pub struct MysqlSource {
    connector: Connector,
    watch: Watch,
}

/// What runs: the stream, and what is copied beside it.
type Started = (Stream, Vec<TableCopy>, Gone);

/// Where a stream begins, and with what.
struct Beginning {
    position: MysqlPosition,
    /// By file and place: what must stand there.
    anchor: Option<Anchor>,
    tables: Vec<MysqlTable>,
    copies: Vec<TableCopy>,
    /// With the shapes of the tables that are as the catalog has them.
    note: Note,
    version: ServerVersion,
}

impl MysqlSource {
    /// Connects to nothing yet.
    pub fn new(config: MysqlSourceConfig) -> Self {
        Self { connector: Connector { config }, watch: Watch::default() }
    }

    async fn start(&self, resume: ResumePoint, out: &TransactionSender) -> Result<Started, SourceError> {
        let (mut connection, version) = self.connector.connect().await?;
        self.check_settings(&mut connection, version).await?;
        let beginning = match resume {
            ResumePoint::FirstCopy { tables, .. } => self.start_first((&mut connection, version), &tables, out).await?,
            ResumePoint::Stream { position, identity, tables, copying, note } => {
                let note = Note::parse(note.as_deref());
                let from = self.resumable((&mut connection, version), position, (&identity, &note)).await?;
                let kept = (tables.as_slice(), copying.as_slice(), note);
                self.start_again((&mut connection, version), from, kept, out).await?
            }
        };
        // Whoever closed it is noticed by the stream.
        let _ = out.send(SourceMessage::Note(beginning.note.print())).await;
        let gone = Gone::default();
        let log = self.connector.open_log(&beginning.position).await?;
        let place = print_position(&beginning.position);
        tracing::info!(source = %self.connector.config.name, position = %place, server = %version, "streaming");
        let assembler =
            Assembler::new(Followed::new(beginning.tables, beginning.note, gone.clone()), beginning.position);
        let reading = (Decoder::new(beginning.version.flavor), assembler, beginning.anchor);
        let stream = Stream::new(self.connector.clone(), log, reading, out.clone());
        Ok((stream, beginning.copies, gone))
    }

    /// Settings with which the log cannot be followed.
    async fn check_settings(&self, connection: &mut Conn, version: ServerVersion) -> Result<(), SourceError> {
        let variables = variables(&self.connector, (connection, version)).await?;
        let wrong = settings::findings(&variables, version).into_iter().find(|found| found.severity == Severity::Error);
        match wrong {
            None => Ok(()),
            Some(wrong) => {
                let hint = wrong.sql_to_fix.unwrap_or_else(|| "run \"tailwater check\"".into());
                Err(self.connector.refused(wrong.what, hint))
            }
        }
    }

    async fn start_first(
        &self,
        (connection, version): (&mut Conn, ServerVersion),
        names: &[TableName],
        out: &TransactionSender,
    ) -> Result<Beginning, SourceError> {
        let (position, log) = self.first_position((connection, version)).await?;
        // Behind it there are positions which only this tells the log of.
        let mut note = Note { shapes: Shapes::default(), log };
        let _ = out.send(SourceMessage::Note(note.print())).await;
        let tables = describe(&self.connector, (connection, version), names).await?;
        let copies: Vec<_> = tables.iter().map(|table| TableCopy::new(table.clone(), None, &position)).collect();
        let named = |(table, copy): (&MysqlTable, &TableCopy)| (table.schema.name.clone(), copy.mark());
        let marks = tables.iter().zip(&copies).map(named).collect();
        let begins = SourceMessage::CopyBegins { position: Position::Mysql(position.clone()), marks };
        // Whoever closed it is noticed by the stream.
        let _ = out.send(begins).await;
        tables.iter().for_each(|table| note.shapes.know(&table.schema.name, shape_of(table)));
        let anchor = position.file().zip(note.log.as_ref()).map(|(place, log)| Anchor::new(place.clone(), log.began()));
        Ok(Beginning { position, anchor, tables, copies, note, version })
    }

    /// Where the log ends, and by file and place, which log that is. It is asked for first: one that is begun anew meanwhile is another one.
    async fn first_position(
        &self,
        (connection, version): (&mut Conn, ServerVersion),
    ) -> Result<(MysqlPosition, Option<LogIdentity>), SourceError> {
        loop {
            let place = match current_position(&self.connector, (connection, version)).await? {
                MysqlPosition::File(place) => place,
                position => return Ok((position, None)),
            };
            let log = by_file::identity(&self.connector, connection, &place).await?;
            let end = by_file::end_of_log(&self.connector, (connection, version)).await?;
            if end.file == place.file {
                return Ok((MysqlPosition::File(end), Some(log)));
            }
        }
    }

    async fn start_again(
        &self,
        (connection, version): (&mut Conn, ServerVersion),
        (position, anchor): (MysqlPosition, Option<Anchor>),
        (tables, copying, kept): (&[Arc<TableSchema>], &[UnfinishedCopy], Note),
        out: &TransactionSender,
    ) -> Result<Beginning, SourceError> {
        let examined = examine(&self.connector, (connection, version), tables).await?;
        for change in examined.changed {
            let _ = out.send(SourceMessage::TableChanged(change)).await;
        }
        let unfinished = |table: &MysqlTable| {
            let copy = copying.iter().find(|copy| copy.table == table.schema.name)?;
            Some(TableCopy::new(table.clone(), copy.mark.as_ref(), &position))
        };
        let copies = examined.known.iter().filter_map(unfinished).collect();
        // Of a table that is new nothing has been told yet, and nothing counts before a statement that changes it has come.
        let is_new = |name: &TableName| copying.iter().any(|copy| copy.table == *name && copy.mark.is_none());
        let named = examined.known.iter().map(|table| (table.schema.name.clone(), is_new(&table.schema.name)));
        let note = Note { shapes: examined.shapes.kept(&kept.shapes, named), ..kept };
        Ok(Beginning { position, anchor, tables: examined.known, copies, note, version })
    }

    /// The position, if the server can go on from it.
    async fn resumable(
        &self,
        (connection, version): (&mut Conn, ServerVersion),
        position: Position,
        (identity, note): (&SourceIdentity, &Note),
    ) -> Result<(MysqlPosition, Option<Anchor>), SourceError> {
        let Position::Mysql(position) = position else {
            return Err(self.connector.refused(
                "the state was made from a database of another kind",
                "name another state_dir, or the database it was made from",
            ));
        };
        let cannot = |reason: &str| Err(self.connector.cannot_resume(&position, reason));
        if identity.system != system(version.flavor) {
            return cannot("the state was made from a server of the other kind, MySQL or MariaDB");
        }
        if let MysqlPosition::File(place) = &position {
            let anchor = by_file::resumable(&self.connector, (connection, version), (place, note.log.as_ref())).await?;
            return Ok((position, Some(anchor)));
        }
        if version.flavor == Flavor::Mysql {
            by_file::needs_names(&self.connector, connection, &position).await?;
            let set = print_position(&position);
            let purged: Option<u8> =
                self.first(connection, &format!("SELECT gtid_subset(@@global.gtid_purged, '{set}')")).await?;
            if purged != Some(1) {
                return cannot("the server has removed what follows it from its log");
            }
        }
        let begun = Instant::now();
        while !current_position(&self.connector, (connection, version)).await?.covers(&position) {
            if begun.elapsed() < SHOWN_MAX {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            if let Some(seconds @ 1..) = seconds_behind(&self.connector, (connection, version)).await? {
                let what = "the server lacks transactions that have been applied, and is a replica";
                return Err(self.connector.unavailable(format!("{what} {seconds} s behind its primary")));
            }
            return cannot("the server lacks transactions that have been applied: it is another one, or an older copy");
        }
        // Whether its own transactions are the same, a server of MariaDB finds out by itself.
        Ok((position, None))
    }

    async fn first<T: mysql_async::prelude::FromValue + Send + 'static>(
        &self,
        connection: &mut Conn,
        sql: &str,
    ) -> Result<Option<T>, SourceError> {
        connection.query_first(sql).await.map_err(|error| self.connector.fault(&error))
    }
}

fn system(flavor: Flavor) -> &'static str {
    match flavor {
        Flavor::Mysql => "mysql",
        Flavor::Mariadb => "mariadb",
    }
}

/// The stream; by file and place with an eye on the log's end.
async fn followed(stream: Stream, connector: Connector) -> Result<(), SourceError> {
    let passed = stream.passed();
    if passed.borrow().position.file().is_none() {
        return stream.run().await;
    }
    tokio::select! {
        ended = stream.run() => ended,
        failed = by_file::watch_the_end(connector, passed) => failed,
    }
}

#[async_trait]
impl Source for MysqlSource {
    async fn tables(&mut self, wanted: &[TableName]) -> Result<Vec<Arc<TableSchema>>, SourceError> {
        let look = async {
            let (mut connection, version) = self.connector.connect().await?;
            describe(&self.connector, (&mut connection, version), wanted).await
        };
        let found = self.connector.in_time(look).await?;
        Ok(found.into_iter().map(|table| table.schema).collect())
    }

    async fn identity(&mut self) -> Result<SourceIdentity, SourceError> {
        let look = async {
            let (mut connection, version) = self.connector.connect().await?;
            let collation = variables(&self.connector, (&mut connection, version)).await?.remove("collation_database");
            Ok((version, collation.unwrap_or_default()))
        };
        let (version, collation) = self.connector.in_time(look).await?;
        Ok(SourceIdentity {
            system: system(version.flavor).into(),
            database: self.connector.config.database.to_string(),
            slot: String::new(),
            collation,
            ascii_case: false,
            default_schema: self.connector.config.database.to_string(),
        })
    }

    async fn health(&mut self) -> Result<Option<SourceHealth>, SourceError> {
        self.watch.look(&self.connector).await
    }

    fn stands_at(&mut self, position: Option<Position>) {
        self.watch.stands_at(position.and_then(|position| match position {
            Position::Mysql(position) => Some(position),
            _ => None,
        }));
    }

    async fn release(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn snapshots(&self) -> Box<dyn Snapshots> {
        let reason = "views are written in Postgres' dialect, which this server does not speak";
        Box::new(NoSnapshots { source: self.connector.config.name.clone(), reason })
    }

    async fn run(
        self: Box<Self>,
        resume: ResumePoint,
        out: TransactionSender,
        _durable: DurablePosition,
    ) -> Result<(), SourceError> {
        let (stream, copies, gone) = tokio::select! {
            () = out.closed() => return Ok(()),
            started = self.start(resume, &out) => started?,
        };
        let passed = stream.passed();
        let mut stream = pin!(followed(stream, self.connector.clone()));
        if copies.is_empty() {
            return stream.await;
        }
        let copier = Copier { connector: self.connector.clone(), passed, out, gone };
        tokio::select! {
            ended = &mut stream => return ended,
            copied = copier.run(copies) => copied?,
        }
        stream.await
    }
}
