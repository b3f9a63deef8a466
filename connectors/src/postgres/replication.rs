//! The replication protocol's words: commands with their quoting, and what travels inside CopyBoth.

use bytes::{BufMut, BytesMut};
use postgres_protocol::escape::escape_identifier;

use super::connection::{Connection, TextRows};
use super::feedback::Status;
use super::server_error::{ConnectionError, Scene};
use crate::position::Lsn;
use crate::source::SourceError;

/// Oldest server whose pgoutput sends what is needed.
pub(super) const SERVER_VERSION_MIN: u32 = 140_000;

/// What IDENTIFY_SYSTEM says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SystemInfo {
    pub(super) system: String,
    pub(super) timeline: u32,
    /// How far the server's log is written.
    pub(super) flushed: Lsn,
}

/// A slot that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CreatedSlot {
    /// Streaming from here follows exactly what the snapshot shows.
    pub(super) consistent_point: Lsn,
    /// Valid until the next command on the connection.
    pub(super) snapshot: String,
}

/// How to stream.
#[derive(Clone, Debug)]
pub(super) struct StreamOptions<'a> {
    pub(super) slot: &'a str,
    pub(super) publication: &'a str,
    pub(super) start: Lsn,
    pub(super) proto_version: u32,
    /// Values in the form of their types' send functions.
    pub(super) binary: bool,
    /// Whether large transactions come while they are open. Their parallel form says more only to those who apply them in parallel.
    pub(super) streaming: bool,
    /// Whether logical messages come.
    pub(super) messages: bool,
}

/// Asks who the server is.
pub(super) async fn identify_system(connection: &mut Connection) -> Result<SystemInfo, ConnectionError> {
    let rows = connection.simple_query("IDENTIFY_SYSTEM").await?;
    let info = (|| {
        let timeline = cell(&rows, 1)?.parse().ok()?;
        Some(SystemInfo { system: cell(&rows, 0)?.into(), timeline, flushed: cell(&rows, 2)?.parse().ok()? })
    })();
    info.ok_or_else(|| ConnectionError::Protocol("IDENTIFY_SYSTEM answered something else".into()))
}

/// Logical decoding needs a server that is new enough.
pub(super) fn check_version(connection: &Connection, scene: &Scene) -> Result<(), SourceError> {
    match connection.server_version() {
        version if version >= SERVER_VERSION_MIN => Ok(()),
        version => Err(scene.refused(
            format!("the server is Postgres {}; 14 or newer is needed", version / 10_000),
            "upgrade the server",
        )),
    }
}

/// Makes a slot that goes with the connection, and exports the snapshot that shows what committed before it.
pub(super) async fn create_temporary_slot(
    connection: &mut Connection,
    slot: &str,
) -> Result<CreatedSlot, ConnectionError> {
    let option = if connection.server_version() >= 150_000 { "(SNAPSHOT 'export')" } else { "EXPORT_SNAPSHOT" };
    let rows = create(connection, (slot, true), option).await?;
    let created = (|| {
        let consistent_point = cell(&rows, 1)?.parse().ok()?;
        Some(CreatedSlot { consistent_point, snapshot: cell(&rows, 2)?.into() })
    })();
    created.ok_or_else(no_slot)
}

/// How long a slot is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// As long as its connection.
    Temporary,
    /// Until it is dropped.
    Lasting,
    /// That, and also on standbys that synchronise slots (Postgres 17), which may then take the primary's place.
    Synchronised,
}

/// Makes a slot inside a transaction, which it begins, and which sees exactly what committed before the slot's position: the answer.
pub(super) async fn create_slot_in_use(
    connection: &mut Connection,
    slot: &str,
    lifetime: Lifetime,
) -> Result<Lsn, ConnectionError> {
    connection.simple_query("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ").await?;
    let option = in_use_option(connection.server_version(), lifetime);
    let rows = create(connection, (slot, lifetime == Lifetime::Temporary), option).await?;
    cell(&rows, 1).and_then(|point| point.parse().ok()).ok_or_else(no_slot)
}

