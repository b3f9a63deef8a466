//! Two writers, and servers that cannot hold a view.

use std::time::Duration;

use super::server::{Pages, Server, batch, cursor, put, row, view};
use crate::redis::RedisSink;
use crate::redis::config::RedisFormat::{Hash, Json};
use crate::redis::config::{DEFAULT_TIMEOUT, RedisSinkConfig};
use crate::redis::connection::{Connection, Outcome};
use crate::{ChangelogBatch, Sink, SinkError};

async fn opened(server: &Server) -> RedisSink {
    let mut sink = server.sink(Json);
    sink.open(&view()).await.unwrap();
    sink.replace(&mut Pages::of(vec![vec![row(1, Some("first"))]]), &cursor("g", 1)).await.unwrap();
    sink
}

#[tokio::test]
async fn a_daemon_that_was_taken_over_writes_nothing_and_says_so() {
    let server = Server::start();
    let mut old = opened(&server).await;
    let mut new = server.sink(Json);
    assert_eq!(new.open(&view()).await.unwrap(), Some(cursor("g", 1)));
    new.replace(&mut Pages::of(vec![vec![row(1, Some("second"))]]), &cursor("h", 7)).await.unwrap();
    let error = old.write(&batch(2, vec![put(1, "late")])).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("another daemon"), "{error}");
    assert!(server.run::<String>("GET order:1").await.contains("second"));
    assert!(!old.open(&view()).await.unwrap_err().is_transient());
    new.write(&ChangelogBatch { changes: vec![put(1, "third")], cursor: cursor("h", 8), committed_at: None })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_daemon_is_fenced_as_soon_as_another_begins_to_replace() {
    let server = Server::start();
    let mut old = opened(&server).await;
    let mut new = server.sink(Json);
    new.open(&view()).await.unwrap();
    new.replace(&mut Pages::failing_after(vec![]), &cursor("h", 7)).await.unwrap_err();
    assert!(!old.write(&batch(2, vec![put(1, "late")])).await.unwrap_err().is_transient());
    assert!(server.run::<String>("GET order:1").await.contains("first"));
}

#[tokio::test]
async fn a_flushed_server_is_noticed_and_filled_again() {
    let server = Server::start();
    let mut sink = opened(&server).await;
    server.run::<()>("FLUSHALL").await;
    let error = sink.write(&batch(2, vec![put(2, "x")])).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(server.keys().await.len(), 0);
    assert_eq!(sink.open(&view()).await.unwrap(), None);
}

#[tokio::test]
async fn a_late_command_of_a_lost_connection_cannot_overwrite() {
    let server = Server::start();
    let mut late = opened(&server).await;
    // The same daemon after a reconnect.
    let mut now = server.sink(Json);
    assert_eq!(now.open(&view()).await.unwrap(), Some(cursor("g", 1)));
    now.write(&batch(3, vec![put(1, "new")])).await.unwrap();
    assert!(late.write(&batch(2, vec![put(1, "late")])).await.unwrap_err().is_transient());
    assert!(server.run::<String>("GET order:1").await.contains("new"));
    assert_eq!(late.open(&view()).await.unwrap(), Some(cursor("g", 3)));
}

#[tokio::test]
async fn a_full_server_is_unavailable_and_holds_nothing_of_the_batch() {
    let server = Server::start();
    for format in [Json, Hash] {
        let mut sink = server.sink(format);
        sink.open(&view()).await.unwrap();
        sink.replace(&mut Pages::of(vec![]), &cursor("g", 1)).await.unwrap();
        server.run::<()>("CONFIG SET maxmemory 1").await;
        let error = sink.write(&batch(2, vec![put(1, "a"), put(2, "b")])).await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("out of memory"), "{error}");
        server.run::<()>("CONFIG SET maxmemory 0").await;
        assert_eq!(server.keys().await.len(), 0);
        assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 1)));
        server.run::<()>("FLUSHALL").await;
    }
}

