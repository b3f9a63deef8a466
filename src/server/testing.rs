//! A server over a small filled state directory, for tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use smol_str::SmolStr;
use tailwater_connectors::search::SearchSink;
use tailwater_connectors::search::config::SearchSinkConfig;
use tailwater_connectors::{
    ChangelogBatch, Column, Cursor, Lsn, Position, Positions, Row, RowChange, RowPages, Sink, SinkError, SqlType,
    Value, ViewSchema,
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Server, ServerConfig, ServerError};
use crate::pipeline::Projections;
use crate::pipeline::status::{Condition, SourceStatus, StatusBoard, ViewStatus};
use crate::pipeline::verify::VerifyDesk;
use crate::state::{Checkpoint, ErrorTables, RegisteredView, State, TableId, encode_key, encode_row};

/// Longest time a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Servers on free ports over the views `cards` (key id; live), `cities` (key country, zip; live), `total` (no key; live),
/// `filling` (loading) and `broken` (failed).
pub(super) struct Fixture {
    pub(super) http: SocketAddr,
    pub(super) redis: SocketAddr,
    pub(super) status: Arc<StatusBoard>,
    pub(super) stop: CancellationToken,
    pub(super) runtime: Runtime,
    running: Option<tokio::task::JoinHandle<Result<(), ServerError>>>,
    state: Arc<State>,
    projections: Projections,
    search: Mutex<SearchSink>,
    checkpoints: watch::Sender<Checkpoint>,
    idle_receivers: usize,
    _directory: TempDir,
}

/// What happens to a row in a step: the view's place, the row, whether it stays.
pub(super) type Write = (usize, Row, bool);

/// Places of views in the fixture.
pub(super) const CARDS: usize = 0;
pub(super) const CITIES: usize = 1;
const TOTAL: usize = 2;
const ERRORS: TableId = TableId(100);

fn column(name: &str, sql_type: SqlType) -> Column {
    Column::new(name, sql_type, true)
}

fn view(name: &str, columns: Vec<Column>, key: Vec<usize>) -> Arc<ViewSchema> {
    Arc::new(ViewSchema { name: name.into(), fingerprint: name.len() as u64, columns, key })
}

fn views() -> Arc<[Arc<ViewSchema>]> {
    let cards = vec![
        column("id", SqlType::Int8),
        column("name", SqlType::Text),
        column("paid", SqlType::Bool),
        column("note", SqlType::Text),
    ];
    let cities = vec![column("country", SqlType::Text), column("zip", SqlType::Text), column("people", SqlType::Int4)];
    let number = || vec![column("n", SqlType::Int4)];
    Arc::from([
        view("cards", cards, vec![0]),
        view("cities", cities, vec![0, 1]),
        view("total", number(), vec![]),
        view("filling", number(), vec![0]),
        view("broken", number(), vec![0]),
    ])
}

/// A row of `cards`.
pub(super) fn card(id: i64) -> Row {
    Row::from(vec![Value::Int(id), Value::text(format!("card {id}")), Value::Bool(id % 2 == 0), Value::Null])
}

/// A row of `cities`.
pub(super) fn city(country: Option<&str>, zip: &str) -> Row {
    Row::from(vec![country.map_or(Value::Null, Value::text), Value::text(zip), Value::Int(7)])
}

/// Position `shop=0/number`.
pub(super) fn position(number: u64) -> Positions {
    Positions(BTreeMap::from([("shop".into(), Position::Lsn(Lsn(number)))]))
}

fn search_config() -> SearchSinkConfig {
    SearchSinkConfig {
        name: "find_cards".into(),
        view: "cards".into(),
        fields: BTreeMap::new(),
        language: None,
        commit_interval: Duration::ZERO,
        memory_bytes: 16 << 20,
    }
}

struct NoPages;

#[async_trait]
impl RowPages for NoPages {
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError> {
        Ok(None)
    }
}

/// Returns when HTTP is answered: everything of the servers then exists.
async fn await_health(address: SocketAddr) {
    let socket = TcpStream::connect(address).await.unwrap();
    socket.writable().await.unwrap();
    socket.try_write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    socket.readable().await.unwrap();
}

impl Fixture {
    /// Servers without secrets over `cards` cards, at position 0/10.
    pub(super) fn start(cards: i64) -> Self {
        Self::start_with(cards, ServerConfig::default())
    }

