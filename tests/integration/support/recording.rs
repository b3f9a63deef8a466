//! One file run on Postgres through the real source: everything it handed over, and Postgres' answers after each
//! transaction. Replays need no server.
//!
//! Views of golden tests must all work. Of drawn ones those are left out that Postgres rejects or that the planner refuses, and
//! those that read them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use smol_str::SmolStr;
use tailwater::engine::ViewPlan;
use tailwater::sql::{self, SqlCatalog, ViewText};
use tailwater_connectors::postgres::config::{CopySettings, DEFAULT_TIMEOUT, PostgresSourceConfig};
use tailwater_connectors::postgres::{ConnInfo, PostgresSource, connect_sql, prepare};
use tailwater_connectors::{
    Lsn, Position, ResumePoint, Row, Source, SourceError, SourceIdentity, SourceMessage, TableName, TableSchema,
    Transaction,
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
/// A query that takes longer counts as one that has no answer.
const QUERY_MAX: &str = "20s";
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

/// Views that a recording does without, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftOut {
    /// Rejected by Postgres, or without an answer at some time.
    pub(crate) rejected: Vec<(SmolStr, String)>,
    /// Refused by the planner.
    pub(crate) refused: Vec<(SmolStr, String)>,
}

impl LeftOut {
    fn has(&self, view: &str) -> bool {
        self.rejected.iter().chain(&self.refused).any(|(name, _)| name == view)
    }
}

impl Recording {
    /// Runs the file in the database behind `url`, which is new and empty. All its views must work.
    pub(crate) async fn make(file: &ViewFile, url: String) -> Result<Self, String> {
        let (recording, LeftOut { rejected, refused }) = Self::of_what_works(file, url).await?;
        let problems: Vec<String> =
            rejected.into_iter().chain(refused).map(|(view, error)| format!("view {view}: {error}")).collect();
        if problems.is_empty() { Ok(recording) } else { Err(problems.join("\n")) }
    }

    /// The same with the views that work.
    pub(crate) async fn of_what_works(file: &ViewFile, url: String) -> Result<(Self, LeftOut), String> {
        let config = PostgresSourceConfig {
            name: SOURCE,
            url,
            slot: format!("slot_{}", file.name),
            publication: "tailwater".into(),
            heartbeat: false,
            timeout: DEFAULT_TIMEOUT,
            copy: CopySettings::default(),
        };
        let info = ConnInfo::parse(&config.url).map_err(|error| error.to_string())?;
        let client = connect_sql(&info, "oracle").await.map_err(described)?;
        run(&client, &format!("set statement_timeout = '{QUERY_MAX}'; create table {MARKER} (id int primary key)"))
            .await?;
        run(&client, &file.tables).await?;
        fill(&client, &file.rows).await?;
        let mut left_out = LeftOut { rejected: oracle::create_views(&client, &file.views).await, refused: Vec::new() };
        let mut names = tables_read(&file.views, &mut left_out);
        let mut source = PostgresSource::new(config.clone()).map_err(described)?;
        if names.is_empty() {
            names.push(table_name("public", MARKER));
        }
        let tables = source.tables(&names).await.map_err(described)?;
        let identity = source.identity().await.map_err(described)?;
        let mut views = plan(&tables, &file.views, (&identity, &mut left_out));
        for view in &views {
            oracle::check_columns(&client, &view.name, &view.columns).await?;
        }
        names.push(table_name("public", MARKER));
        names.dedup();
        let mut running = Running::start(source, names);
        let recorded = record(file, (&client, &mut left_out), &mut running).await;
        running.stop().await?;
        prepare::drop(&config).await.map_err(described)?;
        let (copied, copied_at, boundaries) = recorded?;
        views.retain(|view| !left_out.has(&view.name));
        Ok((Self { name: file.name.clone(), tables, views, copied, copied_at, boundaries }, left_out))
    }
}

/// Copies rows into tables.
async fn fill(client: &Client, rows: &[(String, String)]) -> Result<(), String> {
    for (table, text) in rows {
        let described = |error: tokio_postgres::Error| format!("copy {table}: {}", oracle::reason(&error));
        let sink = client.copy_in(&format!("copy {table} from stdin with (delimiter '|')")).await.map_err(described)?;
        let mut sink = std::pin::pin!(sink);
        sink.send(bytes::Bytes::from(text.clone())).await.map_err(described)?;
        sink.finish().await.map_err(described)?;
    }
    Ok(())
}

type Recorded = (Vec<(Arc<TableSchema>, Vec<Row>)>, Position, Vec<Boundary>);

