//! The daemon proves that its views equal the source and its sinks equal their views, and finds what was planted.
//!
//! `TAILWATER_VERIFY_RUNS` is how often it does under traffic, `TAILWATER_VERIFY_SEED` makes another history.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tailwater::pipeline::apply::ApplyPhase;
use tailwater::pipeline::verify::{Difference, Outcome, Verdict};
use tailwater::state::{State, TableId, encode_key, encode_row};
use tailwater_connectors::{Row, SqlType, Value};

use super::support::bank::{self, Load, SINKS};
use super::support::rig::{PROGRAM, Rig, command, said, wait_for};

const SCHEMA: &str = "create table items (id int primary key, name text not null, price numeric not null, stock int not null); \
    insert into items select i, 'item ' || i, i * 1.50, i % 7 from generate_series(1, 3000) i";
const VIEWS: &str = "[view.item]\nsql = \"select id, name, price from items\"\n\n\
    [view.stock]\nsql = \"select stock, count(*) as n, sum(price) as worth from item_stock group by stock\"\n\n\
    [view.item_stock]\nsql = \"select id, stock, price from items where stock > 0; \"\n\n\
    [sink.items]\ntype = \"redis\"\nview = \"item\"\nurl = \"${REDIS}\"\nkey = \"item:{id}\"\n\n\
    [sink.stocks]\ntype = \"redis\"\nview = \"stock\"\nurl = \"${REDIS}\"\nkey = \"stock:{stock}\"\nformat = \"hash\"\n";

/// What `verify --json` prints, without the last line, which must be there.
fn outcomes(output: &Output) -> Vec<Outcome> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.pop().expect("a last line")["done"], true, "{}", said(output));
    lines.into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
}

fn verify(rig: &Rig, arguments: &[&str]) -> (Option<i32>, Vec<Outcome>) {
    let output = rig.command(&[&["verify", "--json"], arguments].concat());
    (output.status.code(), outcomes(&output))
}

/// Everything was compared, as far as it can be, and is equal.
fn assert_all_equal(rig: &Rig) -> Vec<Outcome> {
    let (code, outcomes) = verify(rig, &[]);
    for outcome in &outcomes {
        let wanted = if outcome.name == "search" { Verdict::Skipped } else { Verdict::Equal };
        assert_eq!(outcome.verdict, wanted, "{outcome:#?}\n{}", rig.log());
        assert_eq!(outcome.rows > 0, wanted == Verdict::Equal, "{outcome:?}");
    }
    assert_eq!(code, Some(0));
    outcomes
}

fn named<'o>(outcomes: &'o [Outcome], name: &str) -> &'o Outcome {
    outcomes.iter().find(|outcome| outcome.name == name).unwrap_or_else(|| panic!("no {name}: {outcomes:#?}"))
}

fn keys(outcome: &Outcome) -> Vec<(&str, Difference)> {
    let mut keys: Vec<_> = outcome.keys.iter().map(|key| (key.key.as_str(), key.difference)).collect();
    keys.sort_by_key(|(key, _)| *key);
    keys
}

#[test]
fn under_traffic_that_never_pauses_everything_is_found_equal_again_and_again() {
    let number = |name: &str, default| std::env::var(name).ok().map_or(default, |text| text.parse().unwrap());
    let (runs, seed) = (number("TAILWATER_VERIFY_RUNS", 4), number("TAILWATER_VERIFY_SEED", 11));
    let mut rig = Rig::new(bank::SCHEMA, &bank::configuration());
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), seed);
    let mut positions = BTreeSet::new();
    for run in 0..runs {
        if run % 3 == 2 {
            rig.daemon.kill().unwrap();
            rig.start();
        }
        let outcomes = assert_all_equal(&rig);
        assert_eq!(outcomes.len(), bank::VIEWS.len() + SINKS.len() + 1);
        positions.extend(outcomes.iter().filter_map(|outcome| outcome.position.clone()));
    }
    assert!(load.stop() > 0);
    assert!(positions.len() > 8, "time passed between the comparisons: {positions:?}");
    assert_all_equal(&rig);
    let metrics = rig.get("/metrics").unwrap().body;
    assert!(metrics.contains("tailwater_verify_differing_keys{view=\"order_card\"} 0"), "{metrics}");
    assert!(metrics.contains("tailwater_verify_good{sink=\"cities\"} 1"), "{metrics}");
}

