//! A physical standby as the source: it is copied and followed beside its primary's traffic, and goes on when it becomes the primary.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::pipeline::status::{Condition, Status};

use super::support::database::Database;
use super::support::rig::{Rig, said, wait_for};

const SCHEMA: &str = "
create table parts (id int primary key, kind int not null, body text not null);
insert into parts select i, i % 7, repeat('p', 1000) || i from generate_series(1, 3000) i;
create table marks (kind int, place int);
alter table marks replica identity full;
insert into marks select i % 5, i from generate_series(1, 300) i;
create table later (id int primary key, kind int not null);
insert into later select i, i % 3 from generate_series(1, 500) i;
";
const VIEWS: [(&str, &str); 3] = [
    ("part", "select id, kind, md5(body) as body from parts"),
    ("kinds", "select kind, count(*) as n from parts group by kind"),
    ("marked", "select kind, count(*) as n, sum(place) as places from marks group by kind"),
];
const LATER: (&str, &str) = ("lately", "select id, kind from later");
/// The first version that decodes on a standby.
const VERSION_MIN: u32 = 160_000;

/// Writes on the primary until it is stopped, with transactions that stay open for a while, and lets the primary log which are.
struct Traffic {
    stop: Sender<()>,
    writer: JoinHandle<()>,
}

impl Traffic {
    fn start(url: &str) -> Self {
        let (stop, stopped) = channel();
        let (database, slow) = (url.to_owned(), url.to_owned());
        let writer = std::thread::spawn(move || {
            let (database, slow) = (Database::connect(&database), Database::connect(&slow));
            let mut round = 0;
            while stopped.try_recv().is_err() {
                round += 1;
                if round % 20 == 1 {
                    slow.run(&format!(
                        "begin; update parts set kind = 50 + {round} % 9 where id between 2000 and 2900"
                    ));
                }
                let id = 10_000 + round;
                database.run(&format!(
                    "insert into parts values ({id}, {round} % 7, 'new'); update parts set kind = kind + 1 where id = 1 + {round} % 1500; \
                     delete from parts where id = {id} - 30; insert into later values ({id}, 1); \
                     delete from marks where place = {round}; insert into marks values (9, {id}); select pg_log_standby_snapshot()"
                ));
                if round % 20 == 15 {
                    slow.run("commit");
                }
            }
            slow.run("commit");
        });
        Self { stop, writer }
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.writer.join().unwrap();
    }
}

/// A standby that had not received everything becomes the primary, writes on past where the state stands, and has a slot of our name: no
/// position tells that what we hold was never there.
#[test]
fn a_failover_that_lost_what_we_hold_is_named_and_the_source_rebuilt() {
    let mut rig = Rig::new(SCHEMA, &views(&VIEWS));
    let mut standby = PrivatePostgres::standby_of(&mut rig.postgres).unwrap();
    let database = rig.database();
    rig.start();
    let replica = wait_for(|| Database::try_connect(&standby.url("postgres")).ok()).unwrap();
    assert!(wait_for(|| replica.value("select pubname from pg_publication")).is_some());
    drop(replica);
    standby.stop(true);
    database.run(
        "insert into parts select i, 60, 'lost' from generate_series(20000, 24000) i; delete from parts where id < 100",
    );
    compare(&rig, &database, &VIEWS);
    let held = database.position();
    assert!(rig.daemon.stop().unwrap().success());
    drop(database);
    rig.postgres.stop(true);
    standby.launch().unwrap();
    let promoted = wait_for(|| Database::try_connect(&standby.url("postgres")).ok()).unwrap();
    promoted.run("select pg_promote()");
    promoted.run("select pg_create_logical_replication_slot('tailwater', 'pgoutput')");
    promoted.run("insert into parts select i, 61, repeat('kept', 100) from generate_series(30000, 39000) i");
    let is_ahead = format!("select (pg_current_wal_lsn() > '{held}')::text");
    assert_eq!(promoted.value(&is_ahead).as_deref(), Some("true"));
    name_standby(&rig, &standby);
    rig.daemon.start().unwrap();
    let failed = rig.wait_for_status("the stop", |status| status.sources["main"].condition == Condition::Failed);
    let error = failed.sources["main"].error.clone().unwrap_or_default();
    assert!(error.contains("is lost there"), "{error}");
    assert_eq!(rig.get("/v1/views/kinds/rows").unwrap().stale.as_deref(), Some("main"));
    let rebuilt = said(&rig.command(&["rebuild", "source", "main"]));
    assert!(rebuilt.contains("exit Some(0)"), "{rebuilt}\n{}", rig.log());
    compare(&rig, &promoted, &VIEWS);
}

