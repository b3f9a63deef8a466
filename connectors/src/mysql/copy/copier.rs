//! Copies tables beside the stream, several at once, each from its first key to its last.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use mysql_async::prelude::Queryable;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::chunk::{Session, Target, shape};
use super::in_flight::Floors;
use super::keys;
use super::mark::Mark;
use super::whole::Whole;
use crate::mysql::followed::Gone;
use crate::mysql::position::MysqlPosition;
use crate::mysql::session::{Connector, print_position, read_position};
use crate::mysql::stream::Passed;
use crate::mysql::value::MysqlTable;
use crate::row::Row;
use crate::source::{CopyMark, SourceError, SourceMessage, TransactionSender};

/// Rows of the first chunk, and of the longest.
const ROWS_FIRST: u64 = 500;
const ROWS_MAX: u64 = 20_000;
/// Bytes of a chunk, by the rows of the one before: it is in memory as a whole.
pub(super) const CHUNK_BYTES: u64 = 8 << 20;
/// Rows that are read again by their keys at once.
const KEYS_MAX: usize = 200;

/// A copy of some tables.
#[derive(Clone)]
pub(in crate::mysql) struct Copier {
    pub(in crate::mysql) connector: Connector,
    pub(in crate::mysql) passed: watch::Receiver<Passed>,
    pub(in crate::mysql) out: TransactionSender,
    pub(in crate::mysql) gone: Gone,
}

/// A table to be copied.
pub(in crate::mysql) struct TableCopy {
    table: MysqlTable,
    mark: Mark,
}

impl TableCopy {
    /// Goes on where the copy was; a new one begins with what each of its chunks must see.
    pub(in crate::mysql) fn new(table: MysqlTable, kept: Option<&CopyMark>, floor: &MysqlPosition) -> Self {
        let new = || Mark { floor: print_position(floor), after: Vec::new(), rows: 0 };
        Self { table, mark: kept.and_then(Mark::parse).unwrap_or_else(new) }
    }

    /// How far it has come, before it began.
    pub(in crate::mysql) fn mark(&self) -> CopyMark {
        self.mark.print((0, 0))
    }
}

impl Copier {
    /// Copies all. The first failure stops all.
    pub(in crate::mysql) async fn run(self, tables: Vec<TableCopy>) -> Result<(), SourceError> {
        let (number, source) = (tables.len(), self.connector.config.name.clone());
        tracing::info!(%source, tables = number, "copying beside the stream");
        let sessions = self.connector.config.copy.sessions.max(1);
        let one = |table: TableCopy| self.clone().copy(table);
        futures::stream::iter(tables).map(one).buffer_unordered(sessions).try_collect::<()>().await?;
        tracing::info!(%source, tables = number, "copy complete");
        Ok(())
    }

    async fn copy(self, TableCopy { table, mark }: TableCopy) -> Result<(), SourceError> {
        let (mut connection, version) = self.connector.connect().await?;
        let name = table.schema.name.clone();
        let size = size(&self.connector, &mut connection, &table).await?;
        let shape = shape(&self.connector, &mut connection, &table).await?;
        let plan = table.copy_plan().ok_or_else(|| self.connector.protocol(format!("{name} has no known form")))?;
        let floor = read_position(version.flavor, &mark.floor);
        let floor = floor.ok_or_else(|| self.connector.protocol(format!("\"{}\" is no position", mark.floor)))?;
        let (connector, passed, floors) = (self.connector.clone(), self.passed.clone(), Floors::default());
        let session = Session { connector, connection, version, passed, floors };
        let target = Target { table, plan, shape };
        if target.table.schema.key.is_empty() {
            return Whole { copier: self, session, target, floor, size }.run().await;
        }
        Work { copier: self, session, target, floor, mark, size }.run().await
    }

    pub(super) fn is_gone(&self, table: &MysqlTable) -> bool {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).contains(&table.schema.name)
    }
}

/// One table at work.
struct Work {
    copier: Copier,
    session: Session,
    target: Target,
    floor: MysqlPosition,
    mark: Mark,
    /// Bytes of the table and of a row, as the server estimates them.
    size: (u64, u64),
}

