//! One file run on Postgres through the real source: everything it handed over, and Postgres' answers after each
//! transaction. Replays need no server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tailwater::engine::ViewPlan;
use tailwater::sql::{self, SqlCatalog, ViewText};
use tailwater_connectors::postgres::config::PostgresSourceConfig;
use tailwater_connectors::postgres::{ConnInfo, PostgresSource, connect_sql, prepare};
use tailwater_connectors::{
    Lsn, Position, ResumePoint, Row, Source, SourceError, SourceMessage, TableName, TableSchema, Transaction,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::oracle::{self, Answers};
use super::view_file::ViewFile;

/// Name of the one source.
pub(crate) const SOURCE: SmolStr = SmolStr::new_static("db");
/// A message of the source comes within this, also on a busy machine.
const MESSAGE_WAIT: Duration = Duration::from_secs(60);
/// Its last transaction shows that everything before it has been handed over.
const MARKER: &str = "golden_marker";

/// What happened up to a point at which the views were asked.
#[derive(Clone, Debug)]
pub(crate) struct Boundary {
    /// What committed since the boundary before.
    pub(crate) transactions: Vec<Transaction>,
    /// Rows of the views here.
    pub(crate) answers: Answers,
}

/// A file's whole history.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// Name of the file.
    pub(crate) name: String,
    /// Tables that the views read.
    pub(crate) tables: Vec<Arc<TableSchema>>,
    /// Views, planned.
    pub(crate) views: Vec<ViewPlan>,
    /// The first copy.
    pub(crate) copied: Vec<(Arc<TableSchema>, Vec<Row>)>,
    /// Where the copy stands.
    pub(crate) copied_at: Position,
    /// The first is the copy, without transactions; then one per transaction of the file.
    pub(crate) boundaries: Vec<Boundary>,
}

impl Recording {
    /// Runs the file in the database behind `url`, which is new and empty.
    pub(crate) async fn make(file: &ViewFile, url: String) -> Result<Self, String> {
        let config = PostgresSourceConfig {
            name: SOURCE,
            url,
            slot: format!("slot_{}", file.name),
            publication: "tailwater".into(),
        };
        let info = ConnInfo::parse(&config.url).map_err(|error| error.to_string())?;
        let client = connect_sql(&info, "oracle").await.map_err(described)?;
        run(&client, &format!("create table {MARKER} (id int primary key)")).await?;
        run(&client, &file.tables).await?;
        oracle::create_views(&client, &file.views).await?;
        let mut source = PostgresSource::new(config.clone()).map_err(described)?;
        let names = tables_read(&file.views)?;
        let tables = source.tables(&names).await.map_err(described)?;
        let identity = source.identity().await.map_err(described)?;
        let views = plan(&tables, &file.views, identity.ascii_case)?;
        for view in &views {
            oracle::check_columns(&client, &view.name, &view.columns).await?;
        }
        let marked = names.into_iter().chain([table_name("public", MARKER)]).collect();
        let mut running = Running::start(source, marked);
        let recorded = record(file, &client, &mut running).await;
        running.stop().await?;
        prepare::drop(&config).await.map_err(described)?;
        let (copied, copied_at, boundaries) = recorded?;
        Ok(Self { name: file.name.clone(), tables, views, copied, copied_at, boundaries })
    }
}

type Recorded = (Vec<(Arc<TableSchema>, Vec<Row>)>, Position, Vec<Boundary>);

async fn record(file: &ViewFile, client: &Client, running: &mut Running) -> Result<Recorded, String> {
    let (copied, copied_at) = running.copied().await?;
    let mut boundaries =
        vec![Boundary { transactions: Vec::new(), answers: oracle::answers(client, &file.views).await? }];
    let mut ends = Vec::new();
    for (index, transaction) in file.transactions.iter().enumerate() {
        run(client, transaction).await.map_err(|error| format!("transaction {}: {error}", index + 1))?;
        ends.push(position(client).await?);
        boundaries.push(Boundary { transactions: Vec::new(), answers: oracle::answers(client, &file.views).await? });
    }
    run(client, &format!("insert into {MARKER} values (1)")).await?;
    let last = position(client).await?;
    for transaction in running.until(&last).await? {
        // Behind the last end stands the marker alone.
        if let Some(place) = ends.iter().position(|end| end.covers(&transaction.position)) {
            boundaries[place + 1].transactions.push(transaction);
        }
    }
    Ok((copied, copied_at, boundaries))
}

