//! The files of the server's log: which of them is needed next, and how long it will be there. The server keeps them by its own clock, and
//! nothing for us.
//!
//! A file begins with what the files before it have. So the one that is needed is the newest whose beginning has nothing that is not applied
//! yet. It was written last when the one behind it began, and goes so many seconds after that. By file and place it is the one that is named.

use std::collections::HashMap;

use futures::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStreamRequest, Conn, Error, Row};

use super::binlog::RawEvent;
use super::flavor::{Flavor, ServerVersion};
use super::position::MysqlPosition;
use super::session::{CANNOT_SEND, Connector, drawn_server_id, read_position};
use super::variables::{DENIED, Variables, variables};
use crate::health::{LogRetention, SourceHealth};
use crate::source::SourceError;

/// Once less than this share of the time is left, the log may go soon.
const LEFT_SHARE_MIN: u64 = 4;
/// Files of which the beginning is remembered; behind that it is asked for again.
const REMEMBERED_MAX: usize = 10_000;

/// What was found out of the files, which does not change.
#[derive(Default)]
pub(super) struct LogFiles {
    /// What the files before have.
    beginnings: HashMap<String, MysqlPosition>,
    /// When they began, seconds since 1970.
    begun: HashMap<String, u64>,
}

/// A file and its size.
pub(super) type File = (String, u64);

impl LogFiles {
    /// How safe the log behind `position` is; `None`: the user may not ask.
    pub(super) async fn look(
        &mut self,
        connector: &Connector,
        (connection, version): (&mut Conn, ServerVersion),
        position: &MysqlPosition,
    ) -> Result<Option<SourceHealth>, SourceError> {
        if self.beginnings.len() > REMEMBERED_MAX {
            *self = Self::default();
        }
        let Some(files) = files(connector, connection).await? else { return Ok(None) };
        let needed = match position {
            MysqlPosition::File(place) => {
                files.iter().position(|(file, bytes)| place.file == *file && place.position <= *bytes)
            }
            _ => self.needed(connector, (connection, version), (&files, position)).await?,
        };
        let Some(needed) = needed else { return Ok(Some(health(LogRetention::Lost, 0, None))) };
        let kept = files[needed..].iter().map(|(_, bytes)| bytes).sum();
        let expires = expires(&variables(connector, (connection, version)).await?);
        let Some(next) = files.get(needed + 1) else {
            return Ok(Some(health(LogRetention::Reserved, kept, expires)));
        };
        let Some(expires) = expires else { return Ok(Some(health(LogRetention::Reserved, kept, None))) };
        let ended = self.begun(connector, next).await?;
        let now: Option<u64> =
            connection.query_first("SELECT unix_timestamp()").await.map_err(|error| connector.fault(&error))?;
        let age = now.unwrap_or_default().saturating_sub(ended);
        let left = expires.saturating_sub(age);
        let is_near = left.saturating_mul(LEFT_SHARE_MIN) < expires;
        let retention = if is_near { LogRetention::Unreserved } else { LogRetention::Reserved };
        Ok(Some(health(retention, kept, Some(left))))
    }

