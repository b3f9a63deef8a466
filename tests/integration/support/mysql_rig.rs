//! A server of MySQL or MariaDB and a daemon that follows it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Value};
use tailwater::cli::demo::DaemonProcess;
use tailwater::pipeline::status::Status;
use tailwater_connectors::Positions;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::mysql_server::{Kind, MysqlServer};
use super::rig::{self, PATIENCE, PROGRAM, steady_port};
use super::shown;

/// The servers that every test of the whole runs on; types and formats are compared on all of them nearer to the decoder.
pub(crate) const KINDS: [Kind; 3] = Kind::ALL;

/// A blocking session.
pub(crate) struct Session {
    runtime: Runtime,
    connection: Conn,
}

impl Session {
    pub(crate) fn connect(url: &str) -> Self {
        Self::try_connect(url).unwrap()
    }

    pub(crate) fn try_connect(url: &str) -> Result<Self, mysql_async::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(Conn::new(Opts::from_url(url)?))?;
        Ok(Self { runtime, connection })
    }

    pub(crate) fn run(&mut self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    pub(crate) fn try_run(&mut self, sql: &str) -> Result<(), mysql_async::Error> {
        self.runtime.block_on(self.connection.query_drop(sql))
    }

    /// Rows as the server prints their values.
    pub(crate) fn rows(&mut self, sql: &str) -> Vec<Vec<String>> {
        self.raw(sql).into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect()
    }

    /// The same, sorted, with the columns of each row in the order of their names.
    fn sorted(&mut self, sql: &str) -> Vec<Vec<String>> {
        let by_name = |row: mysql_async::Row| {
            let names = row.columns();
            let cells =
                names.iter().map(|column| column.name_str().into_owned()).zip(row.unwrap().into_iter().map(text));
            cells.collect::<BTreeMap<_, _>>().into_values().collect::<Vec<_>>()
        };
        let mut rows: Vec<_> = self.raw(sql).into_iter().map(by_name).collect();
        rows.sort();
        rows
    }

    fn raw(&mut self, sql: &str) -> Vec<mysql_async::Row> {
        self.runtime.block_on(self.connection.query(sql)).unwrap_or_else(|error| panic!("{error}: {sql}"))
    }
}

fn text(value: Value) -> String {
    match value {
        Value::NULL => "null".into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => panic!("{other:?} is no text"),
    }
}

/// Both.
pub(crate) struct MysqlRig {
    pub(crate) daemon: DaemonProcess,
    pub(crate) server: MysqlServer,
    pub(crate) directory: TempDir,
    pub(crate) http: SocketAddr,
    resp: SocketAddr,
}

impl MysqlRig {
    /// Starts the server, runs the statements of `schema` in the database `shop` and writes a configuration with `views`.
    pub(crate) fn new(kind: Kind, schema: &[&str], views: &str) -> Self {
        Self::with_options((kind, &[]), schema, views)
    }

    /// The same, the server with these options.
    pub(crate) fn with_options((kind, options): (Kind, &[&str]), schema: &[&str], views: &str) -> Self {
        let server = server(kind, options);
        Session::connect(&server.url("mysql")).run("create database shop");
        let mut session = Session::connect(&server.url("shop"));
        schema.iter().for_each(|sql| session.run(sql));
        Self::over(server, views)
    }

    /// A daemon, not started, over a server that has the database `shop`.
    pub(crate) fn over(server: MysqlServer, views: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("tailwater-test-").tempdir().unwrap();
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (http, resp) = (local(steady_port()), local(steady_port()));
        let path = directory.path().join("tailwater.toml");
        let daemon = DaemonProcess::new(Path::new(PROGRAM), &path, http, Vec::new());
        let rig = Self { daemon, server, directory, http, resp };
        rig.configure(views);
        rig
    }

    pub(crate) fn configure(&self, views: &str) {
        let (url, http, resp) = (self.server.url("shop"), self.http, self.resp);
        let text = format!(
            "state_dir = \"./state\"\nmemory = \"64MiB\"\n\n[source.main]\ntype = \"mysql\"\nurl = \"{url}\"\n\
             copy_chunk_time = \"20ms\"\n\n{views}\n\n[server]\nhttp = \"{http}\"\nredis = \"{resp}\"\n"
        );
        std::fs::write(self.directory.path().join("tailwater.toml"), text).unwrap();
    }

    /// Changes the configuration in one place, which must be there.
    pub(crate) fn edit_configuration(&self, from: &str, to: &str) {
        let path = self.directory.path().join("tailwater.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    pub(crate) fn session(&self) -> Session {
        Session::connect(&self.server.url("shop"))
    }

    /// Starts the daemon and waits until views are live.
    pub(crate) fn start(&mut self) {
        self.daemon.start().unwrap();
        self.daemon.wait_until_ready(PATIENCE).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        rig::command(&self.directory.path().join("tailwater.toml"), arguments)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.daemon.log()).unwrap_or_default()
    }

    /// Waits until the status is as wanted.
    pub(crate) fn wait_for_status(&self, what: &str, wanted: impl FnMut(&Status) -> bool) -> Status {
        rig::wait_for_status((self.http, &self.daemon.log()), what, wanted)
    }

    /// Waits until the daemon has applied all that the server has committed.
    pub(crate) fn wait_until_applied(&self) {
        self.wait_until_at(end_of_log(&self.server));
    }

    fn wait_until_at(&self, position: String) {
        let wanted = Positions::parse(&position, &["main".into()]).unwrap();
        self.wait_for_status(&position, |status| status.applied.covers(&wanted));
    }

    /// Rows of a view, sorted, every value as text, in the order of the columns' names.
    pub(crate) fn view(&self, view: &str) -> Vec<Vec<String>> {
        shown::rows(self.http, view)
    }

    /// Every view is what the server itself answers.
    pub(crate) fn assert_equal(&self, views: &[(&str, &str)]) {
        self.wait_until_applied();
        self.assert_same(views);
    }

    /// The same where the daemon follows by file and place, whether or not the server gives ids.
    pub(crate) fn assert_equal_at_place(&self, views: &[(&str, &str)]) {
        self.wait_until_at(place_of_end(&self.server));
        self.assert_same(views);
    }

    fn assert_same(&self, views: &[(&str, &str)]) {
        let mut session = self.session();
        for (view, sql) in views {
            shown::assert_rows((self.http, &self.daemon.log()), view, &session.sorted(sql));
        }
    }
}

/// Behind all that the server has committed.
pub(crate) fn end_of_log(server: &MysqlServer) -> String {
    let mut session = Session::connect(&server.url("mysql"));
    if server.kind.is_mariadb() {
        return session.rows("select @@global.gtid_binlog_pos")[0][0].clone();
    }
    if session.rows("select @@global.gtid_mode")[0][0] == "ON" {
        return session.rows("select replace(@@global.gtid_executed, '\\n', '')")[0][0].clone();
    }
    place_of_end(server)
}

fn place_of_end(server: &MysqlServer) -> String {
    let end = &Session::connect(&server.url("mysql")).rows("show binary log status")[0];
    format!("{}:{}", end[0], end[1])
}

/// A server whose commits outlive the process, which tests kill, though not the machine.
pub(crate) fn server(kind: Kind, options: &[&str]) -> MysqlServer {
    MysqlServer::start(kind, &[["--innodb-flush-log-at-trx-commit=2"].as_slice(), options].concat())
}

/// `[view.NAME]` sections.
pub(crate) fn sections(views: &[(&str, &str)]) -> String {
    views.iter().map(|(name, sql)| format!("[view.{name}]\nsql = '''{sql}'''\n\n")).collect()
}
