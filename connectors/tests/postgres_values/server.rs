//! A private Postgres server for one test program.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// Runs until dropped.
pub(crate) struct Server {
    binaries: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { binaries: binaries(), directory: TempDir::new().unwrap(), port };
        let (root, data) = (server.directory.path().display().to_string(), server.data());
        if is_root() {
            run(Command::new("chown").args(["postgres", &root]));
        }
        run(server
            .command("initdb")
            .args(["-D", &data, "-A", "trust", "-U", "postgres", "-E", "UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync"]));
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c wal_level=logical -c fsync=off \
             -c max_prepared_transactions=4 -c logical_decoding_work_mem=64kB"
        );
        let log = format!("{root}/log");
        run(server.command("pg_ctl").args(["-D", &data, "-w", "-l", &log, "-o", &options, "start"]));
        server
    }

    /// A session with the settings that our connections pin.
    pub(crate) async fn connect(&self) -> Client {
        let config = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port);
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
        tokio::spawn(connection);
        let settings = "set datestyle = 'ISO, MDY'; set intervalstyle = postgres; set timezone = 'UTC';
            set extra_float_digits = 1; set bytea_output = hex";
        client.batch_execute(settings).await.unwrap();
        client
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

/// `server_version_num`.
pub(crate) async fn version(client: &Client) -> i32 {
    client.query_one("select current_setting('server_version_num')::int", &[]).await.unwrap().get(0)
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
