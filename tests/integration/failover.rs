//! The primary dies and a standby that has its slots takes its place: a source whose URL names both goes on there.

use std::sync::mpsc::channel;
use std::thread;

use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::pipeline::status::Condition;

use super::support::database::Database;
use super::support::rig::{Rig, said, wait_for};

const SCHEMA: &str = "
create table parts (id int primary key, kind int not null, body text not null);
insert into parts select i, i % 7, repeat('p', 500) || i from generate_series(1, 2000) i;
create table marks (kind int, place int);
alter table marks replica identity full;
insert into marks select i % 5, i from generate_series(1, 300) i;
";
const VIEWS: [(&str, &str); 3] = [
    ("part", "select id, kind, md5(body) as body from parts"),
    ("kinds", "select kind, count(*) as n from parts group by kind"),
    ("marked", "select kind, count(*) as n, sum(place) as places from marks group by kind"),
];
/// The first version that synchronises logical slots.
const VERSION_MIN: u32 = 170_000;

/// Lets the standby synchronise slots, and the primary hold back what the standby does not have yet.
fn synchronise(primary: &Database, standby: &Database) {
    primary.run("select pg_create_physical_replication_slot('beside', true)");
    primary.run("alter system set synchronized_standby_slots = 'beside'");
    primary.run("select pg_reload_conf()");
    standby.run("alter system set primary_slot_name = 'beside'");
    standby.run("alter system set sync_replication_slots = on");
    standby.run("select pg_reload_conf()");
}

/// Writes until the server dies under it.
fn write(url: &str, round: &std::sync::mpsc::Sender<u32>) {
    let database = Database::connect(url);
    for number in 1.. {
        let id = 10_000 + number;
        let written = database.attempt(&format!(
            "begin; insert into parts values ({id}, {number} % 7, 'new'); update parts set kind = kind + 1 where id = 1 + {number} % 1500; \
             delete from parts where id = {id} - 30; delete from marks where place = {number}; insert into marks values (9, {id}); commit; \
             select pg_log_standby_snapshot()"
        ));
        if written.is_err() || round.send(number).is_err() {
            return;
        }
    }
}

#[test]
fn a_standby_with_synchronised_slots_takes_the_place_of_a_primary_that_was_killed() {
    let mut rig = Rig::new(SCHEMA, &VIEWS.map(|(name, sql)| format!("[view.{name}]\nsql = \"{sql}\"\n")).concat());
    let database = rig.database();
    let version: u32 = database.value("show server_version_num").unwrap().parse().unwrap();
    if version < VERSION_MIN {
        return;
    }
    drop(database);
    let standby = PrivatePostgres::standby_of(&mut rig.postgres).unwrap();
    let database = rig.database();
    let there = || Database::try_connect(&standby.url("postgres")).ok();
    let replica = wait_for(there).unwrap();
    synchronise(&database, &replica);
    // The standby comes first: only what a session there may do tells which is meant.
    let (first, second) = (standby.port(), rig.postgres.port());
    rig.edit_configuration(&format!(":{second}/"), &format!(":{first},127.0.0.1:{second}/"));
    rig.edit_configuration("sslmode=disable", "sslmode=disable&target_session_attrs=read-write");
    let good = said(&rig.command(&["check"]));
    assert!(good.contains("exit Some(0)"), "{good}");
    rig.start();
    let (round, rounds) = channel();
    let url = rig.postgres.url("postgres");
    let writer = thread::spawn(move || write(&url, &round));
    let synchronised =
        "select 1::text from pg_replication_slots where slot_name = 'tailwater' and synced and not temporary";
    assert!(
        wait_for(|| replica.value(synchronised)).is_some(),
        "{:?}",
        replica.rows("select * from pg_replication_slots")
    );
    // In the middle of it.
    let seen = rounds.try_iter().last().unwrap_or(0);
    assert!(rounds.iter().any(|round| round > seen + 50));
    rig.postgres.stop(false);
    writer.join().unwrap();
    drop((replica, database));
    rig.wait_for_status("the primary missed", |status| status.sources["main"].condition != Condition::Live);
    let promoted = Database::connect(&standby.url("postgres"));
    promoted.run("select pg_promote()");
    promoted.run("insert into parts values (90000, 3, 'after'); delete from parts where kind = 2");
    rig.wait_for_status("the stream", |status| status.sources["main"].condition == Condition::Live);
    rig.wait_until_delivered(&promoted);
    for (view, sql) in VIEWS {
        promoted.assert_equal(sql, rig.resp, view);
    }
}