fn compare(rig: &Rig, database: &Database, views: &[(&str, &str)]) {
    rig.wait_until_delivered(database);
    for (view, sql) in views {
        database.assert_equal(sql, rig.resp, view);
    }
}

fn is_live(status: &Status) -> bool {
    status.sources["main"].condition == Condition::Live
}

fn views(all: &[(&str, &str)]) -> String {
    all.iter().map(|(name, sql)| format!("[view.{name}]\nsql = \"{sql}\"\n")).collect()
}

/// Lets the daemon name the standby instead of its primary.
fn name_standby(rig: &Rig, standby: &PrivatePostgres) {
    rig.edit_configuration(&format!(":{}/", rig.postgres.port()), &format!(":{}/", standby.port()));
}

#[test]
fn a_standby_is_copied_and_followed_and_goes_on_as_the_primary() {
    let mut rig = Rig::new(SCHEMA, &views(&VIEWS));
    let prepared = said(&rig.command(&["source", "prepare", "--print"]));
    let mut standby = PrivatePostgres::standby_of(&mut rig.postgres).unwrap();
    let database = rig.database();
    name_standby(&rig, &standby);
    let version: u32 = database.value("show server_version_num").unwrap().parse().unwrap();
    if version < VERSION_MIN {
        let refused = said(&rig.command(&["check"]));
        assert!(refused.contains("exit Some(1)") && refused.contains("Postgres 16 is needed"), "{refused}");
        return;
    }
    // What only the primary can make is said before anything is tried.
    let missing = said(&rig.command(&["check"]));
    assert!(missing.contains("only its primary can make it") && missing.contains("CREATE PUBLICATION"), "{missing}");
    let refused = said(&rig.command(&["source", "prepare"]));
    assert!(
        refused.contains("exit Some(1)") && refused.contains("run on its primary: CREATE PUBLICATION"),
        "{refused}"
    );
    let start = prepared.find("CREATE PUBLICATION").unwrap_or_else(|| panic!("{prepared}"));
    database.run(prepared[start..].trim());
    let traffic = Traffic::start(&rig.postgres.url("postgres"));
    let there = || Database::try_connect(&standby.url("postgres")).ok();
    let replica = wait_for(there).unwrap();
    let published = || replica.value("select pubname from pg_publication");
    assert!(wait_for(published).is_some());
    let good = said(&rig.command(&["check"]));
    assert!(good.contains("exit Some(0)"), "{good}");
    rig.start();
    // A table that comes while others are written.
    database.run("alter publication tailwater add table later");
    let published = || replica.value("select 1::text from pg_publication_tables where tablename = 'later'");
    assert!(wait_for(published).is_some());
    let all: Vec<_> = VIEWS.into_iter().chain([LATER]).collect();
    rig.configure(&views(&all));
    name_standby(&rig, &standby);
    let applied = said(&rig.command(&["apply"]));
    assert!(applied.contains("exit Some(0)"), "{applied}\n{}", rig.log());
    rig.daemon.kill().unwrap();
    rig.start();
    traffic.stop();
    compare(&rig, &database, &all);
    rig.wait_for_status("a look at the slot", |status| status.sources["main"].health.is_some());
    // The primary is gone; the standby takes its place.
    drop(replica);
    rig.postgres.stop(false);
    let promoted = Database::connect(&standby.url("postgres"));
    promoted.run("select pg_promote()");
    promoted.run("insert into parts values (90000, 3, 'after'); delete from parts where kind = 2");
    rig.wait_for_status("the stream", is_live);
    compare(&rig, &promoted, &all);
    // Again after a start there, once the new timeline is kept: what follows it in the stream is delivered behind it.
    let is_noticed = || rig.log().contains("the standby is the primary now").then_some(());
    assert!(wait_for(is_noticed).is_some(), "{}", rig.log());
    promoted.run("insert into parts values (90002, 4, 'noticed')");
    compare(&rig, &promoted, &all);
    assert!(rig.daemon.stop().unwrap().success());
    promoted.run("insert into parts values (90001, 3, 'later')");
    rig.start();
    compare(&rig, &promoted, &all);
    standby.stop(true);
}
