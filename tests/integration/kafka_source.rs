//! Views over topics equal what a Postgres answers that is loaded with the same messages by Kafka's own consumer: after transactions that
//! were committed and aborted, tombstones, kills of the daemon and of the broker; and what topics can do to their readers is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tailwater::cli::demo::Random;
use tailwater::pipeline::status::Condition;
use tailwater_connectors::Positions;

use super::support::kafka_broker::is_left_out;
use super::support::kafka_rig::KafkaRig;
use super::support::rig::{PATIENCE, number, said, status, wait_for};

const WRITERS: u64 = 2;
const USERS: u64 = 40;
const KILLS: u64 = 8;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 1_500;
/// What a producer waits for a broker that was killed.
const BROKER_MAX: Duration = Duration::from_secs(10);

pub(crate) const SOURCE: &str = r#"
[source.clicks.table.click]
topic = "clicks"
mode = "append"
columns = { id = "bigint", who = "bigint", page = "text", at = "timestamptz", cost = "numeric(10,2)", detail = "jsonb" }

[source.clicks.table.person]
topic = "people"
mode = "upsert"
columns = { id = "bigint", name = "text", points = "integer" }
key = ["id"]
"#;

/// The tables in the words of Postgres, over the messages as its consumer read them.
pub(crate) const ORACLE: &str = "
create view click as select (value::jsonb->>'id')::bigint as id, (value::jsonb->>'who')::bigint as who, value::jsonb->>'page' as page,
    (value::jsonb->>'at')::timestamptz as at, (value::jsonb->>'cost')::numeric(10,2) as cost, nullif(value::jsonb->'detail', 'null') as detail,
    partition as _partition, place as _offset, moment as _timestamp, 'create' as _timestamp_type from raw_clicks;
create view person as select key::bigint as id, value::jsonb->>'name' as name, (value::jsonb->>'points')::int as points,
    partition as _partition, place as _offset from (select distinct on (key) * from raw_people order by key, place desc) latest
    where value is not null;
";

pub(crate) const VIEWS: [(&str, &str); 4] = [
    (
        "visits",
        "select p.id, p.name, p.points, count(*) as visits, sum(c.cost) as spent from click c join person p on p.id = c.who \
         group by p.id, p.name, p.points",
    ),
    ("people_now", "select id, name, points, _partition, _offset from person"),
    (
        "all_clicks",
        "select _partition, _offset, id, page, (extract(epoch from at) * 1000)::bigint as at, \
         (extract(epoch from _timestamp) * 1000)::bigint as written, _timestamp_type, detail->>'ref' as referrer from click",
    ),
    ("pages", "select page, count(*) as n, max(id) as last from click group by page"),
];

pub(crate) fn sections(views: &[(&str, &str)]) -> String {
    views.iter().map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\nkey = {}\n\n", key_of(name))).collect()
}

fn key_of(view: &str) -> &'static str {
    match view {
        "all_clicks" => "[\"_partition\", \"_offset\"]",
        "pages" => "[\"page\"]",
        _ => "[\"id\"]",
    }
}

/// Messages between two configurations.
const MORE: u64 = 200;

/// Writers that never pause, with transactions that are committed and aborted, and messages without one.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(client: &ClientConfig, seed: u64) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writer = |number: u64| {
            let (client, stop, written) = (client.clone(), stop.clone(), written.clone());
            thread::spawn(move || {
                let mut random = Random::new(seed * 31 + number);
                let mut producer = None;
                while !stop.load(Ordering::Relaxed) {
                    let Some(open) = &producer else {
                        // A broker that was killed comes again; what was open is aborted then.
                        producer = transactional(&client, &format!("writer-{number}")).ok();
                        continue;
                    };
                    match transaction(open, &mut random, number) {
                        Ok(messages) => _ = written.fetch_add(messages, Ordering::Relaxed),
                        Err(_) => producer = None,
                    }
                }
            })
        };
        let writers = (0..WRITERS).map(writer).collect();
        Self { stop, written, writers }
    }

    /// Waits until much more has been written.
    pub(crate) fn wait_for_more(&self) {
        let before = self.written.load(Ordering::Relaxed);
        let more = || (self.written.load(Ordering::Relaxed) > before + MORE).then_some(());
        assert!(wait_for(more).is_some(), "nothing is written");
    }

    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.writers.into_iter().for_each(|writer| writer.join().unwrap());
        self.written.load(Ordering::Relaxed)
    }
}

