//! Tables of MySQL and MariaDB without a key, whose rows cannot be told from one another, as multisets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tailwater::cli::demo::Random;
use tailwater::pipeline::status::Condition;

use super::support::mysql_rig::{KINDS, MysqlRig, Session, sections};
use super::support::mysql_server::Kind;
use super::support::rig::{PATIENCE, number, said, status, wait_for};

const SCHEMA: [&str; 5] = [
    "create table bag (kind int, place bigint unsigned, note varchar(40), price decimal(10,2), size double, made date)",
    "create table codes (code int not null, name varchar(20), unique (code))",
    "create table seen (place int, note text)",
    "insert into bag values (1, 1, 'a', 1.10, 0.1, '2024-01-02'), (1, 1, 'a', 1.10, 0.1, '2024-01-02'), \
     (null, null, null, null, -0.5, null), (2, 18446744073709551615, '日本', -3.00, 1234.5, '1000-01-01')",
    "insert into codes values (1, 'one'), (2, 'two')",
];
const VIEWS: [(&str, &str); 3] = [
    (
        "bags",
        "select kind, place, note, price, size, made, count(*) as n from bag group by kind, place, note, price, size, made",
    ),
    ("coded", "select code, name, count(*) as n from codes group by code, name"),
    ("sights", "select place, count(*) as n, sum(length(note)) as size from seen group by place"),
];
/// The rows of the table that is copied while it is written are doubled so often.
const DOUBLINGS: u32 = 13;
const KILLS: u64 = 6;

fn change(session: &mut Session, random: &mut Random) -> Result<(), mysql_async::Error> {
    let (kind, place) = (random.below(5), random.below(40));
    let bag = format!("({kind}, {place}, 'n{}', {place}.50, ({kind} * 2 + 1) / 4, null)", random.below(3));
    let statements = match random.below(9) {
        0 => vec![format!("delete from bag where kind = {kind} limit 2"), format!("insert into bag values {bag}")],
        1 => vec![format!("update bag set place = place + 1 where kind = {kind} and place < 100 limit 3")],
        2 => vec![format!("insert into codes values ({place}, 'c') on duplicate key update code = code + 100")],
        3 => vec![format!("delete from codes where code > {place} limit 2")],
        4 => vec![format!("update seen set place = {place} where place = {} limit 20", random.below(40))],
        5 => vec![format!("delete from seen where place = {place} limit 10")],
        6 => vec![format!("insert into seen values ({place}, repeat('y', {kind})), ({place}, repeat('y', {kind}))")],
        _ => vec![format!("insert into bag values {bag}, {bag}, {bag}")],
    };
    session.try_run("begin")?;
    for sql in statements {
        // A key that is there already changes nothing.
        match session.try_run(&sql) {
            Err(mysql_async::Error::Server(error)) if error.code == 1062 => {}
            done => done?,
        }
    }
    session.try_run(if random.below(10) == 0 { "rollback" } else { "commit" })
}

#[test]
fn tables_without_a_key_equal_their_server_s_after_load_and_kills() {
    KINDS.into_iter().for_each(|kind| equal_after_load_and_kills(kind, &[]));
}

#[test]
fn tables_without_a_key_equal_their_server_s_by_file_and_place() {
    equal_after_load_and_kills(Kind::Mysql9, &["--gtid-mode=OFF", "--max-binlog-size=65536"]);
}

