//! A private Postgres for tests: made by `initdb` in a temporary directory, on a free port, stopped when the last test that
//! uses it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::postgres::config::{CopySettings, DEFAULT_TIMEOUT, PostgresSourceConfig};
use crate::postgres::{ConnInfo, PostgresSource, sql_client};
use crate::schema::TableName;
use crate::source::{ResumePoint, Source, SourceError, SourceIdentity, SourceMessage, TableChange};
use crate::{Change, Position, Transaction};

const DEADLINE: Duration = Duration::from_secs(60);

pub(super) struct Server {
    directory: TempDir,
    pub(super) port: u16,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// A program of the newest Postgres installed, or of the one that `TAILWATER_POSTGRES_BIN` names. Without one these tests fail
/// rather than pass in silence.
fn binary(name: &str) -> PathBuf {
    if let Some(named) = std::env::var_os("TAILWATER_POSTGRES_BIN") {
        return PathBuf::from(named).join(name);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists());
    found.max().unwrap_or_else(|| panic!("these tests need a Postgres server: {name} was not found"))
}

/// Postgres refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let is_root = std::fs::metadata("/proc/self").map(|it| std::os::unix::fs::MetadataExt::uid(&it)).unwrap_or(1) == 0;
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn run(mut command: Command) {
    // A server that is started must not keep our pipes open.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).current_dir("/tmp").status();
    assert!(status.unwrap().success(), "{command:?} failed");
}

impl Server {
    /// The server that all tests running now share.
    pub(super) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start(|_| String::new()));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own; `setup` may put files into the data directory and answers with lines for `pg_hba.conf`.
    pub(super) fn start(setup: impl FnOnce(&Path) -> String) -> Self {
        let directory = tempfile::Builder::new().prefix("twpg").tempdir_in("/tmp").unwrap();
        run({
            let mut command = Command::new("chmod");
            command.arg("777").arg(directory.path());
            command
        });
        let data = directory.path().join("data");
        let mut command = as_postgres(&binary("initdb"));
        command.args(["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D"]).arg(&data);
        run(command);
        let hba = setup(&data);
        if !hba.is_empty() {
            std::fs::write(
                data.join("pg_hba.conf"),
                format!("local all all trust\nlocal replication all trust\n{hba}"),
            )
            .unwrap();
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ssl = if data.join("server.crt").exists() { " -c ssl=on -c ssl_ca_file=root.crt" } else { "" };
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c wal_level=logical -c fsync=off \
             -c max_replication_slots=40 -c max_wal_senders=40 -c max_connections=100{ssl}",
            directory.path().display()
        );
        let mut command = as_postgres(&binary("pg_ctl"));
        command
            .args(["-w", "-s", "-l"])
            .arg(directory.path().join("log"))
            .arg("-D")
            .arg(&data)
            .args(["-o", &options, "start"]);
        run(command);
        Self { directory, port }
    }

