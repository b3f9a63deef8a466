//! An event as the transport hands it over, and its checksum.

use mysql_async::binlog::BinlogChecksumAlg;
use mysql_async::binlog::events::Event as Transported;

use super::error::BinlogError;
use super::kind;

/// Set in the header of a format description while its file is written; the checksum is made without it.
const FLAG_IN_USE: u16 = 0x1;
/// The event may be left aside by who does not know its kind.
const FLAG_IGNORABLE: u16 = 0x80;
/// Made up by the server for this connection; it is in no file.
const FLAG_ARTIFICIAL: u16 = 0x20;

/// One event, split into its parts.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'a> {
    /// Its header.
    pub header: EventHeader,
    /// What stands between header and checksum; for a format description without the byte that names the checksum.
    pub data: &'a [u8],
    /// What stands behind it.
    pub checksum: Checksum,
    /// It was inside a compressed transaction.
    pub inner: bool,
}

/// The first 19 bytes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// Seconds since 1970 UTC.
    pub timestamp: u32,
    /// Kind of the event.
    pub kind: u8,
    /// Server that wrote it first.
    pub server_id: u32,
    /// Size of the whole event.
    pub size: u32,
    /// Where the next event begins in the file, modulo 2^32; 0 for what is in no file.
    pub next_position: u32,
    /// Flags.
    pub flags: u16,
}

/// The end of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The log has none.
    None,
    /// CRC-32 of all before it.
    Crc32(u32),
}

impl<'a> From<&'a Transported> for RawEvent<'a> {
    fn from(event: &'a Transported) -> Self {
        let header = event.header();
        // The transport reads what was compressed with checksums switched off.
        let inner = !event.footer().get_checksum_enabled();
        let is_crc32 =
            matches!(event.footer().get_checksum_alg(), Ok(Some(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32)));
        let checksum = match event.checksum() {
            Some(bytes) if is_crc32 && !inner => Checksum::Crc32(u32::from_le_bytes(bytes)),
            _ => Checksum::None,
        };
        let header = EventHeader {
            timestamp: header.timestamp(),
            kind: header.event_type_raw(),
            server_id: header.server_id(),
            size: header.event_size(),
            next_position: header.log_pos(),
            flags: header.flags_raw(),
        };
        Self { header, data: event.data(), checksum, inner }
    }
}

impl EventHeader {
    /// How long every header is.
    pub const BYTES: usize = 19;

    /// The bytes of it.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.timestamp.to_le_bytes());
        bytes[4] = self.kind;
        bytes[5..9].copy_from_slice(&self.server_id.to_le_bytes());
        bytes[9..13].copy_from_slice(&self.size.to_le_bytes());
        bytes[13..17].copy_from_slice(&self.next_position.to_le_bytes());
        bytes[17..].copy_from_slice(&self.flags.to_le_bytes());
        bytes
    }

    pub(super) fn is_ignorable(&self) -> bool {
        self.flags & FLAG_IGNORABLE != 0
    }

    pub(super) fn is_artificial(&self) -> bool {
        self.flags & FLAG_ARTIFICIAL != 0
    }
}

impl RawEvent<'_> {
    /// The CRC-32 that the event should end with.
    pub fn crc32(&self) -> u32 {
        let header = EventHeader { flags: self.header.flags & !FLAG_IN_USE, ..self.header };
        let mut sum = crc32fast::Hasher::new();
        sum.update(&header.encode());
        sum.update(self.data);
        if self.header.kind == kind::FORMAT_DESCRIPTION {
            sum.update(&[BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32 as u8]);
        }
        sum.finalize()
    }

    /// The sum that it ends with, or that it would end with if the log had sums.
    pub fn sum(&self) -> u32 {
        match self.checksum {
            Checksum::Crc32(sum) => sum,
            Checksum::None => self.crc32(),
        }
    }

    pub(super) fn verify(&self) -> Result<(), BinlogError> {
        let Checksum::Crc32(expected) = self.checksum else { return Ok(()) };
        match self.crc32() {
            found if found == expected => Ok(()),
            found => Err(BinlogError::Checksum { kind: self.header.kind, expected, found }),
        }
    }
}
