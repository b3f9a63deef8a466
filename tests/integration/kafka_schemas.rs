//! Views as topics of rows with a registered schema, against a real broker and a real registry, read by Confluent's own deserialisers.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;
use tailwater::pipeline::status::Condition;

use super::clients::{library_directory, must};
use super::support::kafka_broker::{self, KafkaBroker};
use super::support::rig::{Rig, post, said};
use super::support::schema_registry::{self, SchemaRegistry};

const SCRIPT: &str = include_str!("clients/kafka_topic.py");
/// Versions that the script was written for.
const LIBRARIES: [&str; 2] = ["confluent-kafka[avro,protobuf,json]==2.16.1", "grpcio-tools==1.85.1"];
const FORMATS: [&str; 3] = ["avro", "protobuf", "json_schema"];
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

const ITEMS: &str = "create table items (id bigint primary key, name text, price numeric(8,2) not null, big bigint not null, at timestamptz); \
    insert into items select i, 'Zoë ' || i, i * 1.25, 9007199254740993 + i, timestamptz '2024-02-29 12:00:00.000001+00' + i * interval '1 s' \
    from generate_series(0, 300) i; insert into items values (1000, null, 0, -1, null)";
const VIEW: &str = "select id, name, price, big, at from items where price < 300";
/// What the database says of it, in the reader's words.
const EXPECTED: &str = "select id, name, price::text as price, big, \
    to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at";

/// The interpreter with the libraries.
fn python() -> PathBuf {
    let directory = library_directory("python-kafka");
    let python = directory.join("bin/python");
    if !directory.join("complete").exists() {
        must(Command::new("python3").args(["-m", "venv"]).arg(&directory), "no virtual environment");
        must(Command::new(&python).args(["-m", "pip", "install", "-q"]).args(LIBRARIES), "no libraries");
        std::fs::write(directory.join("complete"), "").unwrap();
    }
    python
}

/// A broker, a registry and a reader of what they hold.
struct Readers {
    broker: std::sync::Arc<KafkaBroker>,
    registry: std::sync::Arc<SchemaRegistry>,
    python: PathBuf,
}

impl Readers {
    fn script(&self, (topic, format): (&str, &str), guard: Option<&str>) -> std::process::Output {
        let mut command = Command::new(&self.python);
        command.args(["-c", SCRIPT]).env("BROKERS", self.broker.address()).env("REGISTRY", self.registry.address());
        command.env("TOPIC", topic).env("FORMAT", format);
        if let Some(subject) = guard {
            command.env("GUARD", subject);
        }
        must(&mut command, "the reader fails")
    }

    /// Rows, and what versions the subjects have.
    fn read(&self, topic: &str, format: &str) -> (Vec<Json>, String) {
        let output = self.script((topic, format), None);
        let rows = String::from_utf8(output.stdout).unwrap().lines().map(line_of).collect();
        (rows, String::from_utf8(output.stderr).unwrap())
    }
}

/// Members as text: JSON writes numbers that doubles cannot hold as strings.
fn line_of(line: &str) -> Json {
    let mut row: Json = serde_json::from_str(line).unwrap();
    for value in row.as_object_mut().unwrap().values_mut().filter(|value| value.is_number()) {
        *value = value.to_string().into();
    }
    // RFC 3339 has as many digits as there are.
    if let Some(at) = row["at"].as_str().filter(|at| !at.contains('.')) {
        row["at"] = at.replace('Z', ".000000Z").into();
    }
    row
}

fn expected(rig: &Rig, select: &str) -> Vec<Json> {
    let from = "from items where price < 300 order by items.id";
    let rows = rig.database().rows(&format!("select row_to_json(v)::text from ({select} {from}) v"));
    rows.iter().map(|cells| line_of(cells[0].as_deref().unwrap())).collect()
}

fn configuration(brokers: &str, registry: &str, view: &str) -> String {
    let mut text = format!("[view.item]\nsql = \"{view}\"\n\n");
    for format in FORMATS {
        text.push_str(&format!(
            "[sink.{format}]\ntype = \"kafka\"\nview = \"item\"\nbrokers = \"{brokers}\"\ntopic = \"rows.{format}\"\nformat = \"{format}\"\n\
             registry = \"{registry}\"\npartitions = 2\nreplication = 1\ncursor_topic = \"cursors.{format}\"\n\n"
        ));
    }
    text
}

