//! What a daemon lives through: stops, outages of its servers, lost slots, rivals, views that cannot go on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tailwater::cli::demo::Random;
use tailwater::pipeline::status::{Condition, Status};
use tailwater_connectors::Lsn;

use super::support::agreement::keys;
use super::support::database::Database;
use super::support::rig::{PATIENCE, Rig, command, said, status, wait_for};

const SCHEMA: &str = "create table items (id int primary key, name text not null, stock int not null); \
    insert into items select i, 'item ' || i, i from generate_series(1, 100) i; create table other (id int)";
const ITEMS: &str = "select id, name, stock from items";
const VIEWS: &str = "[view.item]\nsql = \"select id, name, stock from items\"\n\n\
    [sink.items]\ntype = \"redis\"\nview = \"item\"\nurl = \"${REDIS}\"\nkey = \"item:{id}\"\n";
/// A clean stop takes no longer.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Stops the daemon by SIGTERM and looks at the clock and the exit code.
fn stop(rig: &mut Rig) {
    let asked = Instant::now();
    let ended = rig.daemon.stop().unwrap();
    assert!(ended.success(), "it ended with {ended}\n{}", rig.log());
    assert!(asked.elapsed() < STOP_MAX, "it took {:?}\n{}", asked.elapsed(), rig.log());
}

fn source(status: &Status) -> (Condition, String) {
    let source = &status.sources["main"];
    (source.condition, format!("{} {}", source.error.as_deref().unwrap_or(""), source.hint.as_deref().unwrap_or("")))
}

fn has_slot(database: &Database) -> bool {
    database.value("select 1 from pg_replication_slots where slot_name = 'tailwater'").is_some()
}

/// Keys of the cache against the rows of the table.
fn assert_cache_equal(rig: &Rig, database: &Database) {
    rig.wait_until_delivered(database);
    let rows = database.rows("select 'item:' || id from items");
    let wanted: BTreeSet<String> = rows.into_iter().flatten().flatten().collect();
    assert_eq!(keys(&mut rig.cache()), wanted);
    database.assert_equal(ITEMS, rig.resp, "item");
}

#[test]
fn sigterm_ends_the_daemon_cleanly_and_a_restart_goes_on() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    stop(&mut rig);
    let free = "select active from pg_replication_slots where slot_name = 'tailwater'";
    assert!(wait_for(|| (database.value(free)? == "f").then_some(())).is_some(), "the slot is still in use");
    database.run("update items set stock = stock + 1 where id < 50; delete from items where id = 7; insert into items values (500, 'new', 1)");
    rig.start();
    assert_cache_equal(&rig, &database);
    stop(&mut rig);
}

#[test]
fn killed_in_its_first_moments_a_daemon_starts_again() {
    let mut rig = Rig::new(
        "create table t (id int primary key); insert into t values (1)",
        "[view.v]\nsql = \"select id from t\"\n",
    );
    for round in 0..40 {
        rig.daemon.start().unwrap();
        // The moment is what differs; nothing is waited for.
        std::thread::sleep(Duration::from_micros(round * 1_500));
        rig.daemon.kill().unwrap();
        rig.start();
        rig.daemon.kill().unwrap();
        rig.forget_state();
    }
}

#[test]
fn a_daemon_that_waits_for_its_first_sight_of_the_database_can_be_stopped() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.postgres.stop(true);
    rig.daemon.start().unwrap();
    let waits = wait_for(|| rig.log().contains("source unavailable, retrying").then_some(()));
    assert!(waits.is_some(), "{}", rig.log());
    stop(&mut rig);
}

#[test]
fn what_is_kept_is_served_while_the_database_is_down() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    stop(&mut rig);
    rig.postgres.stop(true);
    rig.daemon.start().unwrap();
    let answer = wait_for(|| rig.get("/v1/views/item/rows").ok().filter(|answer| answer.code == 200));
    let answer = answer.unwrap_or_else(|| panic!("rows are not served\n{}", rig.log()));
    assert_eq!(answer.lines().len(), 100);
    assert!(answer.position.is_some());
    let row: Option<String> = redis::cmd("HGET").arg("item:7").arg("name").query(&mut rig.reader()).unwrap();
    assert_eq!(row.as_deref(), Some("item 7"));
    let status = rig.wait_for_status("a source that is tried again", |status| source(status).0 == Condition::Retrying);
    assert!(source(&status).1.contains("unavailable"), "{status:#?}");
    // Ready means that answers follow the database: they do not now, and it says why.
    let ready = rig.get("/readyz").unwrap();
    assert_eq!(ready.code, 503);
    assert!(ready.body.contains("main"), "{}", ready.body);
    stop(&mut rig);
}

