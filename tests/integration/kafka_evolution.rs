//! Schemas of messages that change while topics are read: what is compatible passes, and what breaks with columns stops the views that read
//! those, alone, with the field named, also over restarts.

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value as Json, json};
use tailwater::pipeline::status::{Condition, Status};

use super::support::kafka_broker;
use super::support::kafka_rig::KafkaRig;
use super::support::rig::{PATIENCE, said};
use super::support::schema_registry::{self, SchemaRegistry};

const TABLES: &str = r#"
[source.clicks.table.placed]
topic = "orders"
mode = "append"
format = "avro"
columns = { id = "bigint", amount = "bigint", note = "text" }

[source.clicks.table.person]
topic = "people"
mode = "upsert"
format = "avro"
columns = { id = "bigint", name = "text" }
key = ["id"]
"#;

const VIEWS: &str = r#"
[view.amounts]
sql = "select _offset, amount from placed"
key = ["_offset"]

[view.spent]
sql = "select count(*) as n, sum(amount) as amount from amounts"

[view.notes]
sql = "select _offset, id, note from placed"
key = ["_offset"]

[view.names]
sql = "select id, name from person"
key = ["id"]

[view.buyers]
sql = "select o._offset, p.name from placed o join person p on p.id = o.id"
key = ["_offset"]
"#;

/// Avro's encoding of a long: <https://avro.apache.org/docs/1.12.0/specification/#primitive-types-1>.
fn long(value: i64) -> Vec<u8> {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

fn string(text: &str) -> Vec<u8> {
    [long(text.len() as i64), text.as_bytes().to_vec()].concat()
}

/// A record's schema of fields and their types.
fn record(fields: &[(&str, Json)]) -> String {
    let fields: Vec<Json> = fields.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
    json!({ "type": "record", "name": "Row", "fields": fields }).to_string()
}

/// A schema's id, and what is written with it.
type Part = (u32, Vec<u8>);

struct Writer<'a> {
    rig: &'a KafkaRig,
    registry: String,
}

impl Writer<'_> {
    /// Registers a schema under a subject that takes any; answers with its id.
    fn register(&self, subject: &str, schema: &str) -> u32 {
        let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
        let send = |method: &str, path: &str, body: Json| -> Json {
            let url = format!("{}{path}", self.registry);
            let request = match method {
                "PUT" => agent.put(&url),
                _ => agent.post(&url),
            };
            let answer = request.header("content-type", "application/json").send(body.to_string());
            serde_json::from_str(&answer.unwrap().body_mut().read_to_string().unwrap()).unwrap()
        };
        let id = send("POST", &format!("/subjects/{subject}/versions"), json!({ "schema": schema }));
        send("PUT", &format!("/config/{subject}"), json!({ "compatibility": "NONE" }));
        u32::try_from(id["id"].as_u64().unwrap()).unwrap()
    }

    fn write(&self, topic: &str, (key, value): (Option<Part>, Part)) {
        let framed = |(id, bytes): Part| [&[0], &id.to_be_bytes()[..], &bytes].concat();
        let producer: BaseProducer = self.rig.broker.client().create().unwrap();
        let value = framed(value);
        let key = key.map(framed);
        let mut message = BaseRecord::<[u8], [u8]>::to(topic).payload(&value);
        if let Some(key) = &key {
            message = message.key(key);
        }
        producer.send(message).map_err(|(error, _)| error).unwrap();
        producer.flush(PATIENCE).unwrap();
    }
}

/// Waits until these views have stopped with these words, and the others are live.
fn wait_for_stops(rig: &KafkaRig, stopped: &[(&str, &str)]) {
    let is_so = |status: &Status| {
        status.views.iter().all(|(name, view)| match stopped.iter().find(|(stopped, _)| stopped == name) {
            Some((_, words)) => {
                view.condition == Condition::Failed && view.error.as_deref().is_some_and(|error| error.contains(words))
            }
            None => view.condition == Condition::Live,
        }) && status.views.len() == 5
            && status.sources["clicks"].condition == Condition::Live
    };
    rig.wait_for_status(&format!("stopped: {stopped:?}"), is_so);
}

