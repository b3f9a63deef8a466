//! Against a real registry: what the client asks, and topics whose schemas change under it.

use std::sync::Arc;

use tailwater_connectors::kafka::format::{
    DecodeError, Decoded, Decoder, Format, SchemaFormat, SchemaFrom, SchemaRows, TimeUnit,
};
use tailwater_connectors::kafka::registry::{
    DEFAULT_TIMEOUT, Part, RegisteredSchema, Registry, RegistryConfig, RegistryError, SchemaKind, Version, subject,
};
use tailwater_connectors::{Column, Value};

use super::column;
use super::server::{SchemaRegistry, is_left_out};

fn config(server: &SchemaRegistry) -> RegistryConfig {
    RegistryConfig { addresses: vec![server.address()], login: None, ca: None, timeout: DEFAULT_TIMEOUT }
}

/// `None`, and a line that says so, where registries are left out.
fn server() -> Option<Arc<SchemaRegistry>> {
    if is_left_out() {
        eprintln!("left out: no registry");
        return None;
    }
    Some(SchemaRegistry::shared())
}

fn decoder(server: &SchemaRegistry, kind: SchemaKind, columns: &[Column]) -> Decoder {
    let from = SchemaFrom::Registry(config(server));
    let format = Format::Schema(Box::new(SchemaFormat { kind, from, message: None, envelope: false }));
    Decoder::new(&format, columns, TimeUnit::default()).unwrap()
}

fn row(decoder: &mut Decoder, message: &[u8]) -> Result<Vec<Value>, DecodeError> {
    match decoder.decode(message)? {
        Decoded::Row(values) => Ok(values),
        Decoded::Gone(_) => panic!("gone"),
    }
}

#[test]
fn a_subject_is_registered_once_looked_up_and_guarded_by_its_compatibility() {
    let Some(server) = server() else { return };
    let registry = Registry::new(&config(&server)).unwrap();
    registry.check().unwrap();
    let subject = subject("t-client", Part::Value);
    let narrow = SchemaRows::new(SchemaKind::Avro, "t.Row", &[column("id", "bigint", false)]).schema();
    assert_eq!(registry.latest(&subject), Ok(None));
    assert_eq!(registry.lookup(&subject, &narrow), Ok(None));
    assert_eq!(registry.incompatible(&subject, &narrow), Ok(None));
    let id = registry.register(&subject, &narrow).unwrap();
    assert_eq!(registry.register(&subject, &narrow), Ok(id));
    assert_eq!(registry.latest(&subject), Ok(Some(Version { id, version: 1 })));
    assert_eq!(registry.lookup(&subject, &narrow), Ok(Some(Version { id, version: 1 })));
    let read = registry.schema(id).unwrap().unwrap();
    assert_eq!((read.kind, json(&read.text)), (SchemaKind::Avro, json(&narrow.text)));

    // A column that may be null can be added, and what was there can be read; another type cannot take its place.
    let wider = SchemaRows::new(SchemaKind::Avro, "t.Row", &[column("id", "bigint", false), column("v", "text", true)])
        .schema();
    let other = SchemaRows::new(SchemaKind::Avro, "t.Row", &[column("id", "boolean", false)]).schema();
    compatibility(&server, &subject);
    assert_eq!(registry.incompatible(&subject, &wider), Ok(None));
    assert!(registry.incompatible(&subject, &other).unwrap().is_some());
    assert!(registry.register(&subject, &wider).unwrap() != id);
    assert!(matches!(registry.register(&subject, &other), Err(RegistryError::Refused { .. })));
    assert_eq!(registry.schema(4_000_000), Ok(None));
}

