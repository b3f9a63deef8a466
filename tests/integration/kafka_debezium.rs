//! Tables as they are, as topics that an existing consumer of Debezium's events reads: Kafka Connect with Debezium's own transformation.
//!
//! `TAILWATER_KAFKA_KILLS` is how often the daemon is killed.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::clients::must;
use super::support::kafka_broker::{KafkaBroker, is_left_out};
use super::support::kafka_topic::{Found, committed};
use super::support::mysql_rig::{MysqlRig, Session, end_of_log};
use super::support::mysql_server::Kind;
use super::support::rig::{PATIENCE, Rig, number, wait_for};

const KILLS: u64 = 10;

fn sink(broker: &KafkaBroker, topic: &str, (table, more): (&str, &str)) -> String {
    format!(
        "[sink.passed]\ntype = \"kafka\"\ntable = \"{table}\"\nbrokers = \"{}\"\ntopic = \"{topic}\"\nformat = \"debezium\"\npartitions = 1\n\
         replication = 1\ncursor_topic = \"cursors.{topic}\"\n{more}\n",
        broker.address()
    )
}

fn value(found: &Found) -> Json {
    found.value.as_deref().map_or(Json::Null, |value| serde_json::from_str(value).unwrap())
}

/// Letter, `before` and `after` of each message; a tombstone is null.
fn told(messages: &[Found]) -> Vec<Json> {
    let told = |found: &Found| match value(found) {
        Json::Null => json!([found.key, null]),
        event => json!([found.key, event["op"], event["before"], event["after"]]),
    };
    messages.iter().map(told).collect()
}

const MYSQL_TABLE: &str = "create table customers (id bigint unsigned primary key, name varchar(40) not null, price decimal(8,2), \
    born date, seen datetime, exact datetime(6), at timestamp(3) null, span time(1), made year, flags bit(9), raw varbinary(9), tags set('a','b'), \
    state enum('new','old'), doc json, small tinyint)";
const MYSQL_ROW: &str = "insert into customers values (1, 'Anne', 12.50, '1970-01-11', '2018-06-20 06:37:03', '2018-06-20 06:37:03.000001', \
    '2018-06-20 13:37:03.5', '00:00:01.5', 2018, b'100000001', x'666f', 'a,b', 'new', '{\"a\": 1}', -7)";

/// By "Data type mappings" of Debezium's connector for MySQL, with its defaults but for `decimal.handling.mode=string`:
/// <https://debezium.io/documentation/reference/3.6/connectors/mysql.html#mysql-data-types>
fn anne() -> Json {
    json!({
        "id": 1, "name": "Anne", "price": "12.50", "born": 10, "seen": 1_529_476_623_000_i64, "exact": 1_529_476_623_000_001_i64,
        "at": "2018-06-20T13:37:03.500Z", "span": 1_500_000, "made": 2018, "flags": "AQE=", "raw": "Zm8=", "tags": "a,b", "state": "new",
        "doc": "{\"a\":1}", "small": -7
    })
}

/// Documents are equal however they are spaced.
fn normal(mut row: Json) -> Json {
    if let Some(text) = row["doc"].as_str() {
        let document: Json = serde_json::from_str(text).unwrap();
        row["doc"] = document.to_string().into();
    }
    row
}

fn mysql(topic: &str, broker: &KafkaBroker, more: &str) -> MysqlRig {
    let statements = ["set time_zone = '+00:00'", MYSQL_TABLE, MYSQL_ROW];
    MysqlRig::new(Kind::Mysql9, &statements, &sink(broker, topic, ("customers", more)))
}

fn wait_until_delivered(rig: &MysqlRig) {
    let wanted = tailwater_connectors::Positions::parse(&end_of_log(&rig.server), &["main".into()]).unwrap();
    rig.wait_for_status("all of it delivered", |status| {
        status.sinks.get("passed").is_some_and(|sink| sink.positions.covers(&wanted))
    });
}

