//! Dispatch by tag, and what must be remembered from one message to the next: which transaction or chunk is open, and how
//! wide each relation is.

use std::collections::HashMap;

use crate::schema::ReplicaIdentity;

use super::error::DecodeError;
use super::message::{Message, OldKind, Prepared, Relation, RelationColumn};
use super::reader::Reader;
use super::tuple::TupleData;

/// What the stream is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Transaction,
    Prepare,
    Chunk(u32),
}

impl Open {
    fn place(self) -> &'static str {
        match self {
            Self::Nothing => "outside a transaction",
            Self::Transaction => "inside a transaction",
            Self::Prepare => "inside a transaction that will be prepared",
            Self::Chunk(_) => "inside a streamed chunk",
        }
    }
}

/// Decodes the messages of one replication connection in order. A new connection needs a new decoder: the server announces
/// all relations again.
#[derive(Clone, Debug)]
pub struct Decoder {
    version: u32,
    open: Open,
    widths: HashMap<u32, Width>,
    /// Relations announced inside transactions that are still streamed: they hold for that transaction only, until it commits.
    /// Any rollback in it makes the server announce all of them again.
    streamed: HashMap<u32, HashMap<u32, Width>>,
    announcements: u64,
}

/// How wide a relation is, and when that was said.
#[derive(Clone, Copy, Debug)]
struct Width {
    columns: u16,
    /// Number of the announcement: what a streamed transaction said early may be older than what others said since.
    announcement: u64,
}

impl Decoder {
    /// For the `proto_version` given at START_REPLICATION.
    pub fn new(proto_version: u32) -> Self {
        let (widths, streamed) = (HashMap::new(), HashMap::new());
        Self { version: proto_version, open: Open::Nothing, widths, streamed, announcements: 0 }
    }

    /// Decodes the kept messages of one streamed transaction, without the starts and stops between them: it stands inside a
    /// chunk for good.
    pub fn of_streamed(proto_version: u32, xid: u32) -> Self {
        Self { open: Open::Chunk(xid), ..Self::new(proto_version) }
    }

