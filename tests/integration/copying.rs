//! Tables are copied while they change, by a daemon that dies again and again, and tables come later to a daemon that has others.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tailwater::cli::demo::Random;
use tailwater::fail_point::VARIABLE;
use tailwater::pipeline::status::{Condition, CopyStatus};

use super::support::database::Database;
use super::support::rig::{PATIENCE, Rig, number, wait_for};

/// Rows of the large table: some 30 MiB.
const BIG: u64 = 120_000;
/// Deaths during the copy.
const DEATHS: usize = 3;
/// SIGABRT.
const ABORTED: i32 = 6;

const SCHEMA: &str = "
create table big (id int primary key, v int not null, pad text);
insert into big select i, i % 100, repeat('x', 180) from generate_series(1, 120000) i;
create table parted (id int, part int, v int, primary key (id, part)) partition by list (part);
create table \"parted 0\" partition of parted for values in (0);
create table parted_1 partition of parted for values in (1);
create table parted_2 partition of parted for values in (2);
insert into parted select i, i % 3, i from generate_series(1, 30000) i;
create table large (id int primary key, n int, body text);
alter table large alter column body set storage external;
insert into large select i, i, repeat(md5(i::text), 200) from generate_series(1, 400) i;
create table keyless (kind text, n int);
alter table keyless replica identity full;
insert into keyless select 'k' || i % 7, i % 11 from generate_series(1, 20000) i;
create table cleared (id int primary key, v int);
insert into cleared select i, i from generate_series(1, 20000) i;
create table \"Empty\" (id int primary key);
";

const VIEWS: [(&str, &str); 7] = [
    (
        "of_big",
        "select id % 500 as bucket, count(*) as n, sum(id) as ids, sum(v) as v, sum(length(pad)) as pads from big group by id % 500",
    ),
    // Filled beside the copy, in files.
    ("big_rows", "select id, v, pad from big"),
    ("of_parted", "select id, part, v from parted"),
    ("of_large", "select id, n, length(body) as size, body from large"),
    ("of_keyless", "select kind, n, count(*) as number from keyless group by kind, n"),
    ("of_cleared", "select id, v from cleared"),
    ("nothing", "select id from \"Empty\""),
];

fn views() -> String {
    VIEWS.iter().map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\n\n")).collect()
}

fn compare(rig: &Rig) {
    let database = rig.database();
    database.run("insert into \"Empty\" values (1)");
    rig.wait_until_delivered(&database);
    for (view, sql) in VIEWS {
        database.assert_equal(sql, rig.resp, view);
    }
}

/// Changes that go on until it is stopped.
struct Traffic {
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<u64>>,
}

impl Traffic {
    fn start(rig: &Rig, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = |writer: u64| {
            let (stop, database) = (stop.clone(), rig.database());
            let mut random = Random::new(seed * 10 + writer);
            thread::spawn(move || {
                let mut committed = 0;
                while !stop.load(Ordering::Relaxed) {
                    database.run(&transaction(&mut random, writer));
                    committed += 1;
                    thread::sleep(std::time::Duration::from_millis(random.below(8)));
                }
                committed
            })
        };
        let writers = (0..2).map(writer).collect();
        Self { stop, writers }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let committed: u64 = self.writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        assert!(committed > 50, "traffic of {committed} transactions only");
    }
}

/// Each writer has keys of its own, by their remainder.
fn transaction(random: &mut Random, writer: u64) -> String {
    let id = |random: &mut Random, all: u64| 2 * random.below(all / 2) + writer + 1;
    let (first, second, other) = (id(random, BIG), id(random, BIG), id(random, 400));
    match random.below(100) {
        0..30 => format!("update big set v = v + 1 where id in ({first}, {second})"),
        30..40 => format!("delete from big where id = {first}"),
        // The key moves.
        40..45 => format!("update big set id = id + 200000 where id = {first}"),
        45..55 => {
            format!("insert into big values ({first}, 7, 'new') on conflict (id) do update set pad = excluded.pad")
        }
        55..62 => format!("update parted set part = (part + 1) % 3, v = v + 1 where id = {}", first % 30_000),
        // The large value is not sent.
        62..75 => format!("update large set n = n + 1 where id = {other}"),
        75..78 => format!("update large set body = repeat('y', 9000) || id where id = {other}"),
        78..84 => format!("insert into keyless values ('k{}', {})", random.below(9), random.below(5)),
        84..90 => {
            format!("delete from keyless where ctid = (select min(ctid) from keyless where n = {})", random.below(11))
        }
        90..93 => {
            format!("begin; update big set v = -v where id = {first}; delete from cleared where id = {other}; rollback")
        }
        93..97 => format!("update cleared set v = v + 1 where id = {other}"),
        97..98 => format!("begin; truncate cleared; insert into cleared values ({other}, 1); commit"),
        _ => format!("insert into cleared values ({first}, 2) on conflict do nothing"),
    }
}

