//! A private Postgres server for one test, asked through psql.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Runs until dropped.
pub(super) struct Server {
    binaries: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Server {
    pub(super) fn start() -> Self {
        Self::with_locale(&["--locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8"])
    }

    /// With these options of initdb.
    pub(super) fn with_locale(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { binaries: binaries(), directory: TempDir::new().unwrap(), port };
        let (root, data) = (server.directory.path().display().to_string(), server.data());
        if is_root() {
            run(Command::new("chown").args(["postgres", &root]));
        }
        run(server
            .command("initdb")
            .args(["-D", &data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"])
            .args(options));
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off");
        let log = format!("{root}/log");
        run(server.command("pg_ctl").args(["-D", &data, "-w", "-l", &log, "-o", &options, "start"]));
        server
    }

    /// Runs a script; answers what it printed.
    pub(super) fn psql(&self, script: &str) -> String {
        let file = self.directory.path().join("script.sql");
        std::fs::write(&file, script).unwrap();
        let port = self.port.to_string();
        let mut command = Command::new(self.binaries.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &port]);
        command.args(["-U", "postgres", "-d", "postgres", "-f"]).arg(&file).env("PGTZ", "UTC");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// How to connect.
    pub(super) fn url(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port)
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    fn command(&self, name: &str) -> Command {
        let program = self.binaries.join(name);
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            // Postgres refuses to run as root.
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        run(self.command("pg_ctl").args(["-D", &self.data(), "-m", "immediate", "stop"]));
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(std::process::Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn is_root() -> bool {
    std::env::var_os("USER").is_some_and(|user| user == "root")
        || Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// The newest installed server, or the one that `TAILWATER_POSTGRES_BIN` names.
fn binaries() -> PathBuf {
    if let Some(path) = std::env::var_os("TAILWATER_POSTGRES_BIN") {
        return path.into();
    }
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").expect("Postgres is installed, or TAILWATER_POSTGRES_BIN is set");
    let newest = versions.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()).max();
    Path::new("/usr/lib/postgresql").join(newest.expect("a server version is installed").to_string()).join("bin")
}
