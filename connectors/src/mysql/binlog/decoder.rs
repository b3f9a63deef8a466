//! One connection's events in their order: checksums, compressed transactions, descriptions of tables.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::error::{BinlogError, Flaw};
use super::event::Event;
use super::raw::RawEvent;
use super::reader::Reader;
use super::table_map::TableMap;
use super::{gtid_event, kind, payload, query, rows, table_map};
use crate::mysql::flavor::Flavor;

/// Descriptions of tables that are kept: a statement has no more tables than that.
const TABLES_MAX: usize = 1024;
/// Format of binary logs since MySQL 5.0.
const LOG_VERSION: u16 = 4;
/// How long what is in front of a table's description must be: its number has six bytes.
const TABLE_MAP_HEADER: u8 = 8;

/// Decodes the events of one connection. After an error it must not be used again.
#[derive(Debug)]
pub struct Decoder {
    flavor: Flavor,
    tables: HashMap<u64, Arc<TableMap>>,
    /// The last description of each number, so that one that is repeated keeps its identity.
    described: HashMap<u64, (Box<[u8]>, Arc<TableMap>)>,
    expected: payload::Expected,
}

impl Decoder {
    /// For a new connection.
    pub fn new(flavor: Flavor) -> Self {
        let expected = payload::Expected::default();
        Self { flavor, tables: HashMap::new(), described: HashMap::new(), expected }
    }

    /// The next event.
    pub fn decode<'a>(&mut self, raw: &RawEvent<'a>) -> Result<Event<'a>, BinlogError> {
        raw.verify()?;
        self.expected.check(raw)?;
        let kind = raw.header.kind;
        match kind {
            kind::TABLE_MAP => self.table_map(raw),
            _ if is_rows(kind) => self.rows(raw),
            kind::TRANSACTION_PAYLOAD => {
                let uncompressed_bytes = payload::size(raw.data).map_err(|flaw| BinlogError::Event { kind, flaw })?;
                self.expected.announce(uncompressed_bytes);
                Ok(Event::Payload { uncompressed_bytes })
            }
            _ => {
                let event = self.plain(raw).map_err(|flaw| BinlogError::Event { kind, flaw })?;
                event.ok_or(BinlogError::UnknownKind { kind })
            }
        }
    }

    /// Events that need nothing of what came before; `None`: not known.
    fn plain<'a>(&mut self, raw: &RawEvent<'a>) -> Result<Option<Event<'a>>, Flaw> {
        let (header, data) = (&raw.header, raw.data);
        Ok(Some(match (header.kind, self.flavor) {
            (kind::FORMAT_DESCRIPTION, _) => self.format(data)?,
            (kind::ROTATE, _) => {
                let artificial = header.is_artificial() || header.next_position == 0;
                if !artificial {
                    self.forget_tables();
                }
                rotate(data, artificial)?
            }
            (kind::GTID, _) => {
                let (gtid, committed_at) = gtid_event::plain(header, data)?;
                Event::Gtid { gtid, committed_at }
            }
            (kind::GTID_TAGGED, _) => {
                let (gtid, committed_at) = gtid_event::tagged(header, data)?;
                Event::Gtid { gtid, committed_at }
            }
            (kind::ANONYMOUS_GTID, _) => Event::AnonymousGtid { committed_at: gtid_event::plain(header, data)?.1 },
            (kind::PREVIOUS_GTIDS, _) => Event::PreviousGtids(gtid_event::previous(data)?),
            (kind::MARIADB_GTID, Flavor::Mariadb) => gtid_event::maria(header, data)?,
            (kind::MARIADB_GTID_LIST, Flavor::Mariadb) => Event::GtidList(gtid_event::maria_list(data)?),
            (kind::QUERY | kind::EXECUTE_LOAD_QUERY | kind::MARIADB_QUERY_COMPRESSED, _) => {
                statement(header.kind, data)?
            }
            (kind::XID, _) => Event::Xid,
            (kind::XA_PREPARE, _) => xa_prepare(data)?,
            (kind::HEARTBEAT, _) => Event::Heartbeat { file: name(data)?, position: header.next_position.into() },
            (kind::HEARTBEAT_V2, _) => heartbeat_v2(data)?,
            (kind::INCIDENT, _) => incident(data)?,
            (kind::STOP, _) => Event::Stop,
            (other, _) if kind::says_nothing(other) || header.is_ignorable() => Event::Ignored,
            _ => return Ok(None),
        }))
    }

    fn format<'a>(&mut self, data: &[u8]) -> Result<Event<'a>, Flaw> {
        self.forget_tables();
        let mut reader = Reader(data);
        if reader.u16()? != LOG_VERSION {
            return Err(Flaw::Wrong { field: "log version" });
        }
        let version = reader.bytes(50)?;
        reader.bytes(5)?;
        // Lengths of what stands in front of each kind's body, from kind 1 on.
        if reader.0.get(usize::from(kind::TABLE_MAP) - 1) != Some(&TABLE_MAP_HEADER) {
            return Err(Flaw::Wrong { field: "length of a table's description" });
        }
        let end = version.iter().position(|byte| *byte == 0).unwrap_or(version.len());
        Ok(Event::Format { server_version: String::from_utf8_lossy(&version[..end]).into_owned() })
    }

    fn forget_tables(&mut self) {
        self.tables.clear();
        self.described.clear();
    }

    fn table_map<'a>(&mut self, raw: &RawEvent<'_>) -> Result<Event<'a>, BinlogError> {
        let of_kind = |flaw| BinlogError::Event { kind: kind::TABLE_MAP, flaw };
        let id = rows::table_id(raw.data).map_err(of_kind)?;
        let map = match self.described.get(&id) {
            Some((bytes, map)) if **bytes == *raw.data => Arc::clone(map),
            _ => {
                let map = Arc::new(table_map::read(raw.data, self.flavor).map_err(of_kind)?);
                if self.described.len() >= TABLES_MAX {
                    self.described.clear();
                }
                self.described.insert(id, (raw.data.into(), Arc::clone(&map)));
                map
            }
        };
        if self.tables.len() >= TABLES_MAX {
            return Err(of_kind(Flaw::Wrong { field: "number of tables in one statement" }));
        }
        self.tables.insert(id, Arc::clone(&map));
        Ok(Event::TableMap(map))
    }

    fn rows<'a>(&mut self, raw: &RawEvent<'a>) -> Result<Event<'a>, BinlogError> {
        let kind = raw.header.kind;
        let of_kind = |flaw| BinlogError::Event { kind, flaw };
        let id = rows::table_id(raw.data).map_err(of_kind)?;
        let ends_statement = rows::ends_statement(raw.data).map_err(of_kind)?;
        let Some(table) = self.tables.get(&id).cloned() else {
            // A number without a table ends a statement that changed none.
            return if ends_statement { Ok(Event::Ignored) } else { Err(BinlogError::UnknownTable { id }) };
        };
        let event = rows::read(kind, raw.data, table).map_err(of_kind)?;
        if event.ends_statement {
            self.tables.clear();
        }
        Ok(Event::Rows(event))
    }
}