/// Writes into the rows of `view` behind the engine's back; the daemon must be down.
fn plant(rig: &Rig, view: &str, rows: &[(i64, Option<Row>)]) {
    let state = State::open(&rig.directory.path().join("state/state"), 64 << 20).unwrap();
    let mut tx = state.begin();
    let registry: Json = tx.meta_get("engine").unwrap().unwrap();
    let table = TableId(registry["registry"]["views"][view]["rows"].as_u64().unwrap() as u32);
    for (id, row) in rows {
        let (mut key, mut bytes) = (Vec::new(), Vec::new());
        encode_key(&mut key, &[SqlType::Int4], &[Value::Int(*id)]).unwrap();
        match row {
            Some(row) => {
                encode_row(&mut bytes, row);
                tx.put(table, key, bytes);
            }
            None => tx.delete(table, key),
        }
    }
    let positions = tx.checkpoint().positions;
    tx.commit(&positions).unwrap();
    state.flush().unwrap();
}

fn item(id: i64, name: &str, price: &str) -> Row {
    Row::from(vec![Value::Int(id), Value::text(name), Value::Numeric(price.parse().unwrap())])
}

#[test]
fn wrong_rows_in_the_state_are_found_by_their_keys_and_a_view_is_filled_again() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    assert_all_equal(&rig);
    rig.daemon.stop().unwrap();
    let rows = [
        (7, Some(item(7, "item 7", "10.51"))),
        (8, None),
        (9, Some(item(9, "item 9", "13.5"))),
        (-4, Some(item(-4, "ghost", "1"))),
    ];
    plant(&rig, "item", &rows);
    rig.start();
    let (code, found) = verify(&rig, &["item", "stock"]);
    assert_eq!(code, Some(1));
    let outcome = named(&found, "item");
    let wanted = [("-4", Difference::Extra), ("7", Difference::Different), ("8", Difference::Missing)];
    assert_eq!(keys(outcome), wanted, "{outcome:#?}");
    assert_eq!((outcome.verdict, outcome.differing, outcome.rows), (Verdict::Different, 3, 3000));
    assert_eq!(outcome.rows_written_differently, 1, "13.5 is 13.50");
    assert_eq!(named(&found, "stock").verdict, Verdict::Equal);
    let status = said(&rig.command(&["status"]));
    assert!(status.contains("different    3000 rows, 3 keys differ"), "{status}");
    assert!(!rig.log().contains("ghost") && rig.log().contains("verified: it is different"), "{}", rig.log());

    let (code, repaired) = verify(&rig, &["item", "--repair"]);
    assert_eq!((code, named(&repaired, "item").verdict), (Some(1), Verdict::Different));
    let message = named(&repaired, "item").message.clone().unwrap();
    assert!(message.contains("filled again"), "{message}");
    rig.wait_for_status("the view filled again", |status| status.apply.phase == ApplyPhase::Applied);
    assert_all_equal(&rig);
    assert!(!rig.directory.path().join("state/refill.json").exists());
    let (code, found) = verify(&rig, &["item", "stock"]);
    assert_eq!(code, Some(0), "{found:#?}");
    rig.daemon.stop().unwrap();
    rig.start();
    assert_all_equal(&rig);
}

