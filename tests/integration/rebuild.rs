//! What cannot go on, or is wrong, is made again beside what is served: with its slot gone, with rows deleted meanwhile, under kills, and when its
//! server had to be let go.

use tailwater::fail_point::VARIABLE;
use tailwater::pipeline::status::{Condition, Status};

use super::support::audit::compare as compare_bank;
use super::support::bank;
use super::support::database::Database;
use super::support::rig::{PATIENCE, Rig, post, said, wait_for};

const SCHEMA: &str = "
create table parts (id int primary key, kind int not null, body text not null);
insert into parts select i, i % 7, repeat('p', 1000) || i from generate_series(1, 3000) i;
create table notes (id int primary key, part int not null);
insert into notes select i, 1 + i % 3000 from generate_series(1, 2000) i;
";
/// Views by name.
const VIEWS: [(&str, &str); 3] = [
    ("part", "select id, kind, md5(body) as body from parts"),
    ("kinds", "select kind, count(*) as n from parts group by kind"),
    ("noted", "select n.id, p.kind from notes n join parts p on p.id = n.part"),
];

fn rig() -> Rig {
    let views: String = VIEWS.iter().map(|(name, sql)| format!("[view.{name}]\nsql = \"{sql}\"\n")).collect();
    let sink = "[sink.cache]\ntype = \"redis\"\nview = \"kinds\"\nurl = \"${REDIS}\"\nkey = \"kinds:{kind}\"\n";
    Rig::new(SCHEMA, &format!("{views}{sink}"))
}

/// Views and sink against the database.
fn compare(rig: &Rig) {
    let database = rig.database();
    rig.wait_until_delivered(&database);
    for (view, sql) in VIEWS {
        database.assert_equal(sql, rig.resp, view);
    }
    let wanted = database.rows("select 'kinds:' || kind from parts group by kind");
    let mut wanted: Vec<String> = wanted.into_iter().map(|row| row[0].clone().unwrap()).collect();
    let mut held: Vec<String> = redis::cmd("KEYS").arg("kinds:*").query(&mut rig.cache()).unwrap();
    wanted.sort();
    held.sort();
    assert_eq!(held, wanted);
}

/// The daemon dies, what the server keeps for it is gone, and what it holds is changed behind its back.
fn lose_slot(rig: &mut Rig, database: &Database) {
    rig.daemon.kill().unwrap();
    let drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'tailwater'";
    assert!(wait_for(|| database.attempt(drop).ok()).is_some(), "the slot stays in use");
    database.run("delete from parts where kind = 3; delete from notes where id % 5 = 0");
    database.run(
        "update parts set kind = 11 where id % 100 = 1; insert into notes values (9000, 1) on conflict do nothing",
    );
}

fn is_live(status: &Status) -> bool {
    let source = &status.sources["main"];
    source.condition == Condition::Live && source.rebuild_at.is_none()
}

#[test]
fn a_source_that_cannot_go_on_is_rebuilt_while_its_rows_are_served_as_stale() {
    let mut rig = rig();
    rig.start();
    compare(&rig);
    let database = rig.database();
    let rows = |rig: &Rig| {
        let answer = rig.get("/v1/views/kinds/rows").unwrap();
        (answer.code, answer.stale, answer.body)
    };
    let (_, fresh, before) = rows(&rig);
    let filled = |rig: &Rig| rig.log().matches("sink is filled").count();
    let at_start = filled(&rig);
    assert_eq!(fresh, None);
    lose_slot(&mut rig, &database);
    rig.edit_configuration("type = \"postgres\"\n", "type = \"postgres\"\ncopy_rate = \"1MiB\"\n");
    rig.daemon.start().unwrap();
    let failed = rig.wait_for_status("the stop", |status| status.sources["main"].condition == Condition::Failed);
    let hint = failed.sources["main"].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("\"tailwater rebuild source main\""), "{hint}");
    assert_eq!(rows(&rig), (200, Some("main".into()), before.clone()));
    let begun = said(&rig.command(&["rebuild", "source", "main", "--no-wait"]));
    assert!(begun.contains("exit Some(0)") && begun.contains("main.public.parts"), "{begun}");
    let copying = |status: &Status| status.sources["main"].copy.as_ref().is_some_and(|copy| copy.done_bytes > 0);
    let during = rig.wait_for_status("a copy", copying);
    assert_eq!(during.sources["main"].error.as_deref(), Some("it is being rebuilt"));
    assert_eq!(rows(&rig), (200, Some("main".into()), before));
    // Nothing else is begun meanwhile.
    let busy = said(&rig.command(&["rebuild", "view", "part"]));
    assert!(busy.contains("exit Some(1)") && busy.contains("being rebuilt"), "{busy}");
    rig.wait_for_status("the end", is_live);
    compare(&rig);
    assert_eq!(rows(&rig).1, None);
    database.run("insert into parts values (9000, 12, 'after')");
    compare(&rig);
    // The sink was told what is different, and not filled again.
    assert_eq!(filled(&rig), at_start, "{}", rig.log());
    assert!(rig.daemon.stop().unwrap().success());
    rig.start();
    compare(&rig);
}

