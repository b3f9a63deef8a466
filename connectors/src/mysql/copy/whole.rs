//! A table without a key is read in one go, under one snapshot. Its rows cannot be told from one another, so what counts is which of the
//! streamed changes they have in them: the place in the log at which the snapshot was taken must be known exactly.
//!
//! ```text
//! MySQL     LOCK TABLES t READ ─ snapshot ─ gtid_executed ─ UNLOCK TABLES ─ rows ...     (without ids: the end of the log)
//! MariaDB   snapshot, which says its place ─ rows ...
//! ```
//!
//! While the lock is held nothing that changes the table is between the log and the engine, or open: a transaction keeps its own lock of
//! the table until it is in `gtid_executed`. So what the snapshot has of the table is what that set has of it, and what the log has of it up to its end. The lock is waited for as long
//! as writers, who queue behind it, may be held up, and no longer.

use std::time::{Duration, Instant};

use futures::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::chunk::{End, Session, TABLE_CHANGED, Target, shape};
use super::copier::{CHUNK_BYTES, Copier, bytes};
use super::mark::Mark;
use crate::mysql::by_file;
use crate::mysql::flavor::Flavor;
use crate::mysql::position::MysqlPosition;
use crate::mysql::session::current_position;
use crate::position::Position;
use crate::row::Row;
use crate::source::{SourceError, SourceMessage};

/// How long the table's lock is waited for: as long all who write the table may wait, too.
const LOCK_SECONDS_MAX: u32 = 2;
/// A server that hears nothing for so long from who holds the lock takes it back.
const SILENCE_SECONDS_MAX: u32 = 10;
/// From one attempt to the next.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the server waits for us to take rows: as long as the pipeline may hold us up.
const WRITE_TIMEOUT_SECONDS: u32 = 3_600;
/// The server's error: a lock was not had in time.
const NOT_LOCKED: u16 = 1205;
/// The server's errors: no right to lock.
const DENIED: [u16; 2] = [1044, 1142];

/// One table at work.
pub(super) struct Whole {
    pub(super) copier: Copier,
    pub(super) session: Session,
    pub(super) target: Target,
    /// What the snapshot must see.
    pub(super) floor: MysqlPosition,
    /// Bytes of the table and of a row, as the server estimates them.
    pub(super) size: (u64, u64),
}

/// A snapshot whose place is known.
struct Pinned {
    position: MysqlPosition,
    end: End,
}

/// What came of an attempt.
enum Attempt {
    /// All rows were handed over; they stand here.
    Done(MysqlPosition),
    /// The table was locked or changed meanwhile.
    Later,
    /// Nobody wants the table any more.
    Unwanted,
}

