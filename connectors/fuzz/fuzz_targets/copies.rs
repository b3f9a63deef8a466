//! Binary COPY of Postgres: no bytes may panic, and rows are the same wherever the chunks of the stream end.
//!
//! Input: where the first chunk ends, then what follows the header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::SqlType;
use tailwater_connectors::postgres::copy_rows::CopyDecoder;

const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

fn decoder() -> CopyDecoder {
    CopyDecoder::new(vec![
        SqlType::Int4,
        SqlType::Text,
        SqlType::Numeric(None),
        SqlType::Array(Box::new(SqlType::Int4)),
    ])
}

fuzz_target!(|bytes: &[u8]| {
    let [end, step, rest @ ..] = bytes else { return };
    let stream = if end & 1 == 0 { [HEADER, rest].concat() } else { rest.to_vec() };
    let (mut whole, mut rows) = (decoder(), Vec::new());
    let read = whole.feed(&stream, &mut rows).and_then(|()| whole.finish());
    let (mut pieces, mut in_pieces) = (decoder(), Vec::new());
    let fed = stream.chunks(usize::from(*step).max(1)).try_for_each(|chunk| pieces.feed(chunk, &mut in_pieces));
    let read_in_pieces = fed.and_then(|()| pieces.finish());
    assert_eq!(rows, in_pieces);
    assert_eq!(read, read_in_pieces);
});
