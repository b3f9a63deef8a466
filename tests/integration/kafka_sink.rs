//! Views as topics of a real broker: exactly the changelog once, whoever dies.
//!
//! `TAILWATER_KAFKA_KILLS` is how often the daemon is killed, `TAILWATER_KAFKA_OUTAGES` how often the broker is,
//! `TAILWATER_KAFKA_SEED` makes another history.

use std::time::{Duration, Instant};

use tailwater::cli::demo::Random;
use tailwater::fail_point::{FailPoint, VARIABLE};
use tailwater::pipeline::status::Condition;
use tailwater::pipeline::verify::Verdict;

use super::support::bank::{Load, SCHEMA, VIEWS};
use super::support::kafka_broker::{KafkaBroker, is_left_out};
use super::support::rig::{PATIENCE, Rig, number, said, status, wait_for};
use super::support::topic_audit::{Topic, audit, written};

const KILLS: u64 = 50;
const OUTAGES: u64 = 5;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 1_200;

/// Topics of the bank's views: name, which is the sink's, too; view; format; mode.
const TOPICS: [Topic; 3] = [
    Topic { name: "cards", view: "order_card", format: "json", mode: "upsert", is_one_life: true },
    Topic { name: "balances", view: "balance", format: "debezium", mode: "append", is_one_life: true },
    Topic { name: "spends", view: "spend", format: "json", mode: "append", is_one_life: true },
];

/// What the audit reads.
const READABLE: &str = "schemas = false\ndecimals = \"string\"\n\n";

/// The bank's views that are topics, and the sinks.
fn configuration(broker: &KafkaBroker) -> String {
    let mut text = String::new();
    for Topic { name, view, format, mode, .. } in TOPICS {
        let sql = VIEWS.iter().find(|(known, _)| *known == view).unwrap().1;
        let brokers = broker.address();
        text.push_str(&format!(
            "[view.{view}]\nsql = '''{sql}'''\n\n[sink.{name}]\ntype = \"kafka\"\nview = \"{view}\"\nbrokers = \"{brokers}\"\n\
             topic = \"{name}\"\nformat = \"{format}\"\nmode = \"{mode}\"\npartitions = 3\nreplication = 1\n"
        ));
        text.push_str(if format == "debezium" { READABLE } else { "\n" });
    }
    text
}

fn compare(rig: &Rig, broker: &KafkaBroker) {
    let database = rig.database();
    rig.wait_until_delivered(&database);
    for topic in TOPICS {
        let sql = VIEWS.iter().find(|(known, _)| *known == topic.view).unwrap().1;
        let messages = audit(&database, &broker.client(), topic, sql);
        eprintln!("{}: {messages} messages", topic.name);
    }
}

#[test]
fn killed_at_random_moments_topics_hold_exactly_the_changelog_once() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let (kills, seed) = (number("TAILWATER_KAFKA_KILLS", KILLS), number("TAILWATER_KAFKA_SEED", 7));
    let broker = KafkaBroker::shared();
    let mut rig = Rig::new(SCHEMA, &configuration(&broker));
    let load = Load::start(&rig.postgres.url("postgres"), seed);
    let (mut random, started) = (Random::new(seed), Instant::now());
    for kill in 0..kills {
        // At a moment of delivery, or at any.
        let point = [FailPoint::BeforeDelivery, FailPoint::AfterDelivery].get(random.below(4) as usize).copied();
        let name = FailPoint::ALL.iter().find(|(known, _)| Some(*known) == point).map(|(_, name)| *name);
        let armed = name.map(|name| (VARIABLE.into(), format!("{name}:{}", 1 + random.below(6))));
        rig.daemon.set_environment(armed.into_iter().collect());
        if kill == kills / 2 {
            // From here on there is something to lose.
            rig.daemon.set_environment(Vec::new());
            rig.start();
        } else {
            rig.daemon.start().unwrap();
        }
        // The random moment; nothing is waited for.
        std::thread::sleep(Duration::from_millis(random.below(LIFE_MAX)));
        rig.daemon.kill().unwrap();
    }
    rig.daemon.set_environment(Vec::new());
    rig.start();
    let committed = load.stop();
    eprintln!("{kills} kills in {:.0?}, {committed} transactions", started.elapsed());
    compare(&rig, &broker);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn a_broker_that_dies_again_and_again_costs_and_repeats_nothing() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let (outages, seed) = (number("TAILWATER_KAFKA_OUTAGES", OUTAGES), number("TAILWATER_KAFKA_SEED", 11));
    let mut broker = KafkaBroker::start(&[]);
    let mut rig = Rig::new(SCHEMA, &configuration(&broker));
    let load = Load::start(&rig.postgres.url("postgres"), seed);
    let mut random = Random::new(seed);
    rig.start();
    for outage in 0..outages {
        // The random moment; nothing is waited for.
        std::thread::sleep(Duration::from_millis(random.below(LIFE_MAX)));
        if outage % 2 == 0 {
            broker.kill()
        } else {
            broker.stop()
        }
        if random.below(2) == 0 {
            rig.daemon.kill().unwrap();
            rig.daemon.start().unwrap();
        }
        broker.restart();
    }
    load.stop();
    compare(&rig, &broker);
    assert!(rig.daemon.stop().unwrap().success());
}

