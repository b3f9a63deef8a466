//! The sink against a real server: rows, cursors, replacement.

use redis::Value as Reply;

use super::server::{HOUR, Pages, Server, batch, cursor, gone, put, row, view};
use crate::redis::RedisSink;
use crate::redis::config::RedisFormat::{Hash, Json};
use crate::redis::config::RedisSinkConfig;
use crate::{Numeric, Row, RowChange, Sink, SinkError, SqlType, Value};

async fn filled(config: RedisSinkConfig) -> RedisSink {
    let mut sink = RedisSink::new(config, &view()).unwrap();
    sink.open(&view()).await.unwrap();
    sink.replace(&mut Pages::of(vec![]), &cursor("g", 1)).await.unwrap();
    sink
}

#[tokio::test]
async fn rows_and_cursor_arrive_together_and_survive_a_reopen() {
    let server = Server::start();
    let mut sink = server.sink(Json);
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    sink.replace(&mut Pages::of(vec![vec![row(1, Some("ann"))], vec![row(2, None)]]), &cursor("g", 3)).await.unwrap();
    sink.write(&batch(4, vec![put(3, "zoë"), gone(1)])).await.unwrap();
    assert_eq!(server.keys().await, ["order:2", "order:3"]);
    assert_eq!(server.run::<String>("GET order:3").await, r#"{"id":3,"customer":"zoë","paid":true}"#);
    assert_eq!(server.run::<String>("GET order:2").await, r#"{"id":2,"customer":null,"paid":true}"#);
    assert_eq!(server.sink(Json).open(&view()).await.unwrap(), Some(cursor("g", 4)));
    let stored: String = server.run("GET tailwater:cards:cursor").await;
    assert_eq!(serde_json::from_str::<crate::Cursor>(&stored).unwrap(), cursor("g", 4));
}

#[tokio::test]
async fn a_batch_without_changes_moves_the_cursor_and_a_repeated_one_is_harmless() {
    let server = Server::start();
    let mut sink = filled(server.config(Json)).await;
    for _ in 0..2 {
        sink.write(&batch(5, vec![put(1, "a"), gone(2)])).await.unwrap();
    }
    sink.write(&batch(6, vec![])).await.unwrap();
    assert_eq!(server.keys().await, ["order:1"]);
    assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 6)));
}

#[tokio::test]
async fn batches_larger_than_one_command_are_written_whole() {
    let server = Server::start();
    for format in [Json, Hash] {
        let mut sink = filled(server.config(format)).await;
        sink.write(&batch(7, (0..3_000).map(|id| put(id, "x")).collect())).await.unwrap();
        assert_eq!(server.keys().await.len(), 3_000);
        sink.write(&batch(8, (0..3_000).map(gone).collect())).await.unwrap();
        assert_eq!(server.keys().await.len(), 0);
    }
}

#[tokio::test]
async fn a_hash_holds_non_null_columns_and_loses_those_that_become_null() {
    let server = Server::start();
    let mut sink = filled(server.config(Hash)).await;
    sink.write(&batch(2, vec![put(1, "ann")])).await.unwrap();
    let fields: Vec<String> = server.run("HGETALL order:1").await;
    assert_eq!(fields, ["id", "1", "customer", "ann", "paid", "t"]);
    let change = RowChange { old: Some(row(1, Some("ann"))), new: Some(row(1, None)) };
    sink.write(&batch(3, vec![change])).await.unwrap();
    let fields: Vec<String> = server.run("HGETALL order:1").await;
    assert_eq!(fields, ["id", "1", "paid", "t"]);
    let nulls: Row = vec![Value::Null, Value::Null, Value::Null].into();
    sink.write(&batch(4, vec![RowChange { old: None, new: Some(nulls) }])).await.unwrap();
    let fields: Vec<String> = server.run("HGETALL order:\\N").await;
    assert_eq!(fields, ["id", "\\N"]);
}