#[test]
fn killed_at_any_point_a_rebuild_goes_on_by_itself() {
    let mut rig = rig();
    rig.start();
    let database = rig.database();
    for (round, point) in
        ["branched", "copy_begun", "in_copy", "copy_ended", "before_current", "after_current"].into_iter().enumerate()
    {
        lose_slot(&mut rig, &database);
        rig.daemon.set_environment(vec![(VARIABLE.into(), format!("{point}:1"))]);
        rig.daemon.start().unwrap();
        rig.wait_for_status("the stop", |status| status.sources["main"].condition == Condition::Failed);
        // It may die before it answers.
        let _ = post(rig.http, "/v1/rebuild?source=main");
        let ended = rig.daemon.wait_until_ended(PATIENCE).unwrap();
        assert!(ended.is_some_and(|status| !status.success()), "{point} was not passed\n{}", rig.log());
        rig.daemon.set_environment(Vec::new());
        let marker = 20 + round as i32;
        database.run(&format!("insert into parts values ({}, {marker}, 'x')", 10_000 + round));
        let said_before = rig.log().len();
        rig.daemon.start().unwrap();
        rig.wait_for_status(point, is_live);
        compare(&rig);
        let goes_on = rig.log()[said_before..].contains("the source is rebuilt");
        assert_eq!(goes_on, point != "after_current", "{point}\n{}", rig.log());
    }
}

#[test]
fn a_rebuild_that_cannot_be_leaves_everything_as_it_was() {
    let mut rig = rig();
    rig.start();
    let database = rig.database();
    let unknown = said(&rig.command(&["rebuild", "source", "shop"]));
    assert!(unknown.contains("exit Some(1)") && unknown.contains("no source \"shop\"") && unknown.contains("main"));
    rig.postgres.stop(true);
    let away = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(away.contains("exit Some(1)") && away.contains("unavailable"), "{away}");
    rig.postgres.launch().unwrap();
    rig.wait_for_status("the stream", is_live);
    let database = {
        drop(database);
        rig.database()
    };
    compare(&rig);
    // A view cannot be planned any more: nothing of the source is given up for that.
    database.run("alter table notes rename to gone");
    let refused = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(refused.contains("exit Some(1)") && refused.contains("notes"), "{refused}");
    database.run("insert into parts values (9000, 12, 'after')");
    rig.wait_for_status("the stream", is_live);
    rig.wait_for_status("the row", |status| status.sources["main"].transactions > 0);
    database.run("alter table gone rename to notes");
    let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(rebuilt.contains("exit Some(0)"), "{rebuilt}\n{}", rig.log());
    compare(&rig);
}

