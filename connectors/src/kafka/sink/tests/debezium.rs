//! Envelopes field by field, against what Debezium documents: the examples of "Change event keys", "create events", "update events" and
//! "delete events" of the connectors for Postgres and MySQL, version 3.6, with the names of this test:
//! <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-create-events> and
//! <https://debezium.io/documentation/reference/3.6/connectors/mysql.html#mysql-create-events>.
//!
//! Where the examples lag behind the connectors' own sources, these are followed: `SchemaFactory.java` (`snapshot` is an enum of strings,
//! `sequence`, `transaction`), `Envelope.java` (version 2).

use serde_json::{Value as Json, json};

use super::super::config::{DebeziumStyle, KafkaFormat, KafkaMode, KafkaSinkConfig, Origin, OriginKind};
use super::super::encoder::{Encoder, Keys, Moment};
use super::encoder::form;
use super::fixture::{config, cursor, place};
use crate::position::{Lsn, Position, Positions};
use crate::row::Row;
use crate::schema::{Column, ViewSchema};
use crate::sink::{ChangelogBatch, RowChange};
use crate::sql_type::SqlType;
use crate::value::Value;

/// Microseconds since 1970 of the documented commit, and since 2000.
const COMMITTED: i64 = 1_559_033_904_863_123;
const COMMITTED_HERE: i64 = COMMITTED - 946_684_800_000_000;
const LSN: u64 = 24_023_128;

fn customers() -> ViewSchema {
    let text = |name: &str| Column::new(name, SqlType::Text, false);
    ViewSchema {
        name: "customers".into(),
        columns: vec![Column::new("id", SqlType::Int4, false), text("first_name"), text("last_name"), text("email")],
        key: vec![0],
        fingerprint: 1,
    }
}

fn row(id: i64, first_name: &str) -> Row {
    let text = |text: &str| Value::text(text);
    Row::from(vec![Value::Int(id), text(first_name), text("Kretchmar"), text("annek@noanswer.org")])
}

fn anne(id: i64, first_name: &str) -> Json {
    json!({"id": id, "first_name": first_name, "last_name": "Kretchmar", "email": "annek@noanswer.org"})
}

fn sink(kind: OriginKind, schemas: bool) -> KafkaSinkConfig {
    let mut config =
        config("broker:9092", ("server.inventory.customers", "cursors"), (KafkaFormat::Debezium, KafkaMode::Upsert));
    let (database, schema) = match kind {
        OriginKind::Postgres => ("postgres", Some("public".into())),
        _ => ("inventory", None),
    };
    config.debezium = DebeziumStyle { schemas, ..DebeziumStyle::default() };
    config.origin = Some(Origin {
        source: "server".into(),
        database: Some(database.into()),
        schema,
        table: "customers".into(),
        kind,
        declared: Default::default(),
    });
    config
}

/// Keys and values of the messages that tell of `change`, as JSON; a tombstone is null.
fn messages(config: &KafkaSinkConfig, change: RowChange) -> Vec<(Json, Json)> {
    let view = customers();
    let keys = Keys::new(config, &view, &place()).expect("keys that fit");
    let form = form(config, (&view, &keys));
    let encoder = Encoder::new(config, &view, (keys, 1), form);
    let mut cursor = cursor("g", 7);
    cursor.positions = Positions([("server".into(), Position::Lsn(Lsn(LSN)))].into());
    let batch = ChangelogBatch { changes: Vec::new(), cursor, committed_at: Some(COMMITTED_HERE) };
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).expect("JSON");
    let records = encoder.changes(&[change], &Moment::of(&batch)).expect("they can be written");
    records.iter().map(|record| (json(&record.spot.key), record.value.as_deref().map_or(Json::Null, json))).collect()
}

/// The members of an envelope, each of them documented, its own times left out.
fn without_own_times(mut payload: Json) -> Json {
    let members = payload.as_object_mut().expect("an object");
    let [millis, micros, nanos] =
        ["ts_ms", "ts_us", "ts_ns"].map(|name| members.remove(name).and_then(|time| time.as_i64()).expect("a time"));
    assert_eq!((micros / 1_000, nanos / 1_000), (millis, micros));
    payload
}

fn source(kind: OriginKind) -> Json {
    let mut source = json!({
        "version": env!("CARGO_PKG_VERSION"), "name": "server", "snapshot": "false",
        "ts_ms": 1_559_033_904_863_i64, "ts_us": 1_559_033_904_863_123_i64, "ts_ns": 1_559_033_904_863_123_000_i64,
    });
    let own = match kind {
        OriginKind::Postgres => json!({
            "connector": "postgresql", "db": "postgres", "schema": "public", "table": "customers",
            "sequence": "[\"24023128\",\"24023128\"]", "txId": null, "lsn": 24_023_128, "xmin": null
        }),
        _ => json!({
            "connector": "mysql", "db": "inventory", "table": "customers", "sequence": null, "server_id": 0, "gtid": null,
            "file": "", "pos": 0, "row": 0, "thread": null, "query": null
        }),
    };
    source.as_object_mut().expect("an object").extend(own.as_object().expect("an object").clone());
    source
}

