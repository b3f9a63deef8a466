//! One chunk of a table.
//!
//! ```text
//! floor seen?  snapshot  rows  same shape?  end of the log  ── wait until the stream has handed that over ──▶ hand over
//! ```

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::sync::watch;

use super::in_flight::Floors;
use crate::mysql::by_file;
use crate::mysql::flavor::{Flavor, ServerVersion};
use crate::mysql::position::{FilePosition, MysqlPosition};
use crate::mysql::session::{Connector, print_position, read_position};
use crate::mysql::stream::Passed;
use crate::mysql::value::{CopyPlan, MysqlTable, quoted};
use crate::row::Row;
use crate::source::SourceError;

/// Pauses until the server shows what it had logged before, from the first to the longest.
const UNSEEN_FIRST: Duration = Duration::from_millis(5);
const UNSEEN_MAX: Duration = Duration::from_millis(500);
/// A server's error: the table was changed since the snapshot; a new one sees it.
pub(super) const TABLE_CHANGED: u16 = 1412;

/// A table to be read.
pub(super) struct Target {
    pub(super) table: MysqlTable,
    pub(super) plan: CopyPlan,
    /// What its columns were when it was looked at.
    pub(super) shape: String,
}

/// Reads chunks.
pub(super) struct Session {
    pub(super) connector: Connector,
    pub(super) connection: Conn,
    pub(super) version: ServerVersion,
    pub(super) passed: watch::Receiver<Passed>,
    pub(super) floors: Floors,
}

/// Behind what a chunk has seen.
pub(super) enum End {
    Place(FilePosition),
    Position(MysqlPosition),
}

impl Session {
    /// Reads rows of one snapshot that sees all up to `floor`, and returns when the stream has handed over all that it sees.
    pub(super) async fn read(
        &mut self,
        target: &Target,
        floor: &MysqlPosition,
        rest: &str,
    ) -> Result<Vec<Row>, SourceError> {
        let sql = format!("SELECT {} FROM {} WHERE {rest}", target.table.select_list(), target.table.quoted_name());
        let raw = loop {
            self.begin_seeing(floor).await?;
            match self.connection.query::<mysql_async::Row, _>(sql.as_str()).await {
                Ok(rows) => break rows,
                Err(mysql_async::Error::Server(error)) if error.code == TABLE_CHANGED => {
                    self.run("COMMIT").await?;
                }
                Err(error) => return Err(self.connector.fault(&error)),
            }
        };
        self.run("COMMIT").await?;
        if shape(&self.connector, &mut self.connection, &target.table).await? != target.shape {
            return Err(self.moved(target));
        }
        let end = self.end_of_log().await?;
        let rows = raw.iter().map(|row| target.plan.row_of(row)).collect::<Result<Vec<_>, _>>();
        let rows = rows.map_err(|error| target.unreadable(&self.connector, &error.to_string()))?;
        self.wait_for(&end).await?;
        Ok(rows)
    }

