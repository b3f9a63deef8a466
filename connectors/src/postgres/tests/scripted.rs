//! The stream against a scripted server: what goes over the wire, byte for byte, and what happens when it goes wrong.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::postgres::ConnInfo;
use crate::postgres::assembler::Assembler;
use crate::postgres::config::DEFAULT_TIMEOUT;
use crate::postgres::connection::{Connection, Purpose};
use crate::postgres::relation_map::KnownTable;
use crate::postgres::replication::{self, StreamOptions};
use crate::postgres::server_error::Scene;
use crate::postgres::stream::{Stream, StreamParts};
use crate::source::{SourceError, SourceMessage};
use crate::{Column, Lsn, Position, ReplicaIdentity, SqlType, TableName, TableSchema};

pub(super) const DEADLINE: Duration = Duration::from_secs(20);
pub(super) const PROTO_VERSION: u32 = 3;
pub(super) const START: u64 = 1_000;

/// The server's side of one connection.
pub(super) struct Server {
    socket: TcpStream,
}

/// A standby status update as it came over the wire.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) write: u64,
    pub(super) flush: u64,
    apply: u64,
}

pub(super) fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 4).to_be_bytes();
    [&[tag], length.as_slice(), body].concat()
}

pub(super) fn data(start: u64, message: &[u8]) -> Vec<u8> {
    frame(b'd', &[b"w".as_slice(), &start.to_be_bytes(), &start.to_be_bytes(), &[0; 8], message].concat())
}

pub(super) fn keepalive(wal_end: u64, reply: u8) -> Vec<u8> {
    frame(b'd', &[b"k".as_slice(), &wal_end.to_be_bytes(), &[0; 8], &[reply]].concat())
}

fn begin(commit: u64) -> Vec<u8> {
    data(commit, &[b"B".as_slice(), &commit.to_be_bytes(), &[0; 8], &[0, 0, 0, 7]].concat())
}

fn commit(commit: u64, end: u64) -> Vec<u8> {
    data(commit, &[b"C\0".as_slice(), &commit.to_be_bytes(), &end.to_be_bytes(), &[0; 8]].concat())
}

/// Relation 42 is table `t` with one int4 key column `id`.
fn relation(id: u32) -> Vec<u8> {
    let column = [b"\x01id\0".as_slice(), &23u32.to_be_bytes(), &(-1i32).to_be_bytes()].concat();
    data(0, &[b"R".as_slice(), &id.to_be_bytes(), b"public\0t\0d", &[0, 1], &column].concat())
}

fn insert(relation: u32, value: i32) -> Vec<u8> {
    let cell = [b"b".as_slice(), &[0, 0, 0, 4], &value.to_be_bytes()].concat();
    data(0, &[b"I".as_slice(), &relation.to_be_bytes(), b"N", &[0, 1], &cell].concat())
}

impl Server {
    async fn message(&mut self) -> (u8, Vec<u8>) {
        let tag = self.socket.read_u8().await.unwrap();
        let length = self.socket.read_u32().await.unwrap() as usize - 4;
        let mut body = vec![0; length];
        self.socket.read_exact(&mut body).await.unwrap();
        (tag, body)
    }

    pub(super) async fn send(&mut self, parts: &[Vec<u8>]) {
        let sent = timeout(DEADLINE, self.socket.write_all(&parts.concat())).await;
        sent.expect("it is read in time").unwrap();
    }

    /// Startup without a password; answers with the startup parameters.
    async fn log_in(&mut self) -> String {
        let length = self.socket.read_u32().await.unwrap() as usize - 4;
        let mut startup = vec![0; length];
        self.socket.read_exact(&mut startup).await.unwrap();
        let parts =
            [frame(b'R', &[0; 4]), frame(b'S', b"server_version\x0015.4\0"), frame(b'K', &[0; 8]), frame(b'Z', b"I")];
        self.send(&parts).await;
        String::from_utf8_lossy(&startup).into_owned()
    }

