//! Replicas of MySQL and MariaDB: one takes the place of its primary, one is followed while it replicates; and one that lacks what views
//! have already is named and not followed.

use tailwater::pipeline::status::{Condition, Status};

use super::support::mysql_load::{Load, VIEWS, schema};
use super::support::mysql_rig::{KINDS, MysqlRig, Session, end_of_log, sections, server};
use super::support::mysql_server::{Kind, MysqlServer};
use super::support::rig::{PATIENCE, said, wait_for};

const READ_ONLY: [&str; 2] = ["--server-id=2", "--read-only=ON"];

/// A server that replicates all that the primary has and will have.
fn replica_of(primary: &MysqlServer, options: &[&str]) -> MysqlServer {
    let replica = server(primary.kind, options);
    follow(&replica, primary);
    replica
}

fn follow(replica: &MysqlServer, primary: &MysqlServer) {
    let port = primary.port;
    let mut session = Session::connect(&replica.url("mysql"));
    if primary.kind.is_mariadb() {
        session.run(&format!(
            "change master to master_host = '127.0.0.1', master_port = {port}, master_user = 'root', master_use_gtid = slave_pos"
        ));
        session.run("start slave");
    } else {
        session.run(&format!(
            "change replication source to source_host = '127.0.0.1', source_port = {port}, source_user = 'root', \
             source_auto_position = 1, get_source_public_key = 1"
        ));
        session.run("start replica");
    }
}

/// It replicates no more, and may be written.
fn promote(replica: &MysqlServer) {
    let mut session = Session::connect(&replica.url("mysql"));
    let sql = match replica.kind.is_mariadb() {
        true => ["stop slave", "reset slave all"],
        false => ["stop replica", "reset replica all"],
    };
    sql.into_iter().for_each(|sql| session.run(sql));
    session.run("set global read_only = OFF");
}

/// Waits until the replica has all that the primary has committed.
fn wait_until_equal(primary: &MysqlServer, replica: &MysqlServer) {
    let wanted = end_of_log(primary);
    let sql = match primary.kind.is_mariadb() {
        true => "show slave status",
        false => "show replica status",
    };
    let same = wait_for(|| (end_of_log(replica) == wanted).then_some(()));
    let said = || Session::connect(&replica.url("mysql")).rows(sql);
    assert!(same.is_some(), "the replica stays at {} before {wanted}: {:?}", end_of_log(replica), said());
}

fn is_live(status: &Status) -> bool {
    status.sources["main"].condition == Condition::Live
}

/// The daemon's source is another server from now on.
fn point_to(rig: &mut MysqlRig, other: MysqlServer) -> MysqlServer {
    let (from, to) = (rig.server.url("shop"), other.url("shop"));
    rig.edit_configuration(&from, &to);
    std::mem::replace(&mut rig.server, other)
}

#[test]
fn a_replica_takes_the_place_of_a_primary_that_was_killed() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let mut rig = MysqlRig::new(kind, &schema(kind), &sections(&VIEWS));
        let replica = replica_of(&rig.server, &READ_ONLY);
        rig.start();
        let load = Load::start(&rig.server.url("shop"), 11);
        rig.wait_for_status("transactions", |status| status.sources["main"].transactions > 200);
        assert!(load.stop() > 200);
        wait_until_equal(&rig.server, &replica);
        rig.server.kill();
        promote(&replica);
        let load = Load::start(&replica.url("shop"), 12);
        point_to(&mut rig, replica);
        let applied = said(&rig.command(&["apply"]));
        assert!(applied.contains("exit Some(0)"), "{kind:?}: {applied}\n{}", rig.log());
        rig.wait_for_status("the new primary", is_live);
        assert!(load.stop() > 0);
        rig.assert_equal(&VIEWS);
        // And back to it after a stop of the daemon.
        rig.session().run("insert into words values ('while it was down', 1)");
        rig.daemon.kill().unwrap();
        rig.start();
        rig.assert_equal(&VIEWS);
    }
}

