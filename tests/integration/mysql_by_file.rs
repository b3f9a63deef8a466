//! MySQL without transaction ids, followed by file and place: views equal the server's own answers through kills, rotations and a log whose
//! commits are seen late; and whatever makes a place mean something else is named, and never followed.

use std::path::Path;
use std::thread;

use tailwater::pipeline::status::{Condition, Status};

use super::mysql::killed_again_and_again;
use super::support::mysql_load::{Load, VIEWS, schema};
use super::support::mysql_rig::{MysqlRig, Session, end_of_log, sections};
use super::support::mysql_server::Kind;
use super::support::rig::{PATIENCE, said};

const KIND: Kind = Kind::Mysql9;
const OFF: &str = "--gtid-mode=OFF";
const OF_A: [(&str, &str); 1] = [("of_a", "select id, v from a")];

fn is_left_out() -> bool {
    if KIND.is_left_out() {
        eprintln!("left out: {}", KIND.name());
    }
    KIND.is_left_out()
}

/// A server without ids, a table and a view of it that is live.
fn live(options: &[&str]) -> MysqlRig {
    let schema = ["create table a (id int primary key, v int)", "insert into a values (1, 1), (2, 2)"];
    let mut rig = MysqlRig::with_options((KIND, options), &schema, &sections(&OF_A));
    rig.start();
    rig.session().run("insert into a values (3, 3)");
    rig.assert_equal(&OF_A);
    rig
}

/// The source has stopped for good, says why, and says what to do; views are served as they were.
fn assert_stopped(rig: &MysqlRig, why: &str, held: &[Vec<String>]) {
    let has_stopped =
        |status: &Status| status.sources.get("main").is_some_and(|source| source.condition == Condition::Failed);
    let status = rig.wait_for_status(why, has_stopped);
    let source = &status.sources["main"];
    let (error, hint) = (source.error.as_deref().unwrap_or_default(), source.hint.as_deref().unwrap_or_default());
    assert!(error.contains("cannot continue from") && error.contains(why), "not \"{why}\": {error}");
    assert!(hint.contains("tailwater rebuild source main"), "{hint}");
    assert_eq!(rig.view("of_a"), held, "what is served is what was there");
}

/// Makes it right again.
fn rebuild(rig: &MysqlRig, views: &[(&str, &str)]) {
    let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(rebuilt.contains("exit Some(0)"), "{rebuilt}\n{}", rig.log());
    rig.wait_for_status("the rebuild", |status| status.sources["main"].condition == Condition::Live);
    rig.assert_equal(views);
}

#[test]
fn views_by_file_and_place_equal_the_server_s_own_answers_after_load_kills_and_rotations() {
    let Some(rig) = killed_again_and_again(KIND, &[OFF, "--max-binlog-size=65536"]) else { return };
    let files = rig.session().rows("show binary logs").len();
    assert!(files > 12, "the log was not rotated: {files}");
}

#[test]
fn compressed_transactions_go_the_whole_way_by_file_and_place() {
    killed_again_and_again(KIND, &[OFF, "--binlog-transaction-compression=ON", "--max-binlog-size=16384"]);
}

#[test]
fn a_log_without_checksums_goes_the_whole_way_by_file_and_place() {
    killed_again_and_again(KIND, &["--gtid-mode=OFF_PERMISSIVE", "--binlog-checksum=NONE", "--max-binlog-size=65536"]);
}

/// What is logged is seen a tenth of a second later, and there is no moment without a transaction on its way.
#[test]
fn a_first_copy_beside_commits_that_are_seen_late_equals_the_server_s_own_answers() {
    if is_left_out() {
        return;
    }
    let options = [OFF, "--binlog-group-commit-sync-delay=100000"];
    for seed in 1..=3 {
        let mut rig = MysqlRig::with_options((KIND, &options), &schema(KIND), &sections(&VIEWS));
        let load = Load::start(&rig.server.url("shop"), seed);
        let started = end_of_log(&rig.server);
        while end_of_log(&rig.server) == started {
            thread::yield_now();
        }
        rig.start();
        load.stop();
        rig.assert_equal(&VIEWS);
    }
}

