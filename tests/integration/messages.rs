//! Messages that applications write into the log (`pg_logical_emit_message`), as rows of `pg_logical.messages`: compared with what another
//! plugin of the server decodes from the same log.

use super::support::database::Database;
use super::support::rig::{Rig, said};

const SCHEMA: &str = "
alter database postgres set logical_decoding_work_mem = '64kB';
create table orders (id int primary key, kind int not null);
";
const ORDERS: &str = "[view.kinds]\nsql = \"select kind, count(*) as n from orders group by kind\"\n";
const MESSAGES: &str = "[view.message]\nsql = \"\"\"select lsn, transactional, prefix, convert_from(content, 'UTF8') as content \
                        from pg_logical.messages\"\"\"\n";

/// What the log has since [`remember`], as the view shows it. Heartbeats are left out.
fn decoded() -> String {
    "select lsn - '0/0'::pg_lsn as lsn, m[1] = '1' as transactional, m[2] as prefix, m[3] as content \
         from pg_logical_slot_peek_changes('oracle', null, null) as l(lsn, xid, data), \
         regexp_match(data, '^message: transactional: ([01]) prefix: (.*), sz: [0-9]+ content:(.*)$') as m \
     where m is not null and m[2] <> 'tailwater'"
        .to_owned()
}

/// Lets the server keep the log for the slot `oracle`.
fn remember(database: &Database) {
    database.run("select pg_create_logical_replication_slot('oracle', 'test_decoding')");
}

fn emit(transactional: bool, prefix: &str, content: &str) -> String {
    format!("select pg_logical_emit_message({transactional}, '{prefix}', {content})")
}

/// Messages inside and outside of transactions, kept and rolled back, small and larger than the server holds in memory.
fn write(database: &Database, round: u32) {
    let id = round * 10;
    database.run(&format!("begin; insert into orders values ({id}, 1); {}", emit(true, "order", "'made'")));
    database.run(&format!("savepoint a; {}; rollback to a", emit(true, "order", "'not made'")));
    database.run(&format!("{}; insert into orders values ({id} + 1, 2); commit", emit(false, "at once", "'inside'")));
    database.run(&format!("begin; {}; {}; rollback", emit(true, "gone", "'gone'"), emit(false, "at once", "'stays'")));
    let large = emit(true, "large", "repeat('x', 40000)");
    database.run(&format!("begin; {large}; savepoint b; {large}; {large}; rollback to b; {large}; {large}; commit"));
    database.run(&emit(true, "", "''"));
    // Brings what belongs to no transaction to the disk.
    database.run(&format!("update orders set kind = kind + 1 where id = {id}"));
}

fn compare(rig: &Rig, database: &Database) {
    rig.wait_until_delivered(database);
    assert!(database.assert_equal(&decoded(), rig.resp, "message") > 0);
    database.assert_equal("select kind, count(*) as n from orders group by kind", rig.resp, "kinds");
}

#[test]
fn messages_are_rows_exactly_once_whatever_becomes_of_the_daemon() {
    let mut rig = Rig::new(SCHEMA, &format!("{ORDERS}{MESSAGES}"));
    let database = rig.database();
    let good = said(&rig.command(&["check"]));
    assert!(good.contains("exit Some(0)"), "{good}");
    rig.start();
    remember(&database);
    for round in 0..6 {
        write(&database, round);
        if round % 2 == 0 {
            compare(&rig, &database);
        }
        rig.daemon.kill().unwrap();
        write(&database, 100 + round);
        rig.start();
    }
    compare(&rig, &database);
    let verified = said(&rig.command(&["verify"]));
    assert!(verified.contains("reads logical messages"), "{verified}");
}

/// The table begins when it is first read, whatever was written before.
#[test]
fn messages_begin_when_a_view_first_reads_them() {
    let mut rig = Rig::new(SCHEMA, ORDERS);
    let database = rig.database();
    rig.start();
    write(&database, 0);
    rig.configure(&format!("{ORDERS}{MESSAGES}"));
    let applied = said(&rig.command(&["apply"]));
    assert!(applied.contains("exit Some(0)"), "{applied}\n{}", rig.log());
    rig.wait_until_delivered(&database);
    assert_eq!(rig.get("/v1/views/message/rows").unwrap().lines().len(), 0);
    remember(&database);
    write(&database, 1);
    compare(&rig, &database);
}

/// Where no table of the server is read.
#[test]
fn messages_need_no_table() {
    let mut rig = Rig::new("", MESSAGES);
    let database = rig.database();
    let prepared = said(&rig.command(&["source", "prepare"]));
    assert!(prepared.contains("exit Some(0)"), "{prepared}");
    rig.start();
    remember(&database);
    database.run(&emit(true, "order", "'made'"));
    rig.wait_until_delivered(&database);
    assert_eq!(database.assert_equal(&decoded(), rig.resp, "message"), 1);
}