/// Sets a subject's rule, which is off where nobody set it.
fn compatibility(server: &SchemaRegistry, subject: &str) {
    let url = format!("{}/config/{subject}", server.address());
    let body = "{\"compatibility\":\"BACKWARD\"}";
    ureq::put(url).header("content-type", "application/json").send(body).unwrap();
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn rows_make_the_way_through_the_registry_in_every_language() {
    let Some(server) = server() else { return };
    let registry = Registry::new(&config(&server)).unwrap();
    let columns = [column("id", "bigint", false), column("at", "timestamptz", true), column("name", "text", true)];
    for kind in [SchemaKind::Avro, SchemaKind::Protobuf, SchemaKind::Json] {
        let rows = SchemaRows::new(kind, "shop.card", &columns);
        let id = registry.register(&subject(&format!("t-{kind:?}"), Part::Value), &rows.schema()).unwrap();
        let mut decoder = decoder(&server, kind, &columns);
        for values in [
            vec![Value::Int(7), Value::Timestamptz(1), Value::text("é")],
            vec![Value::Int(0), Value::Null, Value::Null],
        ] {
            let message = rows.message(id, &values).unwrap();
            assert_eq!(row(&mut decoder, &message), Ok(values), "{kind}");
        }
    }
}

#[test]
fn compatible_changes_pass_and_a_breaking_one_costs_its_columns_alone() {
    let Some(server) = server() else { return };
    let registry = Registry::new(&config(&server)).unwrap();
    let subject = subject("t-evolves", Part::Value);
    let message = |columns: &[Column], values: &[Value]| {
        let rows = SchemaRows::new(SchemaKind::Avro, "R", columns);
        rows.message(registry.register(&subject, &rows.schema()).unwrap(), values).unwrap()
    };
    let id = || column("id", "bigint", false);
    let first = message(&[id(), column("v", "bigint", true)], &[Value::Int(1), Value::Int(10)]);
    let added = message(
        &[column("new", "text", true), id(), column("v", "integer", true)],
        &[Value::text("x"), Value::Int(2), Value::Int(20)],
    );
    let removed = message(&[id()], &[Value::Int(3)]);
    let breaking = message(&[id(), column("v", "boolean", true)], &[Value::Int(4), Value::Bool(true)]);

    let mut decoder = decoder(&server, SchemaKind::Avro, &[id(), column("v", "bigint", true)]);
    let both = |id, v| Ok(vec![Value::Int(id), v]);
    assert_eq!(row(&mut decoder, &first), both(1, Value::Int(10)));
    assert_eq!(row(&mut decoder, &added), both(2, Value::Int(20)));
    assert_eq!(row(&mut decoder, &removed), both(3, Value::Null));
    let Err(DecodeError::ColumnsLost { columns, reason }) = row(&mut decoder, &breaking) else { panic!("it passed") };
    assert_eq!(columns, ["v"]);
    assert!(
        reason.starts_with("schema ")
            && reason.ends_with(": field \"v\" is of type union of null, boolean, which cannot become bigint"),
        "{reason}"
    );
    // It is not decoded until the column is given up; then it is null, also where it could be filled, and nothing else is touched.
    assert!(matches!(row(&mut decoder, &breaking), Err(DecodeError::ColumnsLost { .. })));
    assert_eq!(row(&mut decoder, &first), both(1, Value::Int(10)));
    decoder.lose(&columns);
    assert_eq!(row(&mut decoder, &breaking), both(4, Value::Null));
    assert_eq!(row(&mut decoder, &first), both(1, Value::Null));
}

#[test]
fn what_a_schema_refers_to_is_fetched_before_it() {
    let Some(server) = server() else { return };
    let registry = Registry::new(&config(&server)).unwrap();
    let inner = RegisteredSchema::alone(
        SchemaKind::Avro,
        r#"{"type":"record","name":"Inner","namespace":"n","fields":[{"name":"x","type":"int"}]}"#,
    );
    registry.register("t-inner", &inner).unwrap();
    let outer = r#"{"type":"record","name":"Outer","namespace":"n","fields":[{"name":"inner","type":"n.Inner"}]}"#;
    let body = serde_json::json!({
        "schema": outer,
        "schemaType": "AVRO",
        "references": [{ "name": "n.Inner", "subject": "t-inner", "version": 1 }],
    });
    let url = format!("{}/subjects/t-outer/versions", server.address());
    let answer = ureq::post(url).header("content-type", "application/json").send(body.to_string()).unwrap();
    let id = json(&answer.into_body().read_to_string().unwrap())["id"].as_u64().unwrap() as u32;
    let mut decoder = decoder(&server, SchemaKind::Avro, &[column("inner", "jsonb", true)]);
    let mut message = Vec::new();
    tailwater_connectors::kafka::registry::wire::put_schema(&mut message, id);
    message.push(14);
    assert_eq!(row(&mut decoder, &message), Ok(vec![Value::text("{\"x\": 7}")]));
}

#[test]
fn what_cannot_be_read_says_whether_it_is_the_message_or_the_registry() {
    let Some(server) = server() else { return };
    let mut unknown = decoder(&server, SchemaKind::Avro, &[column("id", "bigint", true)]);
    let bad = |reason: &str| Err(DecodeError::Bad(tailwater_connectors::kafka::format::BadMessage::new(reason)));
    assert_eq!(row(&mut unknown, b"{}"), bad("does not begin with a zero byte and the id of a schema"));
    assert_eq!(row(&mut unknown, &[0, 0, 0x3d, 9, 0, 1]), bad("names schema 4000000, which is not in the registry"));
    let elsewhere = RegistryConfig { addresses: vec!["http://127.0.0.1:1".into()], ..config(&server) };
    let registry = Registry::new(&elsewhere).unwrap();
    assert!(registry.check().unwrap_err().is_transient());
    // The second address answers.
    let both = RegistryConfig { addresses: vec!["http://127.0.0.1:1".into(), server.address()], ..config(&server) };
    Registry::new(&both).unwrap().check().unwrap();
    // The same server, but no registry under that path.
    let beside =
        RegistryConfig { addresses: vec![server.address().replace("ccompat/v7", "nothing")], ..config(&server) };
    assert!(!Registry::new(&beside).unwrap().check().unwrap_err().is_transient());
}
