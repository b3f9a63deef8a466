//! Servers over a small filled state directory, for tests.

mod clients;
mod filled;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) use clients::{Client, Socket, header};
pub(super) use filled::Filled;
use tailwater_connectors::{Column, Lsn, Position, Positions, Row, SqlType, Value, ViewSchema};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Server, ServerConfig, ServerError};
use crate::pipeline::apply::ApplyDesk;
use crate::pipeline::status::{Condition, StatusBoard, ViewStatus};
use crate::pipeline::{Live, Projections};

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
    /// What is seen first.
    pub(super) first: Filled,
    running: Option<tokio::task::JoinHandle<Result<(), ServerError>>>,
    live: Live,
    next: watch::Sender<Arc<Projections>>,
    idle_receivers: usize,
}

/// What happens to a row in a step: the view's place, the row, whether it stays.
pub(super) type Write = (usize, Row, bool);

/// Places of views in the fixture.
pub(super) const CARDS: usize = 0;
pub(super) const CITIES: usize = 1;
const TOTAL: usize = 2;

fn column(name: &str, sql_type: SqlType) -> Column {
    Column::new(name, sql_type, true)
}

/// A view whose fingerprint is as long as its name.
pub(super) fn view(name: &str, columns: &[(&str, SqlType)], key: &[usize]) -> Arc<ViewSchema> {
    let columns = columns.iter().map(|(name, sql_type)| column(name, sql_type.clone())).collect();
    Arc::new(ViewSchema { name: name.into(), fingerprint: name.len() as u64, columns, key: key.to_vec() })
}

/// The view `cities`.
pub(super) fn cities() -> Arc<ViewSchema> {
    let columns = [("country", SqlType::Text), ("zip", SqlType::Text), ("people", SqlType::Int4)];
    view("cities", &columns, &[0, 1])
}

fn views() -> Vec<(Arc<ViewSchema>, Condition)> {
    let cards = [("id", SqlType::Int8), ("name", SqlType::Text), ("paid", SqlType::Bool), ("note", SqlType::Text)];
    let number = [("n", SqlType::Int4)];
    vec![
        (view("cards", &cards, &[0]), Condition::Live),
        (cities(), Condition::Live),
        (view("total", &number, &[]), Condition::Live),
        (view("filling", &number, &[0]), Condition::Loading),
        (view("broken", &number, &[0]), Condition::Failed),
    ]
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
        Self::start_with(cards, ServerConfig::default(), ApplyDesk::closed())
    }

    /// Servers with the secrets of `config`, and this desk.
    pub(super) fn start_with(cards: i64, config: ServerConfig, desk: ApplyDesk) -> Self {
        let first = Filled::new(views());
        let (next, live) = Live::new(Projections::clone(&first.projections), desk);
        // So that the test's own handle is the one that is served.
        next.send_replace(Arc::clone(&first.projections));
        let (runtime, stop) =
            (Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(), CancellationToken::new());
        let any_port = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = ServerConfig { http: any_port, redis: any_port, ..config };
        let server = runtime.block_on(Server::bind(live.clone(), config)).unwrap();
        let (http, redis) = (server.http_address().unwrap(), server.redis_address().unwrap());
        let running = Some(runtime.spawn(server.run(stop.clone())));
        runtime.block_on(await_health(http));
        let idle_receivers = first.receivers();
        let status = Arc::clone(&first.projections.status);
        let fixture = Self { http, redis, status, stop, runtime, first, running, live, next, idle_receivers };
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
            let broken = ViewStatus {
                condition: Condition::Failed,
                error: Some("integer out of range".into()),
                hint: Some("cast to bigint".into()),
                ..ViewStatus::default()
            };
            status.views.insert("broken".into(), broken);
        });
    }

    /// [`Filled::index`] of what is seen first.
    pub(super) fn index(&self, cards: i64, number: u64) {
        self.runtime.block_on(self.first.index(cards, number));
    }

    /// What the servers see.
    pub(super) fn live(&self) -> Live {
        self.live.clone()
    }

    /// Lets the servers see another generation.
    pub(super) fn show(&self, other: &Filled) {
        self.next.send_replace(Arc::clone(&other.projections));
    }

    /// [`Filled::commit`] to what is seen first.
    pub(super) fn commit(&self, writes: &[Write], number: u64) {
        self.first.commit(writes, number);
    }

    /// [`Filled::quarantine`] of what is seen first.
    pub(super) fn quarantine(&self, entry: (Vec<Value>, i64), number: u64) {
        self.first.quarantine(entry, number);
    }

    /// Returns when some request waits for a position.
    pub(super) fn await_reader(&self) {
        self.first.await_reader(self.idle_receivers);
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