#[test]
fn a_schema_that_breaks_with_columns_stops_the_views_that_read_them_alone() {
    if kafka_broker::is_left_out() || schema_registry::is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no registry");
    }
    let registry = SchemaRegistry::shared();
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("orders", 1, &[]);
    rig.broker.create_topic("people", 1, &[]);
    rig.configure(&format!("registry = \"{}\"\n{TABLES}", registry.address()), VIEWS);
    {
        let writer = Writer { rig: &rig, registry: registry.address() };
        let order = record(&[("id", json!("long")), ("amount", json!("long")), ("note", json!("string"))]);
        let order = writer.register("orders-value", &order);
        let (id, name) = (record(&[("id", json!("long"))]), record(&[("name", json!("string"))]));
        let (id, name) = (writer.register("people-key", &id), writer.register("people-value", &name));
        writer.write("people", (Some((id, long(1))), (name, string("Ada"))));
        writer.write("orders", (None, (order, [long(1), long(10), string("first")].concat())));
    }
    rig.start();
    rig.wait_until_applied(&["orders", "people"]);
    wait_for_stops(&rig, &[]);

    // A field more, in another order: compatible.
    let writer = |rig: &KafkaRig, fields: &[(&str, Json)], subject: &str| {
        Writer { rig, registry: registry.address() }.register(subject, &record(fields))
    };
    let more = [("more", json!("string")), ("note", json!("string")), ("amount", json!("long")), ("id", json!("long"))];
    let order = writer(&rig, &more, "orders-value");
    let write =
        |rig: &KafkaRig, topic: &str, message| Writer { rig, registry: registry.address() }.write(topic, message);
    write(&rig, "orders", (None, (order, [string("x"), string("second"), long(20), long(1)].concat())));
    rig.wait_until_applied(&["orders"]);
    wait_for_stops(&rig, &[]);
    assert_eq!(rig.view("spent"), [["30", "2"]]);

    // An amount that is a text.
    let texts =
        [("id", json!("long")), ("amount", json!({ "type": "array", "items": "long" })), ("note", json!("string"))];
    let order = writer(&rig, &texts, "orders-value");
    write(&rig, "orders", (None, (order, [long(1), long(1), long(30), long(0), string("third")].concat())));
    let broken = [("amounts", "amount"), ("spent", "amounts")];
    rig.wait_until_applied(&["orders"]);
    wait_for_stops(&rig, &broken);
    assert_eq!(rig.view("notes").len(), 3);
    assert_eq!(rig.view("buyers"), [["0", "Ada"], ["1", "Ada"], ["2", "Ada"]]);

    // It stays so: killed, and started again.
    rig.daemon.kill().unwrap();
    rig.daemon.start().unwrap();
    wait_for_stops(&rig, &broken);
    write(&rig, "orders", (None, (order, [long(2), long(0), string("fourth")].concat())));
    rig.wait_until_applied(&["orders"]);
    wait_for_stops(&rig, &broken);
    assert_eq!(rig.view("notes").len(), 4);

    // A key that is another: nothing of the table can be told apart any more. The other topic goes on.
    let id = writer(&rig, &[("id", json!("boolean"))], "people-key");
    let name = writer(&rig, &[("name", json!("string"))], "people-value");
    write(&rig, "people", (Some((id, vec![1])), (name, string("Bob"))));
    let broken = [("amounts", "amount"), ("spent", "amounts"), ("names", "field \"id\""), ("buyers", "field \"id\"")];
    wait_for_stops(&rig, &broken);
    write(&rig, "orders", (None, (order, [long(2), long(0), string("fifth")].concat())));
    rig.wait_until_applied(&["orders"]);
    assert_eq!(rig.view("notes").len(), 5);
    assert!(rig.daemon.stop().unwrap().success());

    // Whoever declares what there is now goes on.
    let fitting = TABLES.replace("amount = \"bigint\"", "amount = \"jsonb\"");
    let views = VIEWS.replace("sum(amount)", "max(amount::text)");
    rig.configure(&format!("registry = \"{}\"\n{fitting}", registry.address()), &views);
    rig.daemon.start().unwrap();
    wait_for_stops(&rig, &[("names", "field \"id\""), ("buyers", "field \"id\"")]);
    rig.wait_until_applied(&["orders"]);
    assert_eq!(rig.view("amounts").len(), 5);
    let checked = rig.command(&["check"]);
    assert!(!checked.status.success() && said(&checked).contains("field \"id\""), "{}", said(&checked));
}