const ITEMS: &str = "create table items (id int primary key, name text not null, stock int not null); \
    insert into items select i, 'item ' || i, i % 7 from generate_series(1, 500) i";
const ITEM_SQL: &str = "select id, name, stock from items where stock > 0";

/// With a topic of cursors of its own: what daemons of other tests leave open when they are killed would be waited for.
fn item_sink(broker: &KafkaBroker, topic: &str) -> String {
    format!(
        "[view.item]\nsql = \"{ITEM_SQL}\"\n\n[sink.{topic}]\ntype = \"kafka\"\nview = \"item\"\nbrokers = \"{}\"\ntopic = \"{topic}\"\n\
         cursor_topic = \"cursors.{topic}\"\n",
        broker.address()
    )
}

fn items(topic: &'static str) -> Topic {
    Topic { name: topic, view: "item", format: "json", mode: "upsert", is_one_life: false }
}

#[test]
fn a_second_daemon_takes_the_sink_over_and_the_first_says_so() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let broker = KafkaBroker::shared();
    let mut rig = Rig::new(ITEMS, &item_sink(&broker, "contested"));
    let database = rig.database();
    rig.start();
    let (mut second, path, http) = rig.another_daemon("second", "state-of-second", &item_sink(&broker, "contested"));
    let text = std::fs::read_to_string(&path).unwrap();
    let own = "type = \"postgres\"\nslot = \"second\"\npublication = \"second\"\n";
    std::fs::write(&path, text.replacen("type = \"postgres\"\n", own, 1)).unwrap();
    second.start().unwrap();
    second.wait_until_delivering(PATIENCE).unwrap();
    database.run("update items set stock = stock + 1 where id < 50");
    let told =
        rig.wait_for_status("the first is stopped", |status| status.sinks["contested"].condition == Condition::Failed);
    let sink = &told.sinks["contested"];
    assert!(sink.error.as_deref().is_some_and(|error| error.contains("another daemon has taken over")), "{sink:?}");
    let wanted = tailwater_connectors::Positions::parse(&database.position(), &["main".into()]).unwrap();
    let is_there = || status(http).ok().filter(|status| status.sinks["contested"].positions.covers(&wanted));
    assert!(wait_for(is_there).is_some(), "{:#?}", status(http));
    audit(&database, &broker.client(), items("contested"), ITEM_SQL);
    assert!(second.stop().unwrap().success());
}

