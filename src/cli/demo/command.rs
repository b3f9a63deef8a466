//! The demo from start to end.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio_postgres::{Client, NoTls};

use super::compare::differences;
use super::data::{self, postgres};
use super::process::DaemonProcess;
use super::random::Random;
use super::screen::{Addresses, Screen};
use super::servers::{PrivatePostgres, PrivateRedis, free_port};
use super::traffic;
use crate::cli::failure::Failure;
use crate::config;

/// A first copy of the demo's data takes seconds; a cold, busy machine gets this long.
const READY_MAX: Duration = Duration::from_secs(120);
/// Pause between two transactions of the traffic.
const TRAFFIC_PAUSE: Duration = Duration::from_millis(10);
/// Pause between two drawings.
const DRAW_INTERVAL: Duration = Duration::from_secs(2);
const CONFIG: &str = include_str!("tailwater.toml");

/// Starts private servers with real data, keeps four views of it, and shows how to ask. Ends on Ctrl-C.
#[derive(Args)]
pub(crate) struct Demo {
    /// Ends after this many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Kills the daemon on the way, compares every view with Postgres' own answer at the end, fails on any difference.
    #[arg(long)]
    check: bool,
}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // The servers end with the thread that starts them: this one.
        eprintln!("starting a private Postgres and a private Redis ...");
        let database = PrivatePostgres::start(&[])?;
        let redis = PrivateRedis::start()?;
        let directory = tempfile::Builder::new().prefix("tailwater-demo-").tempdir()?;
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let addresses = Addresses { http: local(free_port()?), resp: local(free_port()?), redis: local(redis.port()) };
        let config = directory.path().join("tailwater.toml");
        std::fs::write(&config, filled(&database, &redis, &addresses))?;
        let daemon = DaemonProcess::new(&std::env::current_exe()?, &config, addresses.http, Vec::new());
        let stop = Arc::new(AtomicBool::new(false));
        let shown = Shown { seconds: self.seconds, check: self.check, addresses, config, stop: stop.clone() };
        tokio::runtime::Runtime::new()?.block_on(async {
            tokio::spawn(async move {
                let _ = tokio::signal::ctrl_c().await;
                stop.store(true, Ordering::Relaxed);
            });
            let (client, connection) =
                tokio_postgres::connect(&database.url("postgres"), NoTls).await.map_err(postgres)?;
            tokio::spawn(connection);
            shown.show(&client, daemon).await
        })
    }
}

/// The demo's configuration with this run's addresses: a file that stands alone, so that it can be looked at and used.
fn filled(database: &PrivatePostgres, redis: &PrivateRedis, addresses: &Addresses) -> String {
    CONFIG
        .replace("${TAILWATER_DEMO_POSTGRES}", &database.url("postgres"))
        .replace("${TAILWATER_DEMO_REDIS}", &redis.url())
        .replace("${TAILWATER_DEMO_HTTP}", &addresses.http.to_string())
        .replace("${TAILWATER_DEMO_RESP}", &addresses.resp.to_string())
}

struct Shown {
    seconds: Option<u64>,
    check: bool,
    addresses: Addresses,
    config: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Shown {
    async fn show(&self, client: &Client, mut daemon: DaemonProcess) -> Result<(), Failure> {
        let rows = data::load(client).await?;
        eprintln!("loaded {rows} rows of flights, planes, airports and weather; starting the daemon ...");
        let started = Instant::now();
        daemon.start()?;
        daemon.wait_until_ready(READY_MAX)?;
        daemon.wait_until_delivering(READY_MAX)?;
        eprintln!("copied and filled four views in {:.1} s", started.elapsed().as_secs_f64());
        eprintln!("configuration: {}", self.config.display());
        self.follow(client, &mut daemon).await?;
        if self.check {
            self.compare(client).await?;
        }
        let status = daemon.stop()?;
        eprintln!("the daemon stopped ({status})");
        if status.success() { Ok(()) } else { Err(Failure::failed("the daemon did not stop cleanly")) }
    }

    /// Traffic and drawings until the end; with `check` the daemon is killed and started again half-way.
    async fn follow(&self, client: &Client, daemon: &mut DaemonProcess) -> Result<(), Failure> {
        let end = self.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let mut kill_at = end.filter(|_| self.check).map(|end| Instant::now() + (end - Instant::now()) / 2);
        let mut screen = Screen::new(self.addresses.clone());
        let (mut random, mut transactions, mut drawn) = (Random::new(2013), 0u64, None::<Instant>);
        while !self.stop.load(Ordering::Relaxed) && end.is_none_or(|end| Instant::now() < end) {
            if kill_at.take_if(|at| Instant::now() >= *at).is_some() {
                eprintln!("killing the daemon (SIGKILL) and starting it again ...");
                daemon.kill()?;
                daemon.start()?;
                daemon.wait_until_ready(READY_MAX)?;
                daemon.wait_until_delivering(READY_MAX)?;
            }
            traffic::transaction(client, &mut random).await?;
            transactions += 1;
            if drawn.is_none_or(|drawn| drawn.elapsed() >= DRAW_INTERVAL) {
                let (flight, visible) = self.measure(client, &mut random).await?;
                screen.draw(flight, transactions, visible)?;
                drawn = Some(Instant::now());
            }
            tokio::time::sleep(TRAFFIC_PAUSE).await;
        }
        Ok(())
    }

    /// Commits one change; answers which flight and how long after the commit the daemon's readers see it.
    async fn measure(&self, client: &Client, random: &mut Random) -> Result<(u64, Duration), Failure> {
        let flight = 1 + random.below(27_000);
        let sql = format!("update flights set dep_delay = coalesce(dep_delay, 0) + 1 where id = {flight}");
        client.batch_execute(&sql).await.map_err(postgres)?;
        let committed = Instant::now();
        let row = client.query_one("select pg_current_wal_flush_lsn()::text", &[]).await.map_err(postgres)?;
        let position: String = row.get(0);
        let url = format!(
            "http://{}/v1/views/flight_card/rows/{flight}?min_position={position}&timeout=10s",
            self.addresses.http
        );
        let answer = tokio::task::spawn_blocking(move || ureq::get(&url).call().map(drop)).await;
        answer
            .map_err(|error| Failure::failed(error.to_string()))?
            .map_err(|error| Failure::failed(format!("waiting for flight {flight}: {error}")))?;
        Ok((flight, committed.elapsed()))
    }

    async fn compare(&self, client: &Client) -> Result<(), Failure> {
        let mut wrong = 0;
        for view in config::load(&self.config)?.views {
            let compared = differences(client, &view.sql, self.addresses.resp, &view.name).await?;
            let verdict = if compared.differing.is_empty() { "equal" } else { "DIFFERENT" };
            let mut out = std::io::stdout().lock();
            writeln!(out, "view {:<14} {:>6} rows at {}: {verdict}", view.name, compared.rows, compared.position)?;
            for difference in &compared.differing {
                writeln!(out, "  {difference}")?;
            }
            wrong += usize::from(!compared.differing.is_empty());
        }
        if wrong == 0 { Ok(()) } else { Err(Failure::failed(format!("{wrong} views differ from Postgres"))) }
    }
}
