//! Transactions that the server sends while they are open: several at once, larger than memory may be, with savepoints that are
//! rolled back and tables that change their shape, under kills and with a full disk.
//!
//! `TAILWATER_STREAMED_ACTIONS` is how much the random sessions do, `TAILWATER_STREAMED_SEED` makes another history.

use std::fs;
use std::path::PathBuf;

use tailwater::cli::demo::Random;
use tailwater::pipeline::status::{Condition, Status};
use tailwater_connectors::OpenTransactions;
use tailwater_connectors::postgres::OPEN_MEMORY_BYTES_MAX;

use super::support::database::Database;
use super::support::rig::{PATIENCE, Rig, number, said, wait_for};
use super::support::small_disk::SmallDisk;

/// The server streams whatever is larger than the least that it allows.
const SCHEMA: &str = "
alter database postgres set logical_decoding_work_mem = '64kB';
create table parts (id int primary key, kind int not null, body text);
insert into parts select i, i % 5, 'part ' || i from generate_series(1, 200) i;
create table notes (id int primary key, part int not null, n int not null);
insert into notes select i, 1 + i % 200, i from generate_series(1, 200) i;
create table tags (id int primary key, name text);
alter table tags replica identity full;
insert into tags select i, 'tag ' || i from generate_series(1, 10) i;
";
/// Views by name.
const VIEWS: [(&str, &str); 4] = [
    ("part", "select id, kind, md5(body) as body from parts"),
    ("kinds", "select kind, count(*) as n, sum(length(body)) as size from parts group by kind"),
    ("noted", "select n.id, n.n, p.kind from notes n join parts p on p.id = n.part"),
    ("tag", "select id, name from tags"),
];
/// Deaths while a transaction is read back.
const DEATHS_OF_REPLAY: usize = 2;
/// Steps of the random sessions.
const ACTIONS: u64 = 150;

fn rig() -> Rig {
    let views: String = VIEWS.iter().map(|(name, sql)| format!("[view.{name}]\nsql = \"{sql}\"\n")).collect();
    Rig::new(SCHEMA, &views)
}

fn compare(rig: &Rig) {
    compare_all_but(rig, &[]);
}

/// The same where a table is locked by an open transaction that changed its shape.
fn compare_all_but(rig: &Rig, locked: &[&str]) {
    let database = rig.database();
    rig.wait_until_delivered(&database);
    for (view, sql) in VIEWS.into_iter().filter(|(view, _)| !locked.contains(view)) {
        database.assert_equal(sql, rig.resp, view);
    }
}

/// Some 1.5 kB each.
fn insert_parts(first: u64, count: u64) -> String {
    let last = first + count - 1;
    format!("insert into parts select i, i % 7, repeat(md5(i::text), 48) from generate_series({first}, {last}) i")
}

/// Far more than is held in memory.
const MANY_PARTS: u64 = 16_000;

fn held(status: &Status) -> OpenTransactions {
    status.sources["main"].open_transactions
}

/// Waits until `open` transactions are held, some of it on disk.
fn wait_until_spilled(rig: &Rig, open: u64) -> OpenTransactions {
    let found = rig.wait_for_status("open transactions on disk", |status| {
        let held = held(status);
        assert!(held.memory_bytes <= OPEN_MEMORY_BYTES_MAX as u64, "{held:?}");
        held.open == open && held.disk_bytes > 0
    });
    held(&found)
}