fn transactional(client: &ClientConfig, id: &str) -> Result<BaseProducer, KafkaError> {
    let mut client = client.clone();
    client.set("transactional.id", id).set("message.timeout.ms", "8000").set("transaction.timeout.ms", "9000");
    let producer: BaseProducer = client.create()?;
    producer.init_transactions(BROKER_MAX)?;
    Ok(producer)
}

/// Answers with the number of messages, whatever became of them.
fn transaction(producer: &BaseProducer, random: &mut Random, writer: u64) -> Result<u64, KafkaError> {
    producer.begin_transaction()?;
    let messages = 1 + random.below(80);
    for _ in 0..messages {
        let user = random.below(USERS);
        match random.below(5) {
            0 => send(producer, "people", &user.to_string(), None)?,
            1 | 2 => {
                let person = format!(r#"{{"name":"n{}","points":{},"extra":[1]}}"#, random.below(9), random.below(100));
                send(producer, "people", &user.to_string(), Some(&person))?;
            }
            _ => {
                let id = random.below(1 << 40) << 8 | writer;
                let click = format!(
                    r#"{{"id":{id},"who":{user},"page":"/p{}","at":"2026-01-01T00:{:02}:00.5Z","cost":{}.{:02},"detail":{{"ref":"r{}"}}}}"#,
                    random.below(20),
                    random.below(60),
                    random.below(1_000),
                    random.below(100),
                    random.below(4)
                );
                send(producer, "clicks", &format!("k{}", random.below(50)), Some(&click))?;
            }
        }
    }
    match random.below(4) {
        0 => producer.abort_transaction(BROKER_MAX)?,
        _ => producer.commit_transaction(BROKER_MAX)?,
    }
    Ok(messages)
}

fn send(producer: &BaseProducer, topic: &str, key: &str, value: Option<&str>) -> Result<(), KafkaError> {
    let record = BaseRecord::<str, str>::to(topic).key(key);
    let record = match value {
        Some(value) => record.payload(value),
        None => record,
    };
    producer.send(record).map_err(|(error, _)| error)?;
    producer.poll(Duration::ZERO);
    Ok(())
}

/// Sends these, outside of any transaction, and waits until they are there.
fn write(rig: &KafkaRig, topic: &str, messages: &[(&str, Option<&str>)]) {
    let producer: BaseProducer = rig.broker.client().create().unwrap();
    messages.iter().for_each(|(key, value)| send(&producer, topic, key, *value).unwrap());
    producer.flush(PATIENCE).unwrap();
}

#[test]
fn views_over_topics_equal_those_over_the_same_messages_after_load_and_kills() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let (kills, seed) = (number("TAILWATER_KAFKA_KILLS", KILLS), number("TAILWATER_KAFKA_SEED", 7));
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("clicks", 3, &[]);
    rig.broker.create_topic("people", 2, &[("cleanup.policy", "compact")]);
    rig.configure(SOURCE, &sections(&VIEWS));
    let load = Load::start(&rig.broker.client(), seed);
    let mut random = Random::new(seed);
    for kill in 0..kills {
        rig.daemon.start().unwrap();
        assert!(wait_for(|| status(rig.http).ok()).is_some(), "it never answered: {}", rig.log());
        // The random moment; nothing is waited for.
        thread::sleep(Duration::from_millis(random.below(if kill < 2 { LIFE_MAX / 3 } else { LIFE_MAX })));
        if kill % 4 == 3 {
            rig.broker.kill();
            rig.broker.restart();
        }
        rig.daemon.kill().unwrap();
    }
    rig.start();
    let written = load.stop();
    eprintln!("{kills} kills, {written} messages");
    assert!(written > 300, "the writers did not get on: {written}");
    let ends = rig.wait_until_applied(&["clicks", "people"]);
    rig.load("clicks");
    rig.load("people");
    rig.database().run(ORACLE);
    rig.assert_equal(&VIEWS);
    // A restart without anything new goes on exactly.
    assert!(rig.daemon.stop().unwrap().success());
    write(&rig, "people", &[("1", Some(r#"{"name":"last","points":1}"#)), ("2", None)]);
    rig.start();
    assert_ne!(rig.wait_until_applied(&["clicks", "people"]), ends);
    rig.load("people");
    rig.database().run(
        ORACLE.split_once("create view person").map(|(_, rest)| format!("create view person{rest}")).unwrap().as_str(),
    );
    rig.assert_equal(&VIEWS[1..3]);
    assert!(rig.daemon.stop().unwrap().success());
}

const APPENDED: &str = r#"
[source.clicks.table.click]
topic = "clicks"
mode = "append"
columns = { id = "bigint", page = "text" }
"#;

const OF_CLICKS: &str =
    "[view.clicks_now]\nsql = 'select _partition, _offset, id, page from click'\nkey = [\"_partition\", \"_offset\"]\n";

#[test]
fn a_message_that_cannot_be_read_stops_the_source_or_is_a_row_of_its_own_table() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("clicks", 1, &[]);
    rig.configure(APPENDED, OF_CLICKS);
    write(&rig, "clicks", &[("a", Some(r#"{"id":1,"page":"/a"}"#))]);
    rig.start();
    write(&rig, "clicks", &[("b", Some(r#"{"id":"secret"}"#)), ("c", Some(r#"{"id":3,"page":"/c"}"#))]);
    let status =
        rig.wait_for_status("the source stopped", |status| status.sources["clicks"].condition == Condition::Failed);
    let error = status.sources["clicks"].error.clone().unwrap();
    let expected = "the message at offset 1 of topic \"clicks\", partition 0, field \"id\" is not of type bigint";
    assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    assert!(status.sources["clicks"].hint.as_deref().unwrap().contains("bad_messages = \"table\""), "{status:?}");
    assert_eq!(rig.view("clicks_now"), [["0", "0", "1", "/a"]]);
    let checked = said(&rig.command(&["check"]));
    assert!(checked.contains("partition 0, offset 1: it field \"id\""), "{checked}");
    rig.daemon.stop().unwrap();

    let views = format!(
        "{OF_CLICKS}\n[view.left_out]\nsql = 'select _partition, _offset, reason, length(value) as bytes from click_bad'\n\
         key = [\"_partition\", \"_offset\"]\n"
    );
    rig.configure(&format!("{APPENDED}bad_messages = \"table\"\n"), &views);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(rig.view("clicks_now"), [["0", "0", "1", "/a"], ["2", "0", "3", "/c"]]);
    assert_eq!(rig.view("left_out"), [["1", "0", "15", "field \"id\" is not of type bigint"]]);
    // Exactly once, whatever happens.
    rig.daemon.kill().unwrap();
    rig.start();
    write(&rig, "clicks", &[("d", Some("{"))]);
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(rig.view("left_out").len(), 2);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn partitions_that_are_added_are_read_and_a_position_is_reached_behind_what_was_aborted() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("clicks", 1, &[]);
    rig.configure(APPENDED, OF_CLICKS);
    rig.start();
    let producer = transactional(&rig.broker.client(), "aborts").unwrap();
    producer.begin_transaction().unwrap();
    (0..5).for_each(|_| send(&producer, "clicks", "k", Some(r#"{"id":1}"#)).unwrap());
    producer.flush(PATIENCE).unwrap();
    producer.abort_transaction(PATIENCE).unwrap();
    // Nothing but what was aborted, and the end of its transaction.
    assert_eq!(rig.wait_until_applied(&["clicks"]), "clicks:0=6");
    assert!(rig.view("clicks_now").is_empty());

    // While an open transaction holds the end back, nothing behind it is seen.
    producer.begin_transaction().unwrap();
    send(&producer, "clicks", "k", Some(r#"{"id":2}"#)).unwrap();
    producer.flush(PATIENCE).unwrap();
    write(&rig, "clicks", &[("k", Some(r#"{"id":3}"#))]);
    assert_eq!(rig.ends(&["clicks"], "read_committed"), "clicks:0=6");
    producer.commit_transaction(PATIENCE).unwrap();
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(rig.view("clicks_now"), [["6", "0", "2", "null"], ["7", "0", "3", "null"]]);

    rig.broker.add_partitions("clicks", 3);
    let record = BaseRecord::<str, str>::to("clicks").partition(2).payload(r#"{"id":9}"#);
    let plain: BaseProducer = rig.broker.client().create().unwrap();
    plain.send(record).map_err(|(error, _)| error).unwrap();
    plain.flush(PATIENCE).unwrap();
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(rig.view("clicks_now")[0], ["0", "2", "9", "null"]);
    rig.daemon.kill().unwrap();
    rig.broker.add_partitions("clicks", 4);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn a_topic_that_was_made_again_or_emptied_is_named_and_a_rebuild_reads_it_anew() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("clicks", 1, &[]);
    rig.configure(APPENDED, OF_CLICKS);
    write(&rig, "clicks", &[("a", Some(r#"{"id":1}"#)), ("a", Some(r#"{"id":2}"#))]);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    for running in [true, false] {
        if !running {
            rig.daemon.stop().unwrap();
        }
        rig.broker.delete_topic("clicks");
        rig.broker.create_topic("clicks", 1, &[]);
        // More than was read: no offset tells the one from the other.
        let again: Vec<_> = (0..6).map(|_| ("b", Some(r#"{"id":7}"#))).collect();
        write(&rig, "clicks", &again);
        if !running {
            rig.daemon.start().unwrap();
        }
        let status = rig.wait_for_status("the source stopped", |status| {
            status.sources.get("clicks").is_some_and(|source| source.condition == Condition::Failed)
        });
        let source = &status.sources["clicks"];
        assert!(source.error.as_deref().unwrap().contains("made again"), "{source:?}");
        assert!(source.hint.as_deref().unwrap().contains("tailwater rebuild source clicks"), "{source:?}");
        let rebuilt = rig.command(&["rebuild", "source", "clicks"]);
        assert!(rebuilt.status.success(), "{}\n{}", said(&rebuilt), rig.log());
        rig.wait_until_applied(&["clicks"]);
        let rows = rig.view("clicks_now");
        assert!(rows.len() == 6 && rows.iter().all(|row| row[2] == "7"), "{rows:?}");
    }
    // Retention passes us by.
    rig.daemon.stop().unwrap();
    write(&rig, "clicks", &[("c", Some(r#"{"id":8}"#)), ("c", Some(r#"{"id":9}"#)), ("c", Some(r#"{"id":10}"#))]);
    rig.broker.delete_records("clicks", 0, 8);
    rig.daemon.start().unwrap();
    let status = rig.wait_for_status("the source stopped", |status| {
        status.sources.get("clicks").is_some_and(|source| source.condition == Condition::Failed)
    });
    let error = status.sources["clicks"].error.clone().unwrap();
    assert!(
        error.contains("offsets 6 to 7 of topic \"clicks\", partition 0 were removed before they were read"),
        "{error}"
    );
    rig.daemon.stop().unwrap();
    rig.configure(&format!("on_lost = \"skip\"\n{APPENDED}"), OF_CLICKS);
    rig.start();
    rig.wait_until_applied(&["clicks"]);
    assert_eq!(rig.view("clicks_now").last().unwrap()[2], "10");
    assert!(rig.log().contains("skipped: offsets 6 to 7"), "{}", rig.log());
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn a_table_that_is_declared_otherwise_is_read_again_and_commands_say_what_topics_lack() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut rig = KafkaRig::new();
    rig.configure(APPENDED, OF_CLICKS);
    let checked = rig.command(&["check"]);
    assert!(
        !checked.status.success() && said(&checked).contains("topic \"clicks\" does not exist"),
        "{}",
        said(&checked)
    );
    rig.broker.create_topic("clicks", 2, &[("cleanup.policy", "compact")]);
    write(
        &rig,
        "clicks",
        &[("a", Some(r#"{"id":1,"page":"/a","n":4}"#)), ("b", Some(r#"{"id":2,"page":"/b","n":5}"#))],
    );
    let checked = rig.command(&["check"]);
    assert!(checked.status.success() && said(&checked).contains("is compacted"), "{}", said(&checked));
    let prepared = rig.command(&["source", "prepare"]);
    assert!(prepared.status.success() && said(&prepared).contains("nothing is to be made"), "{}", said(&prepared));
    rig.start();
    let ends = rig.wait_until_applied(&["clicks"]);
    assert!(rig.daemon.stop().unwrap().success());

    rig.configure(
        "[source.clicks.table.click]\ntopic = \"clicks\"\nmode = \"append\"\ncolumns = { n = \"integer\", id = \"bigint\" }\n",
        "[view.clicks_now]\nsql = 'select _partition, _offset, n, id from click'\nkey = [\"_partition\", \"_offset\"]\n",
    );
    rig.start();
    let wanted = ends.replace("clicks:", "clicks~1:");
    let wanted = Positions::parse(&format!("clicks={wanted}"), &["clicks".into()]).unwrap();
    rig.wait_for_status("the second reading", |status| status.applied.covers(&wanted));
    let mut rows: Vec<_> = rig.view("clicks_now").into_iter().map(|row| (row[2].clone(), row[3].clone())).collect();
    rows.sort();
    assert_eq!(rows, [("1".into(), "4".into()), ("2".into(), "5".into())]);
    let verified = rig.command(&["verify"]);
    assert!(said(&verified).contains("topics of Kafka can only be read, not asked"), "{}", said(&verified));
    assert!(rig.daemon.stop().unwrap().success());
}

/// A database and topics under one view.
#[test]
fn a_view_over_a_database_and_topics_equals_the_databases_answer_over_both() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("clicks", 2, &[]);
    rig.broker.create_topic("people", 2, &[]);
    let database = rig.database();
    database.run(
        "create table orders (id bigint primary key, who bigint not null, amount numeric(10,2) not null); \
         insert into orders select i, i % 40, i * 1.25 from generate_series(1, 500) i",
    );
    let views = [(
        "worth",
        "select p.id, p.name, o.orders, o.amount, c.visits from person p \
         join (select who, count(*) as orders, sum(amount) as amount from orders group by who) o on o.who = p.id \
         left join (select who, count(*) as visits from click group by who) c on c.who = p.id",
    )];
    let rest =
        format!("{}[source.shop]\ntype = \"postgres\"\nurl = \"{}\"\n", sections(&views), rig.oracle.url("postgres"));
    rig.configure(SOURCE, &rest);
    let load = Load::start(&rig.broker.client(), 3);
    let mut random = Random::new(11);
    for _ in 0..4 {
        rig.daemon.start().unwrap();
        assert!(wait_for(|| status(rig.http).ok()).is_some(), "it never answered: {}", rig.log());
        for _ in 0..10 {
            let (id, who) = (1 + random.below(500), random.below(40));
            database.run(&format!("update orders set who = {who}, amount = amount + 1 where id = {id}"));
            database.run(&format!("delete from orders where id = {}", 1 + random.below(500)));
        }
        // The random moment; nothing is waited for.
        thread::sleep(Duration::from_millis(random.below(LIFE_MAX)));
        rig.daemon.kill().unwrap();
    }
    rig.start();
    load.stop();
    let wanted = format!("clicks={};shop={}", rig.settled(&["clicks", "people"]), database.position());
    let wanted = Positions::parse(&wanted, &["clicks".into(), "shop".into()]).unwrap();
    rig.wait_for_status("both sources", |status| status.applied.covers(&wanted));
    rig.load("clicks");
    rig.load("people");
    database.run(ORACLE);
    rig.assert_equal(&views);
    assert!(rig.daemon.stop().unwrap().success());
}

/// The branch of another configuration meets the former pipeline in every partition, whatever is written meanwhile.
#[test]
fn another_configuration_is_taken_up_while_topics_are_written() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let mut rig = KafkaRig::new();
    rig.broker.create_topic("clicks", 3, &[]);
    rig.broker.create_topic("people", 2, &[]);
    rig.configure(SOURCE, &sections(&VIEWS[1..2]));
    rig.start();
    let load = Load::start(&rig.broker.client(), 5);
    for views in [&VIEWS[..], &VIEWS[2..], &VIEWS[..3]] {
        load.wait_for_more();
        rig.configure(SOURCE, &sections(views));
        let applied = rig.command(&["apply"]);
        assert!(applied.status.success(), "{}\n{}", said(&applied), rig.log());
    }
    load.stop();
    rig.wait_until_applied(&["clicks", "people"]);
    rig.load("clicks");
    rig.load("people");
    rig.database().run(ORACLE);
    rig.assert_equal(&VIEWS[..3]);
    assert!(rig.daemon.stop().unwrap().success());
}