async fn run(client: &Client, sql: &str) -> Result<(), String> {
    client.batch_execute(sql).await.map_err(|error| oracle::reason(&error))
}

async fn position(client: &Client) -> Result<Position, String> {
    let rows = oracle::rows(client, "select pg_current_wal_flush_lsn()").await?;
    let text = rows.into_iter().flatten().flatten().next().unwrap_or_default();
    text.parse::<Lsn>().map(Position::Lsn).map_err(|error| error.to_string())
}

fn described(error: SourceError) -> String {
    match error.hint() {
        Some(hint) => format!("{error} (hint: {hint})"),
        None => error.to_string(),
    }
}

fn table_name(schema: &str, table: &str) -> TableName {
    TableName { source: SOURCE, schema: schema.into(), table: table.into() }
}

fn tables_read(views: &[ViewText]) -> Result<Vec<TableName>, String> {
    let mut names = BTreeSet::new();
    for view in views {
        let read = sql::tables_read(&view.sql).map_err(|error| format!("view {}: {error}", view.name))?;
        let is_view =
            |name: &sql::UnresolvedName| name.schema.is_none() && views.iter().any(|view| view.name == name.table);
        let tables = read.iter().filter(|name| !is_view(name));
        names.extend(tables.map(|name| table_name(name.schema.as_deref().unwrap_or("public"), &name.table)));
    }
    Ok(names.into_iter().collect())
}

fn plan(tables: &[Arc<TableSchema>], views: &[ViewText], ascii_case: bool) -> Result<Vec<ViewPlan>, String> {
    let catalog = SqlCatalog {
        tables: tables.to_vec(),
        collation_is_c: [(SOURCE, true)].into(),
        ascii_case: [(SOURCE, ascii_case)].into(),
    };
    sql::plan_views(&catalog, views).map_err(|errors| {
        let described = errors.iter().map(|error| match &error.hint {
            Some(hint) => format!("{error} (hint: {hint})"),
            None => error.to_string(),
        });
        described.collect::<Vec<_>>().join("\n")
    })
}

/// The source at work.
struct Running {
    messages: mpsc::Receiver<SourceMessage>,
    task: JoinHandle<Result<(), SourceError>>,
    _durable: watch::Sender<Option<Position>>,
}

impl Running {
    fn start(source: PostgresSource, tables: Vec<TableName>) -> Self {
        let (out, messages) = mpsc::channel(16);
        let (durable, watch) = watch::channel(None);
        let task = tokio::spawn(Box::new(source).run(ResumePoint::FirstCopy { tables }, out, watch));
        Self { messages, task, _durable: durable }
    }

    async fn next(&mut self) -> Result<SourceMessage, String> {
        match timeout(MESSAGE_WAIT, self.messages.recv()).await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(match (&mut self.task).await {
                Ok(Err(error)) => described(error),
                other => format!("the source ended: {other:?}"),
            }),
            Err(_) => Err("the source handed nothing over in time".into()),
        }
    }

    async fn copied(&mut self) -> Result<(Vec<(Arc<TableSchema>, Vec<Row>)>, Position), String> {
        let mut copied = Vec::new();
        loop {
            match self.next().await? {
                SourceMessage::CopyRows { table, rows } if table.name.table != MARKER => copied.push((table, rows)),
                SourceMessage::CopyRows { .. } => {}
                SourceMessage::CopyDone { position } => return Ok((copied, position)),
                other => return Err(format!("during the copy came {other:?}")),
            }
        }
    }

    async fn until(&mut self, end: &Position) -> Result<Vec<Transaction>, String> {
        let mut transactions: Vec<Transaction> = Vec::new();
        loop {
            let reached = match self.next().await? {
                SourceMessage::Transactions(more) => {
                    transactions.extend(more);
                    let is_marker = |transaction: &Transaction| match transaction.changes.as_slice() {
                        [tailwater_connectors::Change::Insert { table, .. }] => table.name.table == MARKER,
                        _ => false,
                    };
                    transactions.last().is_some_and(is_marker)
                }
                SourceMessage::Progress { position } => position.covers(end),
                other => return Err(format!("after the copy came {other:?}")),
            };
            if reached {
                return Ok(transactions);
            }
        }
    }

    async fn stop(self) -> Result<(), String> {
        drop(self.messages);
        match timeout(MESSAGE_WAIT, self.task).await {
            Ok(Ok(Ok(()))) => Ok(()),
            // It ended before; the reason has been told.
            Ok(Ok(Err(error))) => Err(described(error)),
            other => Err(format!("the source did not stop: {other:?}")),
        }
    }
}
