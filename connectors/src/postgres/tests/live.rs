//! Copy, stream and resume against a real server.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::change::{Change, OldRow};
use crate::postgres::{check, prepare};
use crate::source::{ResumePoint, SourceError, SourceMessage};
use crate::{Position, Row, Value};

use super::server::{Fixture, Run, names};

pub(super) fn row_text(row: &Row) -> String {
    let cell = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) if text.len() > 40 => format!("{}*{}", &text[..1], text.len()),
        Value::Text(text) => text.to_string(),
        other => format!("{other:?}"),
    };
    row.iter().map(cell).collect::<Vec<_>>().join(",")
}

/// One line per change.
pub(super) fn change_text(change: &Change) -> String {
    let old_text = |old: &OldRow| match old {
        OldRow::SameKey => "same".to_owned(),
        OldRow::Key(row) => format!("key({})", row_text(row)),
        OldRow::Full(row) => format!("full({})", row_text(row)),
    };
    match change {
        Change::Insert { table, new } => format!("insert {} {}", table.name.table, row_text(new)),
        Change::Update { table, old, new } => {
            let unchanged =
                if new.unchanged.is_empty() { String::new() } else { format!(" unchanged {:?}", new.unchanged) };
            format!("update {} {} {}{unchanged}", table.name.table, old_text(old), row_text(&new.row))
        }
        Change::Delete { table, old } => format!("delete {} {}", table.name.table, old_text(old)),
        Change::Upsert { .. } | Change::Remove { .. } => panic!("Postgres tells what was there: {change:?}"),
        Change::Truncate { tables } => {
            let names: Vec<_> = tables.iter().map(|table| table.name.table.as_str()).collect();
            format!("truncate {}", names.join(","))
        }
    }
}

pub(super) fn texts(changes: &[Change]) -> Vec<String> {
    changes.iter().map(change_text).collect()
}

/// Asks again until the answer is as wanted.
async fn eventually(fixture: &Fixture, sql: &str, wanted: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = fixture.text(sql).await;
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{sql} is {found}");
        // Each question is a round trip to the server; giving way in between is enough.
        tokio::task::yield_now().await;
    }
}

