//! Logs that say less: without names of columns, without what an update did not change, without what an insert did not name. What they leave
//! out comes from what is held, from the catalog and from defaults, or the table is named and stops; never is it guessed.

use tailwater::pipeline::status::{Condition, Status};

use super::mysql::killed_again_and_again;
use super::support::mysql_rig::{KINDS, MysqlRig, sections};
use super::support::mysql_server::Kind;
use super::support::rig::said;

/// The least that a server of this kind says.
fn least(kind: Kind) -> [&'static str; 2] {
    match kind.is_mariadb() {
        true => ["--binlog-row-image=MINIMAL", "--binlog-row-metadata=NO_LOG"],
        false => ["--binlog-row-image=MINIMAL", "--binlog-row-metadata=MINIMAL"],
    }
}

#[test]
fn views_over_the_leanest_log_equal_their_server_s_after_load_and_kills() {
    for kind in KINDS {
        killed_again_and_again(kind, &least(kind));
    }
}

#[test]
fn views_over_a_log_without_unchanged_texts_equal_their_server_s_after_load_and_kills() {
    killed_again_and_again(Kind::Mariadb10, &["--binlog-row-image=NOBLOB"]);
    killed_again_and_again(Kind::Mysql9, &["--binlog-row-image=NOBLOB"]);
}

fn is_stopped(status: &Status, view: &str) -> bool {
    status.views.get(view).is_some_and(|view| view.condition == Condition::Failed)
}

#[test]
fn what_an_insert_does_not_name_is_its_column_s_default_until_that_may_be_another() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let schema = [
            "create table d (id int auto_increment primary key, a int default 7, b varchar(10) default 'x y', n int not null default -3, \
             e decimal(5,2) default 1.5, f text, g enum('p', 'q') default 'q', h date default '2020-01-02', i int)",
            "create table other (id int primary key, v int)",
            "insert into d () values ()",
        ];
        let views = [("ds", "select id, a, b, n, e, f, g, h, i from d"), ("others", "select id, v from other")];
        let mut rig = MysqlRig::with_options((kind, &least(kind)), &schema, &sections(&views));
        let checked = said(&rig.command(&["check"]));
        assert!(checked.contains("exit Some(0)") && checked.contains("binlog_row_image is \"MINIMAL\""), "{checked}");
        rig.start();
        let mut session = rig.session();
        for sql in [
            "insert into d () values (), ()",
            "insert into d (a, f) values (null, 'text')",
            "update d set a = a + 1, f = concat(coalesce(f, ''), 'z')",
            "update d set i = 5 where id = 2",
            "update d set id = 100 where id = 1",
            "insert into other (id) values (1)",
            "alter table d add index (a), engine = InnoDB",
            "insert into d (b) values ('after')",
        ] {
            session.run(sql);
        }
        rig.assert_equal(&views);
        session.run("alter table d alter a set default 8");
        session.run("insert into d () values ()");
        session.run("insert into other values (2, 2)");
        let status = rig.wait_for_status("one view stopped", |status| is_stopped(status, "ds"));
        assert!(!is_stopped(&status, "others"), "{kind:?}: {status:?}");
        rig.assert_equal(&views[1..]);
        rig.daemon.kill().unwrap();
        rig.start();
        session.run("insert into d () values ()");
        rig.assert_equal(&views);
    }
}

#[test]
fn columns_that_change_places_while_nobody_looks_are_not_taken_for_one_another() {
    for kind in KINDS.into_iter().filter(|kind| !kind.is_left_out()) {
        let schema = ["create table s (id int primary key, a int, b int)", "insert into s values (1, 10, 20)"];
        let views = [("ss", "select id, a, b from s")];
        let mut rig = MysqlRig::with_options((kind, &least(kind)), &schema, &sections(&views));
        rig.start();
        let mut session = rig.session();
        session.run("insert into s values (2, 11, 21)");
        rig.assert_equal(&views);
        for (round, place) in ["after b", "after id"].into_iter().enumerate() {
            rig.daemon.kill().unwrap();
            session.run(&format!("insert into s (id, a, b) values (3 + 10 * {round}, 12, 22)"));
            session.run(&format!("alter table s modify a int {place}"));
            session.run(&format!("insert into s (id, a, b) values (4 + 10 * {round}, 13, 23)"));
            rig.daemon.start().unwrap();
            rig.wait_for_status("the view stopped", |status| is_stopped(status, "ss"));
            rig.daemon.kill().unwrap();
            rig.start();
            session.run(&format!("insert into s (id, a, b) values (5 + 10 * {round}, 14, 24)"));
            rig.assert_equal(&views);
        }
        // There and back again: the catalog says what it said.
        rig.daemon.kill().unwrap();
        session.run("alter table s modify a int after b");
        session.run("insert into s (id, a, b) values (100, 15, 25)");
        session.run("alter table s modify a int after id");
        rig.daemon.start().unwrap();
        rig.wait_for_status("the view stopped", |status| is_stopped(status, "ss"));
        rig.daemon.kill().unwrap();
        rig.start();
        rig.assert_equal(&views);
    }
}