impl Work {
    async fn run(mut self) -> Result<(), SourceError> {
        let settings = self.copier.connector.config.copy;
        let mut rows_wanted = ROWS_FIRST;
        loop {
            let begun = Instant::now();
            let condition = keys::behind(&self.target.table, &self.mark.after);
            let rest = format!("{condition} ORDER BY {} LIMIT {rows_wanted}", keys::order(&self.target.table));
            let rows = self.session.read(&self.target, &self.floor, &rest).await?;
            let (number, bytes) = (rows.len() as u64, bytes(&rows));
            if !self.hand_over(rows).await {
                return Ok(());
            }
            if number < rows_wanted {
                return self.end().await;
            }
            if let Some(rate) = settings.rate {
                let share = (rate / settings.sessions.max(1) as u64).max(1);
                sleep(Duration::from_secs_f64(bytes as f64 / share as f64).saturating_sub(begun.elapsed())).await;
            }
            rows_wanted = next_rows(rows_wanted, (bytes, begun.elapsed()), settings.chunk_time);
        }
    }

    /// Rows, and how far that is; false when nobody wants more of the table.
    async fn hand_over(&mut self, rows: Vec<Row>) -> bool {
        let table = &self.target.table;
        if self.copier.is_gone(table) {
            return false;
        }
        let Some(last) = rows.last() else { return true };
        self.mark.after = keys::of(table, last);
        self.mark.rows += rows.len() as u64;
        let mark = self.mark.print(self.size);
        let (schema, out) = (table.schema.clone(), &self.copier.out);
        let name = schema.name.clone();
        out.send(SourceMessage::CopyRows { table: schema, rows }).await.is_ok()
            && out.send(SourceMessage::CopyMark { table: name, mark }).await.is_ok()
    }

    /// Ends the table: reads again what the stream left out of rows that no chunk had at the time, until nothing is missing.
    async fn end(&mut self) -> Result<(), SourceError> {
        loop {
            let schema = self.target.table.schema.clone();
            let (incomplete, mut answer) = mpsc::channel(1);
            let message = SourceMessage::CopyEnds { table: schema.clone(), snapshot: None, incomplete };
            if self.copier.is_gone(&self.target.table) || self.copier.out.send(message).await.is_err() {
                return Ok(());
            }
            let missing = answer.recv().await.unwrap_or_default();
            if missing.is_empty() {
                tracing::info!(source = %self.copier.connector.config.name, table = %schema.name, "table copied");
                return Ok(());
            }
            // What was asked for must see all that had been handed over by then: a row may have come to its key since the beginning.
            let floor = self.session.passed.borrow().position.clone();
            for some in missing.chunks(KEYS_MAX) {
                let condition = keys::one_of(&self.target.table, some);
                let rows = self.session.read(&self.target, &floor, &condition).await?;
                if self.copier.out.send(SourceMessage::CopyRows { table: schema.clone(), rows }).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// As many rows as fit the time and the memory of a chunk.
fn next_rows(rows: u64, (bytes, took): (u64, Duration), chunk_time: Duration) -> u64 {
    let fits = (CHUNK_BYTES.saturating_mul(rows) / bytes.max(1)).max(1);
    let paced = if took > chunk_time { rows / 2 } else { rows * 2 };
    paced.clamp(1, ROWS_MAX).min(fits)
}

/// Memory of rows.
pub(super) fn bytes(rows: &[Row]) -> u64 {
    let cell = size_of::<crate::Value>();
    rows.iter().flat_map(|row| row.iter()).map(|value| (cell + value.heap_bytes()) as u64).sum()
}

async fn size(
    connector: &Connector,
    connection: &mut mysql_async::Conn,
    table: &MysqlTable,
) -> Result<(u64, u64), SourceError> {
    let sql = "SELECT coalesce(data_length, 0), coalesce(avg_row_length, 0) FROM information_schema.tables \
        WHERE table_schema = ? AND table_name = ?";
    let name = &table.schema.name;
    let found: Option<(u64, u64)> = connection
        .exec_first(sql, (name.schema.as_str(), name.table.as_str()))
        .await
        .map_err(|error| connector.fault(&error))?;
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_grows_while_it_is_quick_and_stays_within_time_and_memory() {
        let second = Duration::from_secs(1);
        let quick = Duration::from_millis(1);
        assert_eq!(next_rows(500, (1_000, quick), second), 1_000);
        assert_eq!(next_rows(500, (1_000, second * 2), second), 250);
        assert_eq!(next_rows(20_000, (1_000, quick), second), ROWS_MAX);
        assert_eq!(next_rows(100, (800 << 20, quick), second), 1);
        assert_eq!(next_rows(1, (0, second * 2), second), 1);
    }
}
