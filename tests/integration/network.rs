//! Networks that fail between the daemon and its servers: cut in the middle of a message, slow, or silent while connections stand.

use std::time::{Duration, Instant};

use tailwater::cli::demo::Random;
use tailwater::pipeline::status::{Condition, Status};

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::database::Database;
use super::support::proxy::{Network, Proxy};
use super::support::rig::{PATIENCE, Rig, number, wait_for};

/// Cuts of one connection or the other.
const CUTS: u64 = 12;
/// Bytes of a server's answer before a cut: within a login, within a stream.
const CUT_BYTES_MAX: u64 = 20_000;
/// The longest silence in the configuration of these tests, in seconds.
const SILENCE_SECONDS: u64 = 2;
/// A silence is noticed and named within this, on a busy machine too.
const NOTICED_MAX: Duration = Duration::from_secs(15);
/// Rows of a table of some 8 MB.
const MANY: u64 = 40_000;

/// A rig whose daemon reaches both servers through proxies only.
struct Wires {
    rig: Rig,
    postgres: Proxy,
    redis: Proxy,
}

impl Wires {
    fn new(schema: &str, views: &str) -> Self {
        let rig = Rig::new(schema, views);
        let (postgres, redis) = (Proxy::to(rig.postgres.port()), Proxy::to(rig.redis.port()));
        rig.edit_configuration(&format!("127.0.0.1:{}", rig.postgres.port()), &postgres.address().to_string());
        rig.edit_configuration("sslmode=disable", &format!("sslmode=disable&connect_timeout={SILENCE_SECONDS}"));
        rig.edit_configuration(&format!("127.0.0.1:{}", rig.redis.port()), &redis.address().to_string());
        for kind in ["postgres", "redis"] {
            let from = format!("type = \"{kind}\"\n");
            rig.edit_configuration(&from, &format!("{from}timeout = \"{SILENCE_SECONDS}s\"\n"));
        }
        Self { rig, postgres, redis }
    }
}

const ITEMS: &str = "create table items (id int primary key, name text not null); \
    insert into items select i, 'item ' || i from generate_series(1, 100) i";
const VIEWS: &str = "[view.item]\nsql = \"select id, name from items\"\n\n\
    [sink.items]\ntype = \"redis\"\nview = \"item\"\nurl = \"${REDIS}\"\nkey = \"item:{id}\"\n";

fn assert_equal(rig: &Rig, database: &Database) {
    rig.wait_until_delivered(database);
    database.assert_equal("select id, name from items", rig.resp, "item");
    let rows = database.rows("select 'item:' || id from items").len();
    assert_eq!(super::support::agreement::keys(&mut rig.cache()).len(), rows);
}

fn source_is(status: &Status, condition: Condition, words: &str) -> bool {
    let source = &status.sources["main"];
    source.condition == condition && source.error.as_deref().is_some_and(|error| error.contains(words))
}

#[test]
fn cut_again_and_again_in_the_middle_of_messages_all_ends_equal() {
    let (cuts, seed) = (number("TAILWATER_NETWORK_CUTS", CUTS), number("TAILWATER_NETWORK_SEED", 3));
    let mut wires = Wires::new(SCHEMA, &configuration());
    let load = Load::start(&wires.rig.postgres.url("postgres"), seed);
    let mut random = Random::new(seed);
    wires.rig.daemon.start().unwrap();
    for cut in 0..cuts {
        let proxy = if random.below(3) > 0 { &wires.postgres } else { &wires.redis };
        proxy.set(Network::cut_after(1 + random.below(CUT_BYTES_MAX)));
        let broken = wait_for(|| proxy.has_broken().then_some(()));
        assert!(broken.is_some(), "cut {cut} never came\n{}", wires.rig.log());
        proxy.set(Network::Works);
        if cut == cuts / 4 {
            wires.rig.daemon.wait_until_ready(PATIENCE).unwrap();
            // A sink that has nothing to write does not notice: the source goes last.
            wires.redis.set(Network::Down);
            wires.rig.wait_for_status("a sink that is tried again", |status| {
                status.sinks["orders"].condition == Condition::Retrying
            });
            wires.postgres.set(Network::Down);
            wires.rig.wait_for_status("a source and a sink that are tried again", |status| {
                status.sources.values().all(|source| source.condition == Condition::Retrying)
                    && status.sinks["orders"].condition == Condition::Retrying
            });
            wires.postgres.set(Network::Works);
            wires.redis.set(Network::Works);
        }
        if cut == cuts / 2 {
            wires.postgres.set(Network::Slow(Duration::from_millis(20)));
            wires.redis.set(Network::Slow(Duration::from_millis(5)));
        }
    }
    wires.postgres.set(Network::Works);
    wires.redis.set(Network::Works);
    wires.rig.daemon.wait_until_ready(PATIENCE).unwrap();
    wires.rig.daemon.wait_until_delivering(PATIENCE).unwrap();
    load.stop();
    compare(&wires.rig);
    assert!(wires.rig.daemon.stop().unwrap().success());
}

