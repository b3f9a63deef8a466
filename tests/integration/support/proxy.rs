//! A TCP proxy that a test owns: between the daemon and a server it forwards, delays, cuts, or swallows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Bytes passed on at a time.
const CHUNK_BYTES: usize = 16 << 10;

/// What becomes of connections.
#[derive(Clone, Debug)]
pub(crate) enum Network {
    /// Everything arrives.
    Works,
    /// Every piece takes that much longer.
    Slow(Duration),
    /// Connections end, new ones are closed at once.
    Down,
    /// Connections stand and new ones are accepted, but nothing arrives.
    Silent,
    /// So many bytes more from the server, counted over all connections; the one on which they are reached ends.
    CutAfter(Arc<AtomicI64>),
    /// So many bytes more from the server, then nothing arrives.
    SilentAfter(Arc<AtomicI64>),
}

impl Network {
    /// Cuts in the middle of what the server sends.
    pub(crate) fn cut_after(bytes: u64) -> Self {
        Self::CutAfter(Arc::new(AtomicI64::new(bytes as i64)))
    }

    /// Falls silent in the middle of what the server sends.
    pub(crate) fn silent_after(bytes: u64) -> Self {
        Self::SilentAfter(Arc::new(AtomicI64::new(bytes as i64)))
    }
}

/// Ends with all its connections when dropped.
pub(crate) struct Proxy {
    _runtime: Runtime,
    address: SocketAddr,
    network: Arc<watch::Sender<Network>>,
}

impl Proxy {
    /// Forwards to a port of this machine.
    pub(crate) fn to(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(watch::channel(Network::Works).0);
        let shared = network.clone();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, port, shared.clone()));
            }
        });
        Self { _runtime: runtime, address, network }
    }

    /// Where to connect to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the network from now on, for connections that stand too.
    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Whether a cut or a silence that was to come after some bytes has come.
    pub(crate) fn has_broken(&self) -> bool {
        match &*self.network.borrow() {
            Network::CutAfter(left) | Network::SilentAfter(left) => left.load(Ordering::Relaxed) <= 0,
            _ => false,
        }
    }
}

async fn serve(client: TcpStream, port: u16, network: Arc<watch::Sender<Network>>) {
    let mut changes = network.subscribe();
    loop {
        let now = changes.borrow_and_update().clone();
        match now {
            Network::Down => return,
            Network::Silent => {}
            Network::SilentAfter(left) if left.load(Ordering::Relaxed) <= 0 => {}
            _ => break,
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = forward(client_in, server_out, network.subscribe(), false) => {}
        () = forward(server_in, client_out, network.subscribe(), true) => {}
    }
}

/// Returns when the connection is to end.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: watch::Receiver<Network>,
    from_server: bool,
) {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let now = network.borrow_and_update().clone();
        let silent = match &now {
            Network::Down => return,
            Network::Silent => true,
            Network::SilentAfter(left) => left.load(Ordering::Relaxed) <= 0,
            _ => false,
        };
        let read = tokio::select! {
            biased;
            changed = network.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            read = from.read(&mut buffer), if !silent => read,
        };
        let Ok(length @ 1..) = read else { return };
        let (mut passed, mut ends) = (length, false);
        match &now {
            Network::Slow(latency) => tokio::time::sleep(*latency).await,
            Network::CutAfter(left) if from_server => {
                let before = left.fetch_sub(length as i64, Ordering::Relaxed);
                if (1..=length as i64).contains(&before) {
                    (passed, ends) = (before as usize, true);
                }
            }
            Network::SilentAfter(left) if from_server => {
                let before = left.fetch_sub(length as i64, Ordering::Relaxed);
                passed = before.clamp(0, length as i64) as usize;
            }
            _ => {}
        }
        if to.write_all(&buffer[..passed]).await.is_err() || ends {
            return;
        }
    }
}
