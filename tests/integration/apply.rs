//! Another configuration under a running daemon: what is served meanwhile, what sinks hear, and that all equals the database.

use std::time::Duration;

use tailwater::cli::demo::Random;
use tailwater::pipeline::apply::{Action, ApplyPhase, Plan, PlannedTableChange};
use tailwater::pipeline::status::Condition;

use super::support::agreement::keys;
use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::readers::Readers;
use super::support::rig::{Rig, number, post, said, wait_for};

const DEAR: &str = "select id, quantity * 2 as double, status from orders where quantity > 2";
const DEARER: &str = "select id, quantity * 3 as triple, customer from orders where quantity > 1";
/// The same columns as [`DEAR`], of somewhat other rows.
const DEAR_TOO: &str = "select id, quantity * 2 as double, status from orders where quantity > 2 or id <= 50";
/// Rows in which they differ.
const DIFFERENT_MAX: u64 = 50;
const CITIES: &str = "select city, count(*) as n from customers group by city";

/// The bank's configuration with views of these tests.
fn with(views: &[(&str, &str)], sinks: &[&str]) -> String {
    let mut text = configuration();
    for (name, sql) in views {
        text.push_str(&format!("\n[view.{name}]\nsql = \"{sql}\"\n"));
    }
    for sink in sinks {
        text.push_str(&format!(
            "\n[sink.{sink}]\ntype = \"redis\"\nview = \"{sink}\"\nurl = \"${{REDIS}}\"\nkey = \"{sink}:{{id}}\"\n"
        ));
    }
    text
}

/// Applies what is in the file; answers with the plan.
fn apply(rig: &Rig) -> Plan {
    let before = rig.status().unwrap().apply.since;
    let answer = post(rig.http, "/v1/apply").unwrap();
    assert_eq!(answer.code, 202, "{}\n{}", answer.body, rig.log());
    let plan: Plan = serde_json::from_str(&answer.body).unwrap();
    if !plan.is_empty() {
        let done = rig.wait_for_status("an applied configuration", |status| {
            status.apply.since != before && matches!(status.apply.phase, ApplyPhase::Applied | ApplyPhase::Failed)
        });
        assert_eq!(done.apply.phase, ApplyPhase::Applied, "{:?}\n{}", done.apply, rig.log());
    }
    plan
}

fn views(plan: &Plan) -> Vec<(&str, Action)> {
    plan.views.iter().map(|view| (view.view.as_str(), view.action)).collect()
}

#[test]
fn views_and_sinks_come_change_and_go_under_load_and_readers() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 3);
    let readers = Readers::start(&rig);
    let database = rig.database();
    let filled = |rig: &Rig| rig.log().matches("sink is filled").count();
    let at_start = filled(&rig);

    assert!(apply(&rig).is_empty(), "nothing has changed");
    rig.configure(&with(&[("dear", DEAR), ("cities", CITIES)], &["dear"]));
    assert_eq!(views(&apply(&rig)), [("dear", Action::Add), ("cities", Action::Add)]);
    let agrees = || database.equals(CITIES, rig.resp, "cities").then_some(());
    assert!(wait_for(agrees).is_some(), "cities never agrees");
    rig.wait_for_status("the place of a new view", |status| {
        status.views.get("cities").is_some_and(|view| !view.positions.0.is_empty())
    });

    rig.configure(&with(&[("dear", DEARER)], &["dear"]));
    let plan = apply(&rig);
    assert_eq!(views(&plan), [("dear", Action::Change), ("cities", Action::Drop)]);
    rig.wait_until_delivered(&database);
    assert_eq!(rig.get("/v1/views/cities/rows").unwrap().code, 404);
    // Only the new sink was filled, at each of its two lives.
    assert_eq!(filled(&rig) - at_start, 2, "{}", rig.log());

    rig.configure(&configuration());
    apply(&rig);
    assert!(!rig.status().unwrap().sinks.contains_key("dear"));
    rig.configure(&with(&[("dear", DEAR)], &[]));
    apply(&rig);
    load.stop();
    let seen = readers.stop();
    assert!(seen.values().all(|answers| *answers > 0), "a reader never saw an answer: {seen:?}");
    rig.wait_until_delivered(&database);
    database.assert_equal(DEAR, rig.resp, "dear");
    // What the sink that is gone has left is not of this comparison.
    compare_without(&rig, "dear:");
    assert_one_state(&rig);
    assert!(rig.daemon.stop().unwrap().success());
    rig.start();
    compare(&rig);
}

