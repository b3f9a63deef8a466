//! Events that carry transaction ids.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Gtid__event.html>
//! <https://mariadb.com/kb/en/gtid_event/>

use smol_str::SmolStr;

use super::error::Flaw;
use super::event::{Event, MariaXa};
use super::query::xid_text;
use super::raw::EventHeader;
use super::reader::Reader;
use crate::mysql::gtid_set::{Gtid, GtidSet, is_tag};
use crate::mysql::maria_gtids::MariaGtid;
use crate::text::calendar::UNIX_EPOCH_MICROS;

/// What stands in front of logical timestamps.
const LOGICAL_TIMESTAMPS: u8 = 2;
/// Set in a commit time where that of the first server follows.
const OTHER_TIME_FOLLOWS: u64 = 1 << 55;

const STANDALONE: u8 = 1;
const GROUP_COMMIT: u8 = 2;
const PREPARED_XA: u8 = 64;
const COMPLETED_XA: u8 = 128;

/// Fields of a tagged id.
const FIELD_FLAGS: u64 = 0;
const FIELD_SERVER: u64 = 1;
const FIELD_NUMBER: u64 = 2;
const FIELD_TAG: u64 = 3;
const FIELD_LAST_COMMITTED: u64 = 4;
const FIELD_SEQUENCE: u64 = 5;
const FIELD_COMMITTED_AT: u64 = 6;

fn since_2000(micros_since_1970: i64) -> i64 {
    micros_since_1970 - UNIX_EPOCH_MICROS
}

pub(super) fn seconds_since_2000(header: &EventHeader) -> i64 {
    since_2000(i64::from(header.timestamp) * 1_000_000)
}

/// `GTID_LOG_EVENT`, of which the anonymous one has the form, too.
pub(super) fn plain(header: &EventHeader, data: &[u8]) -> Result<(Gtid, i64), Flaw> {
    let mut reader = Reader(data);
    reader.u8()?;
    let server = reader.array()?;
    let gtid = Gtid { server, tag: SmolStr::default(), number: reader.u64()? };
    // Fields that later versions put behind are not needed.
    let mut committed_at = seconds_since_2000(header);
    if reader.0.first() == Some(&LOGICAL_TIMESTAMPS) && reader.0.len() >= 24 {
        reader.bytes(17)?;
        committed_at = since_2000((reader.little(7)? & !OTHER_TIME_FOLLOWS) as i64);
    }
    Ok((gtid, committed_at))
}

/// `GTID_TAGGED_LOG_EVENT`, in the format of MySQL's serialization library.
pub(super) fn tagged(header: &EventHeader, data: &[u8]) -> Result<(Gtid, i64), Flaw> {
    let mut reader = Reader(data);
    let version = reader.variable()?;
    if version != 1 {
        return Err(Flaw::Unknown { field: "serialization version", value: version as u8 });
    }
    let size = reader.variable()?;
    if size != data.len() as u64 {
        return Err(Flaw::Wrong { field: "size" });
    }
    reader.variable()?;
    let mut gtid = Gtid { server: [0; 16], tag: SmolStr::default(), number: 0 };
    let mut committed_at = seconds_since_2000(header);
    while !reader.is_empty() {
        match reader.variable()? {
            FIELD_FLAGS | FIELD_LAST_COMMITTED | FIELD_SEQUENCE => _ = reader.variable()?,
            FIELD_SERVER => {
                for byte in &mut gtid.server {
                    *byte = u8::try_from(reader.variable()?).map_err(|_| Flaw::Wrong { field: "server" })?;
                }
            }
            // Signed in that format: the sign is the lowest bit.
            FIELD_NUMBER => gtid.number = reader.variable()? >> 1,
            FIELD_TAG => {
                let length = usize::try_from(reader.variable()?).map_err(|_| Flaw::Short)?;
                gtid.tag = tag(reader.bytes(length)?)?;
            }
            FIELD_COMMITTED_AT => committed_at = since_2000(reader.variable()? as i64),
            // Fields come in the order of their numbers; those behind are not needed.
            _ => break,
        }
    }
    if gtid.number == 0 { Err(Flaw::Wrong { field: "number" }) } else { Ok((gtid, committed_at)) }
}

fn tag(bytes: &[u8]) -> Result<SmolStr, Flaw> {
    match std::str::from_utf8(bytes) {
        Ok(tag) if is_tag(tag) => Ok(tag.into()),
        _ => Err(Flaw::Wrong { field: "tag" }),
    }
}

/// `PREVIOUS_GTIDS_LOG_EVENT`; from 8.3 on its first byte from the end says whether ids have tags.
pub(super) fn previous(data: &[u8]) -> Result<GtidSet, Flaw> {
    let mut reader = Reader(data);
    let head = reader.u64()?;
    let with_tags = head >> 56 == 1;
    let servers = if with_tags { head >> 8 & 0xFFFF_FFFF_FFFF } else { head & 0x00FF_FFFF_FFFF_FFFF };
    let mut set = GtidSet::new();
    for _ in 0..servers {
        let server = reader.array()?;
        let mut name = SmolStr::default();
        if with_tags {
            let length = usize::try_from(reader.variable()?).map_err(|_| Flaw::Short)?;
            name = tag(reader.bytes(length)?)?;
        }
        for _ in 0..reader.u64()? {
            let (first, behind) = (reader.u64()?, reader.u64()?);
            if first == 0 || behind <= first {
                return Err(Flaw::Wrong { field: "range" });
            }
            set.insert_range(server, name.clone(), (first, behind - 1));
        }
    }
    reader.end()?;
    Ok(set)
}

/// MariaDB's `GTID_EVENT`.
pub(super) fn maria<'a>(header: &EventHeader, data: &[u8]) -> Result<Event<'a>, Flaw> {
    let mut reader = Reader(data);
    let sequence = reader.u64()?;
    let domain = reader.u32()?;
    let flags = reader.u8()?;
    if flags & GROUP_COMMIT != 0 {
        reader.u64()?;
    }
    let xa = match flags & (PREPARED_XA | COMPLETED_XA) {
        0 => MariaXa::No,
        which => {
            let format = reader.u32()?;
            let (gtrid, bqual) = (usize::from(reader.u8()?), usize::from(reader.u8()?));
            let xid = xid_text(format, reader.bytes(gtrid)?, reader.bytes(bqual)?);
            if which & PREPARED_XA != 0 { MariaXa::Prepares(xid) } else { MariaXa::Completes(xid) }
        }
    };
    Ok(Event::MariaGtid {
        gtid: MariaGtid { domain, server: header.server_id, sequence },
        standalone: flags & STANDALONE != 0,
        xa,
        committed_at: seconds_since_2000(header),
    })
}

/// MariaDB's `GTID_LIST_EVENT`.
pub(super) fn maria_list(data: &[u8]) -> Result<Vec<MariaGtid>, Flaw> {
    let mut reader = Reader(data);
    // The upper four bits are flags.
    let count = reader.u32()? & 0x0FFF_FFFF;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(MariaGtid { domain: reader.u32()?, server: reader.u32()?, sequence: reader.u64()? });
    }
    Ok(all)
}