#[test]
fn a_table_of_mysql_passes_through_as_debezium_documents_it() {
    if is_left_out() || Kind::Mysql9.is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no MySQL");
    }
    let broker = KafkaBroker::shared();
    let mut rig = mysql("mysql.events", &broker, "");
    rig.start();
    wait_until_delivered(&rig);
    let mut session = rig.session();
    // One by one: what one step holds is told as the difference.
    for sql in [
        "insert into customers (id, name) values (2, 'Bo')",
        "update customers set name = 'Cy' where id = 2",
        "update customers set id = 3 where id = 2",
        "delete from customers where id = 3",
    ] {
        session.run(sql);
        wait_until_delivered(&rig);
    }
    let messages = committed(&broker.client(), "mysql.events");
    let first = value(&messages[0]);
    assert_eq!((first["op"].as_str(), normal(first["after"].clone())), (Some("r"), anne()));
    assert_eq!(messages[0].header("tailwater.committed_at_us"), None, "what was read was not committed just then");
    let row = |id: u64, name: &str| {
        let mut row = anne();
        row.as_object_mut().unwrap().values_mut().for_each(|value| *value = Json::Null);
        (row["id"], row["name"]) = (id.into(), name.into());
        row
    };
    let (two, three) = (json!("{\"id\":2}"), json!("{\"id\":3}"));
    let wanted = [
        json!([two, "c", null, row(2, "Bo")]),
        json!([two, "u", row(2, "Bo"), row(2, "Cy")]),
        json!([two, "d", row(2, "Cy"), null]),
        json!([two, null]),
        json!([three, "c", null, row(3, "Cy")]),
        json!([three, "d", row(3, "Cy"), null]),
        json!([three, null]),
    ];
    assert_eq!(told(&messages[1..]), wanted);
    for message in &messages[1..] {
        let micros: i64 = message.header("tailwater.committed_at_us").expect("a time").parse().unwrap();
        let event = value(message);
        let source = &event["source"];
        assert!(event.is_null() || source["ts_us"] == micros, "{message:?}");
        assert!(event.is_null() || source["connector"] == "mysql" && source["db"] == "shop", "{message:?}");
    }
    rig.daemon.stop().unwrap();
}

/// Rows that the events leave, each of them going on where the last one of its key ended.
fn replayed(messages: &[Found]) -> BTreeMap<String, Json> {
    let mut rows: BTreeMap<String, Json> = BTreeMap::new();
    let mut deleted = None;
    for message in messages {
        let key = message.key.clone().unwrap();
        let event = value(message);
        if event.is_null() {
            assert_eq!(deleted.take().as_ref(), Some(&key), "a tombstone stands behind its deletion: {message:?}");
            continue;
        }
        assert_eq!(deleted, None, "a deletion has its tombstone behind it: {message:?}");
        let former = rows.remove(&key).unwrap_or_default();
        assert_eq!(event["before"], former, "{message:?}");
        match &event["after"] {
            Json::Null => deleted = Some(key),
            after => _ = rows.insert(key, after.clone()),
        }
    }
    rows
}

#[test]
fn killed_at_random_moments_a_table_of_mysql_is_told_of_exactly_once() {
    if is_left_out() || Kind::Mysql9.is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no MySQL");
    }
    let broker = KafkaBroker::shared();
    let table = "create table counts (id int primary key, n int not null)";
    let rows = "insert into counts values (1, 0), (2, 0), (3, 0), (4, 0)";
    let mut rig = MysqlRig::new(Kind::Mysql9, &[table, rows], &sink(&broker, "mysql.kills", ("counts", "")));
    let url = rig.server.url("shop");
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_over = stop.clone();
    let writer = std::thread::spawn(move || {
        let mut session = Session::connect(&url);
        for round in 0_u64.. {
            if is_over.load(std::sync::atomic::Ordering::Relaxed) {
                break;
            }
            let id = round % 4 + 1;
            session.run(&format!("update counts set n = n + 1 where id = {id}"));
            session.run(&format!("insert into counts values ({}, 1)", 100 + round % 7));
            session.run(&format!("update counts set id = id + 100 where id = {}", 100 + round % 7));
            session.run(&format!("delete from counts where id = {}", 200 + round % 7));
        }
    });
    rig.start();
    for kill in 0..number("TAILWATER_KAFKA_KILLS", KILLS) {
        // The random moment; nothing is waited for.
        std::thread::sleep(std::time::Duration::from_millis(150 + kill * 137 % 600));
        rig.daemon.kill().unwrap();
        rig.daemon.start().unwrap();
    }
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    wait_until_delivered(&rig);
    let messages = committed(&broker.client(), "mysql.kills");
    let held: Vec<Json> = replayed(&messages).into_values().collect();
    let found = rig.session().rows("select id, n from counts order by cast(id as char)");
    let wanted: Vec<Json> = found
        .iter()
        .map(|row| json!({"id": row[0].parse::<i64>().unwrap(), "n": row[1].parse::<i64>().unwrap()}))
        .collect();
    assert_eq!(held, wanted);
    eprintln!("{} messages", messages.len());
    rig.daemon.stop().unwrap();
}

