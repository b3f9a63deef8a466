//! Events of binary logs: no bytes may panic, in no order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::mysql::Flavor;
use tailwater_connectors::mysql::binlog::{Checksum, Decoder, EventHeader, RawEvent};

fuzz_target!(|bytes: &[u8]| {
    let [first, rest @ ..] = bytes else { return };
    let mut decoder = Decoder::new(if first & 1 == 0 { Flavor::Mysql } else { Flavor::Mariadb });
    // Kind, length, body, and again.
    let mut rest = rest;
    while let [kind, length, behind @ ..] = rest {
        let (data, next) = behind.split_at(usize::from(*length).min(behind.len()));
        let size = (EventHeader::BYTES + data.len()) as u32;
        let header = EventHeader { timestamp: 0, kind: *kind, server_id: 1, size, next_position: 4, flags: 0 };
        if decoder.decode(&RawEvent { header, data, checksum: Checksum::None, inner: false }).is_err() {
            return;
        }
        rest = next;
    }
});