impl Whole {
    pub(super) async fn run(mut self) -> Result<(), SourceError> {
        let (source, table) = (self.copier.connector.config.name.clone(), self.target.table.schema.name.clone());
        loop {
            match self.attempt().await? {
                Attempt::Done(position) => return self.end(position).await,
                Attempt::Unwanted => return Ok(()),
                Attempt::Later => {
                    tracing::warn!(%source, %table, "a table without a key could not be locked for its copy, trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Attempt, SourceError> {
        self.session.run(&format!("SET SESSION net_write_timeout = {WRITE_TIMEOUT_SECONDS}")).await?;
        let Some(Pinned { position, end }) = self.pin().await? else { return Ok(Attempt::Later) };
        self.session.wait_for(&end).await?;
        let again = SourceMessage::CopyAgain { table: self.target.table.schema.clone() };
        if self.copier.is_gone(&self.target.table) || self.copier.out.send(again).await.is_err() {
            return Ok(Attempt::Unwanted);
        }
        let read = self.read().await;
        let same = match &read {
            Ok(true) => {
                shape(&self.copier.connector, &mut self.session.connection, &self.target.table).await?
                    == self.target.shape
            }
            _ => true,
        };
        self.session.run("COMMIT").await?;
        match read {
            Ok(true) if !same => return Err(self.session.moved(&self.target)),
            Ok(true) => {}
            Ok(false) => return Ok(Attempt::Unwanted),
            Err(ReadError::Changed) => return Ok(Attempt::Later),
            Err(ReadError::Source(error)) => return Err(error),
        }
        // What became of the table meanwhile is told before it counts as copied.
        let end = self.session.end_of_log().await?;
        self.session.wait_for(&end).await?;
        Ok(if self.copier.is_gone(&self.target.table) { Attempt::Unwanted } else { Attempt::Done(position) })
    }

    /// Takes a snapshot; `None`: the table could not be locked in time.
    async fn pin(&mut self) -> Result<Option<Pinned>, SourceError> {
        if self.session.version.flavor == Flavor::Mariadb {
            self.session.begin_seeing(&self.floor).await?;
            let place = self.session.snapshot_position().await?;
            return Ok(place.map(|position| Pinned { end: End::Position(position.clone()), position }));
        }
        let connector = self.copier.connector.clone();
        let (mut lock, _) = connector.connect().await?;
        let settings = format!(
            "SET SESSION lock_wait_timeout = {LOCK_SECONDS_MAX}, wait_timeout = {SILENCE_SECONDS_MAX}, net_read_timeout = {SILENCE_SECONDS_MAX}"
        );
        lock.query_drop(settings).await.map_err(|error| connector.fault(&error))?;
        match lock.query_drop(format!("LOCK TABLES {} READ", self.target.table.quoted_name())).await {
            Ok(()) => {}
            Err(Error::Server(error)) if error.code == NOT_LOCKED => return Ok(None),
            Err(Error::Server(error)) if DENIED.contains(&error.code) => {
                let schema = &self.target.table.schema.name.schema;
                let hint = format!(
                    "GRANT LOCK TABLES ON `{schema}`.* to the user: a table without a key is locked against writers for a moment when its copy \
                     begins; or give the table a primary key"
                );
                return Err(connector.refused(error.message, hint));
            }
            Err(error) => return Err(connector.fault(&error)),
        }
        let pinned = connector.in_time(self.pin_locked(&mut lock)).await;
        // It goes with its session if this fails.
        let _ = lock.query_drop("UNLOCK TABLES").await;
        let _ = lock.disconnect().await;
        pinned.map(Some)
    }

    async fn pin_locked(&mut self, lock: &mut Conn) -> Result<Pinned, SourceError> {
        self.session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
        let connector = &self.copier.connector;
        let position = match self.floor {
            MysqlPosition::File(_) => {
                MysqlPosition::File(by_file::end_of_log(connector, (lock, self.session.version)).await?)
            }
            _ => current_position(connector, (lock, self.session.version)).await?,
        };
        let end = self.session.end_of_log().await?;
        Ok(Pinned { position, end })
    }

    /// Hands all rows over; false when nobody wants them any more.
    async fn read(&mut self) -> Result<bool, ReadError> {
        let connector = self.copier.connector.clone();
        let settings = connector.config.copy;
        let mut mark = Mark { floor: String::new(), after: Vec::new(), rows: 0 };
        let sql = format!("SELECT {} FROM {}", self.target.table.select_list(), self.target.table.quoted_name());
        let failed = |error: &Error| match error {
            Error::Server(server) if server.code == TABLE_CHANGED => ReadError::Changed,
            error => ReadError::Source(connector.fault(error)),
        };
        let target = &self.target;
        let mut answer =
            self.session.connection.query_stream::<mysql_async::Row, _>(sql).await.map_err(|e| failed(&e))?;
        let (mut rows, mut held, mut begun): (Vec<Row>, u64, Instant) = (Vec::new(), 0, Instant::now());
        loop {
            let next = answer.next().await.transpose().map_err(|error| failed(&error))?;
            let ends = next.is_none();
            if let Some(raw) = next {
                let row = target.plan.row_of(&raw);
                let row = row.map_err(|error| ReadError::Source(target.unreadable(&connector, &error.to_string())))?;
                held += bytes(std::slice::from_ref(&row));
                rows.push(row);
            }
            if !rows.is_empty() && (ends || held >= CHUNK_BYTES) {
                mark.rows += rows.len() as u64;
                let schema = target.table.schema.clone();
                let message = SourceMessage::CopyRows { table: schema.clone(), rows: std::mem::take(&mut rows) };
                let progress = SourceMessage::CopyMark { table: schema.name.clone(), mark: mark.print(self.size) };
                if self.copier.out.send(message).await.is_err() || self.copier.out.send(progress).await.is_err() {
                    return Ok(false);
                }
                if let Some(rate) = settings.rate {
                    let share = (rate / settings.sessions.max(1) as u64).max(1);
                    sleep(Duration::from_secs_f64(held as f64 / share as f64).saturating_sub(begun.elapsed())).await;
                }
                (held, begun) = (0, Instant::now());
            }
            if ends {
                return Ok(true);
            }
        }
    }

    async fn end(&mut self, position: MysqlPosition) -> Result<(), SourceError> {
        let schema = self.target.table.schema.clone();
        let (incomplete, mut answer) = mpsc::channel(1);
        let snapshot = Some(Position::Mysql(position));
        let name = schema.name.clone();
        // When nobody receives any more, the source's own loop ends this task.
        if self.copier.out.send(SourceMessage::CopyEnds { table: schema, snapshot, incomplete }).await.is_ok() {
            let _ = answer.recv().await;
            tracing::info!(source = %self.copier.connector.config.name, table = %name, "table copied");
        }
        Ok(())
    }
}

/// Why rows did not come.
enum ReadError {
    /// The table was changed since the snapshot.
    Changed,
    Source(SourceError),
}