    /// Servers with the secrets of `config`.
    pub(super) fn start_with(cards: i64, config: ServerConfig) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = State::open(directory.path(), 64 << 20).unwrap();
        let views = views();
        // Only cards can have row errors.
        let errors = ErrorTables { entries: ERRORS, total: TableId(101) };
        let register = |(index, view): (usize, &Arc<ViewSchema>)| RegisteredView {
            name: view.name.clone(),
            table: TableId(index as u32 + 1),
            key_types: view.key.iter().map(|&column| view.columns[column].sql_type.clone()).collect(),
            errors: (index == CARDS).then_some(errors),
        };
        state.register_views(views.iter().enumerate().map(register).collect());
        let status = Arc::new(StatusBoard::default());
        let (checkpoints, newest) = watch::channel(Checkpoint::default());
        let (search, index) = SearchSink::new(search_config(), directory.path().join("search"));
        let projections = Projections {
            state: Arc::clone(&state),
            sources: Arc::from([SmolStr::from("shop")]),
            views: Arc::clone(&views),
            operators: Arc::new(BTreeMap::from([("cards".into(), vec!["project 10 / #0".into()])])),
            checkpoints: newest,
            status: Arc::clone(&status),
            searches: Arc::new(BTreeMap::from([("find_cards".into(), index)])),
            verify: VerifyDesk::closed(),
        };
        let (runtime, stop) =
            (Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(), CancellationToken::new());
        let any_port = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = ServerConfig { http: any_port, redis: any_port, ..config };
        let server = runtime.block_on(Server::bind(projections.clone(), config)).unwrap();
        let (http, redis) = (server.http_address().unwrap(), server.redis_address().unwrap());
        let running = Some(runtime.spawn(server.run(stop.clone())));
        runtime.block_on(await_health(http));
        let idle_receivers = checkpoints.receiver_count();
        let fixture = Self {
            http,
            redis,
            status,
            stop,
            runtime,
            running,
            state,
            projections,
            search: Mutex::new(search),
            checkpoints,
            idle_receivers,
            _directory: directory,
        };
        fixture.fill(cards);
        fixture
    }

    fn fill(&self, cards: i64) {
        let mut writes: Vec<Write> = (1..=cards).map(|id| (CARDS, card(id), true)).collect();
        for (country, zip) in [(Some("de"), "10115"), (Some("d:e"), "a,b\\"), (None, "x")] {
            writes.push((CITIES, city(country, zip), true));
        }
        writes.push((TOTAL, Row::from(vec![Value::Int(cards)]), true));
        self.commit(&writes, 0x10);
        self.status.update(|status| {
            status.state.condition = Condition::Live;
            status.sources.insert("shop".into(), SourceStatus { condition: Condition::Live, ..Default::default() });
            for (name, condition) in [
                ("cards", Condition::Live),
                ("cities", Condition::Live),
                ("total", Condition::Live),
                ("filling", Condition::Loading),
            ] {
                status.views.insert(name.into(), ViewStatus { condition, ..ViewStatus::default() });
            }
            let broken = ViewStatus {
                condition: Condition::Failed,
                error: Some("integer out of range".into()),
                hint: Some("cast to bigint".into()),
                ..ViewStatus::default()
            };
            status.views.insert("broken".into(), broken);
        });
    }

    /// Fills the search index with cards 1 to `cards`, up to position `0/number`.
    pub(super) fn index(&self, cards: i64, number: u64) {
        let cursor = Cursor { generation: "g".into(), step: number, positions: position(number) };
        let changes = (1..=cards).map(|id| RowChange { old: None, new: Some(card(id)) }).collect();
        let mut search = self.search.lock();
        self.runtime.block_on(async {
            if search.open(&self.projections.views[CARDS]).await.unwrap().is_none() {
                search.replace(&mut NoPages, &cursor).await.unwrap();
            }
            search.write(&ChangelogBatch { changes, cursor }).await.unwrap();
        });
        self.status.update(|status| {
            status.sinks.entry("find_cards".into()).or_default().condition = Condition::Live;
        });
    }

    /// What the servers see.
    pub(super) fn projections(&self) -> Projections {
        self.projections.clone()
    }

    /// One step up to position `0/number`.
    pub(super) fn commit(&self, writes: &[Write], number: u64) {
        let mut tx = self.state.begin();
        for (index, row, stays) in writes {
            let view = &self.projections.views[*index];
            let types: Vec<SqlType> = view.key.iter().map(|&column| view.columns[column].sql_type.clone()).collect();
            let (mut key, mut bytes) = (Vec::new(), Vec::new());
            encode_key(&mut key, &types, &row.project(&view.key)).unwrap();
            encode_row(&mut bytes, row);
            let table = TableId(*index as u32 + 1);
            if *stays { tx.put(table, key, bytes) } else { tx.delete(table, key) }
        }
        let checkpoint = tx.commit(&position(number)).unwrap();
        self.checkpoints.send_replace(checkpoint);
    }

    /// Adds an entry to the row errors of cards, in a step of its own.
    pub(super) fn quarantine(&self, (entry, count): (Vec<Value>, i64), number: u64) {
        let mut tx = self.state.begin();
        let mut key = Vec::new();
        encode_row(&mut key, &entry);
        tx.put(ERRORS, key, count.to_be_bytes().to_vec());
        let checkpoint = tx.commit(&position(number)).unwrap();
        self.checkpoints.send_replace(checkpoint);
    }

    /// Returns when some request waits for a position.
    pub(super) fn await_reader(&self) {
        let (idle, deadline) = (self.idle_receivers, Instant::now() + PATIENCE);
        while self.checkpoints.receiver_count() <= idle {
            assert!(Instant::now() < deadline, "no request waits for a position");
            std::thread::yield_now();
        }
    }

    /// Stops the servers and says how long that took.
    pub(super) fn shut_down(&mut self) -> Duration {
        let start = Instant::now();
        self.stop.cancel();
        let running = self.running.take().unwrap();
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, running).await }).unwrap().unwrap().unwrap();
        start.elapsed()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