async fn record(
    file: &ViewFile,
    (client, left_out): (&Client, &mut LeftOut),
    running: &mut Running,
) -> Result<Recorded, String> {
    let (copied, copied_at) = running.copied().await?;
    let mut asked = file.views.clone();
    let mut boundaries = vec![Boundary { transactions: Vec::new(), answers: ask(client, &mut asked, left_out).await }];
    let mut ends = Vec::new();
    for (index, transaction) in file.transactions.iter().enumerate() {
        run(client, transaction).await.map_err(|error| format!("transaction {}: {error}", index + 1))?;
        ends.push(position(client).await?);
        boundaries.push(Boundary { transactions: Vec::new(), answers: ask(client, &mut asked, left_out).await });
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

/// Answers of the views that still work.
async fn ask(client: &Client, views: &mut Vec<ViewText>, left_out: &mut LeftOut) -> Answers {
    views.retain(|view| !left_out.has(&view.name));
    let (answers, failed) = oracle::answers(client, views).await;
    for (view, error) in failed {
        left_out.rejected.push((view, error));
        leave_out_readers(views, left_out);
    }
    answers
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

/// Names that a view reads, if its text can be read.
fn read_by(view: &ViewText) -> Result<Vec<sql::UnresolvedName>, String> {
    sql::tables_read(&view.sql).map_err(|error| error.to_string())
}

fn is_view(name: &sql::UnresolvedName, views: &[ViewText]) -> bool {
    name.schema.is_none() && views.iter().any(|view| view.name == name.table)
}

/// Leaves out the views that read what is left out.
fn leave_out_readers(views: &[ViewText], left_out: &mut LeftOut) {
    for view in views {
        let lost = |name: &sql::UnresolvedName| is_view(name, views) && left_out.has(&name.table);
        if !left_out.has(&view.name) && read_by(view).is_ok_and(|names| names.iter().any(lost)) {
            left_out.rejected.push((view.name.clone(), "reads a view that is left out".into()));
        }
    }
}

fn tables_read(views: &[ViewText], left_out: &mut LeftOut) -> Vec<TableName> {
    let mut names = BTreeSet::new();
    leave_out_readers(views, left_out);
    for view in views {
        if left_out.has(&view.name) {
            continue;
        }
        match read_by(view) {
            Err(error) => left_out.refused.push((view.name.clone(), error)),
            Ok(read) => {
                let tables = read.iter().filter(|name| !is_view(name, views));
                names.extend(tables.map(|name| table_name(name.schema.as_deref().unwrap_or("public"), &name.table)));
            }
        }
    }
    leave_out_readers(views, left_out);
    names.into_iter().collect()
}

/// Plans the views that are not left out, without those that are refused.
fn plan(
    tables: &[Arc<TableSchema>],
    views: &[ViewText],
    (identity, left_out): (&SourceIdentity, &mut LeftOut),
) -> Vec<ViewPlan> {
    let icu = identity.collation.strip_prefix("icu:").map(|locale| (SOURCE, locale.into()));
    let catalog = SqlCatalog {
        tables: tables.to_vec(),
        collation_is_c: [(SOURCE, icu.is_none())].into(),
        ascii_case: [(SOURCE, identity.ascii_case)].into(),
        icu: icu.into_iter().collect(),
        ..SqlCatalog::default()
    };
    loop {
        leave_out_readers(views, left_out);
        let wanted: Vec<ViewText> = views.iter().filter(|view| !left_out.has(&view.name)).cloned().collect();
        let errors = match sql::plan_views(&catalog, &wanted) {
            Ok(plans) => return plans,
            Err(errors) => errors,
        };
        assert!(!errors.is_empty(), "a refusal has a reason");
        for error in errors.into_iter().filter(|error| wanted.iter().any(|view| view.name == error.view)) {
            let text = match &error.hint {
                Some(hint) => format!("{error} (hint: {hint})"),
                None => error.to_string(),
            };
            if !left_out.has(&error.view) {
                left_out.refused.push((error.view.clone(), text));
            }
        }
    }
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
        let task = tokio::spawn(Box::new(source).run(ResumePoint::FirstCopy { tables, foreign: false }, out, watch));
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
        let (mut begun_at, mut left) = (None, usize::MAX);
        while left > 0 {
            match self.next().await? {
                SourceMessage::CopyBegins { position, marks } => (begun_at, left) = (Some(position), marks.len()),
                SourceMessage::CopyRows { table, rows } if table.name.table != MARKER => copied.push((table, rows)),
                SourceMessage::CopyEnds { incomplete, .. } => {
                    left -= 1;
                    incomplete.send(Vec::new()).await.map_err(|_| "the copy did not wait for an answer")?;
                }
                // Nothing but the copy happens.
                SourceMessage::CopyRows { .. } | SourceMessage::CopyMark { .. } | SourceMessage::CopyAgain { .. } => {}
                SourceMessage::Progress { .. } | SourceMessage::Note(_) => {}
                other => return Err(format!("during the copy came {other:?}")),
            }
        }
        Ok((copied, begun_at.ok_or("no copy began")?))
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
