//! A database, a Redis and a daemon under test, with the questions that tests ask them.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tailwater::cli::demo::DaemonProcess;
use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis};
use tailwater::pipeline::status::{Condition, Status};
use tailwater_connectors::Positions;
use tempfile::TempDir;

use super::database::Database;

/// Anything that is waited for happens within this, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(20);
/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tailwater");

/// The servers and a daemon that is not started yet. They end with the thread that made them.
pub(crate) struct Rig {
    pub(crate) daemon: DaemonProcess,
    pub(crate) postgres: PrivatePostgres,
    pub(crate) redis: PrivateRedis,
    pub(crate) directory: TempDir,
    pub(crate) http: SocketAddr,
    pub(crate) resp: SocketAddr,
}

impl Rig {
    /// Starts the servers, runs `schema` and writes a configuration with `views`, in which `${REDIS}` is the Redis' URL.
    pub(crate) fn new(schema: &str, views: &str) -> Self {
        let postgres = PrivatePostgres::start(&[]).unwrap();
        let redis = PrivateRedis::start().unwrap();
        let directory = tempfile::Builder::new().prefix("tailwater-test-").tempdir().unwrap();
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (http, resp) = (local(steady_port()), local(steady_port()));
        let path = directory.path().join("tailwater.toml");
        let daemon = DaemonProcess::new(Path::new(PROGRAM), &path, http, Vec::new());
        let rig = Self { daemon, postgres, redis, directory, http, resp };
        rig.database().run(schema);
        rig.configure(views);
        rig
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, views: &str) {
        std::fs::write(self.config(), self.configuration("state", (self.http, self.resp), views)).unwrap();
    }

    /// Text of a configuration over this database.
    pub(crate) fn configuration(&self, state: &str, (http, resp): (SocketAddr, SocketAddr), views: &str) -> String {
        format!(
            "state_dir = \"./{state}\"\nmemory = \"64MiB\"\n\n[source.main]\ntype = \"postgres\"\nurl = \"{}\"\n\n{}\n\n\
             [server]\nhttp = \"{http}\"\nredis = \"{resp}\"\n",
            self.postgres.url("postgres"),
            views.replace("${REDIS}", &self.redis.url()),
        )
    }

    /// Another daemon over the same database, with a configuration file of its own; not started.
    pub(crate) fn another_daemon(&self, name: &str, state: &str, views: &str) -> (DaemonProcess, PathBuf, SocketAddr) {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (http, resp) = (local(steady_port()), local(steady_port()));
        let path = self.directory.path().join(format!("{name}.toml"));
        std::fs::write(&path, self.configuration(state, (http, resp), views)).unwrap();
        (DaemonProcess::new(Path::new(PROGRAM), &path, http, Vec::new()), path, http)
    }

    /// Changes the configuration in one place, which must be there.
    pub(crate) fn edit_configuration(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        std::fs::write(self.config(), text.replace(from, to)).unwrap();
    }

    /// Takes slot and state directory away, as a person does who wants all to be copied anew.
    pub(crate) fn forget_state(&self) {
        // The walsender of a daemon that was killed may take a moment to notice.
        let dropped = || self.command(&["source", "drop"]).status.success().then_some(());
        assert!(wait_for(dropped).is_some(), "{}", said(&self.command(&["source", "drop"])));
        let state = self.directory.path().join("state");
        if state.exists() {
            std::fs::remove_dir_all(state).unwrap();
        }
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("tailwater.toml")
    }

    /// A new session.
    pub(crate) fn database(&self) -> Database {
        Database::connect(&self.postgres.url("postgres"))
    }

    /// Starts the daemon and waits until views are live and sinks follow.
    pub(crate) fn start(&mut self) {
        self.daemon.start().unwrap();
        self.daemon.wait_until_ready(PATIENCE).unwrap();
        self.daemon.wait_until_delivering(PATIENCE).unwrap();
    }

