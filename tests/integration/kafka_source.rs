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

use super::support::kafka_broker::is_left_out;
use super::support::kafka_rig::KafkaRig;
use super::support::rig::{PATIENCE, number, status, wait_for};

const WRITERS: u64 = 2;
const USERS: u64 = 40;
const KILLS: u64 = 8;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 1_500;
/// What a producer waits for a broker that was killed.
const BROKER_MAX: Duration = Duration::from_secs(10);

const SOURCE: &str = r#"
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
const ORACLE: &str = "
create view click as select (value::jsonb->>'id')::bigint as id, (value::jsonb->>'who')::bigint as who, value::jsonb->>'page' as page,
    (value::jsonb->>'at')::timestamptz as at, (value::jsonb->>'cost')::numeric(10,2) as cost, nullif(value::jsonb->'detail', 'null') as detail,
    partition as _partition, place as _offset, moment as _timestamp, 'create' as _timestamp_type from raw_clicks;
create view person as select key::bigint as id, value::jsonb->>'name' as name, (value::jsonb->>'points')::int as points,
    partition as _partition, place as _offset from (select distinct on (key) * from raw_people order by key, place desc) latest
    where value is not null;
";

const VIEWS: [(&str, &str); 4] = [
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

fn sections(views: &[(&str, &str)]) -> String {
    views.iter().map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\nkey = {}\n\n", key_of(name))).collect()
}

fn key_of(view: &str) -> &'static str {
    match view {
        "all_clicks" => "[\"_partition\", \"_offset\"]",
        "pages" => "[\"page\"]",
        _ => "[\"id\"]",
    }
}

/// Writers that never pause, with transactions that are committed and aborted, and messages without one.
struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(client: &ClientConfig, seed: u64) -> Self {
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

    fn stop(self) -> u64 {
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
    let messages = 1 + random.below(12);
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
    assert!(written > 500, "the writers did not get on: {written}");
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
