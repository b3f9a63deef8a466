//! A server that gives its transactions no ids (`gtid_mode` other than `ON`) is followed by file and place.
//!
//! What a place means ends with the history that its file is part of. Each way in which that happens is found, and named:
//!
//! ```text
//! another server                      its server_uuid, kept as a note with the state
//! begun anew, an older copy           what stands before the place (anchor.rs); of the first place, when its file was begun
//! a file that is gone                 SHOW BINARY LOGS, and the server when it is asked for it
//! begun anew under a stream           the log ends before what was streamed; or: the file that was left is not the same any more
//! gtid_mode switched                  the kind of the position that is held
//! ```
//!
//! The last but one is not told by the server: a session that sends a file goes on with what has the next name, whether or not that is of the same
//! log. So behind each change of files the one before it is looked at once more. Where it still is what it was, the log was not begun anew up to
//! then, because that removes all files. When a file was begun is told in whole seconds, and counts where nothing of it was streamed yet: a log
//! that is begun anew within the very second in which the file of a first start was begun is the one case that is not found.

use std::time::Duration;

use futures::StreamExt;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::sleep;

use super::anchor::{Anchor, FIRST_EVENT};
use super::binlog::{Decoder, RawEvent};
use super::flavor::{Flavor, ServerVersion};
use super::log_files::{begun, files};
use super::position::{FilePosition, MysqlPosition};
use super::session::{Connector, drawn_server_id};
use super::stream::Passed;
use super::variables::log_status;
use crate::position::Position;
use crate::source::SourceError;

/// How often the end of the log is compared with what was streamed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// What it means that a place is not there.
pub(super) const ANOTHER_LOG: &str =
    "its log was begun anew (RESET BINARY LOGS, RESET MASTER), or the server is an older copy";

/// The log in which the first place was, as the state keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogIdentity {
    /// The server's `server_uuid`.
    server: String,
    /// The file of the first place.
    file: String,
    /// When it was begun, seconds since 1970.
    began: u32,
}

impl LogIdentity {
    /// When the first place's file was begun.
    pub(super) fn began(&self) -> Option<u32> {
        Some(self.began)
    }
}

/// A file that a stream has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileLeft {
    /// When it was begun, seconds since 1970.
    pub(super) began: u32,
    /// The last position in it.
    pub(super) place: FilePosition,
}

fn ends_before(end: FilePosition) -> String {
    format!("its log ends before that place, at {}: {ANOTHER_LOG}", MysqlPosition::File(end))
}

/// Whether the server names its transactions.
pub(super) async fn names_transactions(connector: &Connector, connection: &mut Conn) -> Result<bool, SourceError> {
    Ok(gtid_mode(connector, connection).await?.eq_ignore_ascii_case("ON"))
}

async fn gtid_mode(connector: &Connector, connection: &mut Conn) -> Result<String, SourceError> {
    let mode: Option<String> =
        connection.query_first("SELECT @@global.gtid_mode").await.map_err(|error| connector.fault(&error))?;
    Ok(mode.unwrap_or_default())
}

/// Where the log ends. A group of transactions that is being written is waited for by the server.
pub(super) async fn end_of_log(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
) -> Result<FilePosition, SourceError> {
    let row: Option<mysql_async::Row> =
        connection.query_first(log_status(version)).await.map_err(|error| connector.fault(&error))?;
    let told = row.and_then(|row| Some((row.get_opt::<String, _>(0)?.ok()?, row.get_opt::<u64, _>(1)?.ok()?)));
    let (file, position) = told.ok_or_else(|| connector.refused("the server writes no log", "set log_bin"))?;
    FilePosition::told(&file, position).ok_or_else(|| {
        let hint = "give log_bin a name without any of , ; = / : ~";
        connector.refused(format!("its log file \"{file}\" has a name that cannot be part of a position"), hint)
    })
}

/// The log that this place is in.
pub(super) async fn identity(
    connector: &Connector,
    connection: &mut Conn,
    place: &FilePosition,
) -> Result<LogIdentity, SourceError> {
    let began = begun(connector, &place.file).await?;
    let began =
        began.ok_or_else(|| connector.unavailable(format!("its log file \"{}\" was just removed", place.file)))?;
    Ok(LogIdentity { server: server_uuid(connector, connection).await?, file: place.file.to_string(), began })
}

async fn server_uuid(connector: &Connector, connection: &mut Conn) -> Result<String, SourceError> {
    let uuid: Option<String> =
        connection.query_first("SELECT @@global.server_uuid").await.map_err(|error| connector.fault(&error))?;
    uuid.ok_or_else(|| connector.protocol("it has no server_uuid"))
}

