//! Schemas that change, with files as their place: what still fills the columns passes, what does not is named.

use std::io::Write;

use tailwater_connectors::kafka::format::{Decoder, Format, SchemaFormat, SchemaFrom, TimeUnit};
use tailwater_connectors::kafka::registry::SchemaKind;

use super::column;

/// What a table of these columns says to a schema: nothing, or why not.
fn refused(kind: SchemaKind, schema: &str, columns: &[(&str, &str, bool)]) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(schema.as_bytes()).unwrap();
    let path = file.path().to_owned();
    let from = SchemaFrom::File(path.clone());
    let format = Format::Schema(Box::new(SchemaFormat { kind, from, message: None, envelope: false }));
    let columns: Vec<_> = columns.iter().map(|(name, kind, nullable)| column(name, kind, *nullable)).collect();
    let made = Decoder::new(&format, &columns, TimeUnit::default());
    made.err().map(|error| error.0.replace(&path.display().to_string(), "FILE"))
}

fn avro(field: &str, columns: &[(&str, &str, bool)]) -> Option<String> {
    let schema = format!(r#"{{"type":"record","name":"R","fields":[{{"name":"a","type":{field}}}]}}"#);
    refused(SchemaKind::Avro, &schema, columns)
}

#[test]
fn a_field_that_cannot_become_its_column_is_named_with_both_types() {
    for (field, column, expected) in [
        (r#""int""#, "bigint", None),
        (r#""long""#, "integer", None),
        (r#"["null","long"]"#, "numeric", None),
        (r#""string""#, "timestamptz", None),
        (r#""double""#, "double precision", None),
        (r#""double""#, "real", Some("float of 64 bits, which cannot become real")),
        (r#""long""#, "double precision", Some("integer of 64 bits, which cannot become double precision")),
        (r#""long""#, "timestamptz", Some("integer of 64 bits, which cannot become timestamp with time zone")),
        (
            r#"{"type":"long","logicalType":"timestamp-millis"}"#,
            "timestamp",
            Some("timestamp with time zone, which cannot become timestamp without time zone"),
        ),
        (
            r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":9999999}"#,
            "numeric",
            Some("bytes, which cannot become numeric"),
        ),
        (r#"{"type":"array","items":"string"}"#, "integer[]", None),
        (
            r#"{"type":"array","items":"long"}"#,
            "text[]",
            Some("list of integer of 64 bits, which cannot become text[]"),
        ),
        (r#"{"type":"array","items":"long"}"#, "text", Some("list of integer of 64 bits, which cannot become text")),
        (r#"{"type":"map","values":"long"}"#, "jsonb", None),
        (r#"["null","long","string"]"#, "boolean", None),
        (
            r#"["null","long","bytes"]"#,
            "boolean",
            Some("union of null, integer of 64 bits, bytes, which cannot become boolean"),
        ),
    ] {
        let expected = expected.map(|it| format!("schema \"FILE\": field \"a\" is of type {it}"));
        assert_eq!(avro(field, &[("a", column, true)]), expected, "{field} as {column}");
    }
}

#[test]
fn a_field_that_is_not_there_is_null_unless_its_column_is_not() {
    assert_eq!(avro("\"int\"", &[("a", "integer", false), ("gone", "text", true)]), None);
    let expected = "schema \"FILE\": there is no field \"gone\", and its column is declared not null";
    assert_eq!(avro("\"int\"", &[("gone", "text", false)]), Some(expected.into()));
}

#[test]
fn what_is_no_schema_is_named() {
    let wrong = |kind, schema: &str| refused(kind, schema, &[("a", "integer", true)]).unwrap();
    for (schema, expected) in [
        ("{", "cannot be used: it is no JSON"),
        (r#"{"type":"record","name":"R"}"#, "cannot be used: a type or field has no \"fields\""),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"Other"}]}"#,
            "cannot be used: type \"Other\" is not there",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
            "cannot be used: field \"a\" is there twice",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":[["int"]]}]}"#,
            "cannot be used: a union stands directly in a union",
        ),
    ] {
        let found = wrong(SchemaKind::Avro, schema);
        assert!(found.starts_with(&format!("schema \"FILE\" {expected}")), "{found}");
    }
    for (schema, expected) in [
        ("syntax = \"proto3\";\nmessage A { Other a = 1; }", "cannot be used: type \"Other\" is not there"),
        ("syntax = \"proto3\";\nmessage A {\n int32 a = ; }", "cannot be used: line 3: a field's number was expected"),
        ("message A { required group X = 1 {} }", "cannot be used: line 1: groups are not read"),
        ("edition = \"2023\";", "cannot be used: line 1: editions are not read, only proto2 and proto3"),
        ("import \"else.proto\";", "cannot be used: \"else.proto\" is imported but not there"),
        ("message A {} message B {}", "cannot be used: it has several message types: name one in \"message\""),
        (
            "message A { optional int32 a = 1; optional int32 b = 1; }",
            "cannot be used: field \"b\" of \"A\" has a name or number that is taken",
        ),
    ] {
        assert_eq!(wrong(SchemaKind::Protobuf, schema), format!("schema \"FILE\" {expected}"));
    }
}
