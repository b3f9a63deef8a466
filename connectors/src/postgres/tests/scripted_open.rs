//! Open transactions from a scripted server: what is confirmed and answered while they are open and while they are read back.

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::open_transactions::OpenTransactions;
use crate::postgres::assembler::Assembler;
use crate::postgres::assembler::tests::relation;
use crate::postgres::config::DEFAULT_TIMEOUT;
use crate::postgres::spill::Spill;
use crate::postgres::streamed::tests::{of, start, stop, stream_commit};
use crate::source::{SourceError, SourceMessage};
use crate::{Lsn, Position};

use super::scripted::{
    Client, DEADLINE, PROTO_VERSION, Server, data, ends, frame, keepalive, relation_in_transaction, stream,
    stream_into, table, transaction,
};

const MEMORY: usize = 1 << 20;
/// Of a row that is mostly a column which nobody asked for.
const ROW_BYTES: usize = 64 << 10;
/// Rows of more than is read ahead while the pipeline takes nothing.
const MANY_ROWS: i32 = 300;
/// Status updates come every quarter of it.
const IMPATIENT: Duration = Duration::from_secs(1);

/// A stream that asked for open transactions, with what it tells of them.
async fn open_stream(room: usize, silence: Duration) -> (Server, Client, watch::Receiver<OpenTransactions>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let (sender, told) = watch::channel(OpenTransactions::default());
    let spill = Spill::open(directory.path(), MEMORY).unwrap();
    let assembler = Assembler::new("shop".into(), PROTO_VERSION, vec![table()]).streaming_into(spill, sender);
    let (server, client) = stream_into(room, assembler, silence).await;
    (server, client, told, directory)
}

fn row(xid: u32, id: i32) -> Vec<u8> {
    let filler = [b"t".as_slice(), &(ROW_BYTES as u32).to_be_bytes(), &vec![b'x'; ROW_BYTES]].concat();
    let cells = [b"N\0\x02b\0\0\0\x04".as_slice(), &id.to_be_bytes(), &filler].concat();
    of(xid, &[b"I".as_slice(), &42u32.to_be_bytes(), &cells].concat())
}

fn announcement(xid: u32) -> Vec<u8> {
    of(xid, &relation(42, "t", b'd', &[("id", 23, true), ("filler", 25, false)]))
}

/// The first chunk of a transaction.
fn chunk(lsn: u64, xid: u32, rows: i32) -> Vec<u8> {
    let rows = (0..rows).map(|id| row(xid, id));
    let messages = [start(xid, true), announcement(xid)].into_iter().chain(rows).chain([stop()]);
    messages.flat_map(|message| data(lsn, &message)).collect()
}

/// Waits until it is told so.
async fn told_that(told: &mut watch::Receiver<OpenTransactions>, wanted: impl FnMut(&OpenTransactions) -> bool) {
    timeout(DEADLINE, told.wait_for(wanted)).await.expect("told in time").unwrap();
}

#[tokio::test]
async fn between_its_chunks_an_open_transaction_holds_up_nothing_and_inside_them_nothing_is_progress() {
    let (mut server, mut client, mut told, _directory) = open_stream(8, DEFAULT_TIMEOUT).await;
    assert!(client.command.contains("\"streaming\" 'on'"), "{}", client.command);
    server.send(&[chunk(1_500, 7, 3), relation_in_transaction(2_000, 1), keepalive(2_500, 0)]).await;
    assert_eq!(ends(&client.next().await), [2_000]);
    told_that(&mut told, |told| told.open == 1).await;
    let SourceMessage::Progress { position } = client.next().await else { panic!("progress") };
    assert_eq!(position, Position::Lsn(Lsn(2_500)));
    client.set_durable(2_500);
    server.confirmed(2_500).await;

    server.send(&[data(2_600, &start(7, false)), data(2_600, &row(7, 3)), keepalive(2_700, 1)]).await;
    let reply = server.reply().await;
    assert_eq!((reply.write, reply.flush), (2_700, 2_500));
    server.send(&[data(2_800, &stop()), data(2_900, &stream_commit(7, 3_000))]).await;
    let SourceMessage::Transactions(transactions) = client.next().await else { panic!("no progress inside a chunk") };
    assert_eq!(transactions[0].position, Position::Lsn(Lsn(3_000)));
    assert_eq!(transactions[0].changes.len(), 4);
    server.send(&[keepalive(2_999, 1)]).await;
    assert_eq!(server.reply().await.flush, 2_500, "it is not durable yet");
    client.set_durable(3_000);
    server.confirmed(3_000).await;
}