    async fn start_stream(&mut self) -> String {
        let (tag, query) = self.message().await;
        assert_eq!(tag, b'Q');
        self.send(&[frame(b'W', &[0, 0, 0])]).await;
        String::from_utf8_lossy(&query).into_owned()
    }

    pub(super) async fn reply(&mut self) -> Reply {
        let (tag, body) = timeout(DEADLINE, self.message()).await.expect("a status update in time");
        assert_eq!((tag, body[0]), (b'd', b'r'));
        let number = |at: usize| u64::from_be_bytes(body[at..at + 8].try_into().unwrap());
        Reply { write: number(1), flush: number(9), apply: number(17) }
    }

    /// Status updates until one confirms `flush`.
    pub(super) async fn confirmed(&mut self, flush: u64) -> Reply {
        loop {
            let reply = self.reply().await;
            assert!(reply.flush <= flush, "{reply:?} confirms too much");
            if reply.flush == flush {
                return reply;
            }
        }
    }
}

/// A stream under test and its two ends.
pub(super) struct Client {
    pub(super) messages: mpsc::Receiver<SourceMessage>,
    durable: watch::Sender<Option<Position>>,
    task: JoinHandle<Result<(), SourceError>>,
    startup: String,
    pub(super) command: String,
}

impl Client {
    pub(super) async fn next(&mut self) -> SourceMessage {
        timeout(DEADLINE, self.messages.recv()).await.expect("a message in time").expect("the stream runs")
    }

    pub(super) async fn error(self) -> SourceError {
        timeout(DEADLINE, self.task).await.expect("an end in time").unwrap().expect_err("an error")
    }

    pub(super) fn set_durable(&self, lsn: u64) {
        self.durable.send(Some(Position::Lsn(Lsn(lsn)))).unwrap();
    }
}

pub(super) fn table() -> KnownTable {
    let schema = TableSchema {
        name: TableName { source: "shop".into(), schema: "public".into(), table: "t".into() },
        id: 42,
        columns: vec![Column::new("id", SqlType::Int4, false)],
        key: vec![0],
        identity: ReplicaIdentity::Default,
    };
    KnownTable { schema: Arc::new(schema), type_oids: vec![23] }
}

/// A stream from `START` through a channel with room for `room` messages.
pub(super) async fn stream(room: usize) -> (Server, Client) {
    let assembler = Assembler::new("shop".into(), PROTO_VERSION, vec![table()]);
    stream_into(room, assembler, DEFAULT_TIMEOUT).await
}

/// The same with an assembler of its own, given up after so long a silence.
pub(super) async fn stream_into(room: usize, assembler: Assembler, silence_max: Duration) -> (Server, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let info = ConnInfo::parse(&format!("postgres://u@{address}/db?sslmode=disable")).unwrap();
    let connect = async {
        let mut connection = Connection::connect(&info, Purpose::Replication).await.unwrap();
        let options = StreamOptions {
            slot: "s",
            publication: "p",
            start: Lsn(START),
            proto_version: PROTO_VERSION,
            binary: true,
            streaming: assembler.takes_open(),
            messages: false,
        };
        replication::start(&mut connection, &options).await.unwrap();
        connection
    };
    let serve = async {
        let mut server = Server { socket: listener.accept().await.unwrap().0 };
        let startup = server.log_in().await;
        let command = server.start_stream().await;
        (server, startup, command)
    };
    let (connection, (server, startup, command)) = tokio::join!(connect, serve);
    let position = Position::Lsn(Lsn(START));
    let (out, messages) = mpsc::channel(room);
    let (durable, watch) = watch::channel(Some(position.clone()));
    let scene = Scene { source_name: "shop".into(), slot: "s".into(), resuming: Some(position) };
    let parts = StreamParts { scene, connection, assembler, start: Lsn(START), silence_max };
    let task = tokio::spawn(Stream::new(parts, out, watch).run());
    (server, Client { messages, durable, task, startup, command })
}

pub(super) fn transaction(end: u64, value: i32) -> Vec<u8> {
    [begin(end - 10), insert(42, value), commit(end - 10, end)].concat()
}

