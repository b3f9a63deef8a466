//! Leaders that move: brokers of a cluster are killed one after the other while topics are read and written, and nothing is lost, nothing
//! comes twice, nobody waits for who is gone.
//!
//! `TAILWATER_KAFKA_OUTAGES` is how often a broker is killed, `TAILWATER_KAFKA_SEED` makes another history.

use tailwater::cli::demo::Random;
use tailwater::pipeline::status::Condition;

use super::kafka_source::{Load, ORACLE, SOURCE, VIEWS, sections};
use super::support::kafka_broker::{KafkaBroker, is_left_out};
use super::support::kafka_rig::KafkaRig;
use super::support::kafka_topic::committed;
use super::support::rig::{number, wait_for};

const OUTAGES: u64 = 2;

/// The view as a topic, told of once per message that the source gets.
const SINK: &str =
    "[sink.copies]\ntype = \"kafka\"\nview = \"all_clicks\"\ntopic = \"copies\"\nmode = \"append\"\npartitions = 3\n";

#[test]
fn brokers_of_a_cluster_die_in_turn_and_all_ends_equal() {
    if is_left_out() {
        return eprintln!("left out: Kafka");
    }
    let (outages, seed) = (number("TAILWATER_KAFKA_OUTAGES", OUTAGES), number("TAILWATER_KAFKA_SEED", 13));
    let mut rig = KafkaRig::over(KafkaBroker::cluster());
    rig.broker.create_topic("clicks", 3, &[]);
    rig.broker.create_topic("people", 2, &[("cleanup.policy", "compact")]);
    let sink = format!("{SINK}brokers = \"{}\"\n", rig.broker.address());
    rig.configure(SOURCE, &format!("{}{sink}", sections(&VIEWS)));
    rig.start();
    let load = Load::start(&rig.broker.client(), seed);
    let mut random = Random::new(seed);
    for outage in 0..outages {
        let node = random.below(3) as usize;
        load.wait_for_more();
        rig.broker.kill_node(node);
        // The others take over what it led, and everybody goes on without it.
        let before = rig.wait_for_status("it answers", |_| true).step;
        load.wait_for_more();
        rig.wait_for_status("steps without the broker", |status| {
            status.step > before + 20 && status.sources["clicks"].condition == Condition::Live
        });
        if outage % 2 == 1 {
            rig.daemon.kill().unwrap();
            rig.start();
        }
        rig.broker.restart_node(node);
    }
    let written = load.stop();
    eprintln!("{outages} outages, {written} messages");
    rig.wait_until_applied(&["clicks", "people"]);
    rig.load("clicks");
    rig.load("people");
    rig.database().run(ORACLE);
    rig.assert_equal(&VIEWS);
    // Rows of the view only come: each is told of once.
    let rows = rig.view("all_clicks").len();
    let client = rig.broker.client();
    let told = wait_for(|| Some(committed(&client, "copies")).filter(|told| told.len() >= rows));
    let mut keys: Vec<_> = told.expect("all rows are told of").into_iter().map(|found| found.key).collect();
    assert_eq!(keys.len(), rows);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), rows, "a row is told of twice");
    assert!(rig.daemon.stop().unwrap().success());
}