fn in_use_option(server_version: u32, lifetime: Lifetime) -> &'static str {
    match server_version {
        170_000.. if lifetime == Lifetime::Synchronised => "(SNAPSHOT 'use', FAILOVER)",
        150_000.. => "(SNAPSHOT 'use')",
        _ => "USE_SNAPSHOT",
    }
}

async fn create(
    connection: &mut Connection,
    (slot, temporary): (&str, bool),
    option: &str,
) -> Result<TextRows, ConnectionError> {
    let temporary = if temporary { " TEMPORARY" } else { "" };
    let slot = escape_identifier(slot);
    connection.simple_query(&format!("CREATE_REPLICATION_SLOT {slot}{temporary} LOGICAL pgoutput {option}")).await
}

fn no_slot() -> ConnectionError {
    ConnectionError::Protocol("CREATE_REPLICATION_SLOT answered something else".into())
}

/// Removes a slot.
pub(super) async fn drop_slot(connection: &mut Connection, slot: &str) -> Result<(), ConnectionError> {
    connection.simple_query(&format!("DROP_REPLICATION_SLOT {}", escape_identifier(slot))).await.map(drop)
}

/// Starts streaming; after it the connection carries [`Incoming`] messages.
pub(super) async fn start(connection: &mut Connection, options: &StreamOptions<'_>) -> Result<(), ConnectionError> {
    connection.start_copy(&start_command(options), b'W').await
}

/// The highest protocol version the server knows. Nothing that a version merely allows is asked for.
pub(super) fn proto_version(server_version: u32) -> u32 {
    match server_version / 10_000 {
        ..14 => 1,
        14 => 2,
        15 => 3,
        16.. => 4,
    }
}

fn start_command(options: &StreamOptions<'_>) -> String {
    // The publication is an identifier inside a literal: quoted twice. This grammar knows no escapes but doubled quotes.
    let publication = escape_identifier(options.publication).replace('\'', "''");
    let binary = if options.binary { ", \"binary\" 'true'" } else { "" };
    let streaming = if options.streaming { ", \"streaming\" 'on'" } else { "" };
    let messages = if options.messages { ", \"messages\" 'true'" } else { "" };
    format!(
        "START_REPLICATION SLOT {} LOGICAL {} (\"proto_version\" '{}', \"publication_names\" '{publication}'{binary}{streaming}{messages})",
        escape_identifier(options.slot),
        options.start,
        options.proto_version
    )
}

pub(super) fn cell(rows: &TextRows, column: usize) -> Option<&str> {
    rows.first()?.get(column)?.as_deref()
}

/// What the server sends inside CopyBoth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// `w`: one message of the output plugin.
    Data {
        start: Lsn,
        end: Lsn,
        /// Microseconds since 2000-01-01 UTC.
        sent_at: i64,
        payload: &'a [u8],
    },
    /// `k`
    Keepalive { wal_end: Lsn, reply_requested: bool },
}

impl<'a> Incoming<'a> {
    /// Reads the body of a CopyData message. What is not known is an error, never skipped.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, ConnectionError> {
        let broken = || ConnectionError::Protocol("a replication message is malformed".into());
        let (&tag, rest) = body.split_first().ok_or_else(broken)?;
        let (first, rest) = lsn(rest).ok_or_else(broken)?;
        match tag {
            b'w' => {
                let (end, rest) = lsn(rest).ok_or_else(broken)?;
                let (sent_at, payload) = rest.split_first_chunk::<8>().ok_or_else(broken)?;
                Ok(Self::Data { start: first, end, sent_at: i64::from_be_bytes(*sent_at), payload })
            }
            b'k' => match rest.split_first_chunk::<8>() {
                Some((_sent_at, &[reply @ (0 | 1)])) => {
                    Ok(Self::Keepalive { wal_end: first, reply_requested: reply == 1 })
                }
                _ => Err(broken()),
            },
            tag => Err(ConnectionError::Protocol(format!("unknown replication message '{}'", tag.escape_ascii()))),
        }
    }
}

fn lsn(bytes: &[u8]) -> Option<(Lsn, &[u8])> {
    let (lsn, rest) = bytes.split_first_chunk::<8>()?;
    Some((Lsn(u64::from_be_bytes(*lsn)), rest))
}