#[test]
fn a_stream_on_which_nothing_arrives_any_more_is_given_up_and_made_again() {
    let mut wires = Wires::new(ITEMS, VIEWS);
    let database = wires.rig.database();
    wires.rig.start();
    for _ in 0..2 {
        wires.postgres.set(Network::Silent);
        database.run("insert into items select max(id) + 1, 'swallowed' from items");
        let silent = Instant::now();
        wires
            .rig
            .wait_for_status("a silent server", |status| source_is(status, Condition::Retrying, "no answer within"));
        assert!(silent.elapsed() < NOTICED_MAX, "{:?}", silent.elapsed());
        assert_eq!(wires.rig.get("/readyz").unwrap().code, 503);
        assert_eq!(wires.rig.get("/v1/views/item/rows").unwrap().code, 200, "rows are served meanwhile");
        wires.postgres.set(Network::Works);
        assert_equal(&wires.rig, &database);
    }
    assert!(wires.rig.daemon.stop().unwrap().success());
}

#[test]
fn a_server_that_is_silent_from_the_first_word_on_is_named_and_waited_for() {
    let mut wires = Wires::new(ITEMS, VIEWS);
    let database = wires.rig.database();
    // The first silence at the first connection, the others at whatever is asked then.
    for bytes in [0, 100, 900, 3_000] {
        wires.postgres.set(Network::silent_after(bytes));
        let before = wires.rig.log().matches("no answer within").count();
        wires.rig.daemon.start().unwrap();
        let named = wait_for(|| (wires.rig.log().matches("no answer within").count() > before).then_some(()));
        assert!(named.is_some(), "silent after {bytes} bytes: {}", wires.rig.log());
        wires.rig.daemon.kill().unwrap();
    }
    wires.postgres.set(Network::Works);
    wires.rig.start();
    assert_equal(&wires.rig, &database);
}

#[test]
fn a_first_copy_on_which_nothing_arrives_any_more_is_given_up_and_made_again() {
    let mut wires = Wires::new(
        &format!("{ITEMS}; insert into items select i, repeat('x', 200) from generate_series(1000, {MANY}) i"),
        VIEWS,
    );
    let database = wires.rig.database();
    wires.postgres.set(Network::silent_after(4 << 20));
    wires.rig.daemon.start().unwrap();
    let named = |status: &Status| {
        status.sources.get("main").is_some_and(|source| source.rows_copied > 0)
            && source_is(status, Condition::Retrying, "no answer within")
    };
    wires.rig.wait_for_status("a silent server", named);
    wires.postgres.set(Network::Works);
    wires.rig.daemon.wait_until_ready(PATIENCE).unwrap();
    wires.rig.daemon.wait_until_delivering(PATIENCE).unwrap();
    assert_equal(&wires.rig, &database);
}

#[test]
fn a_redis_from_which_nothing_arrives_any_more_is_named_and_the_source_goes_on() {
    let mut wires = Wires::new(ITEMS, VIEWS);
    let database = wires.rig.database();
    wires.rig.start();
    wires.redis.set(Network::Silent);
    database.run("insert into items values (1001, 'swallowed'); delete from items where id < 50");
    let silent = Instant::now();
    let condition = |status: &Status| {
        status.sinks["items"].condition == Condition::Retrying && status.sinks["items"].error.is_some()
    };
    wires.rig.wait_for_status("a silent sink", condition);
    assert!(silent.elapsed() < NOTICED_MAX, "{:?}", silent.elapsed());
    database.assert_equal("select id, name from items", wires.rig.resp, "item");
    wires.redis.set(Network::Works);
    assert_equal(&wires.rig, &database);
    assert!(wires.rig.daemon.stop().unwrap().success());
}