#[test]
fn the_daemon_comes_back_after_the_database_crashed() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    for round in 0..2 {
        rig.postgres.stop(false);
        rig.wait_for_status("a source that is tried again", |status| source(status).0 == Condition::Retrying);
        assert_eq!(rig.get("/v1/views/item/rows").unwrap().code, 200, "views are served meanwhile");
        rig.postgres.launch().unwrap();
        let database = rig.database();
        database.run(&format!("update items set stock = {round}; insert into items values (1000 + {round}, 'x', 0)"));
        assert_cache_equal(&rig, &database);
    }
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    stop(&mut rig);
}

#[test]
fn the_daemon_comes_back_after_its_walsender_was_terminated_even_if_nothing_is_written() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    let own = "from pg_stat_replication where application_name ilike '%tailwater%' or state = 'streaming'";
    let process = || database.value(&format!("select pid::text {own}"));
    let first = wait_for(process).expect("a walsender");
    database.run(&format!("select pg_terminate_backend({first})"));
    let next = wait_for(|| process().filter(|process| *process != first));
    assert!(next.is_some(), "no new walsender\n{}", rig.log());
    rig.wait_for_status("a live source without an error", |status| {
        source(status).0 == Condition::Live && status.sources["main"].error.is_none()
    });
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    database.run("update items set stock = 0");
    assert_cache_equal(&rig, &database);
}

#[test]
fn a_redis_that_comes_back_empty_is_filled_again() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    rig.redis.kill();
    database.run("delete from items where id <= 10; update items set stock = -1 where id = 20");
    rig.wait_for_status("a sink that is tried again", |status| status.sinks["items"].condition == Condition::Retrying);
    rig.redis.launch().unwrap();
    assert_cache_equal(&rig, &database);
    let row: String = redis::cmd("GET").arg("item:20").query(&mut rig.cache()).unwrap();
    assert!(row.contains("-1"), "{row}");
}

#[test]
fn a_sink_that_was_not_configured_for_a_while_is_filled_again() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    rig.wait_until_delivered(&database);
    stop(&mut rig);
    // Its changes are not kept meanwhile.
    rig.configure(VIEWS.split("[sink").next().unwrap());
    rig.start();
    database.run("delete from items where id = 7; update items set stock = -1 where id = 20");
    rig.wait_until_delivered(&database);
    stop(&mut rig);
    rig.configure(VIEWS);
    rig.start();
    assert_cache_equal(&rig, &database);
    let row: String = redis::cmd("GET").arg("item:20").query(&mut rig.cache()).unwrap();
    assert!(row.contains("-1"), "{row}");
}

#[test]
fn a_lost_cursor_leads_to_a_refill_that_leaves_no_ghosts() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    stop(&mut rig);
    // As a restore of an old backup leaves it: rows of another time, no cursor.
    redis::cmd("DEL").arg("tailwater:items:cursor").exec(&mut rig.cache()).unwrap();
    redis::cmd("SET").arg("item:987654").arg("a ghost").exec(&mut rig.cache()).unwrap();
    redis::cmd("DEL").arg("item:5").exec(&mut rig.cache()).unwrap();
    database.run("delete from items where id = 6");
    rig.start();
    assert_cache_equal(&rig, &database);
    // The same under a running daemon.
    redis::cmd("FLUSHALL").exec(&mut rig.cache()).unwrap();
    database.run("update items set stock = 77 where id = 9");
    let refilled = || (keys(&mut rig.cache()).len() == 99).then_some(());
    assert!(wait_for(refilled).is_some(), "{:#?}\n{}", rig.status(), rig.log());
    assert_cache_equal(&rig, &database);
}