/// Microseconds since 2000-01-01 UTC.
pub(super) fn now_micros() -> i64 {
    const POSTGRES_EPOCH_SECONDS: i64 = 946_684_800;
    let now = chrono::Utc::now();
    (now.timestamp() - POSTGRES_EPOCH_SECONDS) * 1_000_000 + i64::from(now.timestamp_subsec_micros())
}

/// Appends a standby status update. `reply` asks the server to answer, to learn whether it lives.
pub(super) fn write_status(out: &mut BytesMut, status: Status, reply: bool) {
    const LENGTH: u32 = 4 + 1 + 4 * 8 + 1;
    out.put_u8(b'd');
    out.put_u32(LENGTH);
    out.put_u8(b'r');
    out.put_u64(status.write.0);
    out.put_u64(status.flush.0);
    out.put_u64(status.apply.0);
    out.put_i64(now_micros());
    out.put_u8(u8::from(reply));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_synchronised_where_the_server_knows_how() {
        assert_eq!(in_use_option(170_000, Lifetime::Synchronised), "(SNAPSHOT 'use', FAILOVER)");
        assert_eq!(in_use_option(170_000, Lifetime::Lasting), "(SNAPSHOT 'use')");
        assert_eq!(in_use_option(160_000, Lifetime::Synchronised), "(SNAPSHOT 'use')");
        assert_eq!(in_use_option(140_000, Lifetime::Synchronised), "USE_SNAPSHOT");
    }

    #[test]
    fn names_are_quoted_so_that_any_slot_and_publication_can_be_named() {
        let options = StreamOptions {
            slot: "My \"slot\"",
            publication: "It's, \"mine\"",
            start: Lsn(0x1_0000_002A),
            proto_version: 3,
            binary: true,
            streaming: false,
            messages: false,
        };
        assert_eq!(
            start_command(&options),
            "START_REPLICATION SLOT \"My \"\"slot\"\"\" LOGICAL 1/2A (\"proto_version\" '3', \"publication_names\" \
             '\"It''s, \"\"mine\"\"\"', \"binary\" 'true')"
        );
    }

    #[test]
    fn streaming_of_open_transactions_is_asked_for_where_they_can_be_kept() {
        for version in [140_000, 150_007, 160_001, 180_000] {
            let proto_version = proto_version(version);
            let command = |streaming| {
                let (slot, publication, start, binary) = ("s", "p", Lsn(0), false);
                start_command(&StreamOptions {
                    slot,
                    publication,
                    start,
                    proto_version,
                    binary,
                    streaming,
                    messages: false,
                })
            };
            assert!(!command(false).contains("streaming"));
            assert!(command(true).ends_with("\"streaming\" 'on')"), "{}", command(true));
        }
        assert_eq!((proto_version(140_009), proto_version(150_000), proto_version(190_000)), (2, 3, 4));
    }

    #[test]
    fn replication_messages_of_wrong_size_or_unknown_tag_are_errors() {
        let mut keepalive = vec![b'k'];
        keepalive.extend([0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let parsed = Incoming::Keepalive { wal_end: Lsn(9), reply_requested: true };
        assert_eq!(Incoming::parse(&keepalive).unwrap(), parsed);
        for cut in 0..keepalive.len() {
            assert!(Incoming::parse(&keepalive[..cut]).is_err());
        }
        keepalive.push(0);
        assert!(Incoming::parse(&keepalive).is_err());
        assert!(Incoming::parse(&[b'w'; 24]).is_err());
        assert!(Incoming::parse(&[b'w'; 25]).is_ok());
        assert!(Incoming::parse(&[b'z'; 40]).is_err());
    }

    #[test]
    fn a_status_update_has_the_protocols_layout() {
        let mut out = BytesMut::new();
        write_status(&mut out, Status { write: Lsn(3), flush: Lsn(2), apply: Lsn(2) }, true);
        assert_eq!(out.len(), 1 + 38);
        assert_eq!(&out[..6], b"d\0\0\0\x26r");
        assert_eq!((out[13], out[21], out[29], out[38]), (3, 2, 2, 1));
    }
}