const TWO_ROWS: &str = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one'), (2, NULL);";

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_followed_by_exactly_the_changes_after_it() {
    let fixture = Fixture::new("copy_stream", TWO_ROWS).await;
    let mut run = fixture.copy(&["t"]);
    let (rows, position) = run.copied().await;
    assert_eq!(rows, ["t 1,one", "t 2,null"]);
    fixture.sql("BEGIN; INSERT INTO t VALUES (3, 'three'); UPDATE t SET v = 'zwei' WHERE id = 2; COMMIT").await;
    fixture.sql("UPDATE t SET id = 30 WHERE id = 3").await;
    fixture.sql("DELETE FROM t WHERE id = 1").await;
    fixture.sql("TRUNCATE t").await;
    let transactions = run.transactions(5).await;
    let changes: Vec<Change> = transactions.iter().flat_map(|transaction| transaction.changes.clone()).collect();
    assert_eq!(
        texts(&changes),
        [
            "insert t 3,three",
            "update t same 2,zwei",
            "update t key(3,null) 30,three",
            "delete t key(1,null)",
            "truncate t"
        ]
    );
    let mut last = position;
    for transaction in &transactions {
        assert!(transaction.position.covers(&last) && transaction.position != last);
        assert!(transaction.committed_at > 0);
        last = transaction.position.clone();
    }
    run.stop().await.unwrap();
    // The slot is free as soon as the source has stopped.
    assert_eq!(
        fixture.text("SELECT active::text FROM pg_replication_slots WHERE slot_name = 'slot_copy_stream'").await,
        "false"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_written_while_the_copy_runs_are_not_lost() {
    let fixture = Fixture::new("copy_race", "CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    let writer = fixture.server.client("copy_race").await;
    let mut run = fixture.copy(&["t"]);
    let writing = tokio::spawn(async move {
        for id in 0..500 {
            writer.execute("INSERT INTO t VALUES ($1, 'x')", &[&id]).await.unwrap();
        }
    });
    let mut ids = BTreeSet::new();
    let mut ended = false;
    while ids.len() < 500 || !ended {
        match run.next().await {
            SourceMessage::CopyRows { rows, .. } => ids.extend(rows.iter().map(row_text)),
            SourceMessage::Transactions(transactions) => {
                let changes: Vec<Change> = transactions.into_iter().flat_map(|it| it.changes).collect();
                ids.extend(texts(&changes).iter().map(|text| text.replace("insert t ", "")));
            }
            SourceMessage::CopyEnds { incomplete, .. } => {
                ended = true;
                incomplete.send(Vec::new()).await.unwrap();
            }
            _ => {}
        }
    }
    writing.await.unwrap();
    assert_eq!(ids, (0..500).map(|id| format!("{id},x")).collect());
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_continues_behind_the_durable_position() {
    let fixture = Fixture::new("resume", TWO_ROWS).await;
    let mut run = fixture.copy(&["t"]);
    run.copied().await;
    fixture.sql("INSERT INTO t VALUES (3, 'a')").await;
    let durable = run.transactions(1).await.pop().unwrap().position;
    fixture.sql("INSERT INTO t VALUES (4, 'b')").await;
    run.transactions(1).await;
    run.durable.send(Some(durable.clone())).unwrap();
    run.stop().await.unwrap();
    fixture.sql("INSERT INTO t VALUES (5, 'c')").await;
    let mut run = Run::start(&fixture.config, fixture.resume(durable.clone(), &["t"]).await);
    assert_eq!(texts(&run.changes(2).await), ["insert t 4,b", "insert t 5,c"]);
    run.stop().await.unwrap();
    let confirmed = "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = 'slot_resume'";
    assert_eq!(fixture.text(confirmed).await, durable.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stream_is_told_that_the_slot_is_in_use() {
    let fixture = Fixture::new("in_use", TWO_ROWS).await;
    let mut run = fixture.copy(&["t"]);
    let (_, position) = run.copied().await;
    fixture.sql("INSERT INTO t VALUES (3, 'a')").await;
    run.transactions(1).await;
    let second = Run::start(&fixture.config, fixture.resume(position, &["t"]).await);
    assert!(matches!(second.error().await, SourceError::SlotInUse { .. }));
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_is_gone_or_was_recreated_cannot_be_resumed() {
    let fixture = Fixture::new("lost", TWO_ROWS).await;
    let mut run = fixture.copy(&["t"]);
    let (_, position) = run.copied().await;
    run.stop().await.unwrap();
    fixture.sql("SELECT pg_drop_replication_slot('slot_lost')").await;
    let resume = fixture.resume(position, &["t"]).await;
    let error = Run::start(&fixture.config, resume.clone()).error().await;
    assert!(error.to_string().contains("does not exist"), "{error}");
    fixture.sql("INSERT INTO t VALUES (3, 'missed')").await;
    fixture.sql("SELECT pg_create_logical_replication_slot('slot_lost', 'pgoutput')").await;
    let error = Run::start(&fixture.config, resume.clone()).error().await;
    assert!(matches!(error, SourceError::CannotResume { .. }) && error.to_string().contains("recreated"), "{error}");
    assert!(error.hint().is_some());
    let ResumePoint::Stream { position, tables, mut identity, copying, note } = resume else { unreachable!() };
    identity.system = "1".into();
    let resume = ResumePoint::Stream { position, identity, tables, copying, note };
    let error = Run::start(&fixture.config, resume).error().await;
    assert!(matches!(error, SourceError::CannotResume { .. }), "{error}");
}

/// Postgres 18 leaves the changes out with a warning; before, it is an error.
#[tokio::test(flavor = "multi_thread")]
async fn changes_without_a_publication_are_never_passed_over() {
    let fixture = Fixture::new("forgotten", TWO_ROWS).await;
    let mut run = fixture.copy(&["t"]);
    let (_, position) = run.copied().await;
    fixture.sql("DROP PUBLICATION tailwater").await;
    fixture.sql("INSERT INTO t VALUES (3, 'missed')").await;
    let error = run.error().await;
    assert!(error.to_string().contains("publication \"tailwater\""), "{error}");
    // One that comes later publishes nothing that was written before.
    fixture.sql("CREATE PUBLICATION tailwater FOR TABLE t").await;
    fixture.sql("INSERT INTO t VALUES (4, 'published')").await;
    let error = Run::start(&fixture.config, fixture.resume(position, &["t"]).await).error().await;
    assert!(matches!(error, SourceError::CannotResume { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_copy_replaces_a_leftover_slot_but_not_a_foreign_one() {
    let fixture = Fixture::new("leftover", TWO_ROWS).await;
    fixture.sql("SELECT pg_create_logical_replication_slot('slot_leftover', 'pgoutput')").await;
    let mut run = fixture.copy(&["t"]);
    assert_eq!(run.copied().await.0.len(), 2);
    run.stop().await.unwrap();
    fixture.sql("SELECT pg_drop_replication_slot('slot_leftover')").await;
    fixture.sql("SELECT pg_create_logical_replication_slot('slot_leftover', 'test_decoding')").await;
    assert!(matches!(fixture.copy(&["t"]).error().await, SourceError::Refused { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_quiet_tables_follows_the_log_of_others() {
    let fixture = Fixture::new("quiet", &format!("{TWO_ROWS} CREATE TABLE other (id int)")).await;
    let mut run = fixture.copy(&["t"]);
    let (_, start) = run.copied().await;
    run.durable.send(Some(start)).unwrap();
    fixture.sql("INSERT INTO other SELECT generate_series(1, 10000)").await;
    let target: Position = fixture.text("SELECT pg_current_wal_lsn()::text").await.parse().unwrap();
    loop {
        match run.next().await {
            SourceMessage::Progress { position } => {
                run.durable.send(Some(position.clone())).unwrap();
                if position.covers(&target) {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let caught_up = format!(
        "SELECT (confirmed_flush_lsn >= '{target}')::text FROM pg_replication_slots WHERE slot_name = 'slot_quiet'"
    );
    eventually(&fixture, &caught_up, "true").await;
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_session_is_a_transient_error() {
    let fixture = Fixture::new("killed", TWO_ROWS).await;
    let mut run = fixture.copy(&["t"]);
    run.copied().await;
    fixture.sql("INSERT INTO t VALUES (3, 'a')").await;
    run.transactions(1).await;
    fixture
        .sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'slot_killed'")
        .await;
    let error = run.error().await;
    assert!(error.is_transient(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_source_prepare_makes_is_found_good_by_check_and_removed_by_drop() {
    let fixture = Fixture::new(
        "prepare",
        &format!("{TWO_ROWS} CREATE TABLE keyless (a int); CREATE TABLE more (id int PRIMARY KEY)"),
    )
    .await;
    let tables = names(&["t", "keyless", "nowhere"]);
    let findings = check(&fixture.config, &tables).await.unwrap();
    let found: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert!(found.iter().any(|what| what.contains("keyless\" has no replica identity")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("nowhere\" does not exist")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("does not yet have")), "{found:?}");
    for finding in findings.iter().filter(|finding| finding.what.contains("keyless")) {
        fixture.sql(finding.sql_to_fix.as_ref().unwrap()).await;
    }
    assert_eq!(prepare::prepare(&fixture.config, &names(&["t"])).await.unwrap().len(), 1);
    assert_eq!(prepare::prepare(&fixture.config, &names(&["t", "keyless"])).await.unwrap().len(), 1);
    assert_eq!(prepare::prepare(&fixture.config, &names(&["t", "keyless"])).await.unwrap().len(), 0);
    let findings = check(&fixture.config, &names(&["t", "keyless"])).await.unwrap();
    let serious: Vec<_> = findings.iter().filter(|finding| finding.severity == crate::Severity::Error).collect();
    assert!(serious.is_empty(), "{serious:?}");
    let mut run = fixture.copy(&["t", "keyless"]);
    run.copied().await;
    run.stop().await.unwrap();
    prepare::drop(&fixture.config).await.unwrap();
    let left = "SELECT ((SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_replication_slots WHERE slot_name = \
                'slot_prepare'))::text";
    assert_eq!(fixture.text(left).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_names_system_database_slot_and_collation() {
    let fixture = Fixture::new("identity", "").await;
    let identity = fixture.identity().await;
    assert_eq!(identity.system, fixture.text("SELECT system_identifier::text FROM pg_control_system()").await);
    assert_eq!((identity.database.as_str(), identity.slot.as_str()), ("identity", "slot_identity"));
    assert_eq!(identity.collation, "C");
}
