//! A private Postgres server, stopped and deleted when dropped.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The functions are those of Postgres 15; another server is asked where `TAILWATER_POSTGRES_BIN` names one.
fn binaries() -> PathBuf {
    std::env::var_os("TAILWATER_POSTGRES_BIN").map_or_else(|| "/usr/lib/postgresql/15/bin".into(), PathBuf::from)
}

/// The server.
pub(in crate::engine) struct Postgres {
    directory: TempDir,
    port: u16,
}

/// Postgres refuses to run as root; then it runs as the user `postgres`.
fn command(program: &str) -> Command {
    let program = binaries().join(program);
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0);
    let mut command = if root { Command::new("runuser") } else { Command::new(&program) };
    if root {
        command.args(["-u", "postgres", "--"]).arg(program);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(mut command: Command) {
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{command:?} failed");
}

impl Postgres {
    /// Starts a server with the order of C, the letters of Unicode, UTF-8 and UTC.
    pub(in crate::engine) fn start() -> Self {
        let binaries = binaries();
        assert!(binaries.exists(), "this test needs Postgres 15, and {} does not exist", binaries.display());
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().to_owned();
        // Ignored when not root: then the directory is ours already.
        let _ = Command::new("chown").args(["postgres", &path.to_string_lossy()]).stderr(Stdio::null()).status();
        let data = path.join("data");
        let mut init = command("initdb");
        init.arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        run(init);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off -c timezone=UTC \
             -c intervalstyle=postgres -c datestyle=ISO -c max_connections=8",
            path.display()
        );
        let mut start = command("pg_ctl");
        start.arg("-D").arg(&data).args(["-w", "-t", "60", "-o", &options, "start"]);
        run(start);
        Self { directory, port }
    }

    /// How to connect.
    pub(in crate::engine) fn url(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = command("pg_ctl");
        stop.arg("-D").arg(self.directory.path().join("data")).args(["-m", "immediate", "stop"]);
        let _ = stop.status();
    }
}