#[test]
fn more_differences_than_are_listed_are_counted() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    rig.daemon.stop().unwrap();
    let extra = (5_000..5_400).map(|id| (id, Some(item(id, "extra", "1"))));
    let missing = (1..=100).map(|id| (id, None));
    plant(&rig, "item", &extra.chain(missing).collect::<Vec<_>>());
    rig.start();
    let (_, found) = verify(&rig, &["item"]);
    let outcome = named(&found, "item");
    assert_eq!((outcome.differing, outcome.keys.len(), outcome.rows), (500, 20, 3000), "{outcome:?}");
}

#[test]
fn wrong_entries_of_a_sink_are_found_repaired_and_equal_afterwards() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    assert_all_equal(&rig);
    let mut cache = rig.cache();
    let run = |cache: &mut redis::Connection, command: &[&str]| {
        redis::cmd(command[0]).arg(&command[1..]).exec(cache).unwrap();
    };
    run(&mut cache, &["SET", "item:5", "{\"id\":5,\"name\":\"item 5\",\"price\":\"7.51\"}"]);
    run(&mut cache, &["DEL", "item:6"]);
    run(&mut cache, &["SET", "item:99999", "{}"]);
    run(&mut cache, &["SET", "other:1", "not ours"]);
    run(&mut cache, &["HSET", "stock:3", "n", "0"]);
    run(&mut cache, &["HSET", "stock:4", "more", "x"]);
    run(&mut cache, &["SET", "stock:5", "no hash"]);
    // Rows that change meanwhile are no differences.
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, writer) = (stop.clone(), rig.database());
    let writing = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            writer.run("update items set price = price + 1, name = name || '.' where id % 10 = 1");
        }
    });
    let (code, found) = verify(&rig, &[]);
    assert_eq!(code, Some(1));
    let items = [("item:5", Difference::Different), ("item:6", Difference::Missing), ("item:99999", Difference::Extra)];
    assert_eq!(keys(named(&found, "items")), items, "{found:#?}");
    // The groups are written anew all the time; what nobody writes stays wrong.
    let stocks = keys(named(&found, "stocks"));
    assert!(stocks.iter().all(|(key, _)| key.starts_with("stock:")), "{stocks:?}");
    assert_eq!(named(&found, "item").verdict, Verdict::Equal);

    let (code, repaired) = verify(&rig, &["items", "stocks", "--repair"]);
    assert_eq!(code, Some(1), "a difference was found");
    assert_eq!(named(&repaired, "items").verdict, Verdict::Repaired, "{repaired:#?}");
    stop.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    rig.wait_until_delivered(&database);
    assert_all_equal(&rig);
    assert!(redis::cmd("EXISTS").arg("other:1").query::<bool>(&mut cache).unwrap());
    database.run("update items set name = 'after' where id = 5");
    rig.wait_until_delivered(&database);
    assert_all_equal(&rig);
}

#[test]
fn a_transaction_that_stays_open_is_named_and_holds_nothing_up() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    let (database, holder) = (rig.database(), rig.database());
    holder.run("begin; update items set stock = 1 where id = 1");
    let config = rig.config();
    let verifying = std::thread::spawn(move || command(&config, &["verify", "--json", "item"]));
    rig.wait_for_status("the verification", |status| status.verify.running);
    let mut applied = 0;
    while rig.status().unwrap().verify.running {
        applied += 1;
        database.run(&format!("update items set stock = {applied} where id = 2"));
        wait_for(|| {
            let row = rig.get("/v1/views/item_stock/rows/2").unwrap().body;
            row.contains(&format!("\"stock\":{applied},")).then_some(())
        })
        .expect("what commits is in the view although a verification waits");
    }
    let output = verifying.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let outcome = &outcomes(&output)[0];
    assert_eq!(outcome.verdict, Verdict::NotCompared);
    assert!(outcome.message.as_deref().unwrap().contains("transactions stay open"), "{outcome:?}");
    assert!(applied > 20, "only {applied} transactions were applied meanwhile");
    let slots = database.value("select count(*) from pg_replication_slots where temporary");
    assert_eq!(slots.as_deref(), Some("0"));
    holder.run("commit");
    assert_all_equal(&rig);
}