fn assert_one_state(rig: &Rig) {
    let states = || {
        let entries = std::fs::read_dir(rig.directory.path().join("state")).unwrap().flatten();
        let is_state = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        entries.filter(is_state).filter(|entry| entry.file_name().to_string_lossy().starts_with("state")).count()
    };
    assert!(wait_for(|| (states() == 1).then_some(())).is_some(), "{} states are there", states());
}

/// What the sink of a view holds, against the database.
fn assert_sink_equal(rig: &Rig, view: &str, sql: &str) {
    let database = rig.database();
    rig.wait_until_delivered(&database);
    let wanted = database.rows(&format!("select '{view}:' || id, row_to_json(t)::text from ({sql}) t"));
    let mut cache = rig.cache();
    let held: Vec<String> = keys(&mut cache).into_iter().filter(|key| key.starts_with(&format!("{view}:"))).collect();
    assert_eq!(held.len(), wanted.len());
    for row in wanted {
        let [key, json] = [row[0].as_deref().unwrap(), row[1].as_deref().unwrap()];
        let value: String = redis::cmd("GET").arg(key).query(&mut cache).unwrap();
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&value), parse(json), "{key}");
    }
}

#[test]
fn a_sink_of_a_changed_view_is_told_the_difference_alone() {
    let mut rig = Rig::new(SCHEMA, &with(&[("dear", DEAR)], &["dear"]));
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 5);
    assert_sink_equal_when_stopped(load, &rig, DEAR);
    let load = Load::start(&rig.postgres.url("postgres"), 6);
    let filled = rig.log().matches("sink is filled").count();
    rig.configure(&with(&[("dear", DEAR_TOO)], &["dear"]));
    assert_eq!(views(&apply(&rig)), [("dear", Action::Change)]);
    assert_sink_equal_when_stopped(load, &rig, DEAR_TOO);
    assert_eq!(rig.log().matches("sink is filled").count(), filled, "{}", rig.log());
    // And back, by a signal, with nobody writing.
    rig.configure(&with(&[("dear", DEAR)], &["dear"]));
    let since = rig.status().unwrap().apply.since;
    rig.daemon.signal("HUP").unwrap();
    rig.wait_for_status("an applied configuration", |status| {
        status.apply.since != since && status.apply.phase == ApplyPhase::Applied
    });
    assert_sink_equal(&rig, "dear", DEAR);
    let told = changes(&rig);
    assert!(told > 0 && told <= DIFFERENT_MAX, "{told} changes told");
    assert_eq!(rig.log().matches("sink is filled").count(), filled, "{}", rig.log());
    compare_without(&rig, "dear:");
}

fn assert_sink_equal_when_stopped(load: Load, rig: &Rig, sql: &str) {
    load.stop();
    assert_sink_equal(rig, "dear", sql);
}

fn changes(rig: &Rig) -> u64 {
    rig.status().unwrap().sinks["dear"].changes
}

/// The bank's comparison, after the keys of another sink are gone.
fn compare_without(rig: &Rig, prefix: &str) {
    let mut cache = rig.cache();
    for key in keys(&mut cache).into_iter().filter(|key| key.starts_with(prefix)) {
        redis::cmd("DEL").arg(key).exec(&mut cache).unwrap();
    }
    compare(rig);
}

