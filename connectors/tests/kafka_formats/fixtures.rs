//! `fixtures.json`, which `fixtures.py` makes with the serialisers of others; no value in it is ours.

use std::io::Write;

use serde_json::Value as Json;
use tailwater_connectors::kafka::format::{Decoded, Decoder, Format, SchemaFormat, SchemaFrom, SchemaRows, TimeUnit};
use tailwater_connectors::kafka::registry::{SchemaKind, wire};
use tailwater_connectors::text::parse_text;
use tailwater_connectors::{Column, Value};

use super::{column, printed};

fn fixtures(part: &str) -> Vec<Json> {
    let all: Json = serde_json::from_str(include_str!("fixtures.json")).unwrap();
    all[part].as_array().unwrap().clone()
}

fn kind(name: &Json) -> SchemaKind {
    match name.as_str().unwrap() {
        "avro" => SchemaKind::Avro,
        "protobuf" => SchemaKind::Protobuf,
        "json_schema" => SchemaKind::Json,
        other => panic!("kind {other}"),
    }
}

fn bytes(hex: &Json) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// The paths of the fixtures' framed Protobuf messages, for readers of a file, who take no path.
fn message_type(path: &[usize]) -> &'static str {
    match path {
        [0] => "shop.v1.Everything",
        [1] => "shop.v1.Second",
        [0, 0, 0] => "shop.v2.Outer.Inner.Deepest",
        other => panic!("path {other:?}"),
    }
}

#[test]
fn what_others_write_is_read_as_what_it_stands_for() {
    for fixture in fixtures("read") {
        let name = fixture["name"].as_str().unwrap();
        let kind = kind(&fixture["kind"]);
        let message = bytes(&fixture["message"]);
        let mut payload = &message[..];
        let mut message_type_name = fixture["message_type"].as_str().map(str::to_owned);
        if fixture["framed"].as_bool().unwrap() {
            payload = wire::split(&message).unwrap_or_else(|| panic!("{name}: no frame")).payload;
            if kind == SchemaKind::Protobuf {
                message_type_name = Some(message_type(&wire::take_path(&mut payload).unwrap()).into());
            }
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(fixture["schema"].as_str().unwrap().as_bytes()).unwrap();
        let format = Format::Schema(Box::new(SchemaFormat {
            kind,
            from: SchemaFrom::File(file.path().into()),
            message: message_type_name,
            envelope: fixture["envelope"].as_bool().unwrap(),
        }));
        let declared = fixture["columns"].as_array().unwrap();
        let columns: Vec<Column> =
            declared.iter().map(|it| column(it[0].as_str().unwrap(), it[1].as_str().unwrap(), true)).collect();
        let mut decoder =
            Decoder::new(&format, &columns, TimeUnit::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Decoded::Row(values) = decoder.decode(payload).unwrap_or_else(|error| panic!("{name}: {error}")) else {
            panic!("{name}: gone");
        };
        for ((it, column), value) in declared.iter().zip(&columns).zip(&values) {
            assert_eq!(printed(&column.sql_type, value).as_deref(), it[2].as_str(), "{name}: {}", column.name);
        }
    }
}

#[test]
fn what_is_written_has_the_schema_and_the_bytes_that_others_write() {
    for fixture in fixtures("write") {
        let kind = kind(&fixture["kind"]);
        let declared = fixture["columns"].as_array().unwrap();
        let columns: Vec<Column> = declared
            .iter()
            .map(|it| column(it[0].as_str().unwrap(), it[1].as_str().unwrap(), it[2].as_bool().unwrap()))
            .collect();
        let rows = SchemaRows::new(kind, fixture["name"].as_str().unwrap(), &columns);
        match kind {
            SchemaKind::Avro => {
                let written: Json = serde_json::from_str(&rows.schema().text).unwrap();
                assert_eq!(written, fixture["schema"]);
            }
            _ => assert_eq!(rows.schema().text, fixture["schema"].as_str().unwrap()),
        }
        for (row, expected) in fixture["rows"].as_array().unwrap().iter().zip(fixture["messages"].as_array().unwrap()) {
            let value = |(text, column): (&Json, &Column)| match text.as_str() {
                None => Value::Null,
                Some(text) => parse_text(&column.sql_type, text).unwrap(),
            };
            let values: Vec<Value> = row.as_array().unwrap().iter().zip(&columns).map(value).collect();
            let message = rows.message(7, &values).unwrap();
            let framed = wire::split(&message).unwrap();
            let mut payload = framed.payload;
            if kind == SchemaKind::Protobuf {
                assert_eq!(wire::take_path(&mut payload), Some(vec![0]));
            }
            assert_eq!(framed.schema, 7);
            assert_eq!(payload, &bytes(expected)[..], "{row}");
        }
    }
}
