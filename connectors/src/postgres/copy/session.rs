//! A session that reads chunks, each in a short transaction of its own.
//!
//! The order makes it right. The table's lock first: whoever truncated or rewrote it is visible, or waits. Then the snapshot, which must
//! see all that the floor sees. Then the end of the log: all that the snapshot sees was written before. Then it waits until the
//! stream has handed over everything up to there, and only then its rows are handed over, behind that.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::rows::{ReadError, read_rows};
use super::table::{Target, moved, oid_sql, shape_sql};
use super::visibility::Visible;
use crate::position::Lsn;
use crate::postgres::connection::{Connection, Purpose, TextRows};
use crate::postgres::conninfo::ConnInfo;
use crate::postgres::server_error::{ConnectionError, Scene};
use crate::postgres::standby::SNAPSHOT_AND_END;
use crate::source::{SourceError, TransactionSender};

/// How long a chunk waits for its table's lock. Others queue behind it meanwhile.
const LOCK_TIMEOUT_MS: u32 = 1_000;
/// Waiting for longer than this is helped (see [`nudge`]).
const NUDGE_AFTER: Duration = Duration::from_millis(50);
/// How long the transaction of a chunk may wait for the stream at first; twice as long each time that was not enough.
pub(super) const WAIT_FIRST: Duration = Duration::from_secs(1);
pub(super) const WAIT_MAX: Duration = Duration::from_secs(16);

/// One read of a table.
pub(super) struct Chunk<'a> {
    pub(super) target: &'a Target,
    /// Name and oid of what is read: a part, or the table itself.
    pub(super) relation: (&'a str, u32),
    /// File that is expected, where pages are read.
    pub(super) filenode: Option<u32>,
    /// `SELECT ...`
    pub(super) select: &'a str,
    pub(super) floor: Option<Arc<Visible>>,
    /// How long to wait for the stream.
    pub(super) wait: Duration,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Handed over, so many bytes.
    Read(u64),
    /// Nothing was read; to be tried again after a while.
    Later(Reason),
    /// The part has another file, of this many pages and bytes.
    Rewritten { filenode: u32, size: (u64, u64) },
}

/// Why a chunk must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Another session holds the table.
    Locked,
    /// Transactions that the stream may not tell about are open, or have committed and are not visible yet.
    Invisible,
    /// The stream has not come far enough.
    Behind,
    /// A standby has replayed more than it received, so it is not known what is behind all that it shows.
    NotReceiving,
}

/// Logs in when it is needed, and again after each error.
pub(super) struct Session {
    info: ConnInfo,
    scene: Scene,
    passed: watch::Receiver<Lsn>,
    connection: Option<Connection>,
    helper: Option<Connection>,
}

/// What the server says of a relation, under the chunk's snapshot.
struct Look {
    visible: Visible,
    log_end: Option<Lsn>,
    oid: u32,
    filenode: u32,
    size: (u64, u64),
    shape: String,
}

impl Session {
    pub(super) fn new(info: ConnInfo, scene: Scene, passed: watch::Receiver<Lsn>) -> Self {
        Self { info, scene, passed, connection: None, helper: None }
    }