fn assert_refused(error: SinkError, expected: &str) {
    let text = format!("{error} {}", error.hint().unwrap_or("transient"));
    assert!(!error.is_transient() && text.contains(expected), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn check_passes_on_a_usable_server_and_changes_nothing() {
    let server = Server::start();
    server.sink(Json).check(&view()).await.unwrap();
    assert_eq!(server.run::<i64>("DBSIZE").await, 0);
}

#[tokio::test]
async fn check_refuses_replicas_and_cluster_nodes() {
    let primary = Server::start();
    let port = primary.port().to_string();
    let replica = Server::start_with(&["--replicaof", "127.0.0.1", &port]);
    assert_refused(replica.sink(Json).check(&view()).await.unwrap_err(), &format!("127.0.0.1:{port}"));
    let cluster = Server::start_with(&["--cluster-enabled", "yes"]);
    assert_refused(cluster.sink(Json).check(&view()).await.unwrap_err(), "Cluster is not supported");
}

#[tokio::test]
async fn wrong_passwords_and_urls_are_refused_without_being_shown() {
    let server = Server::start_with(&["--requirepass", "right"]);
    let url = |credentials: &str| format!("redis://{credentials}127.0.0.1:{}", server.port());
    for (url, expected) in [
        (url(":secret@"), "user and password"),
        (url("secret:secret@"), "user and password"),
        (url(""), "user and password"),
    ] {
        let mut sink = RedisSink::new(RedisSinkConfig { url, ..server.config(Json) }, &view()).unwrap();
        assert_refused(sink.check(&view()).await.unwrap_err(), expected);
        assert_refused(sink.open(&view()).await.unwrap_err(), expected);
    }
    for url in ["mysql://secret@127.0.0.1", "secret", ""] {
        let config = RedisSinkConfig { url: url.into(), ..server.config(Json) };
        assert_refused(RedisSink::new(config, &view()).err().unwrap(), "redis://");
    }
}

#[tokio::test]
async fn a_user_without_rights_is_refused_and_nothing_is_half_written() {
    let server = Server::start();
    opened(&server).await;
    server.run::<()>("ACL SETUSER weak on >secret ~* +@all -mset").await;
    let url = format!("redis://weak:secret@127.0.0.1:{}", server.port());
    let mut sink = RedisSink::new(RedisSinkConfig { url, ..server.config(Json) }, &view()).unwrap();
    assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 1)));
    assert_refused(sink.write(&batch(2, vec![put(2, "x")])).await.unwrap_err(), "MSET");
    assert_eq!(server.keys().await, ["order:1"]);
    assert_eq!(sink.open(&view()).await.unwrap(), Some(cursor("g", 1)));
}

#[tokio::test]
async fn a_command_that_fails_inside_the_transaction_is_noticed() {
    let server = Server::start();
    server.run::<()>("SET text x").await;
    let mut connection = Connection::open(&server.url(), "cursor".into(), DEFAULT_TIMEOUT).await.unwrap();
    connection.watch().await.unwrap();
    let commands = |name: &str, key: &str| vec![redis::cmd(name).arg(key).take()];
    let torn = connection.transact(commands("INCR", "text"), "1").await.unwrap();
    assert!(matches!(torn, Outcome::Torn(_)), "{torn:?}");
    let done = connection.transact(commands("INCR", "number"), "2").await.unwrap();
    assert!(matches!(done, Outcome::Done), "{done:?}");
    server.run::<()>("SET cursor 2").await;
    let overtaken = connection.transact(commands("INCR", "number"), "3").await.unwrap();
    assert!(matches!(overtaken, Outcome::Overtaken(Some(_))), "{overtaken:?}");
    assert_eq!(server.run::<i64>("GET number").await, 1);
}

#[tokio::test]
async fn a_server_without_tls_is_an_error_for_a_tls_url() {
    let server = Server::start();
    let url = format!("rediss://127.0.0.1:{}", server.port());
    let mut sink = RedisSink::new(RedisSinkConfig { url, ..server.config(Json) }, &view()).unwrap();
    assert!(sink.open(&view()).await.is_err());
}

#[tokio::test]
async fn times_to_live_that_redis_would_refuse_are_refused_at_once() {
    let server = Server::start();
    for ttl in [Duration::from_micros(1), Duration::MAX] {
        let config = RedisSinkConfig { ttl: Some(ttl), ..server.config(Json) };
        assert_refused(RedisSink::new(config, &view()).err().unwrap(), "ttl");
    }
}