fn equal_after_load_and_kills(kind: Kind, options: &[&str]) {
    if kind.is_left_out() {
        return eprintln!("left out: {}", kind.name());
    }
    let seed = number("TAILWATER_MYSQL_SEED", 7);
    let mut rig = MysqlRig::with_options((kind, options), &SCHEMA, &sections(&VIEWS));
    let mut session = rig.session();
    session.run("insert into seen values (1, 'a'), (2, 'bb'), (3, null), (4, '')");
    (0..DOUBLINGS).for_each(|_| session.run("insert into seen select place + 1, note from seen"));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (url, stop) = (rig.server.url("shop"), stop.clone());
            thread::spawn(move || {
                let (mut random, mut session, mut done) = (Random::new(seed * 17 + writer), None, 0);
                while !stop.load(Ordering::Relaxed) {
                    let Some(open) = session.as_mut() else {
                        session = Session::try_connect(&url).ok();
                        continue;
                    };
                    match change(open, &mut random) {
                        Ok(()) => done += 1,
                        // Deadlocks are rolled back.
                        Err(_) => session = None,
                    }
                }
                done
            })
        })
        .collect();
    let mut random = Random::new(seed);
    for kill in 0..KILLS {
        rig.daemon.start().unwrap();
        assert!(wait_for(|| status(rig.http).ok()).is_some(), "it never answered: {}", rig.log());
        // The random moment; nothing is waited for.
        thread::sleep(Duration::from_millis(random.below(if kill < 3 { 400 } else { 1_500 })));
        rig.daemon.kill().unwrap();
    }
    rig.start();
    // Another one comes while it runs, and all rows of one go at once.
    session.run("create table late as select * from bag");
    let late = ("lately", "select kind, count(*) as n, sum(price) as price from late group by kind");
    let all = [VIEWS.as_slice(), &[late]].concat();
    rig.configure(&sections(&all));
    let applied = said(&rig.command(&["apply"]));
    assert!(applied.contains("exit Some(0)"), "{kind:?}: {applied}\n{}", rig.log());
    session.run("truncate table codes");
    session.run("insert into late select * from bag limit 7");
    stop.store(true, Ordering::Relaxed);
    let done: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    assert!(done > 100, "{kind:?}: the writers did not get on: {done}");
    rig.assert_equal(&all);
    // A column goes: what is told apart by all columns cannot go on.
    session.run("alter table seen drop column note");
    session.run("insert into seen values (1)");
    rig.wait_for_status("one view stopped", |status| {
        let stopped = |view: &str| status.views.get(view).is_some_and(|view| view.condition == Condition::Failed);
        stopped("sights") && !stopped("bags") && !stopped("coded")
    });
    rig.assert_equal(&all[..2]);
}

#[test]
fn writers_are_not_held_up_by_a_copy_that_waits_for_one_of_them() {
    let kind = Kind::Mysql9;
    if kind.is_left_out() {
        return eprintln!("left out: {}", kind.name());
    }
    let mut rig = MysqlRig::new(kind, &SCHEMA, &sections(&VIEWS[..1]));
    let (mut first, mut second) = (rig.session(), rig.session());
    first.run("begin");
    first.run("insert into bag (kind) values (7)");
    rig.daemon.start().unwrap();
    assert!(wait_for(|| rig.log().contains("could not be locked").then_some(())).is_some(), "{}", rig.log());
    // It would wait for as long as the other is open.
    second.run("set session lock_wait_timeout = 30");
    second.run("insert into bag (kind) values (8)");
    first.run("commit");
    rig.daemon.wait_until_ready(PATIENCE).unwrap();
    rig.assert_equal(&VIEWS[..1]);
}

#[test]
fn a_user_who_may_not_lock_is_told_what_to_grant() {
    let kind = Kind::Mysql9;
    if kind.is_left_out() {
        return eprintln!("left out: {}", kind.name());
    }
    let mut rig = MysqlRig::new(kind, &SCHEMA, &sections(&VIEWS[..1]));
    let mut session = rig.session();
    session.run("create user 'tail'@'%' identified by ''");
    session.run("grant select on shop.* to 'tail'@'%'");
    session.run("grant replication slave, replication client on *.* to 'tail'@'%'");
    rig.edit_configuration("mysql://root@", "mysql://tail@");
    let printed = said(&rig.command(&["source", "prepare", "--print"]));
    assert!(printed.contains("GRANT LOCK TABLES ON `shop`.* TO 'tail'@'%'"), "{printed}");
    rig.daemon.start().unwrap();
    let status = rig.wait_for_status("the stop", |status| {
        status.sources.get("main").is_some_and(|source| source.condition == Condition::Failed)
    });
    assert!(status.sources["main"].hint.as_deref().unwrap().contains("GRANT LOCK TABLES"), "{status:?}");
    session.run("grant lock tables on shop.* to 'tail'@'%'");
    rig.daemon.kill().unwrap();
    rig.start();
    rig.assert_equal(&VIEWS[..1]);
}
