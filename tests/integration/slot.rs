//! What the database keeps for us is seen before it hurts, and the slot moves although nothing of ours is written.

use tailwater::pipeline::status::{Condition, Status};

use super::support::rig::{Rig, said, wait_for};

const SCHEMA: &str = "create table items (id int primary key, name text not null); insert into items values (1, 'one'); \
    create table other (id int, filler text)";
const VIEWS: &str = "[view.item]\nsql = \"select id, name from items\"\n";
/// Some 8 MiB of log.
const MUCH: &str = "insert into other select i, repeat('x', 1000) from generate_series(1, 8000) i";

fn kept(status: &Status) -> Option<u64> {
    Some(status.sources["main"].health.as_ref()?.log_kept_bytes)
}

/// Changes the configuration in one place.
fn configure(rig: &Rig, (from, to): (&str, &str)) {
    let text = std::fs::read_to_string(rig.config()).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(rig.config(), text.replacen(from, to, 1)).unwrap();
}

#[test]
fn log_that_an_open_transaction_holds_back_is_warned_of_until_it_is_let_go() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    configure(&rig, ("[source.main]\n", "[source.main]\nwal_warn = \"4MiB\"\n"));
    rig.start();
    let (database, holder) = (rig.database(), rig.database());
    let quiet = rig.wait_for_status("a look at the slot", |status| kept(status).is_some());
    assert_eq!(quiet.sources["main"].warning, None);
    holder.run("begin; insert into other values (0, 'held')");
    database.run(MUCH);
    let warned = rig.wait_for_status("a warning", |status| status.sources["main"].warning.is_some());
    assert!(kept(&warned).unwrap() >= 4 << 20, "{warned:?}");
    assert_eq!(warned.sources["main"].condition, Condition::Live, "a warning stops nothing");
    let shown = said(&rig.command(&["status"]));
    assert!(shown.contains("warning: the server keeps") && shown.contains("wal_warn (4.0 MiB)"), "{shown}");
    let metrics = rig.get("/metrics").unwrap().body;
    assert!(metrics.contains("tailwater_source_warning{source=\"main\"} 1"), "{metrics}");
    holder.run("commit");
    let gone = wait_for(|| {
        // The oldest position needed moves with the server's own notes of running transactions.
        database.run("checkpoint; insert into other values (1, 'on')");
        rig.status().ok()?.sources["main"].warning.is_none().then_some(())
    });
    assert!(gone.is_some(), "{:?}", rig.status());
}

#[test]
fn a_source_that_has_stopped_is_still_warned_of() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    configure(&rig, ("[source.main]\n", "[source.main]\nwal_warn = \"4MiB\"\n"));
    rig.start();
    let database = rig.database();
    // Without it nobody knows what to send.
    database.run("drop publication tailwater");
    database.run("insert into items values (2, 'two')");
    rig.wait_for_status("the stop", |status| status.sources["main"].condition == Condition::Failed);
    database.run(MUCH);
    rig.wait_for_status("a warning", |status| status.sources["main"].warning.is_some());
}

#[test]
fn a_heartbeat_goes_through_a_log_that_others_write_and_not_through_an_idle_one() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    rig.start();
    rig.wait_for_status("a look at the slot", |status| kept(status).is_some());
    database.run("select pg_create_logical_replication_slot('peek', 'test_decoding')");
    let beats = || {
        let sql = "select count(*) from pg_logical_slot_peek_changes('peek', null, null) where data like '%prefix: tailwater%'";
        database.value(sql).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(beats(), 0, "an idle server is left in peace");
    database.run(MUCH);
    assert!(wait_for(|| (beats() > 0).then_some(())).is_some(), "no heartbeat came");
}

#[test]
fn a_role_that_may_not_write_the_heartbeat_is_told_so_and_followed_all_the_same() {
    let mut rig = Rig::new(SCHEMA, VIEWS);
    let database = rig.database();
    database.run(
        "do $$ begin execute 'revoke execute on function ' || (select oid::regprocedure from pg_proc where \
         proname = 'pg_logical_emit_message' and proargtypes[2] = 'text'::regtype) || ' from public'; end $$; \
         create role reader login replication; grant select on all tables in schema public to reader; \
         create publication tailwater for table items",
    );
    configure(&rig, ("postgres://postgres@", "postgres://reader@"));
    rig.start();
    rig.wait_for_status("a look at the slot", |status| kept(status).is_some());
    database.run(MUCH);
    let told = rig.wait_for_status("the reason", |status| {
        status.sources["main"].health.as_ref().is_some_and(|health| health.no_heartbeat.is_some())
    });
    assert_eq!(told.sources["main"].condition, Condition::Live);
    let shown = said(&rig.command(&["status"]));
    assert!(shown.contains("no heartbeat: the role may not write it: GRANT EXECUTE"), "{shown}");
}
