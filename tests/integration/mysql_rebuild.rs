//! A source of MySQL or MariaDB whose log was purged is made again beside what is served, without rows that went meanwhile.

use tailwater::pipeline::status::{Condition, Status};

use super::support::mysql_load::{Load, VIEWS, schema};
use super::support::mysql_rig::{KINDS, MysqlRig, sections};
use super::support::mysql_server::Kind;
use super::support::rig::{get, said, wait_for};

/// Files are begun and removed until one alone is left.
fn purge(rig: &MysqlRig) {
    let mut session = rig.session();
    session.run("flush binary logs");
    session.run("insert into words values ('after the purge', 1) on duplicate key update n = n + 1");
    session.run("flush binary logs");
    let last = session.rows("show binary logs").last().unwrap()[0].clone();
    // The server may not have noticed yet that nobody reads them any more.
    let purged = wait_for(|| {
        session.run(&format!("purge binary logs to '{last}'"));
        (session.rows("show binary logs").len() == 1).then_some(())
    });
    assert!(purged.is_some(), "the logs cannot be purged");
}

fn has_stopped(status: &Status) -> bool {
    status.sources.get("main").is_some_and(|source| source.condition == Condition::Failed)
}

fn is_live(status: &Status) -> bool {
    let source = &status.sources["main"];
    source.condition == Condition::Live && source.rebuild_at.is_none()
}

#[test]
fn a_source_whose_log_was_purged_is_rebuilt_while_it_is_written() {
    KINDS.into_iter().for_each(|kind| rebuilt_after_a_purge(kind, &[]));
}

#[test]
fn a_source_by_file_and_place_whose_log_was_purged_is_rebuilt_while_it_is_written() {
    rebuilt_after_a_purge(Kind::Mysql9, &["--gtid-mode=OFF", "--max-binlog-size=65536"]);
}

fn rebuilt_after_a_purge(kind: Kind, options: &[&str]) {
    if kind.is_left_out() {
        return eprintln!("left out: {}", kind.name());
    }
    let mut rig = MysqlRig::with_options((kind, options), &schema(kind), &sections(&VIEWS));
    rig.start();
    rig.assert_equal(&VIEWS);
    let before = rig.view("notes");
    rig.daemon.kill().unwrap();
    rig.session().run("delete from accounts where id % 3 = 0");
    rig.session().run("insert into words values ('while it was down', 1)");
    purge(&rig);
    rig.daemon.start().unwrap();
    let status = rig.wait_for_status("the stop", has_stopped);
    let hint = status.sources["main"].hint.clone().unwrap_or_default();
    assert!(hint.contains("tailwater rebuild source main"), "{kind:?}: {hint}");
    assert_eq!(get(rig.http, "/v1/views/notes/rows").unwrap().stale.as_deref(), Some("main"));
    assert_eq!(rig.view("notes"), before, "{kind:?}");
    // A start changes nothing of that.
    rig.daemon.kill().unwrap();
    rig.daemon.start().unwrap();
    rig.wait_for_status("the stop again", has_stopped);
    let load = Load::start(&rig.server.url("shop"), 21);
    let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(rebuilt.contains("exit Some(0)"), "{kind:?}: {rebuilt}\n{}", rig.log());
    rig.wait_for_status("the rebuild", is_live);
    rig.wait_for_status("transactions", |status| status.sources["main"].transactions > 20);
    load.stop();
    rig.assert_equal(&VIEWS);
    assert_eq!(get(rig.http, "/v1/views/notes/rows").unwrap().stale, None);
    assert!(rig.daemon.stop().unwrap().success());
    rig.start();
    rig.assert_equal(&VIEWS);
}
