//! The daemon under measurement.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tailwater::cli::demo::DaemonProcess;
use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis, free_port};
use tailwater::pipeline::status::Status;
use tailwater_connectors::Position;
use tempfile::TempDir;

use crate::Outcome;
use crate::load::Scenario;

const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(5);
/// Kernel clock ticks per second, as `/proc` counts them.
const TICKS_PER_SECOND: f64 = 100.0;

/// One scenario's daemon.
pub(crate) struct Bench {
    process: DaemonProcess,
    http: SocketAddr,
    /// Lives as long as the daemon.
    _directory: TempDir,
    peak_kib: u64,
}

impl Bench {
    /// Writes the configuration; starts nothing.
    pub(crate) fn new(database: &PrivatePostgres, redis: &PrivateRedis, scenario: &Scenario) -> Outcome<Self> {
        let section = format!("type = \"postgres\"\nurl = \"{}\"", database.url("postgres"));
        Self::over(&section, redis, (scenario.sql, scenario.key))
    }

    /// The same over any source, with this view and key of its sink.
    pub(crate) fn over(section: &str, redis: &PrivateRedis, (sql, key): (&str, &str)) -> Outcome<Self> {
        let directory = tempfile::Builder::new().prefix("tailwater-bench-").tempdir()?;
        let http = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let config = format!(
            "state_dir = \"./state\"\nmemory = \"512MiB\"\n[source.bench]\n{section}\n\
             [view.bench]\nsql = \"{sql}\"\n[sink.bench]\ntype = \"redis\"\nview = \"bench\"\nurl = \"{}\"\nkey = \"{key}\"\n\
             [server]\nhttp = \"{http}\"\nredis = \"off\"\n",
            redis.url(),
        );
        let path = directory.path().join("tailwater.toml");
        std::fs::write(&path, config)?;
        let process = DaemonProcess::new(&program()?, &path, http, vec![("TAILWATER_LOG".into(), "warn".into())]);
        Ok(Self { process, http, _directory: directory, peak_kib: 0 })
    }

    /// Starts it on an empty state; rows per second until the view is live, and until the sink holds it.
    pub(crate) fn first_copy(&mut self, rows: u64) -> Outcome<(f64, f64)> {
        let started = Instant::now();
        self.process.start()?;
        self.process.wait_until_ready(PATIENCE)?;
        let live = started.elapsed().as_secs_f64();
        self.process.wait_until_delivering(PATIENCE)?;
        Ok((rows as f64 / live, rows as f64 / started.elapsed().as_secs_f64()))
    }

    /// Starts it on a backlog; row changes per second until the sink holds `end`.
    pub(crate) fn drain(&mut self, end: &Position, changes: u64) -> Outcome<f64> {
        let started = Instant::now();
        self.process.start()?;
        loop {
            let sink = self.status().ok().and_then(|status| status.sinks.get("bench").cloned());
            if sink.is_some_and(|sink| sink.positions.0.get("bench").is_some_and(|reached| reached.covers(end))) {
                return Ok(changes as f64 / started.elapsed().as_secs_f64());
            }
            if started.elapsed() > PATIENCE {
                return Err("the backlog was not drained in time".into());
            }
            std::thread::sleep(POLL);
        }
    }

    fn status(&self) -> Outcome<Status> {
        let answer = ureq::get(&format!("http://{}/v1/status", self.http)).call()?;
        Ok(serde_json::from_str(&answer.into_body().read_to_string()?)?)
    }

    /// Share of one core that the idle daemon uses.
    pub(crate) fn idle_cpu(&self) -> Outcome<f64> {
        let before = self.ticks()?;
        let seconds = 5.0;
        std::thread::sleep(Duration::from_secs_f64(seconds));
        Ok((self.ticks()? - before) / TICKS_PER_SECOND / seconds)
    }

    fn ticks(&self) -> Outcome<f64> {
        let text = self.proc("stat")?;
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        Ok(fields[11].parse::<f64>()? + fields[12].parse::<f64>()?)
    }

    fn proc(&self, file: &str) -> Outcome<String> {
        let id = self.process.id().ok_or("the daemon does not run")?;
        Ok(std::fs::read_to_string(format!("/proc/{id}/{file}"))?)
    }

    /// Most memory that it ever had, bytes, over all its lives.
    pub(crate) fn peak_memory(&mut self) -> Outcome<f64> {
        if self.process.id().is_some() {
            let text = self.proc("status")?;
            let line = text.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
            let kib: u64 = line.split_whitespace().nth(1).unwrap_or_default().parse()?;
            self.peak_kib = self.peak_kib.max(kib);
        }
        Ok(self.peak_kib as f64 * 1024.0)
    }

    /// Stops it cleanly.
    pub(crate) fn stop(&mut self) -> Outcome<()> {
        self.peak_memory()?;
        let status = self.process.stop()?;
        if status.success() { Ok(()) } else { Err(format!("the daemon ended with {status}").into()) }
    }
}

/// The daemon's program, beside this one's directory of examples.
fn program() -> Outcome<PathBuf> {
    let this = std::env::current_exe()?;
    let directory = this.parent().and_then(|examples| examples.parent()).ok_or("this program has no directory")?;
    Ok(directory.join("tailwater"))
}