pub(super) fn ends(message: &SourceMessage) -> Vec<u64> {
    let SourceMessage::Transactions(transactions) = message else { panic!("{message:?}") };
    transactions.iter().filter_map(|transaction| transaction.position.lsn()).map(|lsn| lsn.0).collect()
}

#[tokio::test]
async fn the_session_pins_its_settings_and_starts_at_the_durable_position() {
    let (_server, client) = stream(8).await;
    for setting in ["replication\0database", "DateStyle\0ISO, MDY", "TimeZone\0UTC", "wal_sender_timeout\x0060s"] {
        assert!(client.startup.contains(setting), "{setting}");
    }
    assert!(client.command.contains("LOGICAL 0/3E8 "), "{}", client.command);
}

#[tokio::test]
async fn only_the_durable_end_of_a_commit_is_confirmed() {
    let (mut server, mut client) = stream(8).await;
    server.send(&[relation_in_transaction(2_000, 1), transaction(3_000, 2)]).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(ends(&client.next().await));
    }
    assert_eq!(seen, [2_000, 3_000]);
    server.send(&[keepalive(2_990, 1)]).await;
    let reply = server.reply().await;
    assert_eq!((reply.flush, reply.apply), (START, START));
    assert!(reply.write >= 2_990);
    client.set_durable(2_000);
    let reply = server.confirmed(2_000).await;
    assert_eq!(reply.apply, 2_000);
}

/// A first transaction announces the relation.
pub(super) fn relation_in_transaction(end: u64, value: i32) -> Vec<u8> {
    [begin(end - 10), relation(42), insert(42, value), commit(end - 10, end)].concat()
}

#[tokio::test]
async fn an_idle_keepalive_becomes_progress_and_is_confirmed_once_durable() {
    let (mut server, mut client) = stream(8).await;
    server.send(&[keepalive(5_000, 0)]).await;
    let SourceMessage::Progress { position } = client.next().await else { panic!("progress") };
    assert_eq!(position, Position::Lsn(Lsn(5_000)));
    client.set_durable(5_000);
    server.confirmed(5_000).await;
}

#[tokio::test]
async fn an_empty_transaction_is_progress_too() {
    let (mut server, mut client) = stream(8).await;
    server.send(&[begin(4_000), commit(4_000, 4_010)]).await;
    let SourceMessage::Progress { position } = client.next().await else { panic!("progress") };
    assert_eq!(position, Position::Lsn(Lsn(4_010)));
}

#[tokio::test]
async fn a_requested_reply_is_sent_at_once_while_the_channel_is_full() {
    let (mut server, mut client) = stream(1).await;
    server.send(&[relation_in_transaction(2_000, 1)]).await;
    // The channel holds the first transaction, the second one waits, nobody receives.
    let full = async {
        while client.messages.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, full).await.expect("the first hand-over in time");
    server.send(&[transaction(3_000, 2), keepalive(3_000, 1)]).await;
    let reply = server.reply().await;
    assert_eq!((reply.write, reply.flush), (3_000, START));
    // Nothing was lost, and what waited comes in one message.
    server.send(&[transaction(4_000, 3), keepalive(4_000, 1)]).await;
    assert_eq!(server.reply().await.write, 4_000);
    assert_eq!(ends(&client.next().await), [2_000]);
    assert_eq!(ends(&client.next().await), [3_000, 4_000]);
}

#[tokio::test]
async fn a_keepalive_inside_a_transaction_is_answered_but_confirms_nothing() {
    let (mut server, mut client) = stream(8).await;
    server.send(&[begin(2_000), relation(42), keepalive(9_000, 1)]).await;
    assert_eq!(server.reply().await.flush, START);
    server.send(&[insert(42, 1), commit(2_000, 2_010)]).await;
    assert_eq!(ends(&client.next().await), [2_010]);
}

