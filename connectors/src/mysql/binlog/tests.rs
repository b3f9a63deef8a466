//! Events made by hand: what servers write that cannot be had here (MySQL 8.0 and 8.4), and what no server should write. Those of real servers
//! are in `tests/mysql_values`.

use super::raw::{Checksum, EventHeader, RawEvent};
use super::{BinlogError, Decoder, Event, Flaw, kind};
use crate::mysql::flavor::Flavor;

struct Made {
    kind: u8,
    flags: u16,
    data: Vec<u8>,
    inner: bool,
}

fn made(kind: u8, data: &[u8]) -> Made {
    Made { kind, flags: 0, data: data.to_vec(), inner: false }
}

impl Made {
    fn raw(&self) -> RawEvent<'_> {
        let size = (EventHeader::BYTES + self.data.len()) as u32;
        let (timestamp, server_id, next_position) = (1_700_000_000, 1, 99);
        let header = EventHeader { timestamp, kind: self.kind, server_id, size, next_position, flags: self.flags };
        RawEvent { header, data: &self.data, checksum: Checksum::None, inner: self.inner }
    }
}

fn mysql() -> Decoder {
    Decoder::new(Flavor::Mysql)
}

fn decoded(decoder: &mut Decoder, event: &Made) -> Result<String, BinlogError> {
    decoder.decode(&event.raw()).map(|event| format!("{event:?}"))
}

/// An event of the given size inside a compressed transaction.
fn inside(size: usize) -> Made {
    Made { inner: true, ..made(kind::XID, &vec![0; size - EventHeader::BYTES]) }
}

/// A payload that says that it has these many bytes, and is as long as it should be.
fn payload(compression: u8, uncompressed: u8) -> Made {
    let stored = [7; 40];
    // Numbers above 250 have a mark in front.
    let compression = if compression < 251 { vec![2, 1, compression] } else { vec![2, 3, 0xfc, compression, 0] };
    let fields = [3, 1, uncompressed, 1, 1, stored.len() as u8, 0];
    made(kind::TRANSACTION_PAYLOAD, &[compression.as_slice(), &fields, &stored].concat())
}

#[test]
fn a_compressed_transaction_has_all_the_bytes_that_it_announced() {
    let mut decoder = mysql();
    let announced = |bytes: u64| Ok(format!("{:?}", Event::Payload { uncompressed_bytes: bytes }));
    assert_eq!(decoded(&mut decoder, &payload(0, 60)), announced(60));
    assert_eq!(decoded(&mut decoder, &inside(27)).as_deref(), Ok("Xid"));
    assert_eq!(decoded(&mut decoder, &inside(33)).as_deref(), Ok("Xid"));
    assert_eq!(decoded(&mut decoder, &made(kind::XID, &[0; 8])).as_deref(), Ok("Xid"));
    // Stored as it is, its own length counts.
    assert_eq!(decoded(&mut decoder, &payload(255, 60)), announced(40));
}

#[test]
fn a_compressed_transaction_that_is_not_whole_is_an_error() {
    let missing = |events: &[Made]| {
        let mut decoder = mysql();
        let results: Vec<_> = events.iter().map(|event| decoded(&mut decoder, event)).collect();
        let is_error = |result: &Result<String, BinlogError>| matches!(result, Err(BinlogError::Payload { .. }));
        assert_eq!(results.iter().position(is_error), Some(events.len() - 1), "{results:?}");
    };
    // The transport could not decompress it and said nothing.
    missing(&[payload(0, 60), made(kind::XID, &[0; 8])]);
    missing(&[payload(0, 60), inside(27), made(kind::GTID, &[0; 25])]);
    missing(&[payload(0, 60), inside(27), inside(40)]);
    missing(&[payload(0, 60), inside(60), inside(27)]);
    missing(&[inside(27)]);
    missing(&[payload(0, 60), Made { inner: true, ..payload(0, 20) }]);
    // Zeros in place of what was not decompressed.
    let mut empty = inside(27);
    empty.data.clear();
    let mut decoder = mysql();
    decoder.decode(&payload(0, 60).raw()).expect("a payload");
    let raw = RawEvent { header: EventHeader { size: 0, ..empty.raw().header }, ..empty.raw() };
    assert!(matches!(decoder.decode(&raw), Err(BinlogError::Payload { .. })));
}

#[test]
fn a_payload_that_cannot_be_understood_is_an_error() {
    for wrong in [
        payload(3, 60),
        made(kind::TRANSACTION_PAYLOAD, &[2, 1, 0, 1, 1, 5, 0, 7]),
        made(kind::TRANSACTION_PAYLOAD, &[]),
    ] {
        assert!(matches!(decoded(&mut mysql(), &wrong), Err(BinlogError::Event { .. })));
    }
}