    /// Connection text for the socket, as superuser.
    pub(super) fn local(&self, database: &str) -> String {
        format!("host={} port={} user=postgres dbname={database}", self.directory.path().display(), self.port)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(super) async fn client(&self, database: &str) -> Client {
        sql_client::connect(&ConnInfo::parse(&self.local(database)).unwrap()).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut command = as_postgres(&binary("pg_ctl"));
        command.args(["-w", "-s", "-m", "immediate", "stop", "-D"]).arg(self.directory.path().join("data"));
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// A database of one test, with the source's configuration for it.
pub(super) struct Fixture {
    pub(super) server: Arc<Server>,
    pub(super) client: Client,
    pub(super) config: PostgresSourceConfig,
}

impl Fixture {
    pub(super) async fn new(name: &str, sql: &str) -> Self {
        let server = Server::shared();
        server.client("postgres").await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let client = server.client(name).await;
        client.batch_execute(sql).await.unwrap();
        let config = PostgresSourceConfig {
            name: "shop".into(),
            url: server.local(name),
            slot: format!("slot_{name}"),
            publication: "tailwater".into(),
            heartbeat: false,
            timeout: DEFAULT_TIMEOUT,
            copy: CopySettings::default(),
        };
        Self { server, client, config }
    }

    pub(super) async fn sql(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    pub(super) async fn text(&self, sql: &str) -> String {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(super) fn copy(&self, tables: &[&str]) -> Run {
        Run::start(&self.config, ResumePoint::FirstCopy { tables: names(tables), foreign: false })
    }

    pub(super) async fn resume(&self, position: Position, tables: &[&str]) -> ResumePoint {
        let mut source = PostgresSource::new(self.config.clone()).unwrap();
        let (identity, tables) = (source.identity().await.unwrap(), source.tables(&names(tables)).await.unwrap());
        ResumePoint::Stream { position, identity, tables, copying: Vec::new(), note: None }
    }

    pub(super) async fn identity(&self) -> SourceIdentity {
        PostgresSource::new(self.config.clone()).unwrap().identity().await.unwrap()
    }
}

pub(super) fn names(tables: &[&str]) -> Vec<TableName> {
    let name = |table: &&str| TableName { source: "shop".into(), schema: "public".into(), table: (*table).into() };
    tables.iter().map(name).collect()
}

/// A running source.
pub(super) struct Run {
    messages: mpsc::Receiver<SourceMessage>,
    pub(super) durable: watch::Sender<Option<Position>>,
    task: JoinHandle<Result<(), SourceError>>,
}

impl Run {
    pub(super) fn start(config: &PostgresSourceConfig, resume: ResumePoint) -> Self {
        let source = Box::new(PostgresSource::new(config.clone()).unwrap());
        let (out, messages) = mpsc::channel(16);
        let position = match &resume {
            ResumePoint::Stream { position, .. } => Some(position.clone()),
            ResumePoint::FirstCopy { .. } => None,
        };
        let (durable, watch) = watch::channel(position);
        let task = tokio::spawn(source.run(resume, out, watch));
        Self { messages, durable, task }
    }

    /// The next message; a source that ended instead fails the test with its error.
    pub(super) async fn next(&mut self) -> SourceMessage {
        loop {
            match timeout(DEADLINE, self.messages.recv()).await.expect("a message in time") {
                // What it keeps for itself is no test's concern.
                Some(SourceMessage::Note(_)) => {}
                Some(message) => return message,
                None => panic!("the source ended: {:?}", (&mut self.task).await),
            }
        }
    }

    /// Rows of the first copy, sorted, and where the stream began. Nothing may change meanwhile.
    pub(super) async fn copied(&mut self) -> (Vec<String>, Position) {
        let (mut rows, mut begun_at, mut left) = (Vec::new(), None, usize::MAX);
        while left > 0 {
            match self.next().await {
                SourceMessage::CopyBegins { position, marks } => (begun_at, left) = (Some(position), marks.len()),
                SourceMessage::CopyRows { table, rows: new } => {
                    rows.extend(new.iter().map(|row| format!("{} {}", table.name.table, super::live::row_text(row))));
                }
                SourceMessage::CopyEnds { incomplete, .. } => {
                    left -= 1;
                    incomplete.send(Vec::new()).await.unwrap();
                }
                SourceMessage::CopyMark { .. } | SourceMessage::CopyAgain { .. } => {}
                SourceMessage::Progress { .. } => {}
                other => panic!("{other:?} during the copy"),
            }
        }
        rows.sort();
        (rows, begun_at.expect("a position"))
    }

    /// What became of a table, once that is told.
    pub(super) async fn changed(&mut self) -> TableChange {
        loop {
            if let SourceMessage::TableChanged(change) = self.next().await {
                return change;
            }
        }
    }

    /// Transactions until there are `count` changes.
    pub(super) async fn transactions(&mut self, count: usize) -> Vec<Transaction> {
        let mut all: Vec<Transaction> = Vec::new();
        while all.iter().map(|transaction| transaction.changes.len()).sum::<usize>() < count {
            if let SourceMessage::Transactions(new) = self.next().await {
                all.extend(new);
            }
        }
        all
    }

    pub(super) async fn changes(&mut self, count: usize) -> Vec<Change> {
        self.transactions(count).await.into_iter().flat_map(|transaction| transaction.changes).collect()
    }

    /// Closes the channel and waits for the end.
    pub(super) async fn stop(self) -> Result<(), SourceError> {
        drop(self.messages);
        timeout(DEADLINE, self.task).await.expect("the source stops in time").unwrap()
    }

    /// Takes messages until the source ends by itself.
    pub(super) async fn error(mut self) -> SourceError {
        let drain = async { while self.messages.recv().await.is_some() {} };
        timeout(DEADLINE, drain).await.expect("the source ends in time");
        self.task.await.unwrap().expect_err("an error")
    }
}