#[test]
fn a_server_without_a_free_slot_is_told_so() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    let database = rig.database();
    database.run("select pg_create_physical_replication_slot('s' || i) from generate_series(1, 19) i");
    let (code, found) = verify(&rig, &["item"]);
    assert_eq!(code, Some(1));
    let outcome = &found[0];
    assert!(outcome.message.as_deref().unwrap().contains("replication slots are in use"), "{outcome:?}");
    assert!(outcome.hint.as_deref().unwrap().contains("max_replication_slots"), "{outcome:?}");
    database.run("select pg_drop_replication_slot('s1')");
    assert_all_equal(&rig);
}

#[test]
fn values_of_every_kind_and_views_on_views_are_compared_by_a_role_that_may_only_read() {
    let schema = "create type mood as enum ('sad', 'happy'); create extension if not exists plpgsql; \
        create table kinds (id int primary key, m mood, a int[], t text[], ts timestamptz, d date, i interval, b bytea, u uuid, \
            f float8, r real, n numeric(12,3), j json, jb jsonb, c char(4), net inet, nets inet[], bits bit(3), empty int, v varchar(9)); \
        insert into kinds select i, (array['sad','happy']::mood[])[1 + i % 2], array[i, null, 3], array['a\"b', 'ö', null], \
            now() + i * interval '1 h', date '2020-01-01' + i, i * interval '1 day 1 s', decode(md5(i::text), 'hex'), md5(i::text)::uuid, \
            i / 3.0, i / 7.0, i / 9.0, '{\"a\": 1.10}', '{\"b\": [1.10, null]}', 'x' || i % 10, ('10.0.0.' || i % 200)::inet, \
            array[('10.0.0.' || i % 200)::inet, null], (i % 8)::bit(3), null, 'v' || i from generate_series(1, 1500) i; \
        create role reader login replication; grant select on all tables in schema public to reader; \
        create publication tailwater for table kinds";
    let views = "[view.kind]\nsql = \"select * from kinds\"\n\n\
        [view.groups]\nsql = \"select m, count(*) as n, sum(f) as f, avg(r) as r, array_agg(net) as nets, string_agg(v, ',') as vs, \
            max(ts) as ts, min(c) as c from kind group by m\"\n\n\
        [view.counts]\nsql = \"with g as (select m, n, f from groups) select m, n, f > 0 as positive from g\"\n\n\
        [view.net]\nsql = \"select net, count(*) as n, sum(n) as total from kind group by net\"\n\n\
        [view.nothing]\nsql = \"select id, m from kinds where id < 0\"\n";
    let mut rig = Rig::new(schema, views);
    let text = std::fs::read_to_string(rig.config()).unwrap();
    std::fs::write(rig.config(), text.replacen("postgres://postgres@", "postgres://reader@", 1)).unwrap();
    rig.start();
    let database = rig.database();
    database.run("update kinds set f = f * 1.1, n = n + 0.001 where id % 3 = 0; delete from kinds where id % 50 = 1");
    let (code, found) = verify(&rig, &[]);
    for outcome in &found {
        assert_eq!(outcome.verdict, Verdict::Equal, "{outcome:#?}\n{}", rig.log());
    }
    assert_eq!((code, named(&found, "nothing").rows, named(&found, "kind").rows), (Some(0), 0, 1470));
}

#[test]
fn a_view_with_row_errors_is_not_called_equal() {
    let views = "[view.share]\nsql = \"select id, 1000 / stock as share from items\"\n\n\
        [view.total]\nsql = \"select sum(share) as total from share\"\n\n[view.item]\nsql = \"select id, name from items\"\n";
    let mut rig = Rig::new(SCHEMA, views);
    let database = rig.database();
    rig.start();
    let (code, found) = verify(&rig, &[]);
    assert_eq!(code, Some(1));
    for view in ["share", "total"] {
        let outcome = named(&found, view);
        assert_eq!(outcome.verdict, Verdict::NotCompared);
        assert!(outcome.message.as_deref().unwrap().contains("while 428 rows have errors"), "{outcome:?}");
    }
    assert_eq!(named(&found, "item").verdict, Verdict::Equal);
    database.run("update items set stock = 1 where stock = 0");
    assert_all_equal(&rig);
}