#[test]
fn a_changed_view_is_served_while_a_table_that_it_now_reads_is_copied() {
    let schema = format!(
        "{SCHEMA}; create table ratings (id int primary key, stars int); \
         insert into ratings select i, i % 5 from generate_series(1, 60000) i"
    );
    let mut rig = Rig::new(&schema, &with(&[("dear", DEAR)], &[]));
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 8);
    let rated = "select o.id, o.quantity * 2 as double, r.stars from orders o left join ratings r on r.id = o.id where o.quantity > 2";
    rig.configure(&with(&[("dear", rated)], &[]));
    rig.edit_configuration(
        "type = \"postgres\"",
        "type = \"postgres\"\ncopy_chunk_time = \"10ms\"\ncopy_rate = \"1MiB\"",
    );
    let answer = post(rig.http, "/v1/apply").unwrap();
    let plan: Plan = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(plan.views[0].waits_for, ["main.public.ratings"], "{plan:?}");
    let mut phases = Vec::new();
    rig.wait_for_status("an applied configuration", |status| {
        if phases.last() != Some(&status.apply.phase) {
            phases.push(status.apply.phase);
        }
        // Served all the time.
        assert_eq!(rig.get("/v1/views/dear/rows?limit=1").unwrap().code, 200, "{status:?}\n{}", rig.log());
        status.apply.phase == ApplyPhase::Applied
    });
    assert!(phases.contains(&ApplyPhase::Copying), "{phases:?}");
    load.stop();
    let database = rig.database();
    rig.wait_until_delivered(&database);
    database.assert_equal(rated, rig.resp, "dear");
    compare(&rig);
}

#[test]
fn killed_while_it_applies_it_goes_on_with_one_configuration_or_the_other() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 9);
    let mut random = Random::new(number("TAILWATER_APPLY_SEED", 1));
    for round in 0..number("TAILWATER_APPLY_KILLS", 8) {
        let sql = if round % 2 == 0 { DEARER } else { DEAR };
        rig.configure(&with(&[("dear", sql)], &["dear"]));
        let answer = post(rig.http, "/v1/apply").unwrap();
        assert_eq!(answer.code, 202, "{}", answer.body);
        // The random moment; nothing is waited for.
        std::thread::sleep(Duration::from_millis(random.below(1_500)));
        rig.daemon.kill().unwrap();
        rig.start();
        assert_one_state(&rig);
    }
    load.stop();
    let sql = if number("TAILWATER_APPLY_KILLS", 8) % 2 == 1 { DEARER } else { DEAR };
    assert_sink_equal(&rig, "dear", sql);
    compare_without(&rig, "dear:");
}

#[test]
fn servers_that_are_away_while_it_applies_are_waited_for() {
    let mut rig = Rig::new(SCHEMA, &with(&[("dear", DEAR)], &["dear"]));
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 10);
    let since = rig.status().unwrap().apply.since;
    rig.configure(&with(&[("dear", DEARER)], &["dear"]));
    assert_eq!(post(rig.http, "/v1/apply").unwrap().code, 202);
    rig.postgres.stop(true);
    rig.redis.kill();
    assert_eq!(rig.get("/v1/views/total/rows").unwrap().code, 200);
    rig.postgres.launch().unwrap();
    rig.redis.launch().unwrap();
    rig.wait_for_status("an applied configuration", |status| {
        status.apply.since != since && status.apply.phase == ApplyPhase::Applied
    });
    load.stop();
    assert_sink_equal(&rig, "dear", DEARER);
    compare_without(&rig, "dear:");
}

#[test]
fn a_branch_that_cannot_take_over_leaves_the_daemon_as_it_was() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 11);
    let readers = Readers::start(&rig);
    // The last file that a take-over writes cannot be made.
    let in_the_way = rig.directory.path().join("state/STATE.unfinished");
    std::fs::create_dir(&in_the_way).unwrap();
    rig.configure(&with(&[("dear", DEAR)], &["dear"]));
    assert_eq!(post(rig.http, "/v1/apply").unwrap().code, 202);
    let status = rig.wait_for_status("a failure", |status| status.apply.phase == ApplyPhase::Failed);
    assert!(status.apply.error.is_some() && !status.views.contains_key("dear"), "{status:?}");
    rig.wait_until_delivered(&rig.database());
    assert_one_state(&rig);
    std::fs::remove_dir(in_the_way).unwrap();
    apply(&rig);
    load.stop();
    let seen = readers.stop();
    assert!(seen.values().all(|answers| *answers > 0), "a reader never saw an answer: {seen:?}");
    assert_sink_equal(&rig, "dear", DEAR);
    compare_without(&rig, "dear:");
}

