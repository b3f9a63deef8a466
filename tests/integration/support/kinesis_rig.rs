//! A server of Kinesis, a daemon that follows its streams, and a Postgres that is loaded with the same records by a reader of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use tailwater::cli::demo::DaemonProcess;
use tailwater::cli::demo::servers::PrivatePostgres;
use tailwater::pipeline::status::Status;
use tailwater_connectors::Positions;
use tempfile::TempDir;

use super::database::Database;
use super::kinesis_server::KinesisServer;
use super::rig::{self, PATIENCE, PROGRAM, steady_port};
use super::shown;

/// All of them.
pub(crate) struct KinesisRig {
    pub(crate) daemon: DaemonProcess,
    pub(crate) server: KinesisServer,
    pub(crate) oracle: PrivatePostgres,
    pub(crate) http: SocketAddr,
    directory: TempDir,
    resp: SocketAddr,
}

impl KinesisRig {
    /// Starts the servers; the daemon is not configured yet.
    pub(crate) fn new() -> Self {
        let (server, oracle) = (KinesisServer::start(), PrivatePostgres::start(&[]).unwrap());
        let directory = tempfile::Builder::new().prefix("tailwater-test-").tempdir().unwrap();
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (http, resp) = (local(steady_port()), local(steady_port()));
        let path = directory.path().join("tailwater.toml");
        let daemon = DaemonProcess::new(Path::new(PROGRAM), &path, http, Vec::new());
        Self { daemon, server, oracle, http, directory, resp }
    }

    /// Writes the configuration: `source` is what follows the address in `[source.clicks]`, `rest` other sections.
    pub(crate) fn configure(&self, source: &str, rest: &str) {
        let (endpoint, http, resp) = (self.server.address(), self.http, self.resp);
        let text = format!(
            "state_dir = \"./state\"\nmemory = \"64MiB\"\n\n[source.clicks]\ntype = \"kinesis\"\nendpoint = \"{endpoint}\"\n\
             region = \"us-east-1\"\naccess_key = \"test\"\nsecret_key = \"test\"\ntimeout = \"5s\"\nread_interval = \"50ms\"\n\
             {source}\n\n{rest}\n\n[server]\nhttp = \"{http}\"\nredis = \"{resp}\"\n"
        );
        std::fs::write(self.directory.path().join("tailwater.toml"), text).unwrap();
    }

    /// Starts the daemon and waits until views are live.
    pub(crate) fn start(&mut self) {
        self.daemon.start().unwrap();
        self.daemon.wait_until_ready(PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// Takes settings of the source out of the configuration.
    pub(crate) fn leave_out(&self, keys: &[&str]) {
        let path = self.directory.path().join("tailwater.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let is_kept = |line: &&str| !keys.iter().any(|key| line.starts_with(&format!("{key} = ")));
        std::fs::write(path, text.lines().filter(is_kept).collect::<Vec<_>>().join("\n")).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        self.command_of(arguments).output().unwrap()
    }

    /// A command that does not run yet.
    pub(crate) fn command_of(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--config").arg(self.directory.path().join("tailwater.toml"));
        command
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.daemon.log()).unwrap_or_default()
    }

    /// Waits until the status is as wanted.
    pub(crate) fn wait_for_status(&self, what: &str, wanted: impl FnMut(&Status) -> bool) -> Status {
        rig::wait_for_status((self.http, &self.daemon.log()), what, wanted)
    }

    /// Waits until the daemon has applied all that is in streams that nobody writes.
    pub(crate) fn wait_until_applied(&self, streams: &[&str]) -> Positions {
        let client = self.server.client();
        let ends: Vec<String> = streams.iter().map(|stream| client.end(stream)).collect();
        let wanted = format!("clicks={}", ends.join(","));
        let wanted = Positions::parse(&wanted, &["clicks".into()]).unwrap();
        self.wait_for_status(&wanted.to_string(), |status| status.applied.covers(&wanted));
        wanted
    }

    /// Rows of a view, sorted, every value as text, in the order of the columns' names.
    pub(crate) fn view(&self, view: &str) -> Vec<Vec<String>> {
        shown::rows(self.http, view)
    }

    /// A session of the Postgres that holds the same records.
    pub(crate) fn database(&self) -> Database {
        Database::connect(&self.oracle.url("postgres"))
    }

    /// Loads a stream's records into the table `raw_STREAM`: shard, place, moment, key, value.
    pub(crate) fn load(&self, stream: &str) {
        let database = self.database();
        database.run(&format!(
            "drop table if exists raw_{stream} cascade; \
             create table raw_{stream} (shard text, place numeric, moment timestamptz, key text, value text)"
        ));
        let found = self.server.client().read(stream);
        for records in found.chunks(500) {
            let rows: Vec<String> = records
                .iter()
                .map(|it| {
                    let value = format!("nullif(convert_from(decode('{}', 'base64'), 'UTF8'), '')", it.data);
                    let moment = format!("to_timestamp({}::numeric)", it.arrived);
                    format!("('{}', {}, {moment}, '{}', {value})", it.shard, it.sequence, it.key)
                })
                .collect();
            database.run(&format!("insert into raw_{stream} values {}", rows.join(", ")));
        }
    }

    /// Views are what the Postgres answers over the same records.
    pub(crate) fn assert_equal(&self, views: &[(&str, &str)]) {
        shown::assert_equal((self.http, &self.daemon.log()), &self.database(), views);
    }
}
