//! Compressed transactions of MySQL. The transport decompresses them and hands their events over one by one; where it cannot, it hands
//! over nothing and says nothing. So the bytes of those events are counted here against what was announced.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Transaction__payload__event.html>

use super::error::{BinlogError, Flaw};
use super::kind;
use super::raw::{EventHeader, RawEvent};
use super::reader::Reader;

const END: u64 = 0;
const PAYLOAD_SIZE: u64 = 1;
const COMPRESSION: u64 = 2;
const UNCOMPRESSED_SIZE: u64 = 3;

const ZSTD: u64 = 0;
const NONE: u64 = 255;

/// Bytes of events that the transaction has; fails if the payload is not whole.
pub(super) fn size(data: &[u8]) -> Result<u64, Flaw> {
    let mut reader = Reader(data);
    let (mut payload, mut compression, mut uncompressed) = (None, None, None);
    loop {
        let field = reader.packed()?;
        if field == END {
            break;
        }
        let mut value = Reader(reader.packed_bytes()?);
        match field {
            PAYLOAD_SIZE => payload = Some(value.packed()?),
            COMPRESSION => compression = Some(value.packed()?),
            UNCOMPRESSED_SIZE => uncompressed = Some(value.packed()?),
            _ => {}
        }
    }
    let payload = payload.ok_or(Flaw::Wrong { field: "payload size" })?;
    if payload != reader.0.len() as u64 {
        return Err(Flaw::Wrong { field: "payload size" });
    }
    match compression {
        Some(NONE) => Ok(payload),
        Some(ZSTD) => uncompressed.ok_or(Flaw::Wrong { field: "uncompressed size" }),
        _ => Err(Flaw::Wrong { field: "compression" }),
    }
}

/// What is still to come of a compressed transaction.
#[derive(Debug, Default)]
pub(super) struct Expected(u64);

impl Expected {
    /// A payload of this many bytes was announced.
    pub(super) fn announce(&mut self, bytes: u64) {
        self.0 = bytes;
    }

    /// Looks at the next event, whatever it is.
    pub(super) fn check(&mut self, raw: &RawEvent<'_>) -> Result<(), BinlogError> {
        let wrong = |reason| Err(BinlogError::Payload { reason });
        let size = u64::from(raw.header.size);
        match (raw.inner, self.0) {
            (false, 0) => Ok(()),
            (false, _) => wrong("could not be decompressed, or ends early"),
            (true, 0) => wrong("has more events than it announced"),
            (true, _) if raw.header.kind == kind::TRANSACTION_PAYLOAD => wrong("is inside another one"),
            (true, left) => {
                if size != (EventHeader::BYTES + raw.data.len()) as u64 || size > left {
                    return wrong("has an event of a wrong size");
                }
                self.0 = left - size;
                Ok(())
            }
        }
    }
}