#[test]
fn another_source_goes_on_while_one_is_rebuilt() {
    let mut rig = Rig::new(SCHEMA, "");
    rig.database().run("create database other");
    let other = Database::connect(&rig.postgres.url("other"));
    other.run("create table kinds (kind int primary key, name text not null)");
    other.run("insert into kinds select i, 'kind ' || i from generate_series(0, 20) i");
    let joined = "select p.id, k.name from parts p join kinds k on k.kind = p.kind";
    rig.configure(&format!(
        "[source.other]\ntype = \"postgres\"\nurl = \"{}\"\nslot = \"other\"\ntables = [\"kinds\"]\n\
         [view.kind]\nsql = \"select kind, name from kinds\"\n[view.joined]\nsql = \"{joined}\"\n",
        rig.postgres.url("other")
    ));
    rig.edit_configuration("[source.main]\n", "[source.main]\ntables = [\"parts\", \"notes\"]\n");
    rig.start();
    let database = rig.database();
    lose_slot(&mut rig, &database);
    rig.edit_configuration("[source.main]\n", "[source.main]\ncopy_rate = \"1MiB\"\n");
    rig.daemon.start().unwrap();
    rig.wait_for_status("the stop", |status| status.sources["main"].condition == Condition::Failed);
    let begun = said(&rig.command(&["rebuild", "source", "main", "--no-wait"]));
    assert!(begun.contains("exit Some(0)"), "{begun}");
    rig.wait_for_status("a copy", |status| status.sources["main"].copy.is_some());
    // What is written there is seen at once, and is still there afterwards.
    other.run("update kinds set name = name || '!' where kind % 2 = 0; delete from kinds where kind = 5");
    let seen = wait_for(|| {
        let answer = rig.get("/v1/views/kind/rows").ok()?;
        (answer.body.contains("kind 2!") && answer.stale.as_deref() == Some("main")).then_some(())
    });
    assert!(seen.is_some(), "{}", rig.log());
    rig.wait_for_status("the end", is_live);
    other.run("insert into kinds values (100, 'late')");
    database.run("insert into parts values (9000, 100, 'late'); create temp table kinds (kind int, name text)");
    bring_over(&other, &database);
    let late = wait_for(|| rig.get("/v1/views/joined/rows/9000").ok().filter(|answer| answer.code == 200));
    assert!(late.is_some(), "{}", rig.log());
    assert_agrees(&rig, &database, "joined", joined);
    // Another configuration takes its place while both are written.
    let (main_url, other_url) = (rig.postgres.url("postgres"), rig.postgres.url("other"));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let (main, other) = (Database::connect(&main_url), Database::connect(&other_url));
        let mut id = 20_000;
        while stopped.try_recv().is_err() {
            id += 1;
            other.run(&format!("insert into kinds values ({id}, 'kind {id}')"));
            main.run(&format!("insert into parts values ({id}, {id}, 'p'); delete from parts where id = {id} - 5"));
        }
    });
    let twice = "select p.id * 2 as id, k.name from parts p join kinds k on k.kind = p.kind where p.id > 10";
    let view = format!("[view.twice]\nsql = \"{twice}\"\nkey = [\"id\"]\n");
    rig.edit_configuration("[view.kind]\n", &format!("{view}[view.kind]\n"));
    let applied = said(&rig.command(&["apply"]));
    assert!(applied.contains("exit Some(0)"), "{applied}\n{}", rig.log());
    stop.send(()).unwrap();
    writer.join().unwrap();
    database.run("truncate kinds");
    bring_over(&other, &database);
    assert_agrees(&rig, &database, "joined", joined);
    assert_agrees(&rig, &database, "twice", twice);
}

/// What one database has of `kinds`, into the other one's table of that name.
fn bring_over(from: &Database, to: &Database) {
    for row in from.rows("select kind::text, name from kinds") {
        to.run(&format!("insert into kinds values ({}, '{}')", row[0].as_ref().unwrap(), row[1].as_ref().unwrap()));
    }
}

