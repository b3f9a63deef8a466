//! Tables change their columns, their keys and their names: the views that read what is gone stop alone and say why, the others go on,
//! also after a restart, and all is well again once the configuration fits.

use tailwater::pipeline::status::{Condition, Status};

use super::support::database::Database;
use super::support::rig::{PATIENCE, Rig};

const SCHEMA: &str = "create table t (id int primary key, v int, w text); insert into t select i, i, 'w' || i from generate_series(1, 100) i; \
    create table u (id int primary key, n numeric(10,2)); insert into u select i, i * 1.5 from generate_series(1, 100) i; \
    create table k (id int primary key, code int unique not null, v int); insert into k select i, i, i from generate_series(1, 50) i;";

const VIEWS: [(&str, &str); 6] = [
    ("of_v", "select id, v from t"),
    ("of_w", "select id, w from t"),
    ("counted", "select count(*) as n, min(id) as least from t"),
    ("reader", "select id, v + 1 as next from of_v"),
    ("of_u", "select id, n from u"),
    ("of_k", "select id, code, v from k"),
];

fn configuration(left_out: &[&str]) -> String {
    let views = VIEWS.iter().filter(|(name, _)| !left_out.contains(name));
    let mut text: String = views.map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\n\n")).collect();
    if !left_out.contains(&"of_w") {
        text.push_str("[sink.w]\ntype = \"redis\"\nview = \"of_w\"\nurl = \"${REDIS}\"\nkey = \"w:{id}\"\n");
    }
    text
}

fn view(status: &Status, name: &str) -> Condition {
    status.views.get(name).map_or(Condition::Starting, |view| view.condition)
}

/// Waits until exactly these views have stopped; each says why.
fn assert_stopped(rig: &Rig, stopped: &[&str], reason: &str) -> Status {
    let status = rig.wait_for_status(&format!("{stopped:?} stopped"), |status| {
        status.sources["main"].condition == Condition::Live
            && stopped.iter().all(|name| view(status, name) == Condition::Failed)
    });
    for (name, _) in VIEWS {
        let Some(found) = status.views.get(name) else { continue };
        assert_eq!(found.condition == Condition::Failed, stopped.contains(&name), "{name}: {found:?}");
        if let Some(error) = &found.error {
            assert!(error.contains(reason) || error.contains("which it reads"), "{name}: {error}");
            assert!(found.hint.as_ref().is_some_and(|hint| hint.contains("restart")), "{name}: {found:?}");
        }
    }
    for name in stopped {
        let answer = rig.get(&format!("/v1/views/{name}/rows")).unwrap();
        assert!(answer.code == 503, "{name}: {}", answer.body);
    }
    status
}

fn assert_equal(rig: &Rig, database: &Database, views: &[&str]) {
    rig.wait_until_delivered(database);
    for (name, sql) in VIEWS.iter().filter(|(name, _)| views.contains(name)) {
        // The database has no such view.
        database.assert_equal(&sql.replace("from of_v", "from t"), rig.resp, name);
    }
}

#[test]
fn a_lost_column_stops_the_views_that_read_it_and_a_restart_with_a_fitting_configuration_copies_the_table_again() {
    for (alter, reason) in [
        ("alter table t drop column v", "was dropped"),
        ("alter table t rename column v to x", "renamed"),
        ("alter table t alter column v type text using v::text", "is no longer of type"),
    ] {
        let mut rig = Rig::new(SCHEMA, &configuration(&[]));
        let database = rig.database();
        rig.start();
        database.run(alter);
        database.run(
            "insert into t (id, w) values (1000, 'new'); update t set w = 'x' where id = 5; delete from t where id = 6",
        );
        let (stopped, others) = (&["of_v", "reader"], &["of_w", "counted", "of_u", "of_k"]);
        assert_stopped(&rig, stopped, reason);
        assert_equal(&rig, &database, others);
        // As it is, it stays so: the views are not filled from what is left of the column.
        assert!(rig.daemon.stop().unwrap().success());
        rig.daemon.start().unwrap();
        assert_stopped(&rig, stopped, reason);
        database.run("insert into t (id, w) values (1001, 'more')");
        assert_equal(&rig, &database, others);
        assert!(rig.daemon.stop().unwrap().success());
        rig.configure(&configuration(stopped));
        rig.start();
        assert_equal(&rig, &database, others);
        assert!(rig.daemon.stop().unwrap().success());
    }
}

#[test]
fn a_table_that_cannot_be_followed_any_more_stops_its_views_alone() {
    for (alter, reason) in [
        (
            "drop table k; create table k (id int primary key, code int, v int); alter publication tailwater add table k",
            "made again",
        ),
        ("alter table k rename to k2", "named"),
        ("alter table k replica identity using index k_code_key", "replica identity"),
    ] {
        let mut rig = Rig::new(SCHEMA, &configuration(&[]));
        let database = rig.database();
        rig.start();
        // One by one: several at once are one transaction.
        alter.split("; ").for_each(|statement| database.run(statement));
        let name = if reason == "named" { "k2" } else { "k" };
        database.run(&format!("insert into {name} values (999, 999, 1)"));
        assert_stopped(&rig, &["of_k"], reason);
        database.run("update t set v = 0 where id = 1; update u set n = 2 where id = 2");
        assert_equal(&rig, &database, &["of_v", "of_w", "counted", "reader", "of_u"]);
        assert!(rig.daemon.stop().unwrap().success());
        if reason == "named" {
            // There is no such table now: the others go on all the same.
            rig.daemon.start().unwrap();
            assert_stopped(&rig, &["of_k"], "");
            assert_equal(&rig, &database, &["of_v", "of_u"]);
            database.run("alter table k2 rename to k");
            assert!(rig.daemon.stop().unwrap().success());
        }
        rig.daemon.start().unwrap();
        rig.daemon.wait_until_ready(PATIENCE).unwrap();
        assert_equal(&rig, &database, &VIEWS.map(|(name, _)| name));
        assert!(rig.daemon.stop().unwrap().success());
    }
}

/// Nothing of these is in the log.
#[test]
fn what_happens_to_a_table_without_a_word_in_the_log_stops_its_views_too() {
    let mut rig = Rig::new(SCHEMA, &configuration(&[]));
    let database = rig.database();
    rig.start();
    database.run("vacuum full u");
    database
        .run("alter table t alter column v set statistics 10; truncate k; alter table t add column more int default 3");
    database.run("drop table k; create table k (id int primary key, code int, v int); insert into k values (1, 2, 3)");
    assert_stopped(&rig, &["of_k"], "published");
    assert_equal(&rig, &database, &["of_v", "of_w", "counted", "reader", "of_u"]);
    database.run("begin; alter table t drop column v; alter table t add column v int; commit");
    assert_stopped(&rig, &["of_k", "of_v", "reader"], "");
    database.run("alter table u alter column n type numeric(10,2) using n + 1");
    let status = assert_stopped(&rig, &["of_k", "of_v", "reader", "of_u"], "");
    let says = |view: &str, word: &str| status.views[view].error.as_ref().is_some_and(|error| error.contains(word));
    assert!(says("of_v", "made again") && says("of_u", "may have been computed anew"), "{status:#?}");
    assert_equal(&rig, &database, &["of_w", "counted"]);
    assert!(rig.daemon.stop().unwrap().success());
    database.run("alter publication tailwater add table k");
    rig.start();
    assert_equal(&rig, &database, &["of_w", "counted", "of_u", "of_k"]);
    let database = rig.database();
    database.run("update t set v = id");
    assert_equal(&rig, &database, &VIEWS.map(|(name, _)| name));
}
