//! Tables as they are, as topics that an existing consumer of Debezium's events reads: Kafka Connect with Debezium's own transformation.
//!
//! `TAILWATER_KAFKA_KILLS` is how often the daemon is killed.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tailwater::pipeline::status::{Condition, Status};

use super::support::connect_reader::ConnectReader;
use super::support::kafka_broker::{KafkaBroker, is_left_out};
use super::support::kafka_topic::{Found, committed};
use super::support::mysql_rig::{MysqlRig, Session, end_of_log};
use super::support::mysql_server::Kind;
use super::support::rig::{PATIENCE, Rig, number};

const KILLS: u64 = 10;

fn sink(broker: &KafkaBroker, topic: &str, (table, more): (&str, &str)) -> String {
    format!(
        "[sink.passed]\ntype = \"kafka\"\ntable = \"{table}\"\nbrokers = \"{}\"\ntopic = \"{topic}\"\nformat = \"debezium\"\npartitions = 1\n\
         replication = 1\ncursor_topic = \"cursors.{topic}\"\ntransactional_id = \"{topic}\"\n{more}\n",
        broker.address()
    )
}

/// The payload of the value; of a tombstone null.
fn value(found: &Found) -> Json {
    let value = found.value.as_deref().map_or(Json::Null, |value| serde_json::from_str(value).unwrap());
    value.get("payload").cloned().unwrap_or(value)
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
    state enum('new','old'), doc json, small tinyint, yes bit)";
const MYSQL_ROW: &str = "insert into customers values (1, 'Anne', 12.50, '1970-01-11', '2018-06-20 06:37:03', '2018-06-20 06:37:03.000001', \
    '2018-06-20 13:37:03.5', '00:00:01.5', 2018, b'100000001', x'666f', 'a,b', 'new', '{\"a\": 1}', -7, 1)";