    /// Takes a snapshot that sees all up to `floor`. The log may be ahead of what snapshots see.
    pub(super) async fn begin_seeing(&mut self, floor: &MysqlPosition) -> Result<(), SourceError> {
        let mut pause = UNSEEN_FIRST;
        loop {
            let seen = match self.version.flavor {
                Flavor::Mysql if floor.file().is_some() => {
                    let seen = self.sees_by_count(floor).await?;
                    self.run("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
                    seen
                }
                // An id is in this set only when the transaction is committed in the engine.
                Flavor::Mysql => {
                    let sql = format!("SELECT gtid_subset('{}', @@global.gtid_executed)", print_position(floor));
                    let seen: Option<u8> = self.first(&sql).await?;
                    self.run("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
                    seen == Some(1)
                }
                Flavor::Mariadb => {
                    self.run("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
                    self.snapshot_position().await?.is_some_and(|position| position.covers(floor))
                }
            };
            if seen {
                return Ok(());
            }
            self.run("COMMIT").await?;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(UNSEEN_MAX);
        }
    }

    /// MariaDB says of a snapshot what of the log it sees.
    pub(super) async fn snapshot_position(&mut self) -> Result<Option<MysqlPosition>, SourceError> {
        let sql = "SHOW STATUS LIKE 'binlog_snapshot_%'";
        let rows: Vec<(String, String)> =
            self.connection.query(sql).await.map_err(|error| self.connector.fault(&error))?;
        let named = |wanted: &str| {
            rows.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.replace('\'', "''"))
        };
        let (Some(file), Some(place)) = (named("binlog_snapshot_file"), named("binlog_snapshot_position")) else {
            return Ok(None);
        };
        let text: Option<Option<String>> = self.first(&format!("SELECT binlog_gtid_pos('{file}', '{place}')")).await?;
        Ok(text.flatten().and_then(|text| read_position(Flavor::Mariadb, &text)))
    }

    /// What is seen is in the log before: it is written there first. A change of the table that was seen, too.
    pub(super) async fn end_of_log(&mut self) -> Result<End, SourceError> {
        if self.version.flavor == Flavor::Mariadb {
            let text: Option<String> = self.first("SELECT @@global.gtid_binlog_pos").await?;
            let position = read_position(Flavor::Mariadb, &text.unwrap_or_default());
            let unknown = || self.connector.protocol("it names a position that is none");
            return position.map(End::Position).ok_or_else(unknown);
        }
        let place = by_file::end_of_log(&self.connector, (&mut self.connection, self.version)).await?;
        Ok(End::Place(place))
    }

    pub(super) async fn wait_for(&mut self, end: &End) -> Result<(), SourceError> {
        let reached = |passed: &Passed| match end {
            End::Place(place) => passed.place.as_ref().is_some_and(|passed| passed >= place),
            End::Position(position) => passed.position.covers(position),
        };
        match self.passed.wait_for(reached).await {
            Ok(_) => Ok(()),
            Err(_) => Err(self.connector.unavailable("the stream ended while a table was copied")),
        }
    }

    pub(super) async fn run(&mut self, sql: &str) -> Result<(), SourceError> {
        self.connection.query_drop(sql).await.map_err(|error| self.connector.fault(&error))
    }

    async fn first<T: mysql_async::prelude::FromValue + Send + 'static>(
        &mut self,
        sql: &str,
    ) -> Result<Option<T>, SourceError> {
        self.connection.query_first(sql).await.map_err(|error| self.connector.fault(&error))
    }

    /// Looking again tells whether it can be followed as it is now.
    pub(super) fn moved(&self, target: &Target) -> SourceError {
        self.connector.unavailable(format!("table {} was changed while it was copied", target.table.schema.name))
    }
}

impl Target {
    pub(super) fn unreadable(&self, connector: &Connector, message: &str) -> SourceError {
        SourceError::Table {
            source_name: connector.config.name.to_string(),
            table: self.table.schema.name.to_string(),
            message: format!("a row cannot be read: {message}"),
            hint: "mend the row, or see \"zero_dates\" for days that are in no calendar".into(),
        }
    }
}

/// What makes columns what they are, as one text.
pub(super) async fn shape(
    connector: &Connector,
    connection: &mut Conn,
    table: &MysqlTable,
) -> Result<String, SourceError> {
    let sql = format!("SHOW FULL COLUMNS FROM {}", table.quoted_name());
    let rows: Vec<mysql_async::Row> = connection.query(sql).await.map_err(|error| connector.fault(&error))?;
    let text = |row: &mysql_async::Row| {
        let cell = |index| row.get_opt::<Option<String>, _>(index).and_then(Result::ok).flatten().unwrap_or_default();
        format!("{} {} {} {}", quoted(&cell(0)), cell(1), cell(2), cell(4))
    };
    Ok(rows.iter().map(text).collect::<Vec<_>>().join(", "))
}