#[tokio::test]
async fn every_write_sets_the_time_to_live() {
    let server = Server::start();
    for format in [Json, Hash] {
        let config = RedisSinkConfig { ttl: Some(HOUR), ..server.config(format) };
        let mut sink = filled(config).await;
        sink.write(&batch(2, vec![put(1, "ann")])).await.unwrap();
        let left: i64 = server.run("PTTL order:1").await;
        assert!((3_500_000..=3_600_000).contains(&left), "{left}");
        server.run::<()>("PEXPIRE order:1 1000").await;
        sink.write(&batch(3, vec![put(1, "bob")])).await.unwrap();
        assert!(server.run::<i64>("PTTL order:1").await > 3_500_000);
        assert_eq!(server.run::<i64>("PTTL tailwater:cards:cursor").await, -1);
    }
}

#[tokio::test]
async fn values_of_other_types_under_our_keys_are_overwritten() {
    let server = Server::start();
    for format in [Json, Hash] {
        let mut sink = filled(server.config(format)).await;
        server.run::<()>("DEL order:1 order:2").await;
        server.run::<()>("LPUSH order:1 x").await;
        server.run::<()>("ZADD order:2 1 x").await;
        sink.write(&batch(2, vec![put(1, "ann"), put(2, "bob")])).await.unwrap();
        let expected = if format == Json { "string" } else { "hash" };
        assert_eq!(server.run::<String>("TYPE order:1").await, expected);
        assert_eq!(server.run::<String>("TYPE order:2").await, expected);
    }
}

#[tokio::test]
async fn replacing_removes_rows_of_former_lives_and_leaves_other_keys() {
    let server = Server::start();
    for id in 0..3_000 {
        server
            .client()
            .await
            .send_packed_command(redis::cmd("SET").arg(format!("order:{id}")).arg("old"))
            .await
            .unwrap();
    }
    for foreign in ["order:1:items", "order:x", "orders:1", "other"] {
        server.run::<()>(&format!("SET {foreign} theirs")).await;
    }
    let mut sink = server.sink(Json);
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    let pages = vec![vec![row(1, None), row(5, None)], vec![row(7_000, None)]];
    sink.replace(&mut Pages::of(pages), &cursor("g", 9)).await.unwrap();
    let expected = ["order:1", "order:1:items", "order:5", "order:7000", "order:x", "orders:1", "other"];
    assert_eq!(server.keys().await, expected);
    assert_ne!(server.run::<String>("GET order:1").await, "old");
}

#[tokio::test]
async fn another_template_or_format_starts_over_and_removes_the_former_keys() {
    let server = Server::start();
    let mut sink = filled(server.config(Json)).await;
    sink.write(&batch(2, vec![put(1, "ann")])).await.unwrap();
    let mut moved = RedisSink::new(RedisSinkConfig { key: "o:{id}".into(), ..server.config(Json) }, &view()).unwrap();
    assert_eq!(moved.open(&view()).await.unwrap(), None);
    // Interrupted once: the keys of the first layout are still remembered.
    let failing = moved.replace(&mut Pages::failing_after(vec![vec![row(1, None)]]), &cursor("g", 2)).await;
    assert!(failing.is_err());
    assert_eq!(server.keys().await, ["o:1", "order:1"]);
    let mut again = RedisSink::new(RedisSinkConfig { key: "p:{id}".into(), ..server.config(Hash) }, &view()).unwrap();
    assert_eq!(again.open(&view()).await.unwrap(), None);
    again.replace(&mut Pages::of(vec![vec![row(2, None)]]), &cursor("g", 2)).await.unwrap();
    assert_eq!(server.keys().await, ["p:2"]);
    let mut json = RedisSink::new(RedisSinkConfig { key: "p:{id}".into(), ..server.config(Json) }, &view()).unwrap();
    assert_eq!(json.open(&view()).await.unwrap(), None);
}

#[tokio::test]
async fn an_interrupted_replacement_counts_as_nothing() {
    let server = Server::start();
    let mut sink = filled(server.config(Json)).await;
    let failing = sink.replace(&mut Pages::failing_after(vec![vec![row(1, None)]]), &cursor("g", 8)).await;
    assert!(failing.unwrap_err().is_transient());
    assert_eq!(sink.open(&view()).await.unwrap(), None);
    sink.replace(&mut Pages::of(vec![vec![row(2, None)]]), &cursor("g", 8)).await.unwrap();
    assert_eq!(server.keys().await, ["order:2"]);
}