/// Files in which open transactions are kept.
fn spill_files(rig: &Rig) -> Vec<PathBuf> {
    let entries = fs::read_dir(rig.directory.path().join("state/spill/main")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn large_transactions_open_at_once_hold_up_nobody_and_end_as_the_database_says() {
    let mut rig = rig();
    rig.start();
    let [main, notes, aborted, small] = [(); 4].map(|()| rig.database());
    main.run(&format!(
        "begin; {}; savepoint kept; update parts set kind = 90 where id < 60",
        insert_parts(10_000, 6_000)
    ));
    main.run(&format!("savepoint a; {}; savepoint b; delete from parts where id < 12000", insert_parts(20_000, 2_000)));
    main.run("release b; rollback to a; update parts set kind = 91 where id between 40 and 80");
    aborted.run(&format!("begin; {}", insert_parts(30_000, 9_000)));
    // A shape that changes inside an open transaction, in parts of which some are rolled back.
    notes.run("begin; insert into notes select i, 1 + i % 200, i from generate_series(1000, 4000) i");
    notes.run(
        "savepoint a; alter table notes add column first text; update notes set first = 'f', n = n + 1; rollback to a",
    );
    notes.run(
        "alter table notes add column extra text; update notes set extra = repeat('e', 100), n = n * 2 where id > 1500",
    );
    notes.run("savepoint b; alter table notes add column other int; delete from notes where id > 3000; release b");
    // And one that changes beside them.
    small.run("insert into tags values (11, 'eleven')");
    small.run("alter table tags add column color text; insert into tags values (12, 'twelve', 'red')");
    main.run("update tags set name = repeat('t', 900) || id; insert into tags select i, 'tag', 'blue' from generate_series(100, 900) i");
    let held = wait_until_spilled(&rig, 3);
    assert!(held.spilled_bytes > 0 && !held.reading_back, "{held:?}");
    assert!(said(&rig.command(&["status"])).contains("open transactions 3, "));
    let metrics = rig.get("/metrics").unwrap().body;
    assert!(metrics.contains("tailwater_source_open_transactions{source=\"main\"} 3"), "{metrics}");

    // What commits meanwhile is followed, and confirmed, at once.
    small.run("insert into parts values (300, 3, 'three'), (301, 3, 'four')");
    let position = small.position();
    compare_all_but(&rig, &["noted"]);
    let confirmed = || {
        let sql = format!("select confirmed_flush_lsn >= '{position}' from pg_replication_slots");
        (small.value(&sql).as_deref() == Some("t")).then_some(())
    };
    assert!(wait_for(confirmed).is_some(), "open transactions hold back what is confirmed");

    aborted.run("rollback");
    notes.run("commit");
    compare(&rig);
    main.run(&format!("savepoint c; {}; rollback to c; commit", insert_parts(40_000, 3_000)));
    compare(&rig);
    small.run("insert into notes values (9000, 1, 1, 'e', 7); insert into tags values (13, 'thirteen', 'red')");
    compare(&rig);
    let status = rig.wait_for_status("nothing is held", |status| self::held(status).open == 0);
    let last = self::held(&status);
    assert_eq!((last.memory_bytes, last.disk_bytes, last.reading_back), (0, 0, false));
    assert_eq!(spill_files(&rig), Vec::<PathBuf>::new());
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn killed_while_transactions_are_kept_or_read_back_it_ends_equal() {
    let mut rig = rig();
    rig.start();
    let (open, beside) = (rig.database(), rig.database());
    open.run(&format!("begin; {}; savepoint a; {}", insert_parts(10_000, MANY_PARTS), insert_parts(30_000, 1_000)));
    wait_until_spilled(&rig, 1);
    rig.daemon.kill().unwrap();
    assert_eq!(spill_files(&rig).len(), 1, "killed while it is kept");
    // Meanwhile some of it is rolled back, and another one begins.
    open.run("rollback to a; update parts set kind = 50 where id < 10050");
    beside.run(&format!("begin; {}", insert_parts(40_000, 3_000)));
    fs::write(rig.directory.path().join("state/spill/main/1.spill"), "left by someone").unwrap();
    rig.start();
    wait_until_spilled(&rig, 2);
    assert!(spill_files(&rig).iter().all(|path| !path.ends_with("1.spill")));
    beside.run("commit");
    compare(&rig);
    open.run("commit");

    let mut deaths = 0;
    let died = wait_for(|| {
        let reading_back =
            wait_for(|| Some(held(&rig.status().ok()?)).filter(|held| held.open == 0 || held.reading_back));
        rig.daemon.kill().unwrap();
        // The file is removed with the last of it.
        deaths += usize::from(reading_back.is_some_and(|held| held.reading_back) && !spill_files(&rig).is_empty());
        rig.start();
        compare(&rig);
        if deaths == DEATHS_OF_REPLAY {
            return Some(());
        }
        open.run(&format!("begin; update parts set kind = kind + 1 where id < {}", 10_000 + MANY_PARTS));
        wait_until_spilled(&rig, 1);
        open.run("commit");
        None
    });
    assert!(died.is_some(), "{deaths} deaths while a transaction was read back");
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn a_full_disk_is_named_and_the_transaction_comes_again() {
    let mut rig = rig();
    let disk = SmallDisk::at(&rig.directory.path().join("state/spill"), 4 << 20);
    rig.start();
    let (open, small) = (rig.database(), rig.database());
    open.run("begin");
    small.run("insert into parts values (300, 3, 'before')");
    open.run(&insert_parts(10_000, MANY_PARTS));
    let full = rig.wait_for_status("a full disk", |status| status.sources["main"].condition == Condition::Retrying);
    let source = &full.sources["main"];
    let error = source.error.as_deref().unwrap();
    assert!(error.contains("disk is full") && error.contains("state/spill/main"), "{error}");
    assert!(source.hint.as_deref().is_some_and(|hint| hint.contains("make room")), "{source:?}");
    assert_eq!(full.state.condition, Condition::Live, "the state has a disk of its own");
    small.run("insert into parts values (301, 3, 'meanwhile')");
    disk.grow(64 << 20);
    wait_until_spilled(&rig, 1);
    compare(&rig);
    open.run("commit");
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

#[test]
fn tables_are_copied_while_large_transactions_are_open_over_them() {
    let mut rig = rig();
    // Slow until the transactions are open over it, however loaded the machine is.
    rig.edit_configuration("type = \"postgres\"\n", "type = \"postgres\"\ncopy_rate = \"256KiB\"\n");
    let [early, late, aborted] = [(); 3].map(|()| rig.database());
    early.run(&insert_parts(10_000, 6_000));
    rig.daemon.start().unwrap();
    let is_copying = |status: &Status| status.sources["main"].copy.as_ref().is_some_and(|copy| copy.done_bytes > 0);
    rig.wait_for_status("a copy", is_copying);
    early.run("begin; update parts set kind = 50 where id % 3 = 0; delete from parts where id % 7 = 0");
    late.run(&format!("begin; {}; savepoint a; {}", insert_parts(20_000, 2_000), insert_parts(30_000, 2_000)));
    late.run("update notes set n = n + 1; rollback to a; update notes set part = 10000 + id");
    aborted.run(&format!("begin; {}; update tags set name = repeat('t', 9000)", insert_parts(40_000, 2_000)));
    early.run("update parts set body = body || 'u' where id % 5 = 0; commit");
    let during = rig.wait_for_status("open transactions", |status| held(status).open == 2);
    assert!(is_copying(&during), "the copy was over too soon: {during:?}");
    rig.edit_configuration("copy_rate = \"256KiB\"\n", "");
    let applied = said(&rig.command(&["apply"]));
    assert!(applied.contains("source.main.copy_"), "{applied}");
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    late.run("commit");
    compare(&rig);
    aborted.run("rollback");
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

/// A savepoint that changed a table is rolled back, and the transaction changes the table again before the server decodes it:
/// Postgres 15.18 then does not find the table in its catalog, whenever it is asked for open transactions.
#[test]
fn a_transaction_that_the_server_cannot_send_while_it_is_open_is_taken_whole() {
    let mut rig = rig();
    rig.start();
    rig.daemon.kill().unwrap();
    let database = rig.database();
    database.run("select pg_create_logical_replication_slot('peek', 'pgoutput')");
    database.run("begin; savepoint a; truncate tags; rollback to a; alter table tags add column color text");
    database.run("insert into tags select i, repeat('t', 900) from generate_series(100, 900) i; truncate tags");
    database.run("insert into tags values (1, 'one'); commit");
    let peek = "select count(*) from pg_logical_slot_peek_binary_changes('peek', null, null, 'proto_version', '2', \
                'publication_names', 'tailwater', 'streaming', 'on')";
    let fails = database.attempt(peek).is_err();
    rig.start();
    compare(&rig);
    assert_eq!(rig.log().contains("the server cannot send a transaction that is still open"), fails, "{}", rig.log());
    // From the next connection on, open ones are asked for again.
    database.run("select pg_terminate_backend(pid) from pg_stat_replication");
    database.run(&format!("begin; {}", insert_parts(10_000, MANY_PARTS)));
    wait_until_spilled(&rig, 1);
    database.run("commit");
    compare(&rig);
    assert!(rig.daemon.stop().unwrap().success());
}

/// One of several sessions with rows and a table of its own.
struct Session {
    database: Database,
    number: u64,
    /// Savepoints that are there, outermost first; `None` outside a transaction.
    savepoints: Option<Vec<u64>>,
    columns: u64,
    next: u64,
}

impl Session {
    fn act(&mut self, random: &mut Random) {
        self.next += 1;
        let (number, next, base) = (self.number, self.next, self.number * 100_000);
        let Some(savepoints) = &mut self.savepoints else {
            self.savepoints = Some(Vec::new());
            return self.database.run("begin");
        };
        let sql = match random.below(16) {
            0..5 => insert_parts(base + next * 100, 20 + random.below(80)),
            5 => format!("update parts set kind = kind + 1, body = body || 'u' where id / 100000 = {number}"),
            6 => format!("delete from parts where id / 100000 = {number} and id % 3 = 0"),
            7 => format!("update own{number} set v = v + 1, filler = repeat('f', 500)"),
            8 => {
                self.columns += 1;
                format!("alter table own{number} add column c{} int default {next}", self.columns)
            }
            9 => format!("truncate own{number}; insert into own{number} (id, v, filler) values ({next}, 1, '')"),
            10..12 => {
                savepoints.push(next);
                format!("savepoint s{next}")
            }
            12 | 13 if !savepoints.is_empty() => {
                let place = random.below(savepoints.len() as u64) as usize;
                let name = savepoints[place];
                savepoints.truncate(place + 1);
                format!("rollback to s{name}")
            }
            14 if !savepoints.is_empty() => {
                let place = random.below(savepoints.len() as u64) as usize;
                let name = savepoints[place];
                savepoints.truncate(place);
                format!("release s{name}")
            }
            15 => return self.end(if random.below(3) == 0 { "rollback" } else { "commit" }),
            _ => insert_parts(base + next * 100, 100),
        };
        self.database.run(&sql);
    }

    /// Begins a transaction so large that the server sends it before its end.
    fn open(&mut self) {
        self.next += 1;
        self.savepoints = Some(Vec::new());
        self.database.run(&format!("begin; {}", insert_parts(self.number * 100_000 + self.next * 100, 100)));
    }

    fn end(&mut self, how: &str) {
        if self.savepoints.take().is_some() {
            self.database.run(how);
        }
    }
}

#[test]
fn random_sessions_with_savepoints_and_changing_tables_end_equal_under_kills() {
    const SESSIONS: u64 = 4;
    let actions = number("TAILWATER_STREAMED_ACTIONS", ACTIONS);
    let mut random = Random::new(number("TAILWATER_STREAMED_SEED", 3));
    let own = |number: u64| {
        let rows = format!("insert into own{number} select i, i, '' from generate_series(1, 300) i");
        format!("create table own{number} (id int primary key, v int, filler text); {rows};")
    };
    let tables: String = (1..=SESSIONS).map(own).collect();
    let mut views: Vec<(String, String)> = VIEWS.map(|(name, sql)| (name.into(), sql.into())).into();
    views.extend((1..=SESSIONS).map(|number| (format!("of_own{number}"), format!("select id, v from own{number}"))));
    let configuration: String = views.iter().map(|(name, sql)| format!("[view.{name}]\nsql = \"{sql}\"\n")).collect();
    let mut rig = Rig::new(&format!("{SCHEMA}{tables}"), &configuration);
    rig.start();
    let session = |number| Session { database: rig.database(), number, savepoints: None, columns: 0, next: 0 };
    let mut sessions: Vec<Session> = (1..=SESSIONS).map(session).collect();
    for action in 0..actions {
        let session = random.below(SESSIONS) as usize;
        sessions[session].act(&mut random);
        if action % 40 == 39 {
            rig.daemon.kill().unwrap();
            rig.daemon.start().unwrap();
        }
    }
    sessions.iter_mut().for_each(|session| session.end("commit"));
    let database = rig.database();
    rig.wait_until_delivered(&database);
    // However quick the sessions were: at last all are open at once, and the daemon dies with them.
    rig.daemon.kill().unwrap();
    rig.daemon.start().unwrap();
    sessions.iter_mut().for_each(Session::open);
    rig.wait_for_status("the sessions' transactions", |status| held(status).open == SESSIONS);
    rig.daemon.kill().unwrap();
    rig.daemon.start().unwrap();
    sessions.iter_mut().for_each(|session| session.end("commit"));
    rig.wait_until_delivered(&database);
    for (view, sql) in &views {
        database.assert_equal(sql, rig.resp, view);
    }
    assert!(rig.daemon.stop().unwrap().success());
}