#[test]
fn a_replica_that_lacks_what_views_have_is_named_and_a_rebuild_makes_them_its_own() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let views = [("of_a", "select id, v from a")];
        let schema = ["create table a (id int primary key, v int)", "insert into a values (1, 1), (2, 2)"];
        let mut rig = MysqlRig::new(kind, &schema, &sections(&views));
        let replica = replica_of(&rig.server, &READ_ONLY);
        rig.start();
        wait_until_equal(&rig.server, &replica);
        promote(&replica);
        // The first is lost with the primary, the second was never there; with more of them than were lost.
        let mut session = rig.session();
        session.run("insert into a values (3, 3)");
        session.run("update a set v = 30 where id = 2");
        rig.assert_equal(&views);
        let mut other = Session::connect(&replica.url("shop"));
        for id in 10..20 {
            other.run(&format!("insert into a values ({id}, {id})"));
        }
        rig.server.kill();
        rig.daemon.kill().unwrap();
        point_to(&mut rig, replica);
        let held = rig_rows_of_primary();
        rig.daemon.start().unwrap();
        let status = rig.wait_for_status("the source stopped", |status| {
            status.sources.get("main").is_some_and(|source| source.condition == Condition::Failed)
        });
        let source = &status.sources["main"];
        assert!(source.error.as_deref().unwrap().contains("cannot continue from"), "{kind:?}: {source:?}");
        assert!(source.hint.as_deref().unwrap().contains("tailwater rebuild source main"), "{kind:?}: {source:?}");
        assert_eq!(rig.view("of_a"), held, "{kind:?}: what is served is what was there");
        let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
        assert!(rebuilt.contains("exit Some(0)"), "{kind:?}: {rebuilt}\n{}", rig.log());
        rig.wait_for_status("the rebuild", is_live);
        other.run("delete from a where id = 1");
        rig.assert_equal(&views);
    }
}

/// What views had of the primary.
fn rig_rows_of_primary() -> Vec<Vec<String>> {
    [["1", "1"], ["2", "30"], ["3", "3"]].map(|row| row.map(String::from).to_vec()).to_vec()
}

#[test]
fn a_replica_is_followed_while_it_replicates() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let primary = server(kind, &[]);
        Session::connect(&primary.url("mysql")).run("create database shop");
        let mut session = Session::connect(&primary.url("shop"));
        schema(kind).into_iter().for_each(|sql| session.run(sql));
        let replica = replica_of(&primary, &READ_ONLY);
        wait_until_equal(&primary, &replica);
        let load = Load::start(&primary.url("shop"), 13);
        let mut rig = MysqlRig::over(replica, &sections(&VIEWS));
        for _ in 0..3 {
            rig.start();
            let before = end_of_log(&rig.server);
            assert!(wait_for(|| (end_of_log(&rig.server) != before).then_some(())).is_some(), "nothing is replicated");
            rig.daemon.kill().unwrap();
        }
        rig.start();
        assert!(load.stop() > 0);
        wait_until_equal(&primary, &rig.server);
        rig.assert_equal(&VIEWS);
        // The replica is started again while its primary goes on.
        let load = Load::start(&primary.url("shop"), 14);
        rig.server.kill();
        rig.server.restart();
        rig.daemon.wait_until_ready(PATIENCE).unwrap();
        assert!(load.stop() > 0);
        wait_until_equal(&primary, &rig.server);
        rig.assert_equal(&VIEWS);
    }
}

#[test]
fn a_replica_that_does_not_log_what_it_replicates_is_refused() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let primary = server(kind, &[]);
        Session::connect(&primary.url("mysql")).run("create database shop");
        Session::connect(&primary.url("shop")).run("create table a (id int primary key)");
        let off = if kind == Kind::Mysql9 { "--log-replica-updates=OFF" } else { "--skip-log-slave-updates" };
        let replica = replica_of(&primary, &[READ_ONLY.as_slice(), &[off]].concat());
        let there = wait_for(|| Session::try_connect(&replica.url("shop")).ok()?.try_run("select * from a").ok());
        assert!(there.is_some(), "nothing is replicated");
        let mut rig = MysqlRig::over(replica, &sections(&[("v", "select id from a")]));
        let checked = said(&rig.command(&["check"]));
        assert!(
            checked.contains("exit Some(1)") && checked.contains("does not log what it replicates"),
            "{kind:?}: {checked}"
        );
        rig.daemon.start().unwrap();
        assert!(
            wait_for(|| rig.log().contains("does not log what it replicates").then_some(())).is_some(),
            "{}",
            rig.log()
        );
    }
}
