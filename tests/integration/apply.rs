//! Another configuration under a running daemon: what is served meanwhile, what sinks hear, and that all equals the database.

use tailwater::pipeline::apply::{Action, ApplyPhase, Plan};
use tailwater::pipeline::status::Condition;

use super::support::audit::compare;
use super::support::bank::{Load, SCHEMA, configuration};
use super::support::readers::Readers;
use super::support::rig::{Rig, post};

const DEAR: &str = "select id, quantity * 2 as double, status from orders where quantity > 2";
const DEARER: &str = "select id, quantity * 3 as triple, customer from orders where quantity > 1";
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
    rig.wait_until_delivered(&database);
    database.assert_equal(CITIES, rig.resp, "cities");

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
    let mut cache = rig.cache();
    for key in super::support::agreement::keys(&mut cache).into_iter().filter(|key| key.starts_with("dear:")) {
        redis::cmd("DEL").arg(key).exec(&mut cache).unwrap();
    }
    compare(&rig);
    let states = std::fs::read_dir(rig.directory.path().join("state")).unwrap().flatten();
    let states = states.filter(|entry| entry.file_name().to_string_lossy().starts_with("state")).count();
    assert_eq!(states, 1, "former states are gone");
    assert!(rig.daemon.stop().unwrap().success());
    rig.start();
    compare(&rig);
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
