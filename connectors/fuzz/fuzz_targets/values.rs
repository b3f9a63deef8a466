//! Values in text and binary form: no bytes may panic, and what was read from text is printed and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::SqlType;
use tailwater_connectors::postgres::binary::decode_binary;
use tailwater_connectors::postgres::wire_type::native;
use tailwater_connectors::text::{parse_text, write_text};

const OIDS: [u32; 18] = [16, 17, 20, 21, 23, 26, 114, 700, 701, 1042, 1082, 1083, 1114, 1184, 1186, 1700, 2950, 3802];

fuzz_target!(|bytes: &[u8]| {
    let [kind, rest @ ..] = bytes else { return };
    let Some(mut sql_type) = native(OIDS[usize::from(*kind & 0x7f) % OIDS.len()], -1) else { return };
    if kind & 0x80 != 0 {
        sql_type = SqlType::Array(Box::new(sql_type));
    }
    let _ = decode_binary(&sql_type, rest);
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Ok(value) = parse_text(&sql_type, text) else { return };
    let mut printed = String::new();
    write_text(&mut printed, &sql_type, &value);
    assert_eq!(parse_text(&sql_type, &printed).as_ref(), Ok(&value));
});