#[test]
fn files_are_begun_and_the_server_is_stopped_and_started_and_a_quiet_source_lets_go_of_old_files() {
    if is_left_out() {
        return;
    }
    let mut rig = live(&[OFF]);
    for id in 10..14 {
        rig.session().run("flush binary logs");
        rig.session().run(&format!("insert into a values ({id}, {id})"));
        match id % 4 {
            0 => rig.daemon.kill().unwrap(),
            1 => rig.server.stop(),
            2 => rig.server.kill(),
            _ => {}
        }
        if id % 4 == 1 || id % 4 == 2 {
            rig.server.restart();
        }
        if id % 4 == 0 {
            rig.daemon.start().unwrap();
        }
        rig.daemon.wait_until_ready(PATIENCE).unwrap();
        rig.assert_equal(&OF_A);
    }
    // Nothing is written, and the file that was followed goes.
    let mut session = rig.session();
    session.run("flush binary logs");
    rig.wait_until_applied();
    rig.daemon.stop().unwrap();
    let last = session.rows("show binary logs").last().unwrap()[0].clone();
    session.run(&format!("purge binary logs to '{last}'"));
    rig.start();
    session.run("insert into a values (20, 20)");
    rig.assert_equal(&OF_A);
}

#[test]
fn a_reader_waits_for_the_place_that_the_server_tells() {
    if is_left_out() {
        return;
    }
    let rig = live(&[OFF]);
    let mut session = rig.session();
    for id in 30..40 {
        session.run(&format!("insert into a values ({id}, {id})"));
        let place = end_of_log(&rig.server);
        let url = format!("/v1/views/of_a/rows/{id}?min_position={place}&timeout=30s");
        let answer = super::support::rig::get(rig.http, &url).unwrap();
        assert_eq!(answer.code, 200, "{}", answer.body);
    }
    let checked = said(&rig.command(&["check"]));
    assert!(checked.contains("exit Some(0)"), "{checked}");
    assert!(checked.contains("gtid_mode is \"OFF\"") && checked.contains("failover"), "{checked}");
    let prepared = said(&rig.command(&["source", "prepare", "--print"]));
    assert!(!prepared.contains("gtid_mode ="), "{prepared}");
}

#[test]
fn a_file_that_was_purged_is_named_and_a_rebuild_makes_it_right() {
    if is_left_out() {
        return;
    }
    let mut rig = live(&[OFF]);
    let held = rig.view("of_a");
    rig.daemon.kill().unwrap();
    let mut session = rig.session();
    session.run("delete from a where id = 2");
    session.run("flush binary logs");
    let last = session.rows("show binary logs").last().unwrap()[0].clone();
    session.run(&format!("purge binary logs to '{last}'"));
    rig.daemon.start().unwrap();
    assert_stopped(&rig, "has removed", &held);
    rebuild(&rig, &OF_A);
}

#[test]
fn a_log_that_was_begun_anew_is_named_whether_it_is_shorter_or_longer_than_what_was_followed() {
    if is_left_out() {
        return;
    }
    for grows in [false, true] {
        let mut rig = live(&[OFF]);
        let held = rig.view("of_a");
        let place = end_of_log(&rig.server);
        rig.daemon.kill().unwrap();
        let mut session = rig.session();
        session.run("reset binary logs and gtids");
        session.run("update a set v = 7 where id = 1");
        // Past the place, with an event that ends exactly there or not.
        let number = |place: &str| place.rsplit_once(':').unwrap().1.parse::<u64>().unwrap();
        while grows && number(&end_of_log(&rig.server)) <= number(&place) {
            session.run("update a set v = v + 1 where id = 1");
        }
        rig.daemon.start().unwrap();
        assert_stopped(&rig, if grows { "begun anew" } else { "ends before that place" }, &held);
        rebuild(&rig, &OF_A);
    }
}

