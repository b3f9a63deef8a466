//! Binary values from outside never panic. The comparison with a real server is in `tests/postgres_values`.

use proptest::prelude::*;

use super::binary::decode_binary;
use super::copy_rows::{CopyDecoder, CopyError};
use super::wire_type::native;
use crate::sql_type::SqlType;
use crate::value::Value;

const OIDS: [u32; 10] = [16, 17, 20, 25, 1082, 1083, 1186, 1700, 2950, 3802];

fn numeric(digits: &[u16], weight: i16, scale: u16) -> String {
    let mut bytes = Vec::new();
    bytes.extend((digits.len() as u16).to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend([0x40, 0]);
    bytes.extend(scale.to_be_bytes());
    digits.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
    match decode_binary(&SqlType::Numeric(None), &bytes) {
        Ok(Value::Numeric(value)) => value.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn numeric_digits_stand_at_their_weight() {
    assert_eq!(numeric(&[1, 2_345], 1, 0), "-12345");
    assert_eq!(numeric(&[1], 2, 2), "-100000000.00");
    assert_eq!(numeric(&[5_000], -1, 1), "-0.5");
    assert_eq!(numeric(&[7], -2, 8), "-0.00000007");
    assert_eq!(numeric(&[1; 12], 11, 0), format!("-1{}", "0001".repeat(11)));
}

#[test]
fn a_copy_must_end_with_its_trailer_and_nothing_after() {
    let start = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
    let whole = [&start[..], b"\0\x01\0\0\0\x01x\0\x01\xff\xff\xff\xff\xff\xff"].concat();
    let decode = |bytes: &[u8]| {
        let (mut decoder, mut rows) = (CopyDecoder::new(vec![SqlType::Text]), Vec::new());
        decoder.feed(bytes, &mut rows)?;
        decoder.finish().map(|()| rows)
    };
    assert_eq!(decode(&whole).map(|rows| rows.len()), Ok(2));
    assert_eq!(decode(&whole[..whole.len() - 1]), Err(CopyError::Truncated));
    assert_eq!(decode(&[&whole[..], b"x"].concat()), Err(CopyError::Trailing));
    assert_eq!(decode(b"PGCOPZ"), Err(CopyError::Header));
    let narrow = [&start[..], b"\0\x02"].concat();
    assert_eq!(decode(&narrow), Err(CopyError::Width { expected: 1, found: 2 }));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..48), oid in prop::sample::select(&OIDS)) {
        let sql_type = native(oid, -1).expect("a native type");
        let _ = decode_binary(&sql_type, &bytes);
        let array = [&1i32.to_be_bytes()[..], &[0; 8], &2i32.to_be_bytes(), &1i32.to_be_bytes(), &bytes].concat();
        let _ = decode_binary(&SqlType::Array(Box::new(sql_type.clone())), &array);
        let copy = [&b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x01"[..], &bytes].concat();
        let _ = CopyDecoder::new(vec![sql_type]).feed(&copy, &mut Vec::new());
    }
}
