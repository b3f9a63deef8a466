//! Kinds of tables and changes of their shape, against a real server.

use super::live::texts;
use super::server::{Fixture, Run};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_that_did_not_change_is_named_as_unchanged() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, big text, v int); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
                 INSERT INTO t VALUES (1, repeat('x', 9000), 1)";
    let fixture = Fixture::new("toast", table).await;
    let mut run = fixture.copy(&["t"]);
    assert_eq!(run.copied().await.0, ["t 1,x*9000,1"]);
    fixture.sql("UPDATE t SET v = 2").await;
    fixture.sql("UPDATE t SET big = repeat('y', 9000)").await;
    assert_eq!(texts(&run.changes(2).await), ["update t same 1,null,2 unchanged [1]", "update t same 1,y*9000,2"]);
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn full_identity_brings_whole_old_rows_which_complete_the_new_ones() {
    let table = "CREATE TABLE t (a int, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
                 ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, repeat('x', 9000))";
    let fixture = Fixture::new("identity_full", table).await;
    let mut run = fixture.copy(&["t"]);
    run.copied().await;
    fixture.sql("UPDATE t SET a = 2").await;
    fixture.sql("DELETE FROM t").await;
    assert_eq!(texts(&run.changes(2).await), ["update t full(1,x*9000) 2,x*9000", "delete t full(2,x*9000)"]);
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_as_identity_names_rows_by_its_columns() {
    let table = "CREATE TABLE t (id int NOT NULL, code text NOT NULL, v int); CREATE UNIQUE INDEX by_code ON t (code);
                 ALTER TABLE t REPLICA IDENTITY USING INDEX by_code; INSERT INTO t VALUES (1, 'a', 1)";
    let fixture = Fixture::new("identity_index", table).await;
    let mut run = fixture.copy(&["t"]);
    run.copied().await;
    fixture.sql("UPDATE t SET v = 2").await;
    fixture.sql("UPDATE t SET code = 'b'").await;
    fixture.sql("DELETE FROM t").await;
    let expected = ["update t same 1,a,2", "update t key(null,a,null) 1,b,2", "delete t key(null,b,null)"];
    assert_eq!(texts(&run.changes(3).await), expected);
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_seen_as_their_table() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
                 CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
                 CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);
                 INSERT INTO t VALUES (1, 'a'), (11, 'b')";
    let fixture = Fixture::new("partitions", table).await;
    let mut run = fixture.copy(&["t"]);
    assert_eq!(run.copied().await.0, ["t 1,a", "t 11,b"]);
    fixture.sql("INSERT INTO t2 VALUES (12, 'c')").await;
    fixture.sql("UPDATE t SET id = 2 WHERE id = 12").await;
    let changes = texts(&run.changes(3).await);
    assert_eq!(changes, ["insert t 12,c", "delete t key(12,null)", "insert t 2,c"]);
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn inherited_tables_are_copied_apart() {
    let table = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE child () INHERITS (t);
                 INSERT INTO t VALUES (1); INSERT INTO child VALUES (2)";
    let fixture = Fixture::new("inherited", table).await;
    let mut run = fixture.copy(&["t"]);
    assert_eq!(run.copied().await.0, ["t 1"]);
    fixture.sql("INSERT INTO child VALUES (3); INSERT INTO t VALUES (4)").await;
    assert_eq!(texts(&run.changes(1).await), ["insert t 4"]);
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn added_columns_are_ignored_and_tables_nobody_asked_for_skipped() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY);
                 CREATE PUBLICATION tailwater FOR TABLE other";
    let fixture = Fixture::new("added", table).await;
    let mut run = fixture.copy(&["t"]);
    run.copied().await;
    fixture.sql("INSERT INTO other VALUES (1); INSERT INTO t VALUES (1, 'a')").await;
    fixture.sql("ALTER TABLE t ADD COLUMN w text DEFAULT 'x'").await;
    fixture.sql("INSERT INTO other VALUES (2); INSERT INTO t VALUES (2, 'b')").await;
    assert_eq!(texts(&run.changes(2).await), ["insert t 1,a", "insert t 2,b"]);
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_columns_and_tables_is_told_by_the_stream_and_at_the_next_start() {
    let cases = [
        ("dropped", "ALTER TABLE t DROP COLUMN v"),
        ("renamed", "ALTER TABLE t RENAME COLUMN v TO w"),
        ("retyped", "ALTER TABLE t ALTER COLUMN v TYPE bigint"),
        ("moved", "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t2"),
    ];
    for (name, alter) in cases {
        let fixture = Fixture::new(name, "CREATE TABLE t (id int PRIMARY KEY, v int)").await;
        let mut run = fixture.copy(&["t"]);
        let (_, position) = run.copied().await;
        let resume = fixture.resume(position, &["t"]).await;
        fixture.sql(alter).await;
        let table = if name == "moved" { "t2" } else { "t" };
        fixture.sql(&format!("INSERT INTO {table} (id) VALUES (1)")).await;
        let lost = if name == "moved" { None } else { Some(vec![1]) };
        assert_eq!(run.changed().await.columns, lost, "{name}");
        run.stop().await.unwrap();
        let mut run = Run::start(&fixture.config, resume);
        assert_eq!(run.changed().await.columns, lost, "{name}");
        if lost.is_some() {
            assert_eq!(texts(&run.changes(1).await), ["insert t 1,null"], "{name}");
        }
        run.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_made_again_is_not_continued() {
    let fixture = Fixture::new("remade", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
    let mut run = fixture.copy(&["t"]);
    let (_, position) = run.copied().await;
    let resume = fixture.resume(position, &["t"]).await;
    fixture.sql("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY); ALTER PUBLICATION tailwater ADD TABLE t").await;
    fixture.sql("INSERT INTO t VALUES (2)").await;
    assert!(run.changed().await.reason.contains("made again"));
    run.stop().await.unwrap();
    let mut run = Run::start(&fixture.config, resume);
    assert!(run.changed().await.reason.contains("made again"));
    run.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_left_the_publication_or_is_filtered_is_noticed_on_start() {
    let fixture = Fixture::new("unpublished", "CREATE TABLE t (id int PRIMARY KEY)").await;
    let mut run = fixture.copy(&["t"]);
    let (_, position) = run.copied().await;
    run.stop().await.unwrap();
    let resume = fixture.resume(position, &["t"]).await;
    // Conditions came with Postgres 15.
    let filters = fixture.text("SELECT current_setting('server_version')").await.as_str() >= "15";
    let filtered = filters.then_some("SET TABLE t WHERE (id > 5)");
    for alter in filtered.into_iter().chain(["DROP TABLE t"]) {
        fixture.sql(&format!("ALTER PUBLICATION tailwater {alter}")).await;
        let mut run = Run::start(&fixture.config, resume.clone());
        let change = run.changed().await;
        assert!(change.columns.is_none() && !change.reason.is_empty(), "{change:?}");
        run.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_without_a_binary_form_here_are_copied_and_streamed_as_the_same_text() {
    let table =
        "CREATE TABLE t (id int PRIMARY KEY, a inet, r int4range); INSERT INTO t VALUES (1, '10.0.0.1', '[1,5)')";
    let fixture = Fixture::new("text_types", table).await;
    let mut run = fixture.copy(&["t"]);
    assert_eq!(run.copied().await.0, ["t 1,10.0.0.1,[1,5)"]);
    fixture.sql("INSERT INTO t VALUES (2, '10.0.0.1', '[1,5)'), (3, NULL, 'empty')").await;
    assert_eq!(texts(&run.changes(2).await), ["insert t 2,10.0.0.1,[1,5)", "insert t 3,null,empty"]);
    run.stop().await.unwrap();
}