#[test]
fn a_copy_that_dies_again_and_again_under_traffic_goes_on_where_it_was_and_ends_equal() {
    let seed = number("TAILWATER_COPY_SEED", 1);
    let mut rig = Rig::new(SCHEMA, &views());
    rig.edit_configuration("type = \"postgres\"", "type = \"postgres\"\ncopy_chunk_time = \"20ms\"");
    let database = rig.database();
    let traffic = Traffic::start(&rig, seed);
    let mut before = CopyStatus::default();
    for death in 1..=DEATHS {
        rig.daemon.start().unwrap();
        let mut seen = None;
        // So far that more was read than before.
        rig.wait_for_status("a copy that goes on", |status| {
            let source = &status.sources["main"];
            let first = seen.take().or_else(|| source.copy.clone());
            seen = first.clone();
            // Tables that were complete before are not counted any more.
            let already = first.map_or(0, |copy| copy.done_bytes);
            source.copy.as_ref().is_some_and(|copy| copy.done_bytes > already)
                || is_over(&source.copy, source.condition)
        });
        let first = seen.unwrap_or_default();
        let began_again = first.tables_left == before.tables_left && first.done_bytes < before.done_bytes;
        assert!(first.done_bytes == 0 || !began_again, "{first:?}, before {before:?}");
        before = rig.status().unwrap().sources["main"].copy.clone().unwrap_or_default();
        rig.daemon.kill().unwrap();
        match death {
            1 => database.run("alter table big add column later int default 5"),
            DEATHS => database.run("vacuum full big"),
            _ => {}
        }
    }
    rig.start();
    traffic.stop();
    compare(&rig);
    assert_eq!(
        database.value("select count(*) from pg_replication_slots").as_deref(),
        Some("1"),
        "temporary slots are gone"
    );
    assert!(rig.daemon.stop().unwrap().success());
}

