//! Envelopes field by field against the examples that Debezium's documentation prints, version 3.6, which stand in `documented/` as they are
//! printed there, without call-outs and superfluous commas, "{context}" being "mysql":
//! <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-events> and
//! <https://debezium.io/documentation/reference/3.6/connectors/mysql.html#mysql-events>.
//!
//! Each difference is named. `LAGGING` has those where the examples are older than the connectors of that version (`SchemaFactory.java`,
//! `PostgresSourceInfoStructMaker.java`, `Envelope.java`), which are followed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::super::config::{DebeziumStyle, KafkaFormat, KafkaMode, KafkaSinkConfig, Origin, OriginKind};
use super::super::encoder::{Encoder, Keys, Moment, Record};
use super::super::envelope::{Operation, Told};
use super::encoder::form;
use super::fixture::{config, cursor, place};
use crate::position::{Lsn, Position, Positions};
use crate::row::Row;
use crate::schema::{Column, ViewSchema};
use crate::sink::RowChange;
use crate::sql_type::SqlType;
use crate::value::Value;

const POSTGRES: [&str; 3] = [
    include_str!("documented/postgres-create.json"),
    include_str!("documented/postgres-update.json"),
    include_str!("documented/postgres-delete.json"),
];
const MYSQL: [&str; 3] = [
    include_str!("documented/mysql-create.json"),
    include_str!("documented/mysql-update.json"),
    include_str!("documented/mysql-delete.json"),
];

const SNAPSHOT: &str =
    r#"{"allowed":"true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"}"#;
const BLOCK: &str = r#"{"field":"transaction","fields":[{"field":"id","optional":false,"type":"string"},{"field":"total_order","optional":false,"type":"int64"},{"field":"data_collection_order","optional":false,"type":"int64"}],"name":"event.block","optional":true,"type":"struct","version":1}"#;