/// The same statements as before, so that every event ends where one ended before.
#[test]
fn a_log_that_was_begun_anew_and_is_the_same_byte_for_byte_but_for_time_is_named() {
    if is_left_out() {
        return;
    }
    let mut rig = live(&[OFF]);
    let held = rig.view("of_a");
    let mut session = rig.session();
    let write = |session: &mut Session| session.run("update a set v = 1 - v where id = 1");
    session.run("reset binary logs and gtids");
    assert_stopped(&rig, "begun anew", &held);
    rebuild(&rig, &OF_A);
    session.run("flush binary logs");
    (0..5).for_each(|_| write(&mut session));
    rig.assert_equal(&OF_A);
    let (held, place) = (rig.view("of_a"), end_of_log(&rig.server));
    rig.daemon.kill().unwrap();
    session.run("reset binary logs and gtids");
    write(&mut session);
    session.run("flush binary logs");
    (0..5).for_each(|_| write(&mut session));
    assert_eq!(end_of_log(&rig.server), place, "it is to look the same");
    write(&mut session);
    rig.daemon.start().unwrap();
    assert_stopped(&rig, "begun anew", &held);
}

#[test]
fn a_log_that_is_begun_anew_under_the_stream_is_named_also_when_nothing_is_written() {
    if is_left_out() {
        return;
    }
    for rotates in [false, true] {
        let rig = live(&[OFF]);
        let held = rig.view("of_a");
        let mut session = rig.session();
        session.run("reset binary logs and gtids");
        if rotates {
            // The server goes on with the next file by its name, whatever log it is of.
            session.run("update a set v = 70 where id = 1");
            session.run("flush binary logs");
            session.run("update a set v = 71 where id = 2");
        }
        assert_stopped(&rig, "begun anew", &held);
        rebuild(&rig, &OF_A);
    }
}

#[test]
fn another_server_is_named_though_it_has_the_same_files() {
    if is_left_out() {
        return;
    }
    let mut rig = live(&[OFF]);
    let held = rig.view("of_a");
    rig.server.stop();
    std::fs::remove_file(rig.server.data().join("auto.cnf")).unwrap();
    rig.server.restart();
    assert_stopped(&rig, "another server", &held);
    rebuild(&rig, &OF_A);
}

#[test]
fn an_older_copy_of_the_server_is_named_though_it_has_written_more_since() {
    if is_left_out() {
        return;
    }
    let mut rig = live(&[OFF]);
    rig.server.stop();
    let (data, copy) = (rig.server.data(), rig.directory.path().join("copy"));
    copy_directory(&data, &copy);
    rig.server.restart();
    rig.session().run("insert into a values (4, 4)");
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    rig.assert_equal(&OF_A);
    let held = rig.view("of_a");
    rig.daemon.kill().unwrap();
    rig.server.stop();
    std::fs::remove_dir_all(&data).unwrap();
    copy_directory(&copy, &data);
    rig.server.restart();
    (0..9).for_each(|_| rig.session().run("update a set v = v + 1 where id = 1"));
    rig.daemon.start().unwrap();
    assert_stopped(&rig, "begun", &held);
    rebuild(&rig, &OF_A);
}

fn copy_directory(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "{from:?} cannot be copied");
}

#[test]
fn a_server_that_changes_over_to_ids_is_followed_on_and_one_that_gives_them_up_is_named() {
    if is_left_out() {
        return;
    }
    let mut rig = live(&[OFF]);
    let mut session = rig.session();
    for mode in ["off_permissive", "on_permissive", "on"] {
        session.run(&format!("set global gtid_mode = {mode}"));
        session.run("update a set v = v + 1 where id = 1");
        rig.assert_equal_at_place(&OF_A);
    }
    rig.daemon.kill().unwrap();
    session.run("update a set v = v + 1 where id = 1");
    rig.start();
    rig.assert_equal_at_place(&OF_A);
    assert!(rig.log().contains("goes over to transaction ids"), "{}", rig.log());
    let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(rebuilt.contains("exit Some(0)"), "{rebuilt}\n{}", rig.log());
    // By id now.
    rig.assert_equal(&OF_A);
    let held = rig.view("of_a");
    for mode in ["on_permissive", "off_permissive", "off"] {
        session.run(&format!("set global gtid_mode = {mode}"));
    }
    rig.daemon.kill().unwrap();
    rig.daemon.start().unwrap();
    assert_stopped(&rig, "gtid_mode is \"OFF\"", &held);
    rebuild(&rig, &OF_A);
}