    pub(super) fn info(&self) -> &ConnInfo {
        &self.info
    }

    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Reads a chunk and hands its rows over.
    pub(super) async fn read(&mut self, chunk: &Chunk<'_>, out: &TransactionSender) -> Result<Outcome, SourceError> {
        // After an error the session is not used again: what it has sent is of no interest.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::connect(&self.info, Purpose::Sql).await.map_err(|error| self.scene.error(error))?,
        };
        match self.attempt(&mut connection, chunk, out).await {
            Ok(outcome) => {
                self.connection = Some(connection);
                Ok(outcome)
            }
            Err(ReadError::Connection(ConnectionError::Server(error))) => match error.code.as_str() {
                "55P03" => Ok(Outcome::Later(Reason::Locked)),
                // A table, column or type of that name is not there.
                "42P01" | "42703" | "42704" | "3F000" => Err(moved(&self.scene, &chunk.target.schema.name)),
                _ => Err(self.scene.error(ConnectionError::Server(error))),
            },
            Err(error) => Err(error.at(&self.scene)),
        }
    }

    async fn attempt(
        &mut self,
        connection: &mut Connection,
        chunk: &Chunk<'_>,
        out: &TransactionSender,
    ) -> Result<Outcome, ReadError> {
        let outcome = self.ready(connection, chunk).await?;
        let outcome = match outcome {
            None => Outcome::Read(read_rows(connection, (chunk.target, chunk.select), out, &self.scene).await?),
            Some(outcome) => outcome,
        };
        connection.simple_query("COMMIT").await?;
        Ok(outcome)
    }

    /// Begins a transaction whose rows may be handed over; otherwise says why not.
    async fn ready(&mut self, connection: &mut Connection, chunk: &Chunk<'_>) -> Result<Option<Outcome>, ReadError> {
        let look = look(connection, chunk).await?.ok_or_else(|| {
            ReadError::Source(self.scene.protocol("a look at a table to be copied answered something else"))
        })?;
        if look.oid != chunk.relation.1 || look.shape != chunk.target.shape {
            return Err(ReadError::Source(moved(&self.scene, &chunk.target.schema.name)));
        }
        if chunk.filenode.is_some_and(|filenode| filenode != look.filenode) {
            return Ok(Some(Outcome::Rewritten { filenode: look.filenode, size: look.size }));
        }
        if chunk.floor.as_ref().is_some_and(|floor| !look.visible.covers(floor)) {
            return Ok(Some(Outcome::Later(Reason::Invisible)));
        }
        let Some(log_end) = look.log_end else { return Ok(Some(Outcome::Later(Reason::NotReceiving))) };
        match self.wait_for(log_end, chunk.wait).await {
            true => Ok(None),
            false => Ok(Some(Outcome::Later(Reason::Behind))),
        }
    }

    /// Waits until the stream has handed over all up to `end`.
    pub(super) async fn wait_for(&mut self, end: Lsn, patience: Duration) -> bool {
        let mut passed = self.passed.clone();
        let mut reached = async |patience| {
            timeout(patience, passed.wait_for(|passed| *passed >= end)).await.is_ok_and(|it| it.is_ok())
        };
        if reached(NUDGE_AFTER.min(patience)).await {
            return true;
        }
        self.nudge().await;
        reached(patience.saturating_sub(NUDGE_AFTER)).await
    }

    /// The end of the log may lie in what was written and not flushed yet; on a server where nothing commits it would stay there. A
    /// transaction that only takes an id flushes it when it commits.
    async fn nudge(&mut self) {
        let work = async {
            let mut helper = match self.helper.take() {
                Some(helper) => helper,
                None => {
                    let mut helper = Connection::connect(&self.info, Purpose::Sql).await?;
                    helper.simple_query("SET synchronous_commit = local").await?;
                    helper
                }
            };
            helper.simple_query("SELECT pg_catalog.pg_current_xact_id()").await?;
            self.helper = Some(helper);
            Ok::<_, ConnectionError>(())
        };
        if let Err(error) = work.await {
            tracing::debug!(source = %self.scene.source_name, %error, "the log could not be flushed");
        }
    }
}

async fn look(connection: &mut Connection, chunk: &Chunk<'_>) -> Result<Option<Look>, ConnectionError> {
    let (name, _) = chunk.relation;
    // ONLY: of a root the partitions are locked by the reading itself.
    let only = if chunk.filenode.is_some() { "ONLY " } else { "" };
    let oid = oid_sql(name);
    let sql = format!(
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; \
         SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; LOCK TABLE {only}{name} IN ACCESS SHARE MODE; \
         SELECT {SNAPSHOT_AND_END}, {oid}, \
             coalesce(pg_catalog.pg_relation_filenode({oid}), 0::oid), pg_catalog.pg_relation_size({oid}), {}, \
             pg_catalog.current_setting('block_size'), pg_catalog.current_setting('wal_block_size')",
        shape_sql(chunk.target.schema.id)
    );
    let rows = connection.simple_query(&sql).await?;
    Ok(parse_look(&rows))
}

fn parse_look(rows: &TextRows) -> Option<Look> {
    let row = rows.first()?;
    let text = |column: usize| row.get(column)?.as_deref();
    let number = |column: usize| text(column)?.parse::<u64>().ok();
    let bytes = number(4).unwrap_or(0);
    Some(Look {
        visible: Visible::parse(text(0)?)?,
        log_end: match row.get(1)? {
            Some(end) => Some(last_byte(end.parse().ok()?, number(7)?)),
            None => None,
        },
        oid: text(2)?.parse().ok()?,
        filenode: text(3)?.parse().ok()?,
        size: (bytes.div_ceil(number(6)?.max(1)), bytes),
        shape: text(5)?.to_owned(),
    })
}

/// Where the next record would go may lie behind the header of a page that no record has touched; the last record ended before it.
fn last_byte(log_end: Lsn, block: u64) -> Lsn {
    /// Sizes of the header of a page, and of the first page of a file (`XLogPageHeaderData`, `XLogLongPageHeaderData`).
    const HEADERS: [u64; 2] = [24, 40];
    match log_end.0 % block.max(1) {
        offset if HEADERS.contains(&offset) => Lsn(log_end.0 - offset),
        _ => log_end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_behind_a_page_header_is_the_end_of_the_page_before() {
        assert_eq!(last_byte(Lsn(0x16_8018), 8_192), Lsn(0x16_8000));
        assert_eq!(last_byte(Lsn(0x100_0028), 8_192), Lsn(0x100_0000));
        assert_eq!(last_byte(Lsn(0x16_8020), 8_192), Lsn(0x16_8020));
        assert_eq!(last_byte(Lsn(0x16_a018), 16_384), Lsn(0x16_a018));
    }
}