    /// Runs another command of the program with this configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        command(&self.config(), arguments)
    }

    /// `GET path`: status code, position, body.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, String> {
        get(self.http, path)
    }

    /// The status board.
    pub(crate) fn status(&self) -> Result<Status, String> {
        status(self.http)
    }

    /// Waits until the status is as wanted; shows the last one and the log if it never is.
    pub(crate) fn wait_for_status(&self, what: &str, wanted: impl FnMut(&Status) -> bool) -> Status {
        wait_for_status((self.http, &self.daemon.log()), what, wanted)
    }

    /// Waits until the daemon has applied what the log holds now, and every sink holds it too. There may be much to
    /// deliver and little to do it with: what fails is that nothing moves for as long as we are patient.
    pub(crate) fn wait_until_delivered(&self, database: &Database) -> Status {
        let wanted = Positions::parse(&database.position(), &["main".into()]).unwrap();
        let is_delivered = |status: &Status| {
            status.applied.covers(&wanted)
                && status.sinks.values().all(|sink| sink.condition == Condition::Live && sink.positions.covers(&wanted))
        };
        // Of those alone that lack something: the others move with every heartbeat.
        let lacking = |status: &Status| {
            let all = status.sinks.values().map(|sink| &sink.positions).chain([&status.applied]);
            all.filter(|held| !held.covers(&wanted)).map(|held| held.to_string()).collect::<Vec<_>>()
        };
        let mut former: Option<Vec<String>> = None;
        loop {
            let status = self.wait_for_status("everything delivered, or more than before", |status| {
                is_delivered(status) || former.as_ref() != Some(&lacking(status))
            });
            if is_delivered(&status) {
                return status;
            }
            former = Some(lacking(&status));
        }
    }

    /// What the daemon said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.daemon.log()).unwrap_or_default()
    }

    /// A connection to the daemon's Redis protocol.
    pub(crate) fn reader(&self) -> redis::Connection {
        redis::Client::open(format!("redis://{}", self.resp)).unwrap().get_connection().unwrap()
    }

    /// A connection to the Redis that sinks write.
    pub(crate) fn cache(&self) -> redis::Connection {
        redis::Client::open(self.redis.url()).unwrap().get_connection().unwrap()
    }
}

/// Waits until the status of the daemon there, which logs there, is as wanted; shows the last one and the log if it never is.
pub(crate) fn wait_for_status(
    (http, log): (SocketAddr, &Path),
    what: &str,
    mut wanted: impl FnMut(&Status) -> bool,
) -> Status {
    let mut last = None;
    let found = wait_for(|| {
        let status = status(http);
        let found = status.as_ref().ok().filter(|status| wanted(status)).cloned();
        last = Some(status);
        found
    });
    let log = || std::fs::read_to_string(log).unwrap_or_default();
    found.unwrap_or_else(|| panic!("never seen: {what}; last status: {last:#?}\nlog:\n{}", log()))
}

/// An answer of the HTTP API.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) position: Option<String>,
    /// Sources that are not followed.
    pub(crate) stale: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    /// Its JSON lines.
    pub(crate) fn lines(&self) -> Vec<Json> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Asks for JSON lines; an answer that was cut short is an error.
pub(crate) fn get(http: SocketAddr, path: &str) -> Result<Answer, String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
    let url = format!("http://{http}{path}");
    let accept = if path.contains("/rows") { "application/x-ndjson" } else { "application/json" };
    let response = agent.get(&url).header("accept", accept).call().map_err(|error| error.to_string())?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
    let (position, stale) = (header("tailwater-position"), header("tailwater-stale"));
    let code = response.status().as_u16();
    let mut body = response.into_body();
    let body = body.with_config().limit(256 << 20).read_to_string().map_err(|error| error.to_string())?;
    Ok(Answer { code, position, stale, body })
}

/// Asks the daemon to do something that has no more to say.
pub(crate) fn post(http: SocketAddr, path: &str) -> Result<Answer, String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
    let response = agent.post(format!("http://{http}{path}")).send_empty().map_err(|error| error.to_string())?;
    let code = response.status().as_u16();
    let body = response.into_body().read_to_string().map_err(|error| error.to_string())?;
    Ok(Answer { code, position: None, stale: None, body })
}

/// The status board at `http`.
pub(crate) fn status(http: SocketAddr) -> Result<Status, String> {
    let answer = get(http, "/v1/status")?;
    serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))
}

/// Runs a command of the program.
pub(crate) fn command(config: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).arg("--config").arg(config).output().unwrap()
}

/// Both outputs of a command, for messages.
pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {:?}\n{out}{err}", output.status.code())
}

/// A number from the environment, which makes a test longer or another one.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Looks until there is something, or patience ends.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(POLL);
    }
}

/// A free port that the system gives to no outgoing connection, so that it stays free while its daemon is down.
pub(crate) fn steady_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add((std::process::id() as u16).wrapping_mul(37));
        let port = 12_000 + number % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