#[tokio::test]
async fn a_key_that_is_printed_differently_now_leaves_no_second_row() {
    let server = Server::start();
    let mut view = view();
    view.columns[0].sql_type = SqlType::Numeric(None);
    let mut sink = server.sink(Json);
    sink.open(&view).await.unwrap();
    sink.replace(&mut Pages::of(vec![]), &cursor("g", 1)).await.unwrap();
    let keyed = |mantissa, scale| -> Option<Row> {
        Some(vec![Value::Numeric(Numeric::Small { mantissa, scale }), Value::Null, Value::Null].into())
    };
    sink.write(&batch(2, vec![RowChange { old: None, new: keyed(10, 1) }])).await.unwrap();
    assert_eq!(server.keys().await, ["order:1.0"]);
    sink.write(&batch(3, vec![RowChange { old: keyed(10, 1), new: keyed(100, 2) }])).await.unwrap();
    assert_eq!(server.keys().await, ["order:1.00"]);
}

#[tokio::test]
async fn a_view_of_one_row_has_one_key() {
    let server = Server::start();
    let mut view = view();
    view.key.clear();
    let mut sink = RedisSink::new(RedisSinkConfig { key: "totals".into(), ..server.config(Json) }, &view).unwrap();
    sink.open(&view).await.unwrap();
    server.run::<()>("SET totals2 theirs").await;
    sink.replace(&mut Pages::of(vec![vec![row(1, None)]]), &cursor("g", 1)).await.unwrap();
    assert_eq!(server.keys().await, ["totals", "totals2"]);
    sink.replace(&mut Pages::of(vec![]), &cursor("g", 1)).await.unwrap();
    assert_eq!(server.keys().await, ["totals2"]);
}

#[tokio::test]
async fn a_killed_server_is_unavailable_and_the_sink_goes_on_where_it_was() {
    let mut server = Server::start_with(&["--appendfsync", "always"]);
    let mut sink = filled(server.config(Json)).await;
    sink.write(&batch(2, vec![put(1, "ann")])).await.unwrap();
    server.kill();
    let error = sink.write(&batch(3, vec![put(2, "bob")])).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(sink.open(&view()).await.unwrap_err().is_transient());
    assert!(sink.write(&batch(3, vec![])).await.unwrap_err().is_transient());
    server.restart();
    assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 2)));
    sink.write(&batch(3, vec![put(2, "bob")])).await.unwrap();
    assert_eq!(server.keys().await, ["order:1", "order:2"]);
}

#[tokio::test]
async fn the_server_holds_rows_and_cursor_of_one_moment_whenever_it_is_killed() {
    let mut server = Server::start();
    let mut sink = filled(server.config(Json)).await;
    for round in 0..5_u64 {
        let mut step = round * 1_000 + 10;
        let mut killed = None;
        loop {
            step += 1;
            let changes = (0..200).map(|id| put(id, &step.to_string())).collect();
            if let Err(error) = sink.write(&batch(step, changes)).await {
                assert!(error.is_transient(), "{error}");
                break;
            }
            if step % 1_000 == 30 && killed.is_none() {
                let mut client = server.client().await;
                // Dies at once, without saving: in the middle of what the sink sends next.
                killed = Some(tokio::spawn(async move {
                    let _ = client.send_packed_command(redis::cmd("SHUTDOWN").arg("NOSAVE").arg("NOW")).await;
                }));
            }
        }
        server.kill();
        server.restart();
        let held = sink.open(&view()).await.unwrap().expect("the log of the server keeps the cursor");
        let mut get = redis::cmd("MGET");
        (0..200).for_each(|id| _ = get.arg(format!("order:{id}")));
        let values: Vec<String> = get.query_async(&mut server.client().await).await.unwrap();
        let expected = format!("\"customer\":\"{}\"", held.step);
        assert!(values.iter().all(|value| value.contains(&expected)), "rows of another step than {}", held.step);
    }
}

#[tokio::test]
async fn a_foreign_cursor_key_is_refused_with_a_hint() {
    let server = Server::start();
    for command in ["SET tailwater:cards:cursor garbage", "LPUSH tailwater:cards:cursor x"] {
        server.run::<Reply>(command).await;
        let error = server.sink(Json).open(&view()).await.unwrap_err();
        assert!(matches!(&error, SinkError::Refused { hint, .. } if hint.contains("DEL tailwater:cards:cursor")));
        server.run::<()>("DEL tailwater:cards:cursor").await;
    }
}