    /// Decodes one whole message. After an error the decoder must not be used again.
    pub fn decode<'a>(&mut self, bytes: &'a [u8]) -> Result<Message<'a>, DecodeError> {
        let mut reader = Reader::new(bytes)?;
        let message = match reader.tag {
            b'I' | b'U' | b'D' => self.row_change(&mut reader)?,
            b'B' | b'C' => self.boundary(&mut reader)?,
            b'R' => self.relation(&mut reader)?,
            b'Y' => self.named_type(&mut reader)?,
            b'T' => self.truncate(&mut reader)?,
            b'O' => Message::Origin { commit_lsn: reader.lsn()?, name: reader.string()? },
            b'M' => self.logical(&mut reader)?,
            b'S' | b'E' | b'c' | b'A' if self.version >= 2 => self.stream(&mut reader)?,
            b'b' | b'P' | b'K' | b'r' | b'p' if self.version >= 3 => self.two_phase(&mut reader)?,
            tag => return Err(DecodeError::UnknownTag { tag, version: self.version }),
        };
        reader.end()?;
        Ok(message)
    }

    fn row_change<'a>(&self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let xid = self.change_xid(reader)?;
        let relation = reader.u32()?;
        let width = self.width(relation)?;
        let tuple = |reader: &mut Reader<'a>| {
            let tuple = TupleData::read(reader)?;
            match tuple.len() == width {
                true => Ok(tuple),
                false => Err(DecodeError::Width { relation, expected: width, found: tuple.len() }),
            }
        };
        let tag = reader.tag;
        let mut part = reader.u8()?;
        let old = match part {
            b'K' | b'O' if tag != b'I' => {
                let kind = if part == b'K' { OldKind::Key } else { OldKind::Full };
                Some((kind, tuple(reader)?))
            }
            _ => None,
        };
        if tag == b'D' {
            let old = old.ok_or_else(|| reader.unknown("part of a row", part))?;
            return Ok(Message::Delete { xid, relation, old });
        }
        if old.is_some() {
            part = reader.u8()?;
        }
        if part != b'N' {
            return Err(reader.unknown("part of a row", part));
        }
        let new = tuple(reader)?;
        match tag {
            b'I' => Ok(Message::Insert { xid, relation, new }),
            _ => Ok(Message::Update { xid, relation, old, new }),
        }
    }

    fn boundary<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        if reader.tag == b'B' {
            self.turn(reader.tag, Open::Nothing, Open::Transaction)?;
            return Ok(Message::Begin { final_lsn: reader.lsn()?, committed_at: reader.i64()?, xid: reader.u32()? });
        }
        self.turn(reader.tag, Open::Transaction, Open::Nothing)?;
        reader.reserved()?;
        Ok(Message::Commit { commit_lsn: reader.lsn()?, end_lsn: reader.lsn()?, committed_at: reader.i64()? })
    }

    fn relation<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let xid = self.change_xid(reader)?;
        let (id, schema, name) = (reader.u32()?, reader.string()?, reader.string()?);
        let identity = match reader.u8()? {
            b'd' => ReplicaIdentity::Default,
            b'i' => ReplicaIdentity::Index,
            b'f' => ReplicaIdentity::Full,
            b'n' => ReplicaIdentity::Nothing,
            value => return Err(reader.unknown("replica identity", value)),
        };
        let width = reader.count16()?;
        let columns = (0..width).map(|_| relation_column(reader)).collect::<Result<Vec<_>, _>>()?;
        self.announcements += 1;
        let widths = match self.open {
            Open::Chunk(transaction) => self.streamed.entry(transaction).or_default(),
            _ => &mut self.widths,
        };
        widths.insert(id, Width { columns: width, announcement: self.announcements });
        Ok(Message::Relation(Relation { xid, id, schema, name, identity, columns }))
    }

    fn named_type<'a>(&self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let xid = self.change_xid(reader)?;
        Ok(Message::Type { xid, id: reader.u32()?, schema: reader.string()?, name: reader.string()? })
    }

    fn truncate<'a>(&self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let xid = self.change_xid(reader)?;
        let count = reader.count32()?;
        let options = reader.u8()?;
        if options & !3 != 0 {
            return Err(reader.unknown("truncate option", options));
        }
        // The count is not trusted with an allocation: a relation that is not there ends the loop.
        let mut relations = Vec::new();
        for _ in 0..count {
            let relation = reader.u32()?;
            self.width(relation)?;
            relations.push(relation);
        }
        Ok(Message::Truncate { xid, relations, cascade: options & 1 != 0, restart_identity: options & 2 != 0 })
    }

    fn logical<'a>(&self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let xid = self.streamed_xid(reader)?;
        let transactional = match reader.u8()? {
            flag @ (0 | 1) => flag == 1,
            value => return Err(reader.unknown("flag", value)),
        };
        let (lsn, prefix, length) = (reader.lsn()?, reader.string()?, reader.count32()?);
        Ok(Message::Logical { xid, transactional, lsn, prefix, content: reader.bytes(length)? })
    }

    fn stream<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        match (reader.tag, self.open) {
            (b'S', _) => self.stream_start(reader),
            (b'E', Open::Chunk(xid)) => {
                self.turn(reader.tag, Open::Chunk(xid), Open::Nothing)?;
                Ok(Message::StreamStop)
            }
            (b'c', Open::Nothing) => {
                let xid = reader.u32()?;
                reader.reserved()?;
                self.adopt_relations(xid);
                let (commit_lsn, end_lsn) = (reader.lsn()?, reader.lsn()?);
                Ok(Message::StreamCommit { xid, commit_lsn, end_lsn, committed_at: reader.i64()? })
            }
            (b'A', Open::Nothing) => {
                let (xid, subxid) = (reader.u32()?, reader.u32()?);
                self.streamed.remove(&xid);
                // The server adds them where it was asked to stream for parallel work; the length says so.
                let has_place = self.version >= 4 && !reader.rest().is_empty();
                let at = if has_place { Some((reader.lsn()?, reader.i64()?)) } else { None };
                Ok(Message::StreamAbort { xid, subxid, at })
            }
            (tag, open) => Err(DecodeError::OutOfOrder { tag, place: open.place() }),
        }
    }

    fn stream_start<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let xid = reader.u32()?;
        let first = match reader.u8()? {
            flag @ (0 | 1) => flag == 1,
            value => return Err(reader.unknown("flag", value)),
        };
        self.turn(reader.tag, Open::Nothing, Open::Chunk(xid))?;
        Ok(Message::StreamStart { xid, first })
    }

    fn two_phase<'a>(&mut self, reader: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
        let tag = reader.tag;
        match tag {
            b'b' => self.turn(tag, Open::Nothing, Open::Prepare)?,
            b'P' => self.turn(tag, Open::Prepare, Open::Nothing)?,
            _ => self.turn(tag, Open::Nothing, Open::Nothing)?,
        }
        if tag != b'b' {
            reader.reserved()?;
        }
        let (lsn, end_lsn, at) = (reader.lsn()?, reader.lsn()?, reader.i64()?);
        let rolled_back_at = if tag == b'r' { reader.i64()? } else { 0 };
        let prepared = Prepared { lsn, end_lsn, at, xid: reader.u32()?, gid: reader.string()? };
        Ok(match tag {
            b'b' => Message::BeginPrepare(prepared),
            b'P' => Message::Prepare(prepared),
            b'K' => Message::CommitPrepared(prepared),
            b'r' => Message::RollbackPrepared { prepared, rolled_back_at },
            _ => {
                self.adopt_relations(prepared.xid);
                Message::StreamPrepare(prepared)
            }
        })
    }

    fn turn(&mut self, tag: u8, from: Open, to: Open) -> Result<(), DecodeError> {
        if self.open != from {
            return Err(DecodeError::OutOfOrder { tag, place: self.open.place() });
        }
        self.open = to;
        Ok(())
    }

    /// The extra xid of messages in a streamed chunk.
    fn streamed_xid(&self, reader: &mut Reader<'_>) -> Result<Option<u32>, DecodeError> {
        match self.open {
            Open::Chunk(_) => Ok(Some(reader.u32()?)),
            _ => Ok(None),
        }
    }

    /// The same for messages that belong to a transaction.
    fn change_xid(&self, reader: &mut Reader<'_>) -> Result<Option<u32>, DecodeError> {
        match self.open {
            Open::Nothing => Err(DecodeError::OutOfOrder { tag: reader.tag, place: self.open.place() }),
            _ => self.streamed_xid(reader),
        }
    }

    fn width(&self, relation: u32) -> Result<usize, DecodeError> {
        let announced = match self.open {
            // A streamed transaction announces for itself all it needs; what holds for others may be older or newer.
            Open::Chunk(transaction) => self.streamed.get(&transaction).and_then(|widths| widths.get(&relation)),
            _ => self.widths.get(&relation),
        };
        let width = announced.ok_or(DecodeError::UnknownRelation { relation })?;
        Ok(usize::from(width.columns))
    }

    fn adopt_relations(&mut self, transaction: u32) {
        for (relation, width) in self.streamed.remove(&transaction).into_iter().flatten() {
            let held = self.widths.entry(relation).or_insert(width);
            if held.announcement < width.announcement {
                *held = width;
            }
        }
    }
}

/// The (sub)transaction that a message of a streamed chunk names: its xid follows the tag. `None` where none fits in.
pub fn streamed_xid(message: &[u8]) -> Option<u32> {
    let xid = message.get(1..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*xid))
}

fn relation_column<'a>(reader: &mut Reader<'a>) -> Result<RelationColumn<'a>, DecodeError> {
    let is_key = match reader.u8()? {
        flag @ (0 | 1) => flag == 1,
        value => return Err(reader.unknown("column flag", value)),
    };
    Ok(RelationColumn { is_key, name: reader.string()?, type_oid: reader.u32()?, type_modifier: reader.i32()? })
}