/// Rows of a copy and of fills become files of the state: it dies when one is written, and when the state has it and nothing tells of it.
#[test]
fn a_copy_that_dies_around_its_files_goes_on_where_it_was_and_ends_equal() {
    let seed = number("TAILWATER_COPY_SEED", 1);
    let mut random = Random::new(seed);
    let mut rig = Rig::new(SCHEMA, &views());
    let database = rig.database();
    for death in ["run_written:1", "run_ingested:1", "run_written:2", "run_ingested:2", "run_ingested:1"] {
        rig.daemon.set_environment(vec![(VARIABLE.into(), death.into())]);
        rig.daemon.start().unwrap();
        let ended = rig.daemon.wait_until_ended(PATIENCE).unwrap();
        assert_eq!(ended.and_then(|status| status.signal()), Some(ABORTED), "{death}\n{}", rig.log());
        // Keys that were in a file, and keys that were not, change before its chunk is read again.
        for writer in [0, 1].into_iter().cycle().take(200) {
            database.run(&transaction(&mut random, writer));
        }
    }
    rig.daemon.set_environment(Vec::new());
    rig.start();
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

fn is_over(copy: &Option<CopyStatus>, condition: Condition) -> bool {
    copy.is_none() && condition == Condition::Live
}

#[test]
fn a_table_that_is_locked_or_rewritten_during_its_copy_is_waited_for_and_read_whole() {
    let mut rig = Rig::new(SCHEMA, &views());
    rig.edit_configuration(
        "type = \"postgres\"",
        "type = \"postgres\"\ncopy_chunk_time = \"10ms\"\ncopy_rate = \"4MiB\"",
    );
    let (locker, database) = (rig.database(), rig.database());
    rig.daemon.start().unwrap();
    rig.wait_for_status("a part of the copy", |status| {
        status.sources["main"].copy.as_ref().is_some_and(|copy| copy.done_bytes > 4 << 20)
    });
    // Rows change their places without a word in the log.
    database.run("delete from big where id % 3 = 0");
    database.run("vacuum full big");
    locker.run("begin; lock table parted_1, large in access exclusive mode");
    let waits = wait_for(|| rig.log().contains("the copy waits: its table is locked").then_some(()));
    assert!(waits.is_some(), "{}", rig.log());
    assert_eq!(rig.status().unwrap().sources["main"].condition, Condition::Loading);
    locker.run("update large set n = -1 where id = 7; commit");
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

const TWO: &str = "create table a (id int primary key, v int); insert into a select i, i from generate_series(1, 1000) i; \
    create table b (id int primary key, v int); insert into b select i, i from generate_series(1, 1000) i";
const VIEW_A: &str = "[view.va]\nsql = \"select id, v from a\"\n\n[sink.a]\ntype = \"redis\"\nview = \"va\"\nurl = \"${REDIS}\"\nkey = \"a:{id}\"\n\n";
const VIEW_B: &str = "[view.vb]\nsql = \"select b.id, b.v, a.v as other from b join a on a.id = b.id\"\n";
const SQL_B: &str = "select b.id, b.v, a.v as other from b join a on a.id = b.id";

/// What a table held before it was followed was never streamed, not even where its transaction commits long after.
#[test]
fn a_table_that_comes_later_is_copied_beside_the_stream_with_all_that_was_open_then() {
    let mut rig = Rig::new(TWO, VIEW_A);
    let database = rig.database();
    // Only one commit is to wait for a standby.
    database.run("alter system set synchronous_commit = 'local'");
    rig.start();
    let copied = rig.status().unwrap().sources["main"].rows_copied;
    assert_eq!(copied, 1_000);
    assert!(rig.daemon.stop().unwrap().success());

    let open = rig.database();
    open.run("begin; update b set v = -1 where id = 10; insert into b values (5000, 1); delete from b where id = 11");
    let (hanging, waiting) = commit_that_waits(&rig, &database);
    rig.configure(&format!("{VIEW_A}{VIEW_B}"));
    rig.daemon.start().unwrap();
    let waits = wait_for(|| rig.log().contains("are open or not visible yet").then_some(()));
    assert!(waits.is_some(), "{}", rig.log());
    // The others go on meanwhile, and so does what the open transaction streams.
    database.run("update a set v = 7 where id = 1");
    open.run("update b set v = v - 1 where id in (10, 12); update a set v = 8 where id = 2");
    let status = rig.wait_for_status("the other view follows", |status| {
        status.sinks["a"].condition == Condition::Live && status.views["va"].changes > 0
    });
    assert_eq!(status.views["vb"].condition, Condition::Loading);
    let answer = rig.get("/v1/views/vb/rows").unwrap();
    assert_eq!(answer.code, 503, "{}", answer.body);
    open.run("commit");
    assert!(
        hanging
            .value("select pg_cancel_backend((select pid from pg_stat_activity where wait_event = 'SyncRep'))")
            .is_some()
    );
    waiting.join().unwrap();
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    rig.wait_until_delivered(&database);
    assert_eq!(database.assert_equal(SQL_B, rig.resp, "vb"), 999);
    database.assert_equal("select id, v from a", rig.resp, "va");
    let status = rig.status().unwrap();
    assert!(status.sources["main"].rows_copied <= 1_002, "only the new table was copied: {status:#?}");

    // A table that goes and comes again is copied again.
    assert!(rig.daemon.stop().unwrap().success());
    rig.configure(VIEW_A);
    rig.start();
    database.run("update b set v = 99 where id = 500");
    rig.wait_until_delivered(&database);
    assert!(rig.daemon.stop().unwrap().success());
    rig.configure(&format!("{VIEW_A}{VIEW_B}"));
    rig.start();
    rig.wait_until_delivered(&database);
    database.assert_equal(SQL_B, rig.resp, "vb");
    assert!(rig.daemon.stop().unwrap().success());
}

/// A commit that is in the log and that no new snapshot sees, since it waits for a standby that is not there.
fn commit_that_waits(rig: &Rig, database: &Database) -> (Database, JoinHandle<()>) {
    database.run("alter system set synchronous_standby_names = 'nobody'");
    database.run("select pg_reload_conf()");
    let writer = rig.database();
    let waiting =
        thread::spawn(move || writer.run("set synchronous_commit = on; update b set v = -20 where id = 20; "));
    let hangs = || {
        let found = database.value("select count(*) from pg_stat_activity where wait_event = 'SyncRep'");
        (found.as_deref() == Some("1")).then_some(())
    };
    assert!(wait_for(hangs).is_some(), "no commit waits for a standby");
    (rig.database(), waiting)
}

const DEFERRED: &str = "
create table seats (place int primary key deferrable initially deferred, guest text not null, pad text);
alter table seats replica identity full;
insert into seats select i, 'g' || i, repeat('x', 150) from generate_series(1, 60000) i;
";
const SEATED: &str = "select place, count(*) as n, min(guest) as guest from seats group by place";

/// Two rows change places through states in which both have the same key, and one of them goes.
fn swap(database: &Database, first: u64) {
    let second = first + 20_000;
    database.run(&format!("update seats set place = {first} + {second} - place where place in ({first}, {second})"));
    database.run(&format!(
        "begin; update seats set place = {second} where place = {first}; update seats set guest = guest || '!' where place = {second}; \
         delete from seats where place = {second} and guest = 'g{first}!'; update seats set place = {first} where place = {second}; commit"
    ));
}

/// A key that is checked at the commit only names no row in between: two rows may have it.
#[test]
fn rows_that_change_places_under_a_deferrable_key_during_a_copy_end_where_they_are() {
    let mut rig = Rig::new(DEFERRED, &format!("[view.seated]\nsql = \"{SEATED}\"\n"));
    let database = rig.database();
    let (stop, writer) = (Arc::new(AtomicBool::new(false)), rig.database());
    let stopped = stop.clone();
    let swaps = thread::spawn(move || {
        (1..20_000).take_while(|_| !stopped.load(Ordering::Relaxed)).inspect(|first| swap(&writer, *first)).count()
    });
    rig.start();
    stop.store(true, Ordering::Relaxed);
    let swapped = swaps.join().unwrap();
    assert!(swapped > 50, "{swapped} swaps only");
    assert!(rig.log().contains("copying a table without a key"), "{}", rig.log());
    swap(&database, 20_000);
    rig.wait_until_delivered(&database);
    database.assert_equal(SEATED, rig.resp, "seated");
    assert!(rig.daemon.stop().unwrap().success());
}