#[tokio::test]
async fn messages_that_arrive_together_are_handed_over_together() {
    let (mut server, mut client) = stream(8).await;
    let mut bytes = relation_in_transaction(2_000, 0);
    for value in 1..500 {
        bytes.extend(transaction(2_000 + 100 * value, value as i32));
    }
    server.send(&[bytes]).await;
    let (mut messages, mut count) = (0, 0);
    while count < 500 {
        count += ends(&client.next().await).len();
        messages += 1;
    }
    assert!(messages < 50, "{messages} messages for {count} transactions");
}

#[tokio::test]
async fn what_is_not_understood_ends_the_stream() {
    let trailing = data(0, b"B\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\x07x");
    let unknown_plugin_message = data(0, b"?");
    let wrong_width = [begin(2_000), relation(42), data(0, b"I\0\0\0\x2aN\0\x02nn")].concat();
    let unknown_relation = [begin(2_000), insert(99, 1)].concat();
    let cases = [
        ("a frame of unknown tag", frame(b'?', b"")),
        ("an unknown replication message", frame(b'd', b"z12345678")),
        ("an unknown message of the plugin", unknown_plugin_message),
        ("trailing bytes", trailing),
        ("a wrong width", wrong_width),
        ("an unknown relation", unknown_relation),
        ("a change outside a transaction", [relation(42), insert(42, 1)].concat()),
        ("a chunk of an open transaction that was not asked for", data(0, b"S\0\0\0\x07\x01")),
        ("a message beyond the bound", vec![b'd', 0x7f, 0xff, 0xff, 0xff]),
    ];
    for (name, bytes) in cases {
        let (mut server, client) = stream(8).await;
        server.send(&[bytes]).await;
        let error = client.error().await;
        assert!(matches!(error, SourceError::Protocol { .. }), "{name}: {error}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn a_new_connection_knows_no_relations() {
    let (mut server, mut client) = stream(8).await;
    server.send(&[relation_in_transaction(2_000, 1)]).await;
    client.next().await;
    let (mut server, client) = stream(8).await;
    server.send(&[transaction(3_000, 2)]).await;
    assert!(matches!(client.error().await, SourceError::Protocol { .. }));
}

#[tokio::test]
async fn server_errors_and_ends_are_told_apart() {
    let error = |code: &str| frame(b'E', format!("SERROR\0C{code}\0Mtext\0\0").as_bytes());
    for (bytes, transient) in
        [(error("57P01"), true), (error("42704"), false), (error("55000"), false), (frame(b'c', b""), true)]
    {
        let (mut server, client) = stream(8).await;
        server.send(&[bytes]).await;
        assert_eq!(client.error().await.is_transient(), transient);
    }
    let (server, client) = stream(8).await;
    drop(server);
    assert!(client.error().await.is_transient());
}

#[tokio::test]
async fn stopping_confirms_what_is_durable_and_ends_the_stream() {
    let (mut server, mut client) = stream(8).await;
    server.send(&[relation_in_transaction(2_000, 1)]).await;
    client.next().await;
    client.set_durable(2_000);
    let Client { messages, task, durable, .. } = client;
    drop(messages);
    server.confirmed(2_000).await;
    loop {
        match server.message().await {
            (b'd', _) => {}
            (tag, _) => break assert_eq!(tag, b'c'),
        }
    }
    server.send(&[frame(b'd', b"k"), frame(b'c', b""), frame(b'C', b"COPY 0\0"), frame(b'Z', b"I")]).await;
    timeout(DEADLINE, task).await.unwrap().unwrap().unwrap();
    drop(durable);
}

#[tokio::test]
async fn reads_cut_anywhere_lose_nothing() {
    let (mut server, mut client) = stream(64).await;
    let bytes = [relation_in_transaction(2_000, 1), transaction(3_000, 2), transaction(4_000, 3)].concat();
    // Between the pieces other branches of the loop win: the read is dropped in the middle of a message.
    for (index, piece) in bytes.chunks(7).enumerate() {
        server.send(&[piece.to_vec()]).await;
        client.set_durable(START + index as u64 % 2);
        tokio::task::yield_now().await;
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(ends(&client.next().await));
    }
    assert_eq!(seen, [2_000, 3_000, 4_000]);
}
