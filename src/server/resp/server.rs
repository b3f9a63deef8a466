//! Accepts connections, within a bound, and holds what they share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::super::reads::Reads;
use super::commands::TABLE;
use super::connection::Connection;
use super::cursors::Cursors;
use super::session::Session;
use crate::telemetry::RequestCounters;

/// Most open connections.
pub(super) const CONNECTIONS_MAX: usize = 1_024;
/// Pause after the system could not accept, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(super) struct Shared {
    pub(super) reads: Arc<Reads>,
    pub(super) password: Option<String>,
    pub(super) counters: RequestCounters,
    /// By place in [`TABLE`]; the last one counts refused writes.
    pub(super) commands: Vec<Counter>,
    pub(super) cursors: Cursors,
    pub(super) started: Instant,
    next_id: AtomicU64,
}

impl Shared {
    /// Commands since the start.
    pub(super) fn commands_answered(&self) -> u64 {
        self.commands.iter().map(Counter::get).sum()
    }
}

/// The Redis protocol over committed state.
pub(in crate::server) struct RedisServer(Arc<Shared>);

impl RedisServer {
    pub(in crate::server) fn new(reads: Arc<Reads>, password: Option<String>, counters: RequestCounters) -> Self {
        let names = TABLE.iter().map(|spec| spec.name).chain(["write"]);
        Self(Arc::new(Shared {
            reads,
            password,
            commands: names.map(|name| counters.redis_command(name)).collect(),
            counters,
            cursors: Cursors::new(),
            started: Instant::now(),
            next_id: AtomicU64::new(1),
        }))
    }

    /// Accepts until `stop`; the connections that are left then end by themselves.
    pub(in crate::server) async fn accept(self, listener: TcpListener, stop: &CancellationToken) -> TaskTracker {
        let tracker = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((socket, _)) if tracker.len() >= CONNECTIONS_MAX => refuse(&socket),
                Ok((socket, _)) => self.spawn(socket, &tracker),
                Err(error) => {
                    warn!(%error, "cannot accept a Redis protocol connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        tracker.close();
        tracker
    }

    fn spawn(&self, socket: TcpStream, tracker: &TaskTracker) {
        let shared = Arc::clone(&self.0);
        let _ = socket.set_nodelay(true);
        tracker.spawn(async move {
            let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
            shared.counters.redis_connections.inc();
            shared.counters.redis_connections_opened.inc();
            let address = socket.peer_addr().map(|address| address.to_string()).unwrap_or_default();
            let session = Session::new(Arc::clone(&shared), id, address);
            match Connection::new(socket, session).run().await {
                Err(error) if error.kind() != io::ErrorKind::ConnectionReset => {
                    debug!(connection = id, %error, "Redis protocol connection ended");
                }
                _ => {}
            }
            shared.counters.redis_connections.dec();
        });
    }
}

fn refuse(socket: &TcpStream) {
    let _ = socket.try_write(b"-ERR max number of clients reached\r\n");
}