/// By "Data type mappings" of Debezium's connector for MySQL, with its defaults:
/// <https://debezium.io/documentation/reference/3.6/connectors/mysql.html#mysql-data-types>
fn anne() -> Json {
    json!({
        "id": 1, "name": "Anne", "price": "BOI=", "born": 10, "seen": 1_529_476_623_000_i64, "exact": 1_529_476_623_000_001_i64,
        "at": "2018-06-20T13:37:03.500Z", "span": 1_500_000, "made": 2018, "flags": "AQE=", "raw": "Zm8=", "tags": "a,b", "state": "new",
        "doc": "{\"a\":1}", "small": -7, "yes": true
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

fn mysql(kind: Kind, topic: &str, broker: &KafkaBroker, more: &str) -> MysqlRig {
    let statements = ["set time_zone = '+00:00'", MYSQL_TABLE, MYSQL_ROW];
    MysqlRig::new(kind, &statements, &sink(broker, topic, ("customers", more)))
}

fn wait_until_delivered(rig: &MysqlRig) {
    let wanted = tailwater_connectors::Positions::parse(&end_of_log(&rig.server), &["main".into()]).unwrap();
    rig.wait_for_status("all of it delivered", |status| {
        status.sinks.get("passed").is_some_and(|sink| sink.positions.covers(&wanted))
    });
}

/// Microseconds since 1970 by the server's clock. The log of MariaDB knows seconds.
fn now(session: &mut Session, kind: Kind) -> i64 {
    let seconds = if kind.is_mariadb() { "floor(unix_timestamp(now(6)))" } else { "unix_timestamp(now(6))" };
    session.rows(&format!("select cast({seconds} * 1000000 as signed)"))[0][0].parse().unwrap()
}

/// The newest transaction of a log that is all of one server.
fn newest(rig: &MysqlRig) -> String {
    let end = end_of_log(&rig.server);
    match end.rsplit_once(":1-") {
        Some((server, number)) => format!("{server}:{number}"),
        None => end,
    }
}

fn passes_through_as_documented(kind: Kind, (topic, connector): (&str, &str)) {
    if is_left_out() || kind.is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no {}", kind.name());
    }
    let broker = KafkaBroker::shared();
    let mut rig = mysql(kind, topic, &broker, "schemas = false");
    rig.start();
    wait_until_delivered(&rig);
    let mut session = rig.session();
    let mut committed_between = Vec::new();
    // One by one: what one step holds is told as the difference.
    for (sql, messages) in [
        ("insert into customers (id, name) values (2, 'Bo')", 1),
        ("update customers set name = 'Cy' where id = 2", 1),
        ("update customers set id = 3 where id = 2", 3),
        ("delete from customers where id = 3", 2),
    ] {
        let before = now(&mut session, kind);
        session.run(sql);
        let between = (before..=now(&mut session, kind), newest(&rig));
        committed_between.extend(vec![between; messages]);
        wait_until_delivered(&rig);
    }
    // It goes on where it was: what the source declares is what it was, too.
    rig.daemon.stop().unwrap();
    rig.start();
    wait_until_delivered(&rig);
    let messages = committed(&broker.client(), topic);
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
    for (message, (between, gtid)) in messages[1..].iter().zip(committed_between) {
        let micros: i64 = message.header("tailwater.committed_at_us").expect("a time").parse().unwrap();
        assert!(between.contains(&micros), "{between:?} {message:?}");
        let event = value(message);
        let source = &event["source"];
        assert!(event.is_null() || source["ts_us"] == micros && source["gtid"] == gtid, "{gtid} {message:?}");
        assert!(event.is_null() || source["connector"] == connector && source["db"] == "shop", "{message:?}");
    }
    rig.daemon.stop().unwrap();
}

#[test]
fn a_table_of_mysql_passes_through_as_debezium_documents_it() {
    passes_through_as_documented(Kind::Mysql9, ("mysql.events", "mysql"));
}

#[test]
fn a_table_of_mariadb_passes_through_as_debezium_documents_it() {
    passes_through_as_documented(Kind::Mariadb11, ("mariadb.events", "mariadb"));
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

/// What Kafka Connect's converter and Debezium's transformation make of all that happened to the row 2, and the first row.
fn consumed(broker: &KafkaBroker, topic: &str, (row, connector): (&[&str], &str)) {
    let lines = ConnectReader::start(broker, topic).lines(4);
    // `Struct.toString` of what the schemas say: a decimal is Java's `BigDecimal`. What is null is not in it.
    for part in row.iter().chain([&"__deleted=false"]) {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(
        lines[0].contains(&format!("__op=r,__source_connector={connector},__source_snapshot=true")),
        "{}",
        lines[0]
    );
    let bare = |name: &str, deleted: bool, letter: char| {
        format!(
            "Struct{{id=2,name={name},__deleted={deleted},__op={letter},__source_connector={connector},__source_snapshot=false}}"
        )
    };
    assert_eq!(lines[1..], [bare("Bo", false, 'c'), bare("Cy", false, 'u'), bare("Cy", true, 'd')]);
}

const ROW_2: [&str; 3] = [
    "insert into customers (id, name) values (2, 'Bo')",
    "update customers set name = 'Cy' where id = 2",
    "delete from customers where id = 2",
];

const POSTGRES_TABLE: &str = "create table customers (id int primary key, name text not null, price numeric(8,2), loose numeric, at timestamp(3), \
    exact timestamp, moment timestamptz, day date, span time(3), code uuid, doc jsonb, raw bytea, list int[], bit bit, long interval); \
    insert into customers values (1, 'Anne', 12.50, 1.250, '2018-06-20 06:37:03.5', '2018-06-20 15:13:16.945104', \
    '2018-06-20 13:37:03.5+00', '1970-01-11', '00:00:01.5', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}', '\\x666f', '{1,2}', b'1', \
    '1 month 1 second')";

#[test]
fn a_table_of_postgres_passes_through_to_an_existing_consumer() {
    if is_left_out() || ConnectReader::is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no consumer");
    }
    let broker = KafkaBroker::shared();
    let mut rig = Rig::new(POSTGRES_TABLE, &sink(&broker, "postgres.consumed", ("customers", "")));
    let database = rig.database();
    let number = |sql: &str| database.value(sql).unwrap().parse::<i64>().unwrap();
    let now = || number("select (extract(epoch from clock_timestamp()) * 1000000)::bigint");
    let end = || number("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint");
    rig.start();
    rig.wait_until_delivered(&database);
    let mut told_between = Vec::new();
    for sql in ROW_2 {
        let before = (now(), end());
        database.run(sql);
        told_between.push((before, (now(), end())));
        rig.wait_until_delivered(&database);
    }
    let messages = committed(&broker.client(), "postgres.consumed");
    let documented = json!({
        "id": 1, "name": "Anne", "price": "BOI=", "loose": {"scale": 3, "value": "BOI="}, "at": 1_529_476_623_500_i64,
        "exact": 1_529_507_596_945_104_i64, "moment": "2018-06-20T13:37:03.5Z", "day": 10, "span": 1500,
        "code": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "doc": "{\"a\": 1}", "raw": "Zm8=", "list": [1, 2], "bit": true,
        "long": 2_629_801_000_000_i64
    });
    let first = value(&messages[0]);
    assert_eq!((first["op"].as_str(), &first["after"]), (Some("r"), &documented));
    assert_eq!(messages[0].header("tailwater.committed_at_us"), None, "what was read was not committed just then");
    assert_eq!(messages.len(), 5, "the tombstone behind the deletion, too");
    for (message, ((from, begin), (to, end))) in messages[1..].iter().zip(told_between) {
        let source = value(message)["source"].clone();
        let micros: i64 = message.header("tailwater.committed_at_us").unwrap().parse().unwrap();
        assert!((from..=to).contains(&micros) && source["ts_us"] == micros, "{from} {to} {message:?}");
        let lsn = source["lsn"].as_i64().unwrap();
        assert!(begin < lsn && lsn <= end, "{begin} {end} {message:?}");
        assert_eq!(source["sequence"], format!("[\"{lsn}\",\"{lsn}\"]"));
        let words = ["connector", "name", "db", "schema", "table"].map(|name| source[name].as_str().unwrap());
        assert_eq!(words, ["postgresql", "main", "postgres", "public", "customers"]);
    }
    let row = [
        "Struct{id=1,name=Anne,price=12.50,loose=Struct{scale=3,value=",
        "at=1529476623500,exact=1529507596945104,moment=2018-06-20T13:37:03.5Z,day=10,span=1500,",
        "doc={\"a\": 1}",
        "list=[1, 2],bit=true,long=2629801000000",
    ];
    consumed(&broker, "postgres.consumed", (&row, "postgresql"));
}

#[test]
fn a_table_of_mysql_passes_through_to_an_existing_consumer() {
    if is_left_out() || Kind::Mysql9.is_left_out() || ConnectReader::is_left_out() {
        return eprintln!("left out: there is to be no Kafka, no MySQL, or no consumer");
    }
    let broker = KafkaBroker::shared();
    let mut rig = mysql(Kind::Mysql9, "mysql.consumed", &broker, "");
    rig.start();
    wait_until_delivered(&rig);
    let mut session = rig.session();
    for sql in ROW_2 {
        session.run(sql);
        wait_until_delivered(&rig);
    }
    let row = [
        "Struct{id=1,name=Anne,price=12.50,born=10,seen=1529476623000,exact=1529476623000001,at=2018-06-20T13:37:03.500Z,span=1500000,made=2018,",
        "tags=a,b,state=new,",
        "small=-7,yes=true",
    ];
    consumed(&broker, "mysql.consumed", (&row, "mysql"));
}

const VISITS: [&str; 2] = [
    "create table visits (id int primary key, at timestamp(3) not null)",
    "insert into visits values (1, '2018-06-20 06:37:03.001')",
];
const ANOTHER_VISIT: &str = "insert into visits values (2, '2018-06-20 06:37:03.000001')";

/// The topic has all digits.
fn assert_filled_again(broker: &KafkaBroker, topic: &str) {
    let rows = replayed(&committed(&broker.client(), topic));
    let at: Vec<i64> = rows.values().map(|row| row["at"].as_i64().unwrap()).collect();
    assert_eq!(at, [1_529_476_623_001_000, 1_529_476_623_000_001]);
}

fn has_failed(status: &Status) -> bool {
    status.sinks.get("passed").is_some_and(|sink| sink.condition == Condition::Failed)
}

/// Such an `ALTER` changes no type that views know, and Postgres rewrites nothing for it: the view goes on. Nothing may be lost in silence.
#[test]
fn digits_that_a_column_gets_later_are_told_after_a_restart_and_not_cut_off() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let broker = KafkaBroker::shared();
    let mut rig = Rig::new(&VISITS.join(";"), &sink(&broker, "postgres.altered", ("visits", "schemas = false")));
    let database = rig.database();
    rig.start();
    rig.wait_until_delivered(&database);
    database.run("alter table visits alter at type timestamp(6)");
    database.run(ANOTHER_VISIT);
    let status = rig.wait_for_status("the sink says what it cannot write", has_failed);
    let error = status.sinks["passed"].error.clone().unwrap();
    assert!(error.contains("\"at\"") && error.contains("restart"), "{error}");
    rig.daemon.stop().unwrap();
    rig.start();
    rig.wait_until_delivered(&database);
    assert_filled_again(&broker, "postgres.altered");
}

/// MySQL's log says that the table is another one: its view stops.
#[test]
fn digits_that_a_column_of_mysql_gets_later_are_told_after_a_restart() {
    if is_left_out() || Kind::Mysql9.is_left_out() {
        return eprintln!("left out: there is to be no Kafka, or no MySQL");
    }
    let broker = KafkaBroker::shared();
    let schema = VISITS.map(|sql| sql.replace("timestamp", "datetime"));
    let schema: Vec<&str> = schema.iter().map(String::as_str).collect();
    let sink = sink(&broker, "mysql.altered", ("visits", "schemas = false"));
    let mut rig = MysqlRig::new(Kind::Mysql9, &schema, &sink);
    rig.start();
    wait_until_delivered(&rig);
    let mut session = rig.session();
    session.run("alter table visits modify at datetime(6) not null");
    session.run(ANOTHER_VISIT);
    rig.wait_for_status("the sink has stopped with its view", has_failed);
    rig.daemon.stop().unwrap();
    rig.start();
    wait_until_delivered(&rig);
    assert_filled_again(&broker, "mysql.altered");
    rig.daemon.stop().unwrap();
}
