//! What the sink says that Redis holds, against a real server.

use std::time::Duration;

use super::server::{Pages, Server, batch, cursor, put, row, view};
use crate::redis::RedisSink;
use crate::redis::config::RedisFormat::{Hash, Json};
use crate::redis::config::RedisSinkConfig;
use crate::{Held, HeldEntry, Row, Sink, Value};

async fn holding_three(config: RedisSinkConfig) -> RedisSink {
    let mut sink = RedisSink::new(config, &view()).unwrap();
    sink.open(&view()).await.unwrap();
    sink.replace(&mut Pages::of(vec![]), &cursor("g", 1)).await.unwrap();
    sink.write(&batch(2, vec![put(1, "ann"), put(2, "bob"), put(3, "cat")])).await.unwrap();
    sink
}

fn rows() -> [Row; 4] {
    [row(1, Some("ann")), row(2, Some("bob")), row(3, Some("cat")), row(4, None)]
}

#[tokio::test]
async fn contents_that_a_write_would_leave_are_the_same_and_others_are_not() {
    let server = Server::start();
    for (format, spoil) in [(Json, "SET order:2 {}"), (Hash, "HSET order:2 more x")] {
        let mut sink = holding_three(server.config(format)).await;
        server.run::<redis::Value>(spoil).await;
        let held = sink.read_back().unwrap().held(&rows()).await.unwrap();
        assert_eq!(held, [Held::Same, Held::Other, Held::Same, Held::Nothing], "{format:?}");
        server.run::<redis::Value>("FLUSHALL").await;
    }
}

#[tokio::test]
async fn a_key_of_another_type_is_not_the_same() {
    let server = Server::start();
    for format in [Json, Hash] {
        let mut sink = holding_three(server.config(format)).await;
        server.run::<redis::Value>("DEL order:1").await;
        server.run::<redis::Value>("SADD order:1 member").await;
        let held = sink.read_back().unwrap().held(&rows()[..2]).await.unwrap();
        assert!(held[0] != Held::Same && held[1] == Held::Same, "{format:?}: {held:?}");
        server.run::<redis::Value>("FLUSHALL").await;
    }
}

#[tokio::test]
async fn what_may_have_expired_is_told_apart_from_what_is_missing() {
    let server = Server::start();
    let config = RedisSinkConfig { ttl: Some(Duration::from_secs(3_600)), ..server.config(Json) };
    let mut sink = holding_three(config).await;
    server.run::<redis::Value>("DEL order:1").await;
    let held = sink.read_back().unwrap().held(&rows()[..2]).await.unwrap();
    assert_eq!(held, [Held::Expired, Held::Same]);
}

#[tokio::test]
async fn entries_come_with_the_keys_of_their_rows_and_those_of_others_do_not_come() {
    let server = Server::start();
    let mut sink = holding_three(server.config(Json)).await;
    server.run::<redis::Value>("SET order:99999999999999999999 x").await;
    server.run::<redis::Value>("SET other:1 x").await;
    let (mut entries, mut from) = (Vec::new(), 0);
    loop {
        let page = sink.read_back().unwrap().entries(from).await.unwrap();
        entries.extend(page.entries);
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries.dedup();
    let entry = |name: &str, key: Option<i64>| HeldEntry { name: name.into(), key: key.map(|id| vec![Value::Int(id)]) };
    let wanted = [
        entry("order:1", Some(1)),
        entry("order:2", Some(2)),
        entry("order:3", Some(3)),
        entry("order:99999999999999999999", None),
    ];
    assert_eq!(entries, wanted);
    assert_eq!(sink.read_back().unwrap().name(&row(7, None)), "order:7");
}
