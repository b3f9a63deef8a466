//! Every kind of message, from a real server, at every protocol version that it speaks.

use std::collections::BTreeSet;

use tailwater_connectors::postgres::pgoutput::{Cell, Decoder, Message, OldKind};
use tokio_postgres::Client;

use crate::server::{Server, version};

const WORK: &[&str] = &[
    "create type mood as enum ('sad')",
    "create table t (id int primary key, v text, m mood)",
    "create table whole (id int, v text)",
    "alter table whole replica identity full",
    "alter table t alter v set storage external",
    "insert into t values (1, repeat('x', 10000), 'sad'), (2, null, null)",
    "update t set m = null where id = 1",
    "update t set id = 3 where id = 2",
    "delete from t where id = 3",
    "insert into whole values (1, 'a')",
    "update whole set v = 'b'",
    "delete from whole",
    "truncate t, whole restart identity cascade",
    "select pg_logical_emit_message(true, 'prefix', 'inside')",
    "select pg_logical_emit_message(false, 'prefix', 'outside')",
    "begin; insert into t select i, repeat('y', 100), 'sad' from generate_series(10, 3000) i; savepoint s;
     insert into t select i, repeat('z', 100) from generate_series(4000, 7000) i; rollback to s;
     alter table t add extra int; insert into t values (7, 'w', null, 1); commit",
    "begin; insert into whole select i, repeat('y', 100) from generate_series(10, 3000) i; rollback",
    "begin; insert into t values (8001); prepare transaction 'one'",
    "commit prepared 'one'",
    "begin; insert into t values (8002); prepare transaction 'two'",
    "rollback prepared 'two'",
    "begin; insert into whole select i, repeat('y', 100) from generate_series(10, 3000) i; prepare transaction 'three'",
    "commit prepared 'three'",
    "select pg_replication_origin_create('elsewhere')",
    "select pg_replication_origin_session_setup('elsewhere')",
    "begin; select pg_replication_origin_xact_setup('0/AB', now()); insert into t values (9001); commit",
    "select pg_replication_origin_session_reset()",
];

async fn messages(client: &Client, version: u32, options: &str) -> Vec<Vec<u8>> {
    let query = format!(
        "select data from pg_logical_slot_peek_binary_changes('{}', null, null, 'proto_version', '{version}',
             'publication_names', 'everything', 'messages', 'true' {options})",
        if version >= 3 { "two_phase" } else { "one_phase" },
    );
    client.query(&query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Tags of the messages; what they say is checked on the way.
fn decode_all(version: u32, messages: &[Vec<u8>]) -> BTreeSet<char> {
    let mut decoder = Decoder::new(version);
    for bytes in messages {
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(decoder.clone().decode(&longer).is_err(), "a trailing byte is refused: {bytes:?}");
        for length in (0..bytes.len()).rev().take(64) {
            assert!(decoder.clone().decode(&bytes[..length]).is_err(), "a short message is refused: {bytes:?}");
        }
        match decoder.decode(bytes).unwrap() {
            Message::Update { old: Some((OldKind::Key, old)), new, .. } => {
                assert_eq!(old.cells().collect::<Vec<_>>(), [Cell::Text(b"2"), Cell::Null, Cell::Null]);
                assert_eq!(new.cells().next(), Some(Cell::Text(b"3")));
            }
            Message::Update { old: None, new, .. } => {
                let cells: Vec<_> = new.cells().collect();
                assert_eq!(cells, [Cell::Text(b"1"), Cell::Unchanged, Cell::Null]);
            }
            Message::Update { old: Some((OldKind::Full, old)), .. } => {
                assert_eq!(old.cells().collect::<Vec<_>>(), [Cell::Text(b"1"), Cell::Text(b"a")]);
            }
            Message::Truncate { relations, cascade, restart_identity, .. } => {
                assert_eq!((relations.len(), cascade, restart_identity), (2, true, true));
            }
            Message::Origin { name, .. } => assert_eq!(name, "elsewhere"),
            Message::BeginPrepare(prepared) | Message::Prepare(prepared) => {
                assert!(["one", "two", "three"].contains(&prepared.gid));
            }
            _ => {}
        }
    }
    messages.iter().map(|bytes| char::from(bytes[0])).collect()
}

/// Every distinct shape of message, few of each, in a file for the fuzzer to start from.
fn write_corpus(version: u32, messages: &[Vec<u8>]) {
    let Some(directory) = std::env::var_os("WRITE_PGOUTPUT_CORPUS") else { return };
    let mut file = vec![version as u8, 0];
    let mut run = (0, 0);
    for bytes in messages.iter().filter(|bytes| bytes.len() < 600) {
        run = if run.0 == bytes[0] { (run.0, run.1 + 1) } else { (bytes[0], 1) };
        if run.1 <= 2 {
            file.extend((bytes.len() as u16).to_be_bytes());
            file.extend(bytes);
        }
    }
    let path = std::path::Path::new(&directory).join(format!("version_{version}"));
    std::fs::write(path, file).unwrap();
}

#[tokio::test]
async fn every_message_of_a_real_server_is_understood_and_nothing_shorter_or_longer() {
    let server = Server::start();
    let client = server.connect().await;
    client.batch_execute("create publication everything for all tables").await.unwrap();
    client.batch_execute("select pg_create_logical_replication_slot('one_phase', 'pgoutput')").await.unwrap();
    client
        .batch_execute("select pg_create_logical_replication_slot('two_phase', 'pgoutput', false, true)")
        .await
        .unwrap();
    for statement in WORK {
        for part in statement.split(';') {
            client.batch_execute(part).await.unwrap_or_else(|error| panic!("{part}: {error:?}"));
        }
    }
    let cases = [
        (1, "", "BCDIMORTUY"),
        (2, ", 'streaming', 'on'", "ABCDEIMORSTUYc"),
        (3, ", 'streaming', 'on'", "ABCDEIKMOPRSTUYbcpr"),
    ];
    let spoken = if version(&client).await >= 150_000 { 3 } else { 2 };
    for (version, options, tags) in cases.into_iter().filter(|(version, ..)| *version <= spoken) {
        let messages = messages(&client, version, options).await;
        write_corpus(version, &messages);
        assert_eq!(decode_all(version, &messages), tags.chars().collect(), "version {version}");
    }
}