#[test]
fn another_view_replaces_the_rows_and_leaves_no_ghost() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let broker = KafkaBroker::shared();
    let mut rig = Rig::new(ITEMS, &item_sink(&broker, "replaced"));
    let database = rig.database();
    rig.start();
    audit(&database, &broker.client(), items("replaced"), ITEM_SQL);
    rig.daemon.stop().unwrap();
    let other = "select id, name, stock from items where stock < 3";
    rig.configure(&item_sink(&broker, "replaced").replace(ITEM_SQL, other));
    database.run("delete from items where id = 7; insert into items values (1000, 'new', 2)");
    rig.start();
    rig.wait_until_delivered(&database);
    audit(&database, &broker.client(), items("replaced"), other);
    // All is lost but the topic.
    rig.daemon.stop().unwrap();
    rig.forget_state();
    let before = written(&broker.client(), "replaced");
    database.run("delete from items where id = 8");
    rig.start();
    rig.wait_until_delivered(&database);
    audit(&database, &broker.client(), items("replaced"), other);
    assert_eq!(written(&broker.client(), "replaced") - before, 1, "what is there and right is not written again");
}

#[test]
fn verify_finds_what_others_wrote_and_mends_it() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let broker = KafkaBroker::shared();
    let mut rig = Rig::new(ITEMS, &item_sink(&broker, "verified"));
    let database = rig.database();
    rig.start();
    let verify = |arguments: &[&str]| {
        let output = rig.command(&[&["verify", "verified", "--json"], arguments].concat());
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let outcome = text.lines().next().and_then(|line| serde_json::from_str(line).ok());
        let outcome: tailwater::pipeline::verify::Outcome = outcome.unwrap_or_else(|| panic!("{}", said(&output)));
        outcome
    };
    let first = verify(&[]);
    assert_eq!((first.verdict, first.differing), (Verdict::Equal, 0), "{first:#?}");
    super::support::topic_audit::plant(&broker.client(), "verified", (r#"{"id":1}"#, Some(r#"{"id":1}"#)));
    super::support::topic_audit::plant(&broker.client(), "verified", (r#"{"id":2}"#, None));
    super::support::topic_audit::plant(&broker.client(), "verified", (r#"{"id":-5}"#, Some("{}")));
    let found = verify(&[]);
    assert_eq!((found.verdict, found.differing), (Verdict::Different, 3), "{found:#?}");
    assert_eq!(verify(&["--repair"]).verdict, Verdict::Repaired);
    assert_eq!(verify(&[]).verdict, Verdict::Equal);
    assert_eq!(super::support::topic_audit::rows(&broker.client(), "verified"), {
        let wanted = database.rows(&format!("select count(*) from ({ITEM_SQL}) v"));
        wanted[0][0].as_deref().unwrap().parse::<usize>().unwrap()
    });
}

#[test]
fn a_table_passes_through_as_debezium_tells_of_it() {
    if is_left_out() {
        return eprintln!("left out: there is to be no Kafka");
    }
    let broker = KafkaBroker::shared();
    let sink = format!(
        "[sink.passed]\ntype = \"kafka\"\ntable = \"items\"\nbrokers = \"{}\"\ntopic = \"passed\"\nformat = \"debezium\"\n\
         mode = \"append\"\ncursor_topic = \"cursors.passed\"\n{READABLE}",
        broker.address()
    );
    let mut rig = Rig::new(ITEMS, &sink);
    let database = rig.database();
    rig.start();
    database.run("update items set stock = 9 where id = 3; delete from items where id = 4");
    rig.wait_until_delivered(&database);
    let topic = Topic { name: "passed", view: "", format: "debezium", mode: "append", is_one_life: true };
    audit(&database, &broker.client(), topic, "select * from items");
    let messages = super::support::kafka_topic::committed(&broker.client(), "passed");
    let changed =
        messages.iter().filter_map(|found| found.value.as_deref()).find(|value| value.contains("\"op\":\"u\""));
    let event: serde_json::Value = serde_json::from_str(changed.unwrap()).unwrap();
    let source = &event["source"];
    let words = ["name", "db", "schema", "table", "snapshot"].map(|member| source[member].as_str().unwrap_or("none"));
    assert_eq!(words, ["main", "postgres", "public", "items", "false"]);
    let verified = rig.command(&["verify", "passed"]);
    assert!(verified.status.success(), "{}", said(&verified));
}
