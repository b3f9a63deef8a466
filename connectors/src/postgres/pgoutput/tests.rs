//! Messages of a real server (the fuzzer's corpus), damaged ones, and those that Postgres 16 adds.

use proptest::prelude::*;

use super::{Cell, DecodeError, Decoder, Message, streamed_xid};
use crate::position::Lsn;

/// Version and messages of each recorded stream.
fn corpus() -> Vec<(u32, Vec<Vec<u8>>)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/pgoutput");
    let files = std::fs::read_dir(directory).expect("the corpus is part of the repository");
    let streams: Vec<_> = files
        .map(|file| {
            let bytes = std::fs::read(file.expect("readable").path()).expect("readable");
            (u32::from(bytes[0]), split(&bytes[2..]))
        })
        .collect();
    assert!(streams.len() >= 3);
    streams
}

fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (message, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        messages.push(message.to_vec());
        bytes = rest;
    }
    messages
}

/// A message from its parts: numbers as big-endian bytes, strings with their zero.
fn message(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![tag];
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

fn begin() -> Vec<u8> {
    message(b'B', &[&8u64.to_be_bytes(), &9i64.to_be_bytes(), &10u32.to_be_bytes()])
}

/// Relation 5 with this many columns named `c`.
fn relation(xid: &[u8], columns: u16) -> Vec<u8> {
    let column = [&b"\x01c\0"[..], &23u32.to_be_bytes(), &(-1i32).to_be_bytes()].concat();
    let columns_bytes = column.repeat(usize::from(columns));
    message(b'R', &[xid, &5u32.to_be_bytes(), b"public\0t\0d", &columns.to_be_bytes(), &columns_bytes])
}

fn insert(xid: &[u8], cells: u16) -> Vec<u8> {
    let tuple = b"n".repeat(usize::from(cells));
    message(b'I', &[xid, &5u32.to_be_bytes(), b"N", &cells.to_be_bytes(), &tuple])
}

fn stream_start(xid: u32) -> Vec<u8> {
    message(b'S', &[&xid.to_be_bytes(), &[1]])
}

fn decoder_after(version: u32, messages: &[Vec<u8>]) -> Decoder {
    let mut decoder = Decoder::new(version);
    for bytes in messages {
        decoder.decode(bytes).expect("a valid message");
    }
    decoder
}

#[test]
fn recorded_streams_are_understood() {
    for (version, messages) in corpus() {
        let mut decoder = Decoder::new(version);
        for bytes in &messages {
            decoder.decode(bytes).expect("a recorded message");
        }
    }
}

#[test]
fn cells_are_borrowed_in_column_order() {
    let mut decoder = decoder_after(1, &[begin(), relation(&[], 4)]);
    let bytes = message(b'I', &[&5u32.to_be_bytes(), b"N", &4u16.to_be_bytes(), b"nut\0\0\0\x02hib\0\0\0\x01\x07"]);
    let Ok(Message::Insert { relation: 5, new, xid: None }) = decoder.decode(&bytes) else { panic!("an insert") };
    assert_eq!(new.cells().collect::<Vec<_>>(), [Cell::Null, Cell::Unchanged, Cell::Text(b"hi"), Cell::Binary(&[7])]);
    assert_eq!((new.len(), new.cells().len()), (4, 4));
}

#[test]
fn a_row_must_be_as_wide_as_its_relation_and_the_relation_known() {
    let mut decoder = decoder_after(1, &[begin(), relation(&[], 2)]);
    assert_eq!(decoder.decode(&insert(&[], 3)), Err(DecodeError::Width { relation: 5, expected: 2, found: 3 }));
    let mut decoder = decoder_after(1, &[begin()]);
    assert_eq!(decoder.decode(&insert(&[], 2)), Err(DecodeError::UnknownRelation { relation: 5 }));
}

#[test]
fn changes_and_commits_must_be_inside_a_transaction() {
    let commit = message(b'C', &[&[0], &1u64.to_be_bytes(), &2u64.to_be_bytes(), &3i64.to_be_bytes()]);
    for bytes in [insert(&[], 1), commit, relation(&[], 1), message(b'E', &[])] {
        let error = Decoder::new(4).decode(&bytes);
        assert!(matches!(error, Err(DecodeError::OutOfOrder { .. })), "{error:?}");
    }
    let begin = begin();
    let mut decoder = decoder_after(1, std::slice::from_ref(&begin));
    assert_eq!(decoder.decode(&begin), Err(DecodeError::OutOfOrder { tag: b'B', place: "inside a transaction" }));
}

#[test]
fn messages_of_a_later_version_are_unknown() {
    let mut decoder = Decoder::new(1);
    assert_eq!(decoder.decode(&stream_start(7)), Err(DecodeError::UnknownTag { tag: b'S', version: 1 }));
    assert_eq!(decoder.decode(b"b"), Err(DecodeError::UnknownTag { tag: b'b', version: 1 }));
    assert_eq!(decoder.decode(b"?"), Err(DecodeError::UnknownTag { tag: b'?', version: 1 }));
    assert_eq!(decoder.decode(b""), Err(DecodeError::Empty));
}

#[test]
fn a_parallel_abort_carries_position_and_time() {
    let parts = [&7u32.to_be_bytes()[..], &8u32.to_be_bytes(), &9u64.to_be_bytes(), &10i64.to_be_bytes()];
    let bytes = message(b'A', &parts);
    let expected = Message::StreamAbort { xid: 7, subxid: 8, at: Some((Lsn(9), 10)) };
    assert_eq!(Decoder::new(4).decode(&bytes), Ok(expected));
    assert_eq!(Decoder::new(3).decode(&bytes), Err(DecodeError::Trailing { tag: b'A', bytes: 16 }));
    assert_eq!(Decoder::new(4).decode(&bytes[..9]), Ok(Message::StreamAbort { xid: 7, subxid: 8, at: None }));
    for length in 10..bytes.len() {
        assert_eq!(Decoder::new(4).decode(&bytes[..length]), Err(DecodeError::Truncated { tag: b'A' }), "{length}");
    }
}

#[test]
fn a_relation_of_a_streamed_transaction_holds_for_others_only_after_its_commit() {
    let xid = 7u32.to_be_bytes();
    let before = [begin(), relation(&[], 1), message(b'C', &[&[0], &[0; 24]])];
    let chunk = [stream_start(7), relation(&xid, 2), insert(&xid, 2), message(b'E', &[])];
    let streamed = [&before[..], &chunk[..]].concat();

    let mut others = decoder_after(2, &streamed);
    others.decode(&begin()).expect("a begin");
    assert!(others.decode(&insert(&[], 1)).is_ok());

    let mut committed = decoder_after(2, &streamed);
    committed.decode(&message(b'c', &[&xid, &[0], &[0; 24]])).expect("a commit");
    committed.decode(&begin()).expect("a begin");
    assert!(committed.decode(&insert(&[], 2)).is_ok());

    let mut aborted = decoder_after(3, &streamed);
    aborted.decode(&message(b'A', &[&xid, &xid])).expect("an abort");
    aborted.decode(&begin()).expect("a begin");
    assert!(aborted.decode(&insert(&[], 1)).is_ok());
}

#[test]
fn what_a_streamed_transaction_announced_early_does_not_replace_what_others_announced_since() {
    let xid = 7u32.to_be_bytes();
    let chunk = [stream_start(7), relation(&xid, 1), insert(&xid, 1), message(b'E', &[])];
    let since = [begin(), relation(&[], 2), message(b'C', &[&[0], &[0; 24]])];
    let mut decoder = decoder_after(2, &[&chunk[..], &since[..]].concat());
    // The chunk goes on with its own.
    for bytes in [stream_start(7), insert(&xid, 1), message(b'E', &[]), message(b'c', &[&xid, &[0], &[0; 24]])] {
        decoder.decode(&bytes).expect("a valid message");
    }
    decoder.decode(&begin()).expect("a begin");
    assert!(decoder.decode(&insert(&[], 2)).is_ok());
}

#[test]
fn after_a_rollback_in_it_a_streamed_transaction_announces_anew() {
    let (xid, subxid) = (7u32.to_be_bytes(), 8u32.to_be_bytes());
    let outside = [begin(), relation(&[], 2), message(b'C', &[&[0], &[0; 24]])];
    let chunk = [stream_start(7), relation(&subxid, 1), insert(&subxid, 1), message(b'E', &[])];
    let rolled_back = [&outside[..], &chunk[..], &[message(b'A', &[&xid, &subxid])]].concat();
    let mut goes_on = decoder_after(2, &[&rolled_back[..], &[stream_start(7)]].concat());
    assert_eq!(goes_on.decode(&insert(&xid, 1)), Err(DecodeError::UnknownRelation { relation: 5 }));
    let mut committed =
        decoder_after(2, &[&rolled_back[..], &[message(b'c', &[&xid, &[0], &[0; 24]]), begin()]].concat());
    assert!(committed.decode(&insert(&[], 2)).is_ok(), "what was rolled back holds for nobody");
}

#[test]
fn kept_messages_of_a_streamed_transaction_are_decoded_without_their_chunks() {
    let subxid = 8u32.to_be_bytes();
    let mut decoder = Decoder::of_streamed(2, 7);
    assert_eq!(decoder.decode(&insert(&subxid, 1)), Err(DecodeError::UnknownRelation { relation: 5 }));
    for bytes in [relation(&subxid, 1), insert(&subxid, 1)] {
        assert_eq!(streamed_xid(&bytes), Some(8));
        decoder.decode(&bytes).expect("a valid message");
    }
    assert_eq!(streamed_xid(b"I\0\0\0"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn damaged_messages_never_panic_and_never_leave_bytes(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for (version, mut messages) in corpus() {
            let damaged = which.index(messages.len());
            let place = at.index(messages[damaged].len());
            messages[damaged][place] = byte;
            let short = cut.index(messages.len());
            let mut decoder = Decoder::new(version);
            for (index, bytes) in messages.iter().enumerate() {
                let mut longer = bytes.clone();
                longer.push(byte);
                let before = decoder.clone();
                if index == short {
                    let length = cut.index(bytes.len());
                    prop_assert!(before.clone().decode(&bytes[..length]).is_err() || index >= damaged);
                }
                match decoder.decode(bytes) {
                    Ok(_) => prop_assert!(before.clone().decode(&longer).is_err()),
                    Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), tag in "[BMCORYIUDTSEcAbPKrp]") {
        let bytes = [tag.as_bytes(), &bytes].concat();
        let _ = decoder_after(4, &[begin(), relation(&[], 2)]).decode(&bytes);
        let _ = decoder_after(4, &[stream_start(7)]).decode(&bytes);
        let _ = Decoder::new(4).decode(&bytes);
    }
}
