//! A blocking session of the database, for tests that are not asynchronous themselves.

use tokio::runtime::Runtime;
use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// A row as text; `None` is null.
pub(crate) type TextRow = Vec<Option<String>>;

/// One session.
pub(crate) struct Database {
    runtime: Runtime,
    client: Client,
}

impl Database {
    /// Connects.
    pub(crate) fn connect(url: &str) -> Self {
        Self::try_connect(url).unwrap()
    }

    /// Connects, if the server is there.
    pub(crate) fn try_connect(url: &str) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        runtime.spawn(connection);
        Ok(Self { runtime, client })
    }

    /// Runs statements that must work.
    pub(crate) fn run(&self, sql: &str) {
        self.attempt(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Runs statements that may fail.
    pub(crate) fn attempt(&self, sql: &str) -> Result<(), Error> {
        self.runtime.block_on(self.client.batch_execute(sql))
    }

    /// Rows of a query, as text.
    pub(crate) fn rows(&self, sql: &str) -> Vec<TextRow> {
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let rows = answer.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()).collect()
    }

    /// The one value of a query.
    pub(crate) fn value(&self, sql: &str) -> Option<String> {
        self.rows(sql).into_iter().next().and_then(|row| row.into_iter().next().flatten())
    }

    /// Where the log ends now.
    pub(crate) fn position(&self) -> String {
        self.value("select pg_current_wal_flush_lsn()").unwrap()
    }

    /// Compares a view with the database's own answer; nothing else may write meanwhile.
    pub(crate) fn assert_equal(&self, sql: &str, resp: std::net::SocketAddr, view: &str) -> usize {
        let compared = self.runtime.block_on(tailwater::cli::demo::differences(&self.client, sql, resp, view)).unwrap();
        assert!(compared.differing.is_empty(), "view {view} at {}: {:#?}", compared.position, compared.differing);
        compared.rows
    }

    /// Whether a view shows what the database says; while others write they may differ by what is written in between.
    pub(crate) fn equals(&self, sql: &str, resp: std::net::SocketAddr, view: &str) -> bool {
        let compared = tailwater::cli::demo::differences(&self.client, sql, resp, view);
        self.runtime.block_on(compared).unwrap().differing.is_empty()
    }
}