#[test]
fn what_is_configured_is_verified_by_the_clock_and_its_result_is_kept_over_a_restart() {
    let mut rig = Rig::new(SCHEMA, &format!("{VIEWS}\n[verify]\nevery = \"1s\"\nrows_per_second = 100000\n"));
    rig.start();
    let verified = |status: &tailwater::pipeline::status::Status| status.verify.finished_at.is_some();
    let status = rig.wait_for_status("a verification", verified);
    assert!(status.verify.outcomes.iter().all(|outcome| outcome.verdict == Verdict::Equal), "{:#?}", status.verify);
    assert_eq!(status.verify.outcomes.len(), 5);
    rig.daemon.stop().unwrap();
    let text = std::fs::read_to_string(rig.config()).unwrap();
    std::fs::write(rig.config(), text.replacen("every = \"1s\"\n", "", 1)).unwrap();
    rig.start();
    // It is read beside the start.
    let kept = |status: &tailwater::pipeline::status::Status| verified(status) && status.verify.outcomes.len() == 5;
    rig.wait_for_status("what was kept", kept);
}

#[test]
fn wishes_that_cannot_be_met_are_refused_with_words() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let down = rig.command(&["verify"]);
    assert_eq!(down.status.code(), Some(3), "{}", said(&down));
    rig.start();
    let unknown = rig.command(&["verify", "itm"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        said(&unknown).contains("no view or sink \"itm\"") && said(&unknown).contains("did you mean"),
        "{}",
        said(&unknown)
    );
    assert_eq!(rig.get("/v1/verify").unwrap().code, 405);
    // While one runs, which an open transaction makes sure of, there is no second one.
    let holder = rig.database();
    holder.run("begin; update items set stock = 1 where id = 1");
    let config = rig.config();
    let first = std::thread::spawn(move || command(&config, &["verify", "item"]));
    rig.wait_for_status("the verification", |status| status.verify.running);
    let second = rig.command(&["verify", "stock"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("a verification is running"), "{}", said(&second));
    holder.run("rollback");
    assert_eq!(first.join().unwrap().status.code(), Some(0));
}

#[test]
fn whoever_goes_away_ends_a_verification_and_so_does_a_stop() {
    let mut rig = Rig::new(SCHEMA, &format!("{VIEWS}\n[verify]\nrows_per_second = 20\n"));
    rig.start();
    let database = rig.database();
    let ask = || {
        let mut client = Command::new(PROGRAM);
        client.args(["verify", "item", "--config"]).arg(rig.config()).stdout(Stdio::piped()).stderr(Stdio::piped());
        client.spawn().unwrap()
    };
    // 3,000 rows at 20 per second: it does not end by itself.
    let mut client = ask();
    rig.wait_for_status("the verification", |status| status.verify.running);
    client.kill().unwrap();
    client.wait().unwrap();
    rig.wait_for_status("its end", |status| !status.verify.running);
    let sessions = "select count(*) from pg_stat_activity where application_name = 'tailwater' and xact_start is not null \
        and backend_type = 'client backend'";
    assert!(wait_for(|| (database.value(sessions).as_deref() == Some("0")).then_some(())).is_some());

    let client = ask();
    rig.wait_for_status("the verification", |status| status.verify.running);
    let asked = Instant::now();
    assert!(rig.daemon.stop().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}\n{}", asked.elapsed(), rig.log());
    let output = client.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("cut off"), "{}", said(&output));
    rig.start();
    database.run("update items set stock = 2 where id = 3");
    rig.wait_until_delivered(&database);
}
