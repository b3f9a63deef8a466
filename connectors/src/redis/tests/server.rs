//! A private `redis-server` on a free port of 127.0.0.1, and rows to write into it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use crate::redis::RedisSink;
use crate::redis::config::{DEFAULT_TIMEOUT, RedisFormat, RedisSinkConfig};
use crate::{
    ChangelogBatch, Column, Cursor, Lsn, Position, Positions, Row, RowChange, RowPages, SinkError, SqlType, Value,
    ViewSchema,
};

pub(super) struct Server {
    child: Child,
    port: u16,
    directory: TempDir,
    arguments: Vec<String>,
}

impl Server {
    pub(super) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts with more arguments; data survive a kill.
    pub(super) fn start_with(arguments: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).into()).collect();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = spawn(port, &directory, &arguments);
        Self { child, port, directory, arguments }
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn restart(&mut self) {
        self.child = spawn(self.port, &self.directory, &self.arguments);
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) fn config(&self, format: RedisFormat) -> RedisSinkConfig {
        RedisSinkConfig {
            name: "cards".into(),
            view: "orders".into(),
            url: self.url(),
            key: "order:{id}".into(),
            format,
            ttl: None,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    pub(super) fn sink(&self, format: RedisFormat) -> RedisSink {
        RedisSink::new(self.config(format), &view()).unwrap()
    }

    pub(super) async fn client(&self) -> MultiplexedConnection {
        let patient = redis::AsyncConnectionConfig::new()
            .set_response_timeout(Some(Duration::from_secs(60)))
            .set_connection_timeout(Some(Duration::from_secs(60)));
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection_with_config(&patient).await.unwrap()
    }

    /// Runs a command written as words.
    pub(super) async fn run<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split_whitespace();
        let mut cmd = redis::cmd(words.next().unwrap());
        words.for_each(|word| _ = cmd.arg(word));
        cmd.query_async(&mut self.client().await).await.unwrap()
    }

    pub(super) async fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.run("KEYS *").await;
        keys.retain(|key| !key.starts_with("tailwater:"));
        keys.sort();
        keys
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, directory: &TempDir, arguments: &[String]) -> Child {
    let mut child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        .args(["--dir", directory.path().to_str().unwrap()])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-server is installed");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to accept connections"));
    assert!(ready, "redis-server did not start");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

pub(super) fn view() -> ViewSchema {
    let column = |name: &str, sql_type| Column::new(name, sql_type, true);
    ViewSchema {
        name: "orders".into(),
        columns: vec![column("id", SqlType::Int8), column("customer", SqlType::Text), column("paid", SqlType::Bool)],
        key: vec![0],
        fingerprint: 1,
    }
}

pub(super) fn row(id: i64, customer: Option<&str>) -> Row {
    vec![Value::Int(id), customer.map_or(Value::Null, Value::text), Value::Bool(true)].into()
}

pub(super) fn cursor(generation: &str, step: u64) -> Cursor {
    let positions = [("shop".into(), Position::Lsn(Lsn(step * 16)))].into();
    Cursor { generation: generation.into(), step, positions: Positions(positions) }
}

pub(super) fn put(id: i64, customer: &str) -> RowChange {
    RowChange { old: None, new: Some(row(id, Some(customer))) }
}

pub(super) fn gone(id: i64) -> RowChange {
    RowChange { old: Some(row(id, None)), new: None }
}

pub(super) fn batch(step: u64, changes: Vec<RowChange>) -> ChangelogBatch {
    ChangelogBatch { changes, cursor: cursor("g", step), committed_at: None }
}

/// Pages given beforehand; a `None` page fails.
pub(super) struct Pages(Vec<Option<Vec<Row>>>);

impl Pages {
    pub(super) fn of(pages: Vec<Vec<Row>>) -> Self {
        Self(pages.into_iter().rev().map(Some).collect())
    }

    pub(super) fn failing_after(pages: Vec<Vec<Row>>) -> Self {
        Self([None].into_iter().chain(pages.into_iter().rev().map(Some)).collect())
    }
}

#[async_trait]
impl RowPages for Pages {
    async fn next_page(&mut self) -> Result<Option<Vec<Row>>, SinkError> {
        match self.0.pop() {
            Some(Some(page)) => Ok(Some(page)),
            Some(None) => Err(SinkError::Unavailable { sink: "cards".into(), message: "pages failed".into() }),
            None => Ok(None),
        }
    }
}

pub(super) const HOUR: Duration = Duration::from_secs(3600);