/// A view over both databases comes to what one of them says that has everything.
fn assert_agrees(rig: &Rig, database: &Database, view: &str, sql: &str) {
    let wanted = database.rows(&format!("select id::text, name from ({sql}) j order by j.id"));
    assert!(wanted.len() > 2_000);
    let agrees = wait_for(|| {
        let held = rig.get(&format!("/v1/views/{view}/rows")).ok()?.lines();
        let held = held.iter().map(|row| vec![Some(row["id"].to_string()), row["name"].as_str().map(String::from)]);
        (held.collect::<Vec<_>>() == wanted).then_some(())
    });
    assert!(agrees.is_some(), "{view} never agrees\n{}", rig.log());
}

#[test]
fn a_server_that_keeps_too_much_log_is_let_go_and_the_source_rebuilt_later() {
    let mut rig = rig();
    let bound = "wal_limit = \"16MiB\"\non_wal_limit = \"release\"\nrebuild_after = \"8s\"";
    rig.edit_configuration("[source.main]\n", &format!("[source.main]\n{bound}\n"));
    rig.start();
    let (database, holder) = (rig.database(), rig.database());
    let slots = "select count(*)::text from pg_replication_slots where slot_name = 'tailwater'";
    holder.run("begin; insert into notes values (8000, 1)");
    database.run("create table filler (id int, body text)");
    database.run("insert into filler select i, repeat('x', 1000) from generate_series(1, 24000) i");
    let aside = rig.wait_for_status("the release", |status| status.sources["main"].rebuild_at.is_some());
    let error = aside.sources["main"].error.clone().unwrap_or_default();
    assert!(error.contains("wal_limit is 16.0 MiB"), "{error}");
    assert!(wait_for(|| (database.value(slots).as_deref() == Some("0")).then_some(())).is_some(), "{}", rig.log());
    assert_eq!(rig.get("/v1/views/kinds/rows").unwrap().stale.as_deref(), Some("main"));
    let metrics = rig.get("/metrics").unwrap().body;
    assert!(metrics.contains("tailwater_source_set_aside{source=\"main\"} 1"), "{metrics}");
    let shown = said(&rig.command(&["status"]));
    assert!(shown.contains("wal_limit is 16.0 MiB") && shown.contains("it is rebuilt at"), "{shown}");
    database.run("delete from parts where kind = 3");
    holder.run("commit");
    rig.wait_for_status("the rebuild", is_live);
    compare(&rig);
    assert!(rig.log().contains("the server keeps nothing more for the source"), "{}", rig.log());
}

#[test]
fn a_view_and_a_sink_are_filled_again_when_someone_asks() {
    let mut rig = Rig::new(bank::SCHEMA, &bank::configuration());
    rig.start();
    let load = bank::Load::start(&rig.postgres.url("postgres"), 9);
    let (view, (sink, ..)) = (bank::VIEWS[0].0, bank::SINKS[0]);
    for (kind, name) in [("view", view), ("sink", sink)] {
        let filled = rig.log().matches("sink is filled").count();
        let rebuilt = said(&rig.command(&["rebuild", kind, name]));
        assert!(rebuilt.contains("exit Some(0)") && rebuilt.contains(name), "{rebuilt}\n{}", rig.log());
        let filled = rig.log().matches("sink is filled").count() - filled;
        assert_eq!(filled, if kind == "sink" { 1 } else { 0 }, "{}", rig.log());
        let unknown = said(&rig.command(&["rebuild", kind, "nothing"]));
        assert!(unknown.contains("exit Some(1)") && unknown.contains(name), "{unknown}");
    }
    load.stop();
    compare_bank(&rig);
    // What the sink lacks is there again.
    let mut cache = rig.cache();
    let lost: String = redis::cmd("RANDOMKEY").query(&mut cache).unwrap();
    for key in redis::cmd("KEYS").arg("*").query::<Vec<String>>(&mut cache).unwrap() {
        if !key.starts_with("tailwater:") {
            redis::cmd("DEL").arg(&key).exec(&mut cache).unwrap();
        }
    }
    assert!(!lost.is_empty());
    for (sink, ..) in bank::SINKS {
        let rebuilt = said(&rig.command(&["rebuild", "sink", sink]));
        assert!(rebuilt.contains("exit Some(0)"), "{rebuilt}\n{}", rig.log());
    }
    compare_bank(&rig);
}