/// What the log must begin with, if the server can go on from the place at all.
pub(super) async fn resumable(
    connector: &Connector,
    (connection, version): (&mut Conn, ServerVersion),
    (place, kept): (&FilePosition, Option<&LogIdentity>),
) -> Result<Anchor, SourceError> {
    let cannot = |reason: String| Err(connector.cannot_resume(&MysqlPosition::File(place.clone()), reason));
    let Some(kept) = kept else {
        return cannot("the state does not know which server's log it is a place in".into());
    };
    if kept.server != server_uuid(connector, connection).await? {
        return cannot(
            "it is a place in the log of another server; without gtid_mode = ON a failover cannot be followed".into(),
        );
    }
    let end = end_of_log(connector, (connection, version)).await?;
    if end.partial_cmp(place).is_none_or(|order| order.is_lt()) {
        return cannot(ends_before(end));
    }
    if let Some(files) = files(connector, connection).await?
        && files.iter().all(|(file, _)| *file != place.file)
    {
        return cannot(format!("the server has removed \"{}\", which follows it, from its log", place.file));
    }
    if names_transactions(connector, connection).await? {
        tracing::warn!(
            source = %connector.config.name,
            "gtid_mode is ON now, and what is held is a place in a file: it is followed on by file and place, and cannot follow a failover; \
             \"tailwater rebuild source {}\" goes over to transaction ids",
            connector.config.name
        );
    }
    let began = (place.check.is_none() && kept.file == place.file.as_str()).then_some(kept.began);
    match (place.check, began) {
        (None, None) => cannot("nothing is known of what stands before it".into()),
        _ => Ok(Anchor::new(place.clone(), began)),
    }
}

/// An error where a set of transactions is held, and the server names none any more.
pub(super) async fn needs_names(
    connector: &Connector,
    connection: &mut Conn,
    position: &MysqlPosition,
) -> Result<(), SourceError> {
    let mode = gtid_mode(connector, connection).await?;
    if mode.eq_ignore_ascii_case("ON") {
        return Ok(());
    }
    let name = &connector.config.name;
    Err(SourceError::CannotResume {
        source_name: name.to_string(),
        position: Position::Mysql(position.clone()),
        reason: format!("it is a set of transaction ids, and gtid_mode is \"{mode}\" instead of \"ON\""),
        hint: format!(
            "set gtid_mode to ON again, if nothing was written meanwhile; or run \"tailwater rebuild source {name}\", which copies its tables \
             again and follows the server by file and place"
        ),
    })
}

/// Looks, as long as a stream runs, whether the log still has what was streamed. Ends with the error alone.
pub(super) async fn watch_the_end(connector: Connector, passed: watch::Receiver<Passed>) -> Result<(), SourceError> {
    let mut session = None;
    loop {
        sleep(LOOK_INTERVAL).await;
        let Some(place) = passed.borrow().place.clone() else { continue };
        let (mut connection, version) = match session.take() {
            Some(session) => session,
            None => connector.connect().await?,
        };
        let end = connector.in_time(end_of_log(&connector, (&mut connection, version))).await?;
        if end.partial_cmp(&place).is_none_or(|order| order.is_lt()) {
            return Err(connector.cannot_resume(&passed.borrow().position, ends_before(end)));
        }
        session = Some((connection, version));
    }
}

/// An error where a file that the stream has left is not the same any more.
pub(super) async fn still_there(connector: &Connector, left: &FileLeft) -> Result<(), SourceError> {
    let FileLeft { began, place } = left;
    let looked = if Anchor::begins_at(place) == FIRST_EVENT {
        // All of a very long file would have to be read for its last event.
        match connector.in_time(begun(connector, &place.file)).await? {
            Some(now) if now == *began => Ok(()),
            _ => Err(connector.cannot_resume(&MysqlPosition::File(place.clone()), ANOTHER_LOG)),
        }
    } else {
        let began = place.check.is_none().then_some(*began);
        connector.in_time(reach(connector, Anchor::new(place.clone(), began), place)).await
    };
    match looked {
        Err(SourceError::CannotResume { .. }) if is_purged(connector, place).await? => Ok(()),
        looked => looked,
    }
}

/// Reads the log up to the place: an error where it is not there.
async fn reach(connector: &Connector, mut anchor: Anchor, place: &FilePosition) -> Result<(), SourceError> {
    let position = MysqlPosition::File(place.clone());
    let mut log = connector.open_log_as(drawn_server_id(), &position).await?;
    let mut decoder = Decoder::new(Flavor::Mysql);
    while !anchor.is_reached() {
        let event = log.next().await.ok_or_else(|| connector.unavailable("the server ended its log"))?;
        let event = event.map_err(|error| connector.log_fault(&position, &error))?;
        let raw = RawEvent::from(&event);
        let decoded = decoder.decode(&raw).map_err(|error| connector.protocol(error.to_string()))?;
        anchor.look(&raw, &decoded).map_err(|mismatch| connector.cannot_resume(&position, mismatch.to_string()))?;
    }
    Ok(())
}

/// Whether the file was removed because nobody reads it any more: all that there are came later.
async fn is_purged(connector: &Connector, place: &FilePosition) -> Result<bool, SourceError> {
    let (mut connection, _) = connector.connect().await?;
    let files = files(connector, &mut connection).await?.unwrap_or_default();
    let number = |file: &str| FilePosition::told(file, 0).map_or(0, |place| place.number());
    Ok(files.first().is_some_and(|(oldest, _)| number(oldest) > place.number()))
}