/// Kafka Connect with Debezium's `ExtractNewRecordState`, which writes what it reads into a file.
struct Consumer {
    process: Child,
    directory: TempDir,
}

impl Consumer {
    fn start(broker: &KafkaBroker, topic: &str) -> Self {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = must(Command::new(root.join("script/debezium")).arg("3.6"), "no consumer of Debezium's events");
        let folder = std::path::PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
        let directory = tempfile::Builder::new().prefix("tailwater-test-").tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let worker = format!(
            "bootstrap.servers={}\nkey.converter=org.apache.kafka.connect.json.JsonConverter\n\
             value.converter=org.apache.kafka.connect.json.JsonConverter\noffset.storage.file.filename={}\nlisteners=http://127.0.0.1:0\n\
             offset.flush.interval.ms=500\nconsumer.isolation.level=read_committed\nconsumer.auto.offset.reset=earliest\n\
             plugin.path={}\nplugin.discovery=hybrid_warn\n",
            broker.address(),
            path("offsets"),
            folder.join("plugins").display()
        );
        let connector = format!(
            "name=reader\nconnector.class=org.apache.kafka.connect.file.FileStreamSinkConnector\ntasks.max=1\nfile={}\ntopics={topic}\n\
             transforms=unwrap\ntransforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState\n\
             transforms.unwrap.delete.tombstone.handling.mode=rewrite\n",
            path("read")
        );
        fs::write(directory.path().join("worker.properties"), worker).unwrap();
        fs::write(directory.path().join("connector.properties"), connector).unwrap();
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut command = Command::new(folder.join("run"));
        command.args([path("worker.properties"), path("connector.properties")]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { process: command.spawn().unwrap(), directory }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// The first lines, as soon as there are so many.
    fn lines(&self, number: usize) -> Vec<String> {
        let found = wait_for(|| {
            let lines: Vec<String> = self.file("read").lines().map(Into::into).collect();
            (lines.len() >= number).then_some(lines)
        });
        found.unwrap_or_else(|| panic!("it read only {}\nlog:\n{}", self.file("read"), self.file("log")))
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_consumer_of_debeziums_events_reads_tables_unchanged() {
    let without = std::env::var("TAILWATER_TEST_WITHOUT").unwrap_or_default();
    if is_left_out() || without.split(',').any(|name| name.trim() == "debezium") {
        return eprintln!("left out: there is to be no Kafka, or no consumer");
    }
    let broker = KafkaBroker::shared();
    let table = "create table customers (id int primary key, name text not null, price numeric(8,2), loose numeric, at timestamp(3), \
        moment timestamptz, day date, code uuid, doc jsonb, raw bytea, list int[]); \
        insert into customers values (1, 'Anne', 12.50, 1.250, '2018-06-20 06:37:03.5', '2018-06-20 13:37:03.5+00', '1970-01-11', \
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}', '\\x666f', '{1,2}')";
    let more = "schemas = true\ndecimals = \"precise\"";
    let mut rig = Rig::new(table, &sink(&broker, "postgres.consumed", ("customers", more)));
    let database = rig.database();
    rig.start();
    rig.wait_until_delivered(&database);
    for sql in [
        "insert into customers (id, name) values (2, 'Bo')",
        "update customers set name = 'Cy' where id = 2",
        "delete from customers where id = 2",
    ] {
        database.run(sql);
        rig.wait_until_delivered(&database);
    }
    let lines = Consumer::start(&broker, "postgres.consumed").lines(4);
    let empty = |name: &str, deleted: bool| format!("Struct{{id=2,name={name},__deleted={deleted}}}");
    // `Struct.toString` of what the schema says: a decimal is Java's `BigDecimal`.
    assert!(lines[0].starts_with("Struct{id=1,name=Anne,price=12.50,loose=Struct{scale=3,value="), "{}", lines[0]);
    for part in [
        "at=1529476623500",
        "moment=2018-06-20T13:37:03.5Z",
        "day=10",
        "doc={\"a\": 1}",
        "list=[1, 2]",
        "__deleted=false",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert_eq!(lines[1..], [empty("Bo", false), empty("Cy", false), empty("Cy", true)]);
}