#[tokio::test]
async fn however_much_comes_of_it_while_nobody_takes_anything_requests_are_answered() {
    let (mut server, mut client, mut told, _directory) = open_stream(1, DEFAULT_TIMEOUT).await;
    server.send(&[relation_in_transaction(2_000, 1)]).await;
    timeout(DEADLINE, async {
        while client.messages.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the channel is full");
    server.send(&[transaction(3_000, 2), chunk(3_100, 7, MANY_ROWS), keepalive(3_200, 1)]).await;
    while server.reply().await.write < 3_200 {}
    told_that(&mut told, |told| told.disk_bytes > 0 && told.memory_bytes <= MEMORY as u64).await;
    assert_eq!(ends(&client.next().await), [2_000]);
    assert_eq!(ends(&client.next().await), [3_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_transaction_is_read_back_the_server_hears_from_us() {
    let (mut server, mut client, mut told, _directory) = open_stream(1, DEFAULT_TIMEOUT).await;
    server.send(&[chunk(2_000, 7, 4 * MANY_ROWS)]).await;
    told_that(&mut told, |told| told.open == 1).await;
    server.send(&[keepalive(4_000, 1), data(5_000, &stream_commit(7, 5_010))]).await;
    while server.reply().await.write < 4_000 {}
    assert!(client.messages.is_empty(), "the server waited for the last of it");
    told_that(&mut told, |told| told.reading_back).await;
    assert_eq!(ends(&client.next().await), [5_010]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_large_transaction_is_read_back_once_the_first_is_taken() {
    // Before there is anyone who takes the making of it for silence.
    let open = [chunk(2_100, 7, MANY_ROWS), chunk(2_200, 8, MANY_ROWS / 10)];
    let (mut server, mut client, mut told, _directory) = open_stream(1, IMPATIENT).await;
    server.send(&[relation_in_transaction(2_000, 1)]).await;
    server.send(&open).await;
    server.send(&[data(2_990, &stream_commit(7, 3_000)), data(3_990, &stream_commit(8, 4_000))]).await;
    let second = |told: &OpenTransactions| {
        told.reading_back && told.open == 0 && told.disk_bytes < u64::from(ROW_BYTES as u32) * MANY_ROWS as u64 / 2
    };
    told_that(&mut told, second).await;
    // Many rounds of the loop, in each of which it could be read.
    for _ in 0..4 {
        server.reply().await;
    }
    assert!(second(&told.borrow()), "it was read into memory beside the first");
    assert_eq!(ends(&client.next().await), [2_000]);
    assert_eq!(ends(&client.next().await), [3_000]);
    assert_eq!(ends(&client.next().await), [4_000]);
}

#[tokio::test]
async fn a_server_that_cannot_decode_what_is_open_is_asked_otherwise_the_next_time() {
    let error = frame(b'E', b"SERROR\0CXX000\0Mcould not open relation with OID 7\0\0");
    let (mut server, client, _told, _directory) = open_stream(8, DEFAULT_TIMEOUT).await;
    server.send(&[chunk(2_000, 7, 1), error.clone()]).await;
    let failed = client.error().await;
    assert!(matches!(failed, SourceError::OpenNotSent { .. }) && failed.is_transient(), "{failed}");
    let (mut server, client) = stream(8).await;
    server.send(&[error]).await;
    assert!(!client.error().await.is_transient());
}
