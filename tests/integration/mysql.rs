//! Views over MySQL and MariaDB equal what the server itself answers: after a first copy beside changes, after kills of the daemon and of
//! the server, after statements that change tables; and what cannot be followed is named.

use std::thread;
use std::time::Duration;

use tailwater::cli::demo::Random;
use tailwater::pipeline::status::Condition;

use super::support::mysql_load::{Load, VIEWS, schema};
use super::support::mysql_rig::{KINDS, MysqlRig, sections};
use super::support::mysql_server::Kind;
use super::support::rig::{PATIENCE, number, said, status, wait_for};

/// Kills of the daemon, the first of them during the first copy.
const KILLS: u64 = 8;
/// Longest life of a daemon, in milliseconds.
const LIFE_MAX: u64 = 1_500;

#[test]
fn views_over_mariadb_equal_its_own_answers_after_load_and_kills() {
    killed_again_and_again(Kind::Mariadb10, &[]);
}

#[test]
fn views_over_mariadb_11_equal_its_own_answers_after_load_and_kills() {
    killed_again_and_again(Kind::Mariadb11, &[]);
}

#[test]
fn views_over_mysql_equal_its_own_answers_after_load_and_kills() {
    killed_again_and_again(Kind::Mysql9, &[]);
}

#[test]
fn compressed_transactions_of_mysql_go_the_whole_way() {
    let rig = killed_again_and_again(Kind::Mysql9, &["--binlog-transaction-compression=ON"]);
    assert_logged(rig, "Transaction_payload");
}

#[test]
fn compressed_rows_of_mariadb_go_the_whole_way() {
    for kind in [Kind::Mariadb10, Kind::Mariadb11] {
        let rig = killed_again_and_again(kind, &["--log-bin-compress=ON", "--log-bin-compress-min-len=10"]);
        assert_logged(rig, "Update_rows_compressed_v1");
    }
}

/// The server's log has events of this kind.
fn assert_logged(rig: Option<MysqlRig>, kind: &str) {
    let Some(rig) = rig else { return };
    let events = rig.session().rows("show binlog events limit 2000");
    assert!(events.iter().any(|event| event[2] == kind), "no {kind}");
}

/// Load and kills of the daemon and the server, then all is equal. `None`: the kind is left out.
pub(super) fn killed_again_and_again(kind: Kind, options: &[&str]) -> Option<MysqlRig> {
    if kind.is_left_out() {
        eprintln!("left out: {}", kind.name());
        return None;
    }
    let (kills, seed) = (number("TAILWATER_MYSQL_KILLS", KILLS), number("TAILWATER_MYSQL_SEED", 5));
    let mut rig = MysqlRig::with_options((kind, options), &schema(kind), &sections(&VIEWS));
    let load = Load::start(&rig.server.url("shop"), seed);
    let mut random = Random::new(seed);
    for kill in 0..kills {
        rig.daemon.start().unwrap();
        assert!(wait_for(|| status(rig.http).ok()).is_some(), "it never answered: {}", rig.log());
        // The random moment; nothing is waited for.
        thread::sleep(Duration::from_millis(random.below(if kill < 2 { LIFE_MAX / 3 } else { LIFE_MAX })));
        if kill % 4 == 3 {
            rig.server.kill();
            thread::sleep(Duration::from_millis(random.below(LIFE_MAX / 3)));
            rig.server.restart();
        } else {
            rig.daemon.kill().unwrap();
        }
        if kill % 4 == 3 {
            rig.daemon.wait_until_ready(PATIENCE).unwrap();
            rig.daemon.kill().unwrap();
        }
    }
    rig.start();
    let committed = load.stop();
    eprintln!("{kind:?}: {kills} kills, {committed} transactions");
    assert!(committed > 100, "the writers did not get on: {committed}");
    rig.assert_equal(&VIEWS);
    assert!(rig.daemon.stop().unwrap().success());
    Some(rig)
}

#[test]
fn statements_that_change_tables_stop_only_what_they_touch() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let schema = [
            "create table a (id int primary key, v int, w int)",
            "create table b (id int primary key, v int)",
            "create table c (id int primary key, v int)",
            "insert into a values (1, 10, 100), (2, 20, 200)",
            "insert into b values (1, 1)",
            "insert into c values (1, 1)",
        ];
        let views = [
            ("of_v", "select id, v from a"),
            ("of_w", "select id, w from a"),
            ("of_b", "select id, v from b"),
            ("of_c", "select id, v from c"),
        ];
        let mut rig = MysqlRig::new(kind, &schema, &sections(&views));
        rig.start();
        let mut session = rig.session();
        session.run("alter table a add column x int default 7 first");
        session.run("insert into a values (1, 3, 30, 300)");
        session.run("truncate table b");
        session.run("insert into b values (5, 5)");
        rig.assert_equal(&views);
        session.run("alter table a drop column w");
        session.run("insert into a values (1, 4, 40)");
        session.run("rename table c to d");
        session.run("create table c (id int primary key, v int)");
        rig.wait_for_status("two views stopped", |status| {
            let stopped = |view: &str| status.views.get(view).is_some_and(|view| view.condition == Condition::Failed);
            stopped("of_w") && stopped("of_c") && !stopped("of_v") && !stopped("of_b")
        });
        rig.assert_equal(&[views[0], views[2]]);
    }
}