#[test]
fn payloads_have_the_documented_members() {
    for kind in [OriginKind::Postgres, OriginKind::Mysql] {
        let told = |old: Option<Row>, new: Option<Row>| messages(&sink(kind, false), RowChange { old, new });
        let envelope = |before: Json, after: Json, letter: &str| {
            let source = match kind {
                OriginKind::Postgres => source(kind),
                // Its position is none of MySQL's.
                _ => source(kind),
            };
            json!({"before": before, "after": after, "source": source, "transaction": null, "op": letter})
        };
        let mut payload = |messages: &[(Json, Json)]| {
            assert_eq!(messages[0].0, json!({"id": 1004}));
            let mut payload = without_own_times(messages[0].1.clone());
            if kind == OriginKind::Mysql {
                payload["source"]["sequence"] = Json::Null;
            }
            payload
        };
        let created = told(None, Some(row(1004, "Anne")));
        assert_eq!(payload(&created), envelope(Json::Null, anne(1004, "Anne"), "c"));
        let updated = told(Some(row(1004, "Anne")), Some(row(1004, "Anne Marie")));
        assert_eq!(payload(&updated), envelope(anne(1004, "Anne"), anne(1004, "Anne Marie"), "u"));
        let deleted = told(Some(row(1004, "Anne Marie")), None);
        assert_eq!(payload(&deleted), envelope(anne(1004, "Anne Marie"), Json::Null, "d"));
        // "Tombstone events": the same key, and null.
        assert_eq!(deleted[1..], [(json!({"id": 1004}), Json::Null)]);
    }
}

fn side(name: &str) -> Json {
    json!({
        "type": "struct",
        "fields": [
            {"type": "int32", "optional": false, "field": "id"},
            {"type": "string", "optional": false, "field": "first_name"},
            {"type": "string", "optional": false, "field": "last_name"},
            {"type": "string", "optional": false, "field": "email"}
        ],
        "optional": true, "name": "server.inventory.customers.Value", "field": name
    })
}

fn source_schema(kind: OriginKind) -> Json {
    let field =
        |(kind, optional, name): &(&str, bool, &str)| json!({"type": kind, "optional": optional, "field": name});
    let common = [
        ("string", false, "version"),
        ("string", false, "connector"),
        ("string", false, "name"),
        ("int64", false, "ts_ms"),
    ];
    let snapshot = json!({
        "type": "string", "optional": true, "name": "io.debezium.data.Enum", "version": 1,
        "parameters": {"allowed": "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"},
        "default": "false", "field": "snapshot"
    });
    let more =
        [("string", false, "db"), ("string", true, "sequence"), ("int64", true, "ts_us"), ("int64", true, "ts_ns")];
    let own: &[_] = match kind {
        OriginKind::Postgres => &[
            ("string", false, "schema"),
            ("string", false, "table"),
            ("int64", true, "txId"),
            ("int64", true, "lsn"),
            ("int64", true, "xmin"),
        ],
        _ => &[
            ("string", true, "table"),
            ("int64", false, "server_id"),
            ("string", true, "gtid"),
            ("string", false, "file"),
            ("int64", false, "pos"),
            ("int32", false, "row"),
            ("int64", true, "thread"),
            ("string", true, "query"),
        ],
    };
    let connector = if kind == OriginKind::Postgres { "postgresql" } else { "mysql" };
    let fields = common.iter().map(field).chain([snapshot]).chain(more.iter().map(field)).chain(own.iter().map(field));
    json!({
        "type": "struct", "fields": fields.collect::<Vec<_>>(), "optional": false,
        "name": format!("io.debezium.connector.{connector}.Source"), "version": 1, "field": "source"
    })
}

#[test]
fn schemas_are_the_documented_ones() {
    for kind in [OriginKind::Postgres, OriginKind::Mysql] {
        let found = messages(&sink(kind, true), RowChange { old: None, new: Some(row(1, "Anne")) });
        let (key, value) = &found[0];
        let fields = json!([{"type": "int32", "optional": false, "field": "id"}]);
        let schema =
            json!({"type": "struct", "fields": fields, "optional": false, "name": "server.inventory.customers.Key"});
        assert_eq!(*key, json!({"schema": schema, "payload": {"id": 1}}));
        assert_eq!(value["payload"]["after"], anne(1, "Anne"));
        let plain = |kind: &str, optional: bool, name: &str| json!({"type": kind, "optional": optional, "field": name});
        let block = json!({
            "type": "struct",
            "fields": [plain("string", false, "id"), plain("int64", false, "total_order"), plain("int64", false, "data_collection_order")],
            "optional": true, "name": "event.block", "version": 1, "field": "transaction"
        });
        let times = ["ts_ms", "ts_us", "ts_ns"].map(|name| plain("int64", true, name));
        let first = [side("before"), side("after"), source_schema(kind), block, plain("string", false, "op")];
        let fields: Vec<Json> = first.into_iter().chain(times).collect();
        let name = "server.inventory.customers.Envelope";
        let wanted = json!({"type": "struct", "fields": fields, "optional": false, "name": name, "version": 2});
        assert_eq!(value["schema"], wanted);
        assert_eq!(value.as_object().map(|members| members.len()), Some(2));
    }
}

/// "Primary key updates": in place of an update a deletion of the former key, its tombstone, and a creation.
#[test]
fn a_row_with_another_key_goes_and_comes() {
    let mut view = customers();
    view.columns[0].sql_type = SqlType::Numeric(None);
    let config = sink(OriginKind::Postgres, false);
    let keys = Keys::new(&config, &view, &place()).expect("keys that fit");
    let form = form(&config, (&view, &keys));
    let encoder = Encoder::new(&config, &view, (keys, 1), form);
    let spelled = |id: &str| {
        let mut values = row(1, "Anne").to_vec();
        values[0] = Value::Numeric(id.parse().expect("a number"));
        Row::from(values)
    };
    let change = RowChange { old: Some(spelled("1.0")), new: Some(spelled("1.00")) };
    let records = encoder.changes(&[change], &Moment::now(&cursor("g", 1))).expect("they can be written");
    let letters: Vec<Option<String>> = records
        .iter()
        .map(|record| {
            let event: Json = serde_json::from_slice(record.value.as_deref()?).expect("JSON");
            event["op"].as_str().map(Into::into)
        })
        .collect();
    assert_eq!(letters, [Some("d".into()), None, Some("c".into())]);
}