#[test]
fn a_slot_that_was_dropped_is_a_named_condition_and_never_a_silent_gap() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    let before = rig.wait_until_delivered(&database);
    stop(&mut rig);
    let dropped = || database.attempt("select pg_drop_replication_slot('tailwater')").ok();
    assert!(wait_for(dropped).is_some());
    database.run("update items set stock = -5");
    rig.daemon.start().unwrap();
    let status = rig.wait_for_status("a source that failed", |status| source(status).0 == Condition::Failed);
    let words = source(&status).1;
    assert!(words.contains("slot \"tailwater\" does not exist") && words.contains("cannot continue from"), "{words}");
    assert!(status.sources["main"].hint.is_some(), "{words}");
    assert_eq!(rig.get("/readyz").unwrap().code, 503);
    // What was true at a named position is served with that position, and nothing is pretended.
    let answer = rig.get("/v1/views/item/rows").unwrap();
    assert_eq!((answer.code, answer.position.as_deref()), (200, Some(&*status.applied.to_string())));
    assert!(before.applied.covers(&status.applied) || status.applied == before.applied);
    assert!(answer.lines().iter().all(|row| row["stock"] != -5));
    assert!(!has_slot(&database), "the slot was made again silently");
    let output = rig.command(&["status"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("hint:"), "{}", said(&output));
    // A slot of the same name that somebody makes by hand does not continue the state either.
    database.run("select pg_create_logical_replication_slot('tailwater', 'pgoutput')");
    stop(&mut rig);
    rig.daemon.start().unwrap();
    let status = rig.wait_for_status("a source that failed", |status| source(status).0 == Condition::Failed);
    assert!(source(&status).1.contains("cannot continue from"), "{status:#?}");
}

#[test]
fn two_daemons_do_not_share_a_state_directory() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    rig.start();
    let (_, config, _) = rig.another_daemon("second", "state", VIEWS);
    let output = command(&config, &["run"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("in use"), "{}", said(&output));
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
}

#[test]
fn two_daemons_do_not_share_a_slot() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    let views = "[view.item]\nsql = \"select id, name, stock from items\"\n";
    let (mut second, _, http) = rig.another_daemon("second", "state-of-second", views);
    second.start().unwrap();
    let told = wait_for(|| {
        let status = status(http).ok()?;
        let (condition, words) = source(&status);
        (condition != Condition::Live && words.contains("slot \"tailwater\" is in use")).then_some(())
    });
    assert!(told.is_some(), "{:#?}", status(http));
    // The first one is not disturbed.
    database.run("update items set stock = 3");
    assert_cache_equal(&rig, &database);
    assert!(second.stop().unwrap().success());
}