/// In schemas.
fn lagging() -> Vec<String> {
    let source = "schema.fields.source";
    let field = |name: &str, kind: &str| {
        format!(r#"{source}.fields.{name}: nothing, {{"field":"{name}","optional":true,"type":"{kind}"}}"#)
    };
    vec![
        "schema.version: nothing, 2".into(),
        format!("schema.fields.transaction: nothing, {BLOCK}"),
        format!("{source}.version: nothing, 1"),
        format!("{source}.fields.ts_us.optional: false, true"),
        format!("{source}.fields.ts_ns.optional: false, true"),
        format!("{source}.fields.snapshot.type: \"boolean\", \"string\""),
        format!("{source}.fields.snapshot.name: nothing, \"io.debezium.data.Enum\""),
        format!("{source}.fields.snapshot.version: nothing, 1"),
        format!("{source}.fields.snapshot.parameters: nothing, {SNAPSHOT}"),
        format!("{source}.fields.snapshot.default: false, \"false\""),
        field("sequence", "string"),
    ]
}

/// In schemas of Postgres alone.
fn lagging_of_postgres() -> Vec<String> {
    let field = |name: &str, kind: &str| {
        format!(r#"schema.fields.source.fields.{name}: nothing, {{"field":"{name}","optional":true,"type":"{kind}"}}"#)
    };
    [lagging(), vec![field("origin", "string"), field("origin_lsn", "int64")]].concat()
}

/// A documented event, and what would be told of the same.
struct Example {
    documented: Json,
    kind: OriginKind,
    config: KafkaSinkConfig,
}

impl Example {
    fn of(kind: OriginKind, text: &str) -> Self {
        let documented: Json = serde_json::from_str(text).expect("JSON");
        let source = &documented["payload"]["source"];
        let word = |name: &str| source[name].as_str();
        let name = word("name").expect("a name");
        let topic = format!("{name}.inventory.customers");
        let mut config = config("broker:9092", (&topic, "cursors"), (KafkaFormat::Debezium, KafkaMode::Upsert));
        config.debezium = DebeziumStyle::default();
        config.origin = Some(Origin {
            source: name.into(),
            database: word("db").map(Into::into),
            schema: word("schema").map(Into::into),
            table: word("table").expect("a table").into(),
            kind,
            declared: BTreeMap::new(),
        });
        Self { documented, kind, config }
    }

    fn position(&self) -> Position {
        let source = &self.documented["payload"]["source"];
        match self.kind {
            OriginKind::Postgres => Position::Lsn(Lsn(source["lsn"].as_u64().expect("a number"))),
            _ => {
                let file = source["file"].as_str().expect("a file");
                Position::Mysql(format!("{file}:{}", source["pos"]).parse().expect("a position"))
            }
        }
    }

    fn moment(&self, position: Position) -> Moment {
        let payload = &self.documented["payload"];
        Moment {
            positions: Positions([(self.config.origin.as_ref().expect("an origin").source.clone(), position)].into()),
            at_micros: payload["ts_us"].as_i64().expect("a time"),
            committed_micros: payload["source"]["ts_us"].as_i64(),
            ..Moment::now(&cursor("g", 7))
        }
    }

    /// The documented row; what only stands on the other side is filled in.
    fn row(&self, side: &str) -> Option<Row> {
        let payload = &self.documented["payload"];
        let members = payload[side].as_object()?;
        let other = json!({"first_name": "Anne", "last_name": "Kretchmar", "email": "annek@noanswer.org"});
        let text = |name: &str| Value::text(members.get(name).unwrap_or(&other[name]).as_str().expect("a text"));
        let id = Value::Int(members["id"].as_i64().expect("a number"));
        Some(Row::from(vec![id, text("first_name"), text("last_name"), text("email")]))
    }

    /// What is written.
    fn records(&self) -> Vec<Record> {
        let change = RowChange { old: self.row("before"), new: self.row("after") };
        encoder(&self.config).changes(&[change], &self.moment(self.position())).expect("it can be written")
    }

    /// `path: documented, ours` of all that differs, where the documentation shows it.
    fn differences(&self) -> BTreeSet<String> {
        let mut ours = value(&self.records()[0]);
        if self.documented.get("schema").is_none() {
            assert!(ours["schema"].is_object(), "it is left out of the example only");
            ours.as_object_mut().expect("an object").remove("schema");
        }
        let mut found = BTreeSet::new();
        compare("", (&self.documented, &ours), &mut found);
        found
    }
}

fn customers() -> ViewSchema {
    let text = |name: &str| Column::new(name, SqlType::Text, false);
    ViewSchema {
        name: "customers".into(),
        columns: vec![Column::new("id", SqlType::Int4, false), text("first_name"), text("last_name"), text("email")],
        key: vec![0],
        fingerprint: 1,
    }
}

fn encoder(config: &KafkaSinkConfig) -> Encoder {
    let view = customers();
    let keys = Keys::new(config, &view, &place()).expect("keys that fit");
    let form = form(config, (&view, &keys));
    Encoder::new(config, &view, (keys, 1), form)
}

fn value(record: &Record) -> Json {
    record.value.as_deref().map_or(Json::Null, |value| serde_json::from_slice(value).expect("JSON"))
}

fn key(record: &Record) -> Json {
    serde_json::from_slice(&record.spot.key).expect("JSON")
}

/// Members in the order of their names.
fn shown(json: &Json) -> String {
    match json {
        Json::Object(members) => {
            let sorted: BTreeMap<&String, &Json> = members.iter().collect();
            let member = |(name, value): (&String, &Json)| format!("\"{name}\":{}", shown(value));
            format!("{{{}}}", sorted.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        Json::Array(elements) => format!("[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Fields of schemas are compared by their names.
fn compare(path: &str, (documented, ours): (&Json, &Json), found: &mut BTreeSet<String>) {
    let members = |json: &Json| -> Option<BTreeMap<String, Json>> {
        match json {
            Json::Object(members) => Some(members.clone().into_iter().collect()),
            Json::Array(fields) => {
                fields.iter().map(|field| Some((field["field"].as_str()?.to_owned(), field.clone()))).collect()
            }
            _ => None,
        }
    };
    let (Some(documented), Some(ours)) = (members(documented), members(ours)) else {
        if documented != ours {
            found.insert(format!("{path}: {}, {}", shown(documented), shown(ours)));
        }
        return;
    };
    for name in documented.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
        let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
        match (documented.get(name), ours.get(name)) {
            (Some(documented), Some(ours)) => compare(&path, (documented, ours), found),
            (None, Some(ours)) => _ = found.insert(format!("{path}: nothing, {}", shown(ours))),
            (documented, _) => {
                _ = found.insert(format!("{path}: {}, nothing", documented.map_or_else(String::new, shown)))
            }
        }
    }
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.replace("VERSION", env!("CARGO_PKG_VERSION"))).collect()
}

fn assert_differences(example: &Example, wanted: Vec<String>) {
    let wanted: BTreeSet<String> = wanted.into_iter().collect();
    let found = example.differences();
    let (more, less) = (&found - &wanted, &wanted - &found);
    assert!(more.is_empty() && less.is_empty(), "not named: {more:#?}\nnamed and not there: {less:#?}");
}

/// A step is told of as a whole: its transactions are not told apart, and their log is known by where the step ends. What is told is never
/// of a snapshot in a step.
#[test]
fn events_of_postgres_are_the_documented_ones() {
    let [create, update, delete] = POSTGRES.map(|text| Example::of(OriginKind::Postgres, text));
    let every = lines(&[
        "payload.source.version: \"{debezium-version}\", \"VERSION\"",
        "payload.source.origin: nothing, null",
        "payload.source.origin_lsn: nothing, null",
        "payload.transaction: nothing, null",
    ]);
    let of_create = lines(&[
        "payload.source.snapshot: true, \"false\"",
        r#"payload.source.sequence: "[\"24023119\",\"24023128\"]", "[\"24023128\",\"24023128\"]""#,
        "payload.source.txId: 555, null",
        "payload.ts_ns: 1559033904863841257, 1559033904863841000",
    ]);
    assert_differences(&create, [lagging_of_postgres(), every.clone(), of_create].concat());
    // The documented table has REPLICA IDENTITY DEFAULT; here the row is known.
    let before = lines(&[
        "payload.before.first_name: nothing, \"Anne\"",
        "payload.before.last_name: nothing, \"Kretchmar\"",
        "payload.before.email: nothing, \"annek@noanswer.org\"",
        "payload.source.snapshot: false, \"false\"",
        "payload.source.txId: 556, null",
    ]);
    let of_update = lines(&[
        r#"payload.source.sequence: nothing, "[\"24023128\",\"24023128\"]""#,
        "payload.ts_ns: 1465584025523514964, 1465584025523514000",
    ]);
    assert_differences(&update, [every.clone(), before.clone(), of_update].concat());
    let of_delete = lines(&[
        r#"payload.source.sequence: nothing, "[\"46523128\",\"46523128\"]""#,
        "payload.ts_ns: 1465581902461496187, 1465581902461496000",
    ]);
    assert_differences(&delete, [every, before, of_delete].concat());
}

#[test]
fn events_of_mysql_are_the_documented_ones() {
    let [create, update, delete] = MYSQL.map(|text| Example::of(OriginKind::Mysql, text));
    let every = lines(&[
        "payload.source.version: \"{debezium-version}\", \"VERSION\"",
        "payload.source.snapshot: false, \"false\"",
        "payload.source.sequence: nothing, null",
        "payload.source.thread: 7, null",
        "payload.transaction: nothing, null",
    ]);
    let of_create = lines(&[
        "payload.source.query: \"INSERT INTO customers (first_name, last_name, email) VALUES ('Anne', 'Kretchmar', 'annek@noanswer.org')\", null",
        "payload.ts_ns: 1465491411815437158, 1465491411815437000",
    ]);
    assert_differences(&create, [lagging(), every.clone(), of_create].concat());
    let of_update = lines(&[
        "payload.source.server_id: 223344, 0",
        "payload.source.query: \"UPDATE customers SET first_name='Anne Marie' WHERE id=1004\", null",
        "payload.ts_ns: 1465581029523758914, 1465581029523758000",
    ]);
    assert_differences(&update, [every.clone(), of_update].concat());
    let of_delete = lines(&[
        "payload.source.server_id: 223344, 0",
        "payload.source.query: \"DELETE FROM customers WHERE id=1004\", null",
        "payload.ts_ns: 1465581902461842579, 1465581902461842000",
    ]);
    assert_differences(&delete, [every, of_delete].concat());
}

/// "Change event keys" and "Tombstone events". The example of Postgres is no JSON of Kafka Connect's converter; but for that it is the same.
#[test]
fn keys_and_tombstones_are_the_documented_ones() {
    let documented: Json = serde_json::from_str(include_str!("documented/mysql-key.json")).expect("JSON");
    for (kind, text, name, id) in [
        (OriginKind::Mysql, MYSQL[2], "mysql-server-1.inventory.customers.Key", 1004),
        (OriginKind::Postgres, POSTGRES[2], "PostgreSQL_server.inventory.customers.Key", 1),
    ] {
        let records = Example::of(kind, text).records();
        let mut wanted = documented.clone();
        wanted["schema"]["name"] = name.into();
        wanted["payload"]["id"] = id.into();
        assert_eq!(key(&records[0]), wanted);
        assert_eq!(records[1], Record { spot: records[0].spot.clone(), value: None }, "its tombstone");
        assert_eq!(records.len(), 2);
    }
}

/// `value.converter.schemas.enable=false`
#[test]
fn without_schemas_payloads_and_keys_stand_alone() {
    for (kind, text) in [(OriginKind::Postgres, POSTGRES[1]), (OriginKind::Mysql, MYSQL[1])] {
        let mut example = Example::of(kind, text);
        let with = example.records();
        example.config.debezium = DebeziumStyle { schemas: false, ..DebeziumStyle::default() };
        let without = example.records();
        assert_eq!(value(&without[0]), value(&with[0])["payload"]);
        assert_eq!(key(&without[0]), key(&with[0])["payload"]);
    }
}

/// "`r` = read (applies to only snapshots)"; its time is that of the reading.
#[test]
fn rows_that_were_there_are_read_as_of_a_snapshot() {
    for (kind, text) in [(OriginKind::Postgres, POSTGRES[0]), (OriginKind::Mysql, MYSQL[0])] {
        let example = Example::of(kind, text);
        let moment = Moment { committed_micros: None, ..example.moment(example.position()) };
        let encoder = encoder(&example.config);
        let row = example.row("after").expect("a row");
        let bytes = encoder.row(&row).expect("it can be written");
        let spot = encoder.spot(&row).expect("a place");
        let payload = value(&encoder.here(spot, (Operation::Read, None), &bytes, &moment))["payload"].clone();
        let documented = &example.documented["payload"];
        assert_eq!((&payload["after"], &payload["before"]), (&documented["after"], &Json::Null));
        assert_eq!((&payload["op"], &payload["source"]["snapshot"]), (&json!("r"), &json!("true")));
        assert_eq!((&payload["source"]["ts_us"], &payload["ts_us"]), (&documented["ts_us"], &documented["ts_us"]));
    }
}

/// `gtid` is the newest transaction where the position knows one; MariaDB has a connector of its own.
#[test]
fn ids_of_transactions_are_told_where_the_position_knows_the_newest() {
    let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    let another = "4e11fa47-71ca-11e1-9e33-c80aa9429562";
    let example = Example::of(OriginKind::Mysql, MYSQL[1]);
    let change = RowChange { old: example.row("before"), new: example.row("after") };
    let event = |position: &str| {
        let moment = example.moment(Position::Mysql(position.parse().expect("a position")));
        let encoder = encoder(&example.config);
        let record = encoder.changes(std::slice::from_ref(&change), &moment).expect("it can be written").remove(0);
        let row = encoder.row(change.new.as_ref().expect("a row")).expect("it can be written");
        assert_eq!(encoder.told(record.value.as_deref()), Told::Row(&row), "read back");
        value(&record)
    };
    let cases = [
        (format!("{uuid}:1-57"), "mysql", json!(format!("{uuid}:57"))),
        (format!("{uuid}:1-5:blue:1-7"), "mysql", Json::Null),
        (format!("{uuid}:1-5:7"), "mysql", Json::Null),
        (format!("{uuid}:1-5,{another}:1-9"), "mysql", Json::Null),
        ("gtid:none".into(), "mysql", Json::Null),
        ("0-1-42".into(), "mariadb", json!("0-1-42")),
        ("0-1-42,3-2-7".into(), "mariadb", Json::Null),
    ];
    for (position, connector, gtid) in cases {
        let event = event(&position);
        let source = &event["payload"]["source"];
        assert_eq!((&source["connector"], &source["gtid"]), (&json!(connector), &gtid), "{position}");
        assert_eq!((&source["file"], &source["pos"]), (&json!(""), &json!(0)), "{position}");
        let fields = event["schema"]["fields"].as_array().expect("fields");
        let schema = fields.iter().find(|field| field["field"] == "source").expect("a source");
        assert_eq!(schema["name"], format!("io.debezium.connector.{connector}.Source"));
    }
}

/// "Primary key updates": in place of an update a deletion of the former key, its tombstone, and a creation.
#[test]
fn a_row_with_another_key_goes_and_comes() {
    let mut view = customers();
    view.columns[0].sql_type = SqlType::Numeric(None);
    let example = Example::of(OriginKind::Postgres, POSTGRES[1]);
    let config = &example.config;
    let keys = Keys::new(config, &view, &place()).expect("keys that fit");
    let form = form(config, (&view, &keys));
    let encoder = Encoder::new(config, &view, (keys, 1), form);
    let spelled = |id: &str| {
        let mut values = example.row("after").expect("a row").to_vec();
        values[0] = Value::Numeric(id.parse().expect("a number"));
        Row::from(values)
    };
    let change = RowChange { old: Some(spelled("1.0")), new: Some(spelled("1.00")) };
    let records = encoder.changes(&[change], &Moment::now(&cursor("g", 1))).expect("they can be written");
    let letters: Vec<Json> = records.iter().map(|record| value(record)["payload"]["op"].clone()).collect();
    assert_eq!(letters, [json!("d"), Json::Null, json!("c")]);
}

/// A topic with keys that look alike would lose rows.
#[test]
fn keys_whose_form_is_not_exact_are_refused_with_what_to_write() {
    let mut view = customers();
    let example = Example::of(OriginKind::Postgres, POSTGRES[1]);
    let doubles = DebeziumStyle { decimals: super::super::config::Decimals::Double, ..DebeziumStyle::default() };
    for (sql_type, style, hint) in [
        (SqlType::Interval, DebeziumStyle::default(), "write intervals = \"string\""),
        (SqlType::Numeric(Some((8, 2))), doubles, "write decimals = \"string\""),
        (SqlType::Other("bit varying".into()), DebeziumStyle::default(), "write format = \"json\""),
    ] {
        view.columns[0].sql_type = sql_type;
        let config = KafkaSinkConfig { debezium: style, ..example.config.clone() };
        let error = super::super::KafkaSink::new(config, &view).err().expect("it is refused");
        assert!(error.to_string().contains("\"id\"") && error.hint() == Some(hint), "{error:?}");
    }
}