#[test]
fn a_view_that_a_changed_table_has_stopped_is_taken_up_again() {
    let mut rig = Rig::new(SCHEMA, &with(&[("dear", DEAR), ("cities", CITIES)], &["dear"]));
    rig.start();
    let database = rig.database();
    database.run("alter table customers drop column city cascade; insert into customers values (1000, 'one more')");
    rig.wait_for_status("a stopped view", |status| status.views["cities"].condition == Condition::Failed);
    let names = "select name, count(*) as n from customers group by name";
    rig.configure(&format!(
        "[view.dear]\nsql = \"{DEAR}\"\n\n[view.cities]\nsql = \"{names}\"\n\n\
         [sink.dear]\ntype = \"redis\"\nview = \"dear\"\nurl = \"${{REDIS}}\"\nkey = \"dear:{{id}}\"\n"
    ));
    let filled = rig.log().matches("sink is filled").count();
    let plan = apply(&rig);
    let again = |table: &PlannedTableChange| table.table == "main.public.customers" && table.action == Action::Change;
    assert!(plan.tables.iter().any(again), "{plan:?}");
    rig.wait_for_status("a view that is live again", |status| status.views["cities"].condition == Condition::Live);
    rig.wait_until_delivered(&database);
    database.assert_equal(names, rig.resp, "cities");
    database.run("update customers set name = 'another' where id < 20; delete from orders where id < 9");
    assert_sink_equal(&rig, "dear", DEAR);
    database.assert_equal(names, rig.resp, "cities");
    assert_eq!(rig.log().matches("sink is filled").count(), filled, "{}", rig.log());
}

#[test]
fn the_commands_show_what_would_change_and_do_it() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    let alone = said(&rig.command(&["plan"]));
    assert!(alone.contains("exit Some(3)") && alone.contains("no daemon answers"), "{alone}");
    rig.start();
    assert!(said(&rig.command(&["plan"])).contains("nothing would change"));
    rig.configure(&with(&[("dear", DEAR)], &["dear"]));
    let plan = said(&rig.command(&["plan"]));
    assert!(plan.contains("exit Some(0)") && plan.contains("dear"), "{plan}");
    assert!(!rig.status().unwrap().views.contains_key("dear"), "a plan changes nothing");
    let applied = said(&rig.command(&["apply"]));
    assert!(applied.contains("exit Some(0)"), "{applied}\n{}", rig.log());
    assert_sink_equal(&rig, "dear", DEAR);
    rig.configure("[view.x]\nsql = \"select nothing from nowhere\"\n");
    let refused = said(&rig.command(&["apply"]));
    assert!(refused.contains("exit Some(1)") && refused.contains("nowhere"), "{refused}");
    assert_sink_equal(&rig, "dear", DEAR);
}

#[test]
fn what_was_applied_outlives_the_daemon() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    rig.start();
    rig.configure(&with(&[("dear", DEAR)], &["dear"]));
    let load = Load::start(&rig.postgres.url("postgres"), 7);
    apply(&rig);
    load.stop();
    rig.wait_until_delivered(&rig.database());
    rig.daemon.kill().unwrap();
    rig.start();
    let filled = rig.log().matches("sink is filled").count();
    assert_sink_equal(&rig, "dear", DEAR);
    assert_eq!(rig.log().matches("sink is filled").count(), filled);
    compare_without(&rig, "dear:");
}

#[test]
fn what_cannot_be_applied_changes_nothing() {
    let mut rig = Rig::new(SCHEMA, &configuration());
    rig.start();
    let load = Load::start(&rig.postgres.url("postgres"), 4);
    let refused = |views: &str, words: &[&str]| {
        rig.configure(views);
        let answer = post(rig.http, "/v1/apply").unwrap();
        assert_eq!(answer.code, 422, "{}", answer.body);
        words.iter().for_each(|word| assert!(answer.body.contains(word), "no {word} in {}", answer.body));
        assert!(rig.status().unwrap().sources.values().all(|source| source.condition == Condition::Live));
    };
    refused("[view.x]\nsql = \"select nothing from nowhere\"\n", &["nowhere"]);
    refused("[view.x]\nsql = \"select\"\n", &["x"]);
    refused("[viewx]\n", &["viewx"]);
    rig.configure(&configuration());
    rig.edit_configuration("64MiB", "96MiB");
    let answer = post(rig.http, "/v1/apply").unwrap();
    assert!(answer.code == 422 && answer.body.contains("memory") && answer.body.contains("restart"), "{}", answer.body);
    rig.configure(&configuration());
    assert!(apply(&rig).is_empty());
    load.stop();
    compare(&rig);
}