#[test]
fn the_configuration_is_refused_with_all_problems_their_lines_and_exit_code_2() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrong.toml");
    let text = "state_dir = \"s\"\nmemry = \"1GiB\"\n\n[source.main]\ntype = \"postgres\"\nurl = \"postgres://u@h/d\"\n\n\
        [view.v]\nsql = \"select 1\"\n\n[sink.s]\ntype = \"redis\"\nview = \"w\"\nurl = \"redis://h\"\nkey = \"k:{id}\"\n";
    std::fs::write(&path, text).unwrap();
    for arguments in [&["run"][..], &["check"], &["explain"], &["status"]] {
        let output = command(&path, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        for place in ["wrong.toml:2", "wrong.toml:13"] {
            assert!(said(&output).contains(place), "{arguments:?}: {}", said(&output));
        }
        assert!(said(&output).contains("memory"), "the nearest key is named: {}", said(&output));
    }
    std::fs::write(&path, "state_dir = \n").unwrap();
    let output = command(&path, &["run"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("wrong.toml:1"), "{}", said(&output));
    let output = command(&directory.path().join("absent.toml"), &["run"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("absent.toml"), "{}", said(&output));
}

/// Starts with two views, lets one break by `broken`, and looks that the other goes on; mends and starts again.
fn one_view_breaks(wrong: &str, (broken, mended): (&str, &str), words: &[&str]) {
    let mut rig = Rig::new(SCHEMA, &format!("{VIEWS}\n{wrong}"));
    let database = rig.database();
    rig.start();
    database.assert_equal(ITEMS, rig.resp, "item");
    database.run(broken);
    let status =
        rig.wait_for_status("a view that failed", |status| status.views["wrong"].condition == Condition::Failed);
    let error = status.views["wrong"].error.clone().unwrap();
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    let answer = rig.get("/v1/views/wrong/rows").unwrap();
    assert_eq!(answer.code, 503, "{}", answer.body);
    let read: Result<String, _> = redis::cmd("GET").arg("wrong:1").query(&mut rig.reader());
    assert!(read.is_err());
    database.run("update items set stock = stock + 1 where id > 50");
    database.assert_equal(ITEMS, rig.resp, "item");
    assert_eq!(rig.status().unwrap().views["item"].condition, Condition::Live);
    // It stays broken over a restart, and is whole again when the rows are.
    stop(&mut rig);
    rig.daemon.start().unwrap();
    rig.wait_for_status("the same view failed again", |status| {
        status.views.get("wrong").is_some_and(|view| view.condition == Condition::Failed)
            && status.views["item"].condition == Condition::Live
    });
    database.run(mended);
    database.assert_equal(ITEMS, rig.resp, "item");
    stop(&mut rig);
    rig.start();
    assert_eq!(rig.status().unwrap().views["wrong"].condition, Condition::Live);
    rig.wait_until_delivered(&database);
}

#[test]
fn a_view_whose_key_turns_out_not_unique_fails_alone() {
    let wrong = "[view.wrong]\nsql = \"select name, stock from items\"\nkey = [\"name\"]\n";
    let breaks = ("insert into items values (101, 'item 3', 9)", "delete from items where id = 101");
    one_view_breaks(wrong, breaks, &["not unique", "name"]);
}

#[test]
fn a_view_that_divides_by_zero_fails_alone_where_it_is_to_stop() {
    let wrong = "[view.wrong]\nsql = \"select id, 1000 / stock as share from items\"\nrow_errors = \"stop\"\n";
    let breaks = ("update items set stock = 0 where id = 4", "update items set stock = 1 where id = 4");
    one_view_breaks(wrong, breaks, &["division by zero"]);
}

#[test]
fn the_slot_is_confirmed_no_further_than_what_is_durable_and_moves_while_only_other_tables_are_written() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    let confirmed = || -> Lsn {
        let sql = "select confirmed_flush_lsn from pg_replication_slots where slot_name = 'tailwater'";
        database.value(sql).unwrap().parse().unwrap()
    };
    rig.wait_for_status("something durable", |status| status.durable.0.contains_key("main"));
    let durable = || -> Lsn {
        let status = rig.status().unwrap();
        status.durable.0["main"].to_string().parse().unwrap()
    };
    for round in 0..200 {
        database.run(&format!("update items set stock = {round} where id % 3 = 1"));
        let (before, after) = (confirmed(), durable());
        assert!(before <= after, "confirmed {before}, durable {after}");
    }
    for _ in 0..3 {
        database.run("insert into other select generate_series(1, 5000)");
        let written: Lsn = database.position().parse().unwrap();
        let moved = wait_for(|| (confirmed() >= written).then_some(()));
        assert!(moved.is_some(), "confirmed {}, written {written}, durable {}", confirmed(), durable());
    }
    // A server that is idle is not kept busy by us: what is applied stands still.
    let held = rig.wait_until_delivered(&database).durable;
    rig.daemon.kill().unwrap();
    assert!(held.0["main"].to_string().parse::<Lsn>().unwrap() >= confirmed());
}

#[test]
fn first_copies_among_truncates_neither_hang_nor_lose_rows() {
    let rows = "insert into items select i, 'again', i from generate_series(1, 200) i";
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    let (stop, writer) = (Arc::new(AtomicBool::new(false)), rig.database());
    let stopped = stop.clone();
    let writing = std::thread::spawn(move || {
        let mut random = Random::new(3);
        while !stopped.load(Ordering::Relaxed) {
            writer.run(&format!("begin; truncate items; {rows}; commit"));
            for _ in 0..random.below(8) {
                writer.run("update items set stock = stock + 1 where id < 20");
                // Load, not synchronisation.
                std::thread::sleep(Duration::from_millis(random.below(60)));
            }
        }
    });
    for _ in 0..6 {
        rig.start();
        rig.daemon.kill().unwrap();
        rig.forget_state();
    }
    rig.start();
    stop.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    assert_cache_equal(&rig, &database);
}