    /// Place of the newest file that begins with nothing that is not in `position`; `None`: not even the oldest does.
    async fn needed(
        &mut self,
        connector: &Connector,
        (connection, version): (&mut Conn, ServerVersion),
        (files, position): (&[File], &MysqlPosition),
    ) -> Result<Option<usize>, SourceError> {
        // Those before `from` begin with nothing new, those from `to` on do.
        let (mut from, mut to) = (0, files.len());
        while from < to {
            let middle = (from + to) / 2;
            let beginning = self.beginning(connector, (connection, version), &files[middle].0).await?;
            match position.covers(&beginning) {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        Ok(from.checked_sub(1))
    }

    async fn beginning(
        &mut self,
        connector: &Connector,
        (connection, version): (&mut Conn, ServerVersion),
        file: &str,
    ) -> Result<MysqlPosition, SourceError> {
        if let Some(known) = self.beginnings.get(file) {
            return Ok(known.clone());
        }
        let sql = format!("SHOW BINLOG EVENTS IN '{}' LIMIT 4", file.replace('\'', "''"));
        let events: Vec<Row> = connection.query(sql).await.map_err(|error| connector.fault(&error))?;
        let text = |row: &Row, place| row.get_opt::<String, _>(place).and_then(Result::ok).unwrap_or_default();
        let wanted = |row: &&Row| matches!(text(row, 2).as_str(), "Previous_gtids" | "Gtid_list");
        let unknown = || connector.protocol(format!("its log file {file} does not begin with what is before it"));
        let told = events.iter().find(wanted).map(|row| text(row, 5)).ok_or_else(unknown)?;
        let position = read_position(version.flavor, told.trim_matches(['[', ']'])).ok_or_else(unknown)?;
        self.beginnings.insert(file.to_owned(), position.clone());
        Ok(position)
    }

    async fn begun(&mut self, connector: &Connector, (file, _): &File) -> Result<u64, SourceError> {
        if let Some(known) = self.begun.get(file) {
            return Ok(*known);
        }
        // One that was just removed counts as having begun long ago.
        let begun = begun(connector, file).await?.unwrap_or_default().into();
        self.begun.insert(file.clone(), begun);
        Ok(begun)
    }
}

/// When a file was begun, seconds since 1970: that is in its first event, and nowhere in SQL. `None`: it is not there.
pub(super) async fn begun(connector: &Connector, file: &str) -> Result<Option<u32>, SourceError> {
    let request =
        BinlogStreamRequest::new(drawn_server_id()).with_filename(file.as_bytes()).with_pos(4).with_non_blocking();
    let is_gone = |error: &Error| matches!(error, Error::Server(error) if error.code == CANNOT_SEND);
    let (connection, _) = connector.connect().await?;
    let mut log = match connection.get_binlog_stream(request).await {
        Ok(log) => log,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(connector.fault(&error)),
    };
    let mut begun = None;
    while let Some(event) = log.next().await {
        let timestamp = match event {
            Ok(event) => RawEvent::from(&event).header.timestamp,
            Err(error) if is_gone(&error) => break,
            Err(error) => return Err(connector.fault(&error)),
        };
        // What is made up for the connection has no time.
        if timestamp != 0 {
            begun = Some(timestamp);
            break;
        }
    }
    let _ = log.close().await;
    Ok(begun)
}

/// All files, the oldest first.
pub(super) async fn files(connector: &Connector, connection: &mut Conn) -> Result<Option<Vec<File>>, SourceError> {
    let rows: Vec<Row> = match connection.query("SHOW BINARY LOGS").await {
        Ok(rows) => rows,
        Err(Error::Server(error)) if DENIED.contains(&error.code) => return Ok(None),
        Err(error) => return Err(connector.fault(&error)),
    };
    let file = |row: &Row| Some((row.get_opt(0)?.ok()?, row.get_opt(1)?.ok()?));
    Ok(Some(rows.iter().filter_map(file).collect()))
}

/// After how many seconds a file goes; `None`: never.
fn expires(variables: &Variables) -> Option<u64> {
    let number = |name: &str| variables.get(name)?.parse::<f64>().ok().filter(|number| *number > 0.0);
    if variables.get("binlog_expire_logs_auto_purge").is_some_and(|value| value == "OFF") {
        return None;
    }
    let seconds = number("binlog_expire_logs_seconds").or_else(|| Some(number("expire_logs_days")? * 86_400.0));
    seconds.map(|seconds| seconds as u64)
}

fn health(retention: LogRetention, kept: u64, left: Option<u64>) -> SourceHealth {
    SourceHealth {
        retention,
        log_kept_bytes: kept,
        unconfirmed_bytes: kept,
        log_left_bytes: None,
        log_left_seconds: left,
        no_heartbeat: None,
    }
}

/// What the health of a source is asked with, from look to look.
#[derive(Default)]
pub(super) struct Watch {
    position: Option<MysqlPosition>,
    session: Option<(Conn, ServerVersion)>,
    files: LogFiles,
}

impl Watch {
    pub(super) fn stands_at(&mut self, position: Option<MysqlPosition>) {
        self.position = position;
    }

    /// One look; `None` while there is no position, or nothing can be known.
    pub(super) async fn look(&mut self, connector: &Connector) -> Result<Option<SourceHealth>, SourceError> {
        let Some(position) = self.position.clone() else { return Ok(None) };
        let (mut connection, version) = match self.session.take() {
            Some(session) => session,
            None => connector.connect().await?,
        };
        let of_kind = matches!(
            (&position, version.flavor),
            (MysqlPosition::Gtids(_) | MysqlPosition::File(_), Flavor::Mysql)
                | (MysqlPosition::Mariadb(_), Flavor::Mariadb)
        );
        if !of_kind {
            return Ok(None);
        }
        let look = self.files.look(connector, (&mut connection, version), &position);
        let health = connector.in_time(look).await?;
        self.session = Some((connection, version));
        Ok(health)
    }
}
