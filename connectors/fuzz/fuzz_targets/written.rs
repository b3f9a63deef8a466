//! Rows in formats with a schema: what is written is read again as the same, by the schema that was made for it; or it is refused by name.
//!
//! Input: a kind of format, then for each column a byte of type and the text of its value up to a line's end.
#![no_main]

mod checks;

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use tailwater_connectors::kafka::format::{Decoded, Decoder, Format, SchemaFormat, SchemaFrom, SchemaRows, TimeUnit};
use tailwater_connectors::kafka::registry::{SchemaKind, wire};
use tailwater_connectors::text::parse_text;
use tailwater_connectors::{Column, SqlType, Value};

const COLUMNS_MAX: usize = 8;
/// Of numbers.
const PRECISION: u16 = 12;
const SCALE: i16 = 3;

fn types() -> [SqlType; 14] {
    use SqlType::{Bool, Bytea, Date, Float8, Int2, Int4, Int8, Jsonb, Numeric, Text, Timestamptz, Uuid};
    let list = |element| SqlType::Array(Box::new(element));
    [
        Bool,
        Int2,
        Int4,
        Int8,
        Float8,
        Numeric(Some((PRECISION, SCALE))),
        Text,
        Bytea,
        Date,
        Timestamptz,
        Uuid,
        Jsonb,
        list(Int4),
        list(Text),
    ]
}

fuzz_target!(|bytes: &[u8]| {
    let [kind, rest @ ..] = bytes else { return };
    let kind = if kind & 1 == 0 { SchemaKind::Avro } else { SchemaKind::Protobuf };
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for line in rest.split(|byte| *byte == b'\n').take(COLUMNS_MAX) {
        let [sql_type, text @ ..] = line else { return };
        let sql_type = types()[usize::from(*sql_type) % types().len()].clone();
        // Postgres has no zero in text, and what is read is as if it came from there.
        let Some(text) = std::str::from_utf8(text).ok().filter(|text| !text.contains('\0')) else { return };
        let value = match (text, &sql_type) {
            // Protobuf has no list that is null: it is an empty one there.
            ("~", SqlType::Array(_)) if kind == SchemaKind::Protobuf => return,
            ("~", _) => Value::Null,
            // A document in another form than Postgres prints it is not what is read.
            (_, SqlType::Jsonb) => Value::text("[1, {\"a\": null}]"),
            _ => match parse_text(&sql_type, text) {
                // As a column of its type holds it.
                Ok(Value::Numeric(number)) => match number.apply_modifier(PRECISION, SCALE) {
                    Ok(number) => Value::Numeric(number),
                    Err(_) => return,
                },
                Ok(value) => value,
                Err(_) => return,
            },
        };
        columns.push(Column::new(format!("c{}", columns.len()), sql_type, true));
        values.push(value);
    }
    let rows = SchemaRows::new(kind, "shop.Row", &columns);
    let Ok(message) = rows.message(7, &values) else { return };
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(rows.schema().text.as_bytes()).expect("a disk");
    let from = SchemaFrom::File(file.path().into());
    let format = Format::Schema(Box::new(SchemaFormat { kind, from, message: None, envelope: false }));
    let mut decoder = Decoder::new(&format, &columns, TimeUnit::default()).expect("its own schema fills its columns");
    let framed = wire::split(&message).expect("a front");
    assert_eq!(framed.schema, 7);
    let mut payload = framed.payload;
    if kind == SchemaKind::Protobuf {
        assert_eq!(wire::take_path(&mut payload), Some(vec![0]));
    }
    match decoder.decode(payload) {
        Ok(Decoded::Row(read)) => assert_eq!(read, values),
        other => panic!("{other:?} instead of {values:?}"),
    }
});
