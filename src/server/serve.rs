//! Starts the servers and stops them within a bound.

use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::config::ServerConfig;
use super::error::ServerError;
use super::listener::BoundedListener;
use super::reads::Reads;
use super::{http, resp};
use crate::pipeline::Live;
use crate::telemetry::RequestCounters;

/// Longest time that requests get to finish after the stop signal.
const STOP_MAX: Duration = Duration::from_secs(5);
const HTTP: &str = "HTTP";
const REDIS: &str = "the Redis protocol";

/// Servers that listen and do not answer yet.
pub struct Server {
    live: Live,
    config: ServerConfig,
    http: Option<TcpListener>,
    redis: Option<TcpListener>,
}

impl Server {
    /// Takes the addresses of `config`; port 0 takes any free one.
    pub async fn bind(live: Live, config: ServerConfig) -> Result<Self, ServerError> {
        let http = listen(config.http, HTTP).await?;
        let redis = listen(config.redis, REDIS).await?;
        Ok(Self { live, config, http, redis })
    }

    /// Where HTTP is answered.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref()?.local_addr().ok()
    }

    /// Where the Redis protocol is answered.
    pub fn redis_address(&self) -> Option<SocketAddr> {
        self.redis.as_ref()?.local_addr().ok()
    }

    /// Answers until `stop`, then finishes what runs, within a bound.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerError> {
        let counters = RequestCounters::default();
        let reads = Arc::new(Reads::new(self.live, stop.clone()));
        for (protocol, listener) in [(HTTP, &self.http), (REDIS, &self.redis)] {
            if let Some(address) = listener.as_ref().and_then(|listener| listener.local_addr().ok()) {
                info!(%address, "answering {protocol}");
            }
        }
        let router = http::router(Arc::clone(&reads), self.config.http_token, counters.clone());
        let redis = resp::RedisServer::new(Arc::clone(&reads), self.config.redis_password, counters);
        let follow = async {
            reads.follow().await;
            Ok(())
        };
        let answered =
            tokio::try_join!(run_http(self.http, router, &stop), run_redis(self.redis, redis, &stop), follow);
        answered.map(|_| ())
    }
}

/// Answers until `stop`, then finishes what runs, within a bound.
pub async fn serve(live: Live, config: ServerConfig, stop: CancellationToken) -> Result<(), ServerError> {
    Server::bind(live, config).await?.run(stop).await
}

async fn listen(address: Option<SocketAddr>, protocol: &'static str) -> Result<Option<TcpListener>, ServerError> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|source| ServerError::Bind { address, protocol, source })
}

async fn run_http(
    listener: Option<TcpListener>,
    router: axum::Router,
    stop: &CancellationToken,
) -> Result<(), ServerError> {
    let Some(listener) = listener else { return Ok(()) };
    let served =
        axum::serve(BoundedListener::new(listener), router).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = served.into_future() => served.map_err(stopped(HTTP)),
        () = grace_over(stop) => {
            warn!("HTTP requests were still running when the time to stop was over");
            Ok(())
        }
    }
}

async fn run_redis(
    listener: Option<TcpListener>,
    server: resp::RedisServer,
    stop: &CancellationToken,
) -> Result<(), ServerError> {
    let Some(listener) = listener else { return Ok(()) };
    let connections = server.accept(listener, stop).await;
    if timeout(STOP_MAX, connections.wait()).await.is_err() {
        warn!("Redis protocol connections were still open when the time to stop was over");
    }
    Ok(())
}

async fn grace_over(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_MAX).await;
}

fn stopped(protocol: &'static str) -> impl Fn(io::Error) -> ServerError {
    move |source| ServerError::Stopped { protocol, source }
}