#[test]
fn a_log_that_was_purged_and_settings_that_lose_something_are_named_with_what_to_do() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let views = [("of_a", "select id, v from a")];
        let schema = ["create table a (id int primary key, v int)", "insert into a values (1, 1)"];
        let mut rig = MysqlRig::new(kind, &schema, &sections(&views));
        rig.start();
        rig.assert_equal(&views);
        rig.daemon.stop().unwrap();
        let mut session = rig.session();
        session.run("insert into a values (2, 2)");
        session.run("flush binary logs");
        session.run("insert into a values (3, 3)");
        session.run("flush binary logs");
        let last = session.rows("show binary logs").last().unwrap()[0].clone();
        // The server may not have noticed yet that nobody reads them any more.
        let purged = wait_for(|| {
            session.run(&format!("purge binary logs to '{last}'"));
            (session.rows("show binary logs").len() == 1).then_some(())
        });
        assert!(purged.is_some(), "the logs cannot be purged");
        rig.daemon.start().unwrap();
        let status = rig.wait_for_status("the source stopped", |status| {
            status.sources.get("main").is_some_and(|source| source.condition == Condition::Failed)
        });
        let source = &status.sources["main"];
        assert!(source.error.as_deref().unwrap().contains("cannot continue from"), "{source:?}");
        assert!(source.hint.as_deref().unwrap().contains("tailwater rebuild"), "{source:?}");
        rig.daemon.stop().unwrap();

        session.run("set global binlog_row_metadata = 'MINIMAL'");
        session.run("set global binlog_format = 'MIXED'");
        let checked = rig.command(&["check"]);
        let text = said(&checked);
        assert!(!checked.status.success() && text.contains("binlog_format is \"MIXED\""), "{text}");
        assert!(text.contains("binlog_row_metadata is \"MINIMAL\""), "{text}");
        let prepared = rig.command(&["source", "prepare", "--print"]);
        assert!(said(&prepared).contains("binlog_row_metadata = FULL"), "{}", said(&prepared));
        assert!(rig.command(&["source", "prepare"]).status.success());
        let checked = rig.command(&["check"]);
        assert!(checked.status.success(), "{}", said(&checked));
    }
}

#[test]
fn tables_that_cannot_be_followed_are_refused_with_the_reason() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let schema = [
            "create table isam (id int primary key) engine = MyISAM",
            "create table parents (id int primary key)",
            "create table children (id int primary key, parent int, foreign key (parent) references parents (id) on delete cascade)",
        ];
        let rig = MysqlRig::new(kind, &schema, "");
        let refused = |table: &str| {
            rig.configure(&sections(&[("v", &format!("select * from {table}"))]));
            said(&rig.command(&["check"]))
        };
        assert!(refused("isam").contains("has no consistent snapshots"), "{}", refused("isam"));
        assert!(refused("nothing").contains("does not exist"), "{}", refused("nothing"));
        // MySQL's own server, and not its engine, lets children go since 9.6; then they are in the log.
        let cascades = refused("children").contains("changes by its foreign key");
        assert_eq!(cascades, kind.is_mariadb(), "{}", refused("children"));
    }
}

#[test]
fn children_that_go_with_their_parents_go_from_views_where_that_is_allowed() {
    let kind = Kind::Mysql9;
    if kind.is_left_out() {
        return eprintln!("left out: {}", kind.name());
    }
    let schema = [
        "create table parents (id int primary key)",
        "create table children (id int primary key, parent int, foreign key (parent) references parents (id) on delete cascade)",
        "insert into parents values (1), (2)",
        "insert into children values (1, 1), (2, 2), (3, 1)",
    ];
    let views = [("v", "select id, parent from children")];
    let mut rig = MysqlRig::new(kind, &schema, &sections(&views));
    rig.start();
    rig.session().run("delete from parents where id = 1");
    rig.assert_equal(&views);
    assert_eq!(rig.view("v"), [["2", "2"]]);
}

#[test]
fn two_phase_transactions_count_when_they_are_committed() {
    let kind = Kind::Mysql9;
    if kind.is_left_out() {
        return eprintln!("left out: {}", kind.name());
    }
    let views = [("v", "select id, v from a")];
    let mut rig = MysqlRig::new(kind, &["create table a (id int primary key, v int)"], &sections(&views));
    rig.start();
    let mut session = rig.session();
    for sql in ["xa start 'one'", "insert into a values (1, 1)", "xa end 'one'", "xa prepare 'one'"] {
        session.run(sql);
    }
    drop(session);
    let mut session = rig.session();
    session.run("insert into a values (2, 2)");
    rig.wait_for_status("the other row", |_| rig.view("v") == [["2", "2"]]);
    // The daemon forgets what was prepared, and gets it again.
    rig.daemon.kill().unwrap();
    rig.start();
    session.run("xa commit 'one'");
    rig.assert_equal(&views);
}
