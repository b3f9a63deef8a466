//! Messages with a schema: no schema text and no bytes may panic, hang or take memory without bound.
//!
//! Input: how many bytes of it are the schema's text (two bytes, the highest first), its kind, the text, the message.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::kafka::format::{Decoder, Format, SchemaFormat, SchemaFrom, TimeUnit};
use tailwater_connectors::kafka::registry::{SchemaKind, wire};
use tailwater_connectors::{Column, SqlType};

fuzz_target!(|bytes: &[u8]| {
    let [high, low, kind, rest @ ..] = bytes else { return };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let (text, message) = rest.split_at(length);
    let kind = if kind & 1 == 0 { SchemaKind::Avro } else { SchemaKind::Protobuf };
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text).expect("a disk");
    let from = SchemaFrom::File(file.path().into());
    let format = Format::Schema(Box::new(SchemaFormat { kind, from, message: None, envelope: false }));
    let array = SqlType::Array(Box::new(SqlType::Text));
    let columns = [("a", SqlType::Jsonb), ("b", SqlType::Int4), ("c", SqlType::Text), ("d", array)];
    let columns = columns.map(|(name, sql_type)| Column::new(name, sql_type, true));
    let Ok(mut decoder) = Decoder::new(&format, &columns, TimeUnit::default()) else { return };
    let _ = decoder.decode(message);
    let _ = decoder.decode_key(message);
    let _ = wire::take_path(&mut &message[..]);
});