#[test]
fn what_is_not_known_is_an_error_unless_it_may_be_ignored() {
    let unknown = made(199, &[1, 2, 3]);
    assert_eq!(decoded(&mut mysql(), &unknown), Err(BinlogError::UnknownKind { kind: 199 }));
    let ignorable = Made { flags: 0x80, ..unknown };
    assert_eq!(decoded(&mut mysql(), &ignorable).as_deref(), Ok("Ignored"));
    // MariaDB's kinds mean nothing from MySQL.
    assert!(decoded(&mut mysql(), &made(kind::MARIADB_GTID, &[0; 19])).is_err());
}

#[test]
fn rows_of_a_table_that_was_not_described_are_an_error() {
    let rows = |id: u8, flags: u8| made(kind::WRITE_ROWS, &[id, 0, 0, 0, 0, 0, flags, 0, 2, 0, 1, 1]);
    assert_eq!(decoded(&mut mysql(), &rows(5, 0)), Err(BinlogError::UnknownTable { id: 5 }));
    // A statement that changed nothing ends like this.
    assert_eq!(decoded(&mut mysql(), &rows(5, 1)).as_deref(), Ok("Ignored"));
}

/// MySQL 8.0 writes ids without tags, and times of the commit behind logical timestamps; 5.7 wrote neither.
#[test]
fn ids_of_mysql_8_0_have_the_time_of_their_commit() {
    let mut data = vec![1];
    data.extend([0xab; 16]);
    data.extend(7u64.to_le_bytes());
    let short = decoded(&mut mysql(), &made(kind::GTID, &data)).expect("an id");
    assert!(short.contains("number: 7") && short.contains("committed_at: 753315200000000"), "{short}");
    data.push(2);
    data.extend([0; 16]);
    data.extend(&(1_700_000_000_123_456u64 | 1 << 55).to_le_bytes()[..7]);
    data.extend([0; 20]);
    let long = decoded(&mut mysql(), &made(kind::GTID, &data)).expect("an id");
    assert!(long.contains("committed_at: 753315200123456"), "{long}");
    assert_eq!(
        decoded(&mut mysql(), &made(kind::GTID, &data[..20])),
        Err(BinlogError::Event { kind: 33, flaw: Flaw::Short })
    );
}

/// The form that MySQL 8.0.26 and later send to who asks for it; places do not wrap at 4 GiB.
#[test]
fn heartbeats_of_both_versions_tell_a_place() {
    let first = decoded(&mut mysql(), &made(kind::HEARTBEAT, b"binlog.000002"));
    assert_eq!(first.as_deref(), Ok("Heartbeat { file: \"binlog.000002\", position: 99 }"));
    let mut data = vec![1, 13];
    data.extend(b"binlog.000002");
    data.extend([2, 9, 0xfe]);
    data.extend(5_000_000_000u64.to_le_bytes());
    data.push(0);
    let second = decoded(&mut mysql(), &made(kind::HEARTBEAT_V2, &data));
    assert_eq!(second.as_deref(), Ok("Heartbeat { file: \"binlog.000002\", position: 5000000000 }"));
}

#[test]
fn an_incident_is_told() {
    let told = decoded(&mut mysql(), &made(kind::INCIDENT, b"\x01\x00\x04lost"));
    assert_eq!(told.as_deref(), Ok("Incident { message: \"incident 1: lost\" }"));
}

#[test]
fn a_checksum_is_made_without_the_mark_of_a_file_in_use() {
    let plain = made(kind::XID, &[1; 8]);
    let sum = plain.raw().crc32();
    let used = Made { flags: 1, ..made(kind::XID, &[1; 8]) };
    let with = |checksum| RawEvent { checksum: Checksum::Crc32(checksum), ..used.raw() };
    assert!(mysql().decode(&with(sum)).is_ok());
    let wrong = mysql().decode(&with(sum ^ 1)).map(|_| ());
    assert_eq!(wrong, Err(BinlogError::Checksum { kind: 16, expected: sum ^ 1, found: sum }));
}

#[test]
fn no_bytes_of_any_kind_panic() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        for kind in 0..=255 {
            for length in 0..120 {
                let data: Vec<u8> = (0..length).map(|_| if next() % 3 == 0 { next() } else { next() % 4 }).collect();
                let _ = Decoder::new(flavor).decode(&made(kind, &data).raw());
            }
        }
    }
}
