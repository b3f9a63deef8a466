//! Messages with a schema: no schema text and no bytes may panic, hang or take memory without bound; and what is read fits the declared columns.
//!
//! Input: how many bytes of it are the schema's text (two bytes, the highest first), its kind (Avro, Protobuf, JSON Schema; from 128 on in Debezium's
//! envelope), the text, the message.
#![no_main]

mod checks;

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::kafka::format::{Decoded, Decoder, Format, SchemaFormat, SchemaFrom, TimeUnit};
use tailwater_connectors::kafka::registry::{SchemaKind, wire};
use tailwater_connectors::{Column, SqlType};

const KINDS: [SchemaKind; 3] = [SchemaKind::Avro, SchemaKind::Protobuf, SchemaKind::Json];

fn columns() -> Vec<Column> {
    let array = SqlType::Array(Box::new(SqlType::Text));
    let columns = [
        ("a", SqlType::Jsonb),
        ("b", SqlType::Int4),
        ("c", SqlType::Text),
        ("d", array),
        ("e", SqlType::Timestamptz),
        ("f", SqlType::Numeric(Some((10, 2)))),
        ("g", SqlType::Bytea),
        ("h", SqlType::Float8),
    ];
    columns.into_iter().map(|(name, sql_type)| Column::new(name, sql_type, true)).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let [high, low, kind, rest @ ..] = bytes else { return };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let (text, message) = rest.split_at(length);
    let envelope = *kind >= 128;
    let kind = KINDS[usize::from(*kind & 127) % KINDS.len()];
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text).expect("a disk");
    let from = SchemaFrom::File(file.path().into());
    let format = Format::Schema(Box::new(SchemaFormat { kind, from, message: None, envelope }));
    let columns = columns();
    let Ok(mut decoder) = Decoder::new(&format, &columns, TimeUnit::default()) else { return };
    if let Ok(Decoded::Row(values) | Decoded::Gone(values)) = decoder.decode(message) {
        checks::fit(&columns, &values);
    }
    if let Ok(values) = decoder.decode_key(message) {
        checks::fit(&columns, &values);
    }
    let mut rest = message;
    if let Some(path) = wire::take_path(&mut rest) {
        let mut printed = Vec::new();
        wire::put_path(&mut printed, &path);
        assert_eq!(wire::take_path(&mut &printed[..]), Some(path));
    }
});