fn is_rows(kind: u8) -> bool {
    matches!(kind, kind::WRITE_ROWS_V1..=kind::DELETE_ROWS_V1 | kind::WRITE_ROWS..=kind::DELETE_ROWS)
        || matches!(kind, kind::MARIADB_WRITE_ROWS_COMPRESSED_V1..=kind::MARIADB_DELETE_ROWS_COMPRESSED)
        || kind == kind::PARTIAL_UPDATE_ROWS
}

fn name(bytes: &[u8]) -> Result<SmolStr, Flaw> {
    std::str::from_utf8(bytes).map(SmolStr::new).map_err(|_| Flaw::NotUtf8)
}

fn rotate<'a>(data: &[u8], artificial: bool) -> Result<Event<'a>, Flaw> {
    let mut reader = Reader(data);
    let position = reader.u64()?;
    let file = match artificial {
        // It may end in a checksum that is not announced.
        true => SmolStr::new(String::from_utf8_lossy(reader.0)),
        false => name(reader.0)?,
    };
    Ok(Event::Rotate { file, position, artificial })
}

fn statement(kind: u8, data: &[u8]) -> Result<Event<'_>, Flaw> {
    let is_load = kind == kind::EXECUTE_LOAD_QUERY;
    let query = query::read(data, is_load, kind == kind::MARIADB_QUERY_COMPRESSED)?;
    let kind = query::kind_of(&query.sql);
    Ok(Event::Query { schema: query.schema, sql: query.sql, kind })
}

fn xa_prepare<'a>(data: &[u8]) -> Result<Event<'a>, Flaw> {
    let mut reader = Reader(data);
    let one_phase = reader.u8()? != 0;
    let format = reader.u32()?;
    let (gtrid, bqual) = (reader.u32()? as usize, reader.u32()? as usize);
    let xid = query::xid_text(format, reader.bytes(gtrid)?, reader.bytes(bqual)?);
    Ok(Event::XaPrepare { xid, one_phase })
}

/// Fields: kind, length, value; 1 is the file, 2 the place.
fn heartbeat_v2<'a>(data: &[u8]) -> Result<Event<'a>, Flaw> {
    let mut reader = Reader(data);
    let (mut file, mut position) = (SmolStr::default(), 0);
    while !reader.is_empty() {
        let field = reader.packed()?;
        if field == 0 {
            break;
        }
        let value = reader.packed_bytes()?;
        match field {
            1 => file = name(value)?,
            2 => position = Reader(value).packed()?,
            _ => {}
        }
    }
    Ok(Event::Heartbeat { file, position })
}

fn incident<'a>(data: &[u8]) -> Result<Event<'a>, Flaw> {
    let mut reader = Reader(data);
    let number = reader.u16()?;
    let length = usize::from(reader.u8()?);
    let message: Cow<'_, str> = String::from_utf8_lossy(reader.bytes(length)?);
    Ok(Event::Incident { message: format!("incident {number}: {message}") })
}