fn check(rig: &Rig, readers: &Readers, (select, version): (&str, u32)) {
    let wanted = expected(rig, select);
    for format in FORMATS {
        let (rows, versions) = readers.read(&format!("rows.{format}"), format);
        assert!(rows == wanted, "{format}: {:?}", rows.iter().zip(&wanted).find(|(found, wanted)| found != wanted));
        assert!(versions.contains(&format!("value version {version}")), "{format}: {versions}");
        let verified = rig.command(&["verify", format]);
        assert!(verified.status.success(), "{format}: {}", said(&verified));
    }
}

#[test]
fn rows_with_schemas_are_read_by_others_and_schemas_follow_the_view() {
    if kafka_broker::is_left_out() || schema_registry::is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no registry");
    }
    let readers = Readers { broker: KafkaBroker::shared(), registry: SchemaRegistry::shared(), python: python() };
    let (brokers, address) = (readers.broker.address(), readers.registry.address());
    let mut rig = Rig::new(ITEMS, &configuration(&brokers, NOBODY, VIEW));
    let database = rig.database();

    // Without a registry sinks wait, and say so.
    rig.daemon.start().unwrap();
    let waiting = rig.wait_for_status("sinks that wait", |status| {
        status.sinks.len() == FORMATS.len() && status.sinks.values().all(|sink| sink.condition == Condition::Retrying)
    });
    let error = waiting.sinks["avro"].error.as_deref().unwrap_or_default();
    assert!(error.contains("the schema registry is unavailable: http://127.0.0.1:1"), "{error}");
    database.run("update items set name = 'meanwhile' where id = 7; delete from items where id = 8");
    rig.daemon.stop().unwrap();

    rig.configure(&configuration(&brokers, &address, VIEW));
    rig.start();
    database.run("update items set price = 299 where id < 5; update items set price = 301 where id = 5; insert into items values (2000, '', 1, 0, null)");
    rig.wait_until_delivered(&database);
    check(&rig, &readers, (EXPECTED, 1));

    // Another column is another version.
    let wider = VIEW.replace("at from", "at, name is null as nameless from");
    rig.configure(&configuration(&brokers, &address, &wider));
    assert_eq!(post(rig.http, "/v1/apply").unwrap().code, 202);
    let fits = |status: &tailwater::pipeline::status::Status| {
        status.apply.phase == tailwater::pipeline::apply::ApplyPhase::Applied
    };
    rig.wait_for_status("an applied configuration", fits);
    database.run("insert into items values (3000, null, 2, 0, null)");
    rig.wait_until_delivered(&database);
    check(&rig, &readers, (&format!("{EXPECTED}, name is null as nameless"), 2));

    // What the registry refuses stops the sink, with what to do.
    readers.script(("rows.avro", "avro"), Some("rows.avro-value"));
    rig.daemon.stop().unwrap();
    rig.configure(&configuration(&brokers, &address, &VIEW.replace("price, big", "price > 1 as price, big")));
    rig.daemon.start().unwrap();
    let told = rig.wait_for_status("one sink refused, others live", |status| {
        let condition = |sink: &str| status.sinks.get(sink).map(|sink| sink.condition);
        condition("avro") == Some(Condition::Failed) && condition("json_schema") == Some(Condition::Live)
    });
    let sink = &told.sinks["avro"];
    let (error, hint) = (sink.error.as_deref().unwrap_or_default(), sink.hint.as_deref().unwrap_or_default());
    assert!(error.contains("not compatible with subject \"rows.avro-value\": "), "{error}");
    assert!(hint.contains("PUT /config/rows.avro-value"), "{hint}");
    let checked = rig.command(&["check"]);
    assert!(!checked.status.success() && said(&checked).contains("rows.avro-value"), "{}", said(&checked));
    rig.daemon.stop().unwrap();
}
