//! Private servers for the demo and the tests: a Postgres and a Redis of their own in a temporary directory, on free
//! ports of the loopback interface, that end with the process that started them and leave nothing behind. Each is a process
//! group of its own: Ctrl-C on a terminal reaches the demo alone, which then stops them in order.

use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A cold machine under load still starts a server within this.
const START_MAX: Duration = Duration::from_secs(60);
/// A fast shutdown takes this long at most before the server is killed.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How often a starting or stopping server is looked at.
const POLL: Duration = Duration::from_millis(20);

/// A Postgres with `wal_level = logical` and one superuser `postgres` without password.
pub struct PrivatePostgres {
    directory: TempDir,
    binaries: PathBuf,
    settings: Vec<String>,
    port: u16,
    server: Option<Child>,
}

impl PrivatePostgres {
    /// Makes a cluster (UTF-8, C locale) and starts it. `settings` are `name=value` for the server's command line.
    pub fn start(settings: &[&str]) -> io::Result<Self> {
        let binaries = postgres_binaries()?;
        let directory = tempfile::Builder::new().prefix("tailwater-postgres-").tempdir()?;
        let mut server = Self {
            port: free_port()?,
            binaries,
            settings: settings.iter().map(|setting| (*setting).into()).collect(),
            server: None,
            directory,
        };
        if is_root()? {
            checked(Command::new("chown").arg("postgres").arg(server.directory.path()))?;
        }
        let mut initdb = server.command("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"]);
        checked(initdb.arg(server.data()))?;
        server.launch()?;
        Ok(server)
    }

    /// A standby of `primary` that streams from it, made from a copy of it while it is down for a moment.
    pub fn standby_of(primary: &mut Self) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("tailwater-postgres-").tempdir()?;
        let mut server = Self {
            port: free_port()?,
            binaries: primary.binaries.clone(),
            settings: vec![
                "hot_standby_feedback=on".into(),
                format!("primary_conninfo=host=127.0.0.1 port={} user=postgres dbname=postgres", primary.port),
            ],
            server: None,
            directory,
        };
        primary.stop(true);
        checked(Command::new("cp").arg("-a").arg(primary.data()).arg(server.data()))?;
        std::fs::write(server.data().join("standby.signal"), "")?;
        if is_root()? {
            checked(Command::new("chown").args(["-R", "postgres"]).arg(server.directory.path()))?;
        }
        primary.launch()?;
        server.launch()?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A program of this Postgres as a user that it accepts, ending with the calling thread.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        if is_root().unwrap_or(false) {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        command.arg("--pdeathsig=INT").arg(self.binaries.join(program)).current_dir(self.directory.path());
        command
    }

    /// Starts the server on the existing cluster, on the same port.
    pub fn launch(&mut self) -> io::Result<()> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-k"]).arg(self.directory.path());
        let fixed = [
            "listen_addresses=127.0.0.1",
            "wal_level=logical",
            "fsync=off",
            "max_wal_senders=20",
            "max_replication_slots=20",
            "max_connections=60",
            "log_min_messages=warning",
            "timezone=UTC",
        ];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        let log = std::fs::File::create(self.directory.path().join("log"))?;
        self.server = Some(command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        let (pg_isready, port) = (self.binaries.join("pg_isready"), self.port.to_string());
        let ready = || {
            let mut probe = Command::new(&pg_isready);
            probe.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            Ok(probe.status()?.success())
        };
        wait_until(self.server.as_mut().expect("just started"), ready, &self.directory.path().join("log"))
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connection URL of `database`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Directory of this Postgres' programs.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Directory in which the server may write and others may read.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops the server: `fast` ends sessions, else it is killed as by a crash.
    pub fn stop(&mut self, fast: bool) {
        if let Some(server) = self.server.take() {
            end(server, if fast { "INT" } else { "QUIT" });
        }
    }

    /// Kills the server's first process alone, as a kernel does that needs memory; the others notice and end, and until then
    /// [`PrivatePostgres::launch`] fails.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            end(server, "KILL");
        }
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.stop(false);
    }
}

/// A Redis without persistence unless asked for.
pub struct PrivateRedis {
    directory: TempDir,
    port: u16,
    server: Option<Child>,
}

impl PrivateRedis {
    /// Starts it.
    pub fn start() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("tailwater-redis-").tempdir()?;
        let mut server = Self { directory, port: free_port()?, server: None };
        server.launch()?;
        Ok(server)
    }

    /// Starts it again on the same port, empty.
    pub fn launch(&mut self) -> io::Result<()> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=KILL", "redis-server", "--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(self.directory.path());
        let log_path = self.directory.path().join("log");
        let log = std::fs::File::create(&log_path)?;
        self.server = Some(command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        let port = self.port;
        let ready = || Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        wait_until(self.server.as_mut().expect("just started"), ready, &log_path)
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connection URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it; what it held is gone.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            end(server, "KILL");
        }
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_until(server: &mut Child, ready: impl Fn() -> io::Result<bool>, log: &Path) -> io::Result<()> {
    let deadline = Instant::now() + START_MAX;
    while !ready()? {
        let ended = server.try_wait()?.is_some();
        if ended || Instant::now() > deadline {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let what = if ended { "ended while starting" } else { "did not start in time" };
            return Err(io::Error::other(format!("server {what}; its log says:\n{said}")));
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Sends the signal, waits, and kills what does not end.
fn end(mut server: Child, signal: &str) {
    let _ = Command::new("kill").args([&format!("-{signal}"), &server.id().to_string()]).status();
    let deadline = Instant::now() + STOP_MAX;
    while Instant::now() < deadline {
        match server.try_wait() {
            Ok(None) => std::thread::sleep(POLL),
            _ => return,
        }
    }
    let _ = server.kill();
    let _ = server.wait();
}

/// A port that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn is_root() -> io::Result<bool> {
    let output = Command::new("id").arg("-u").output()?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn checked(command: &mut Command) -> io::Result<()> {
    let output = command.output().map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))))
}

/// The newest Postgres that is installed, or the one that `TAILWATER_POSTGRES_BIN` names.
fn postgres_binaries() -> io::Result<PathBuf> {
    if let Some(named) = std::env::var_os("TAILWATER_POSTGRES_BIN") {
        return Ok(named.into());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    let version = |path: &PathBuf| path.iter().rev().nth(1).and_then(|name| name.to_str()?.parse::<u32>().ok());
    installed.max_by_key(version).ok_or_else(|| {
        io::Error::other(
            "no PostgreSQL server under /usr/lib/postgresql: run script/bootstrap, or set TAILWATER_POSTGRES_BIN",
        )
    })
}
