//! `script/bench sql`: the engine alone, on one thread, over durable state: rows per second by class of operators, and what a
//! change costs as the table grows, and the queries of Nexmark. Transactions of 20 changes go straight into the engine; no server takes part.

mod data;
mod nexmark;
mod views;

use std::ops::ControlFlow;
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tailwater::engine::{Engine, EngineCatalog};
use tailwater::sql::{self, SqlCatalog, ViewText};
use tailwater::state::State;
use tailwater_connectors::{Change, Lsn, Position, Row, TableSchema, Transaction};

use crate::Outcome;
use data::{SOURCE, Table};
use nexmark::Events;
use views::Scenario;

const MEMORY_BYTES: usize = 256 << 20;
/// Rows of a chunk of the first copy.
const CHUNK_ROWS: u64 = 10_000;
/// Rows that a transaction changes.
const TRANSACTION_ROWS: usize = 20;
/// Transactions of a step.
const STEP_TRANSACTIONS: usize = 50;

/// Figures of one view.
struct Figures {
    name: String,
    rows: u64,
    /// Rows per second of the fill.
    filled: f64,
    /// Changed rows per second.
    changed: f64,
    /// Processor time of this thread per changed row.
    spent: Duration,
}

/// One view, the rows of its tables when it is filled, and what happens afterwards.
struct Workload {
    name: String,
    view: ViewText,
    tables: Vec<Filled>,
    transactions: Vec<Transaction>,
}

/// A table and its rows, by number.
struct Filled {
    schema: Arc<TableSchema>,
    rows: u64,
    row: Box<dyn Fn(u64) -> Row>,
}

/// Runs all whose names contain `only`; `rows` is the size of the table, `changes` the number of changed rows.
pub(crate) fn run(only: &str, (rows, changes): (u64, u64), as_json: bool) -> Outcome<()> {
    let mut figures = Vec::new();
    let chosen = |name: &str| name.contains(only);
    for scenario in views::SCENARIOS.iter().filter(|scenario| chosen(scenario.name)) {
        figures.push(measured(&made_up(scenario, rows, changes))?);
    }
    for scenario in views::GROWING.iter().filter(|scenario| chosen(scenario.name)) {
        for rows in [10_000, 100_000, 1_000_000] {
            figures.push(measured(&made_up(scenario, rows, changes / 4))?);
        }
    }
    let queries: Vec<_> = nexmark::queries()?.into_iter().filter(|query| chosen(&query.name)).collect();
    if !queries.is_empty() {
        let events = Events::draw(rows, changes);
        for query in queries {
            figures.push(measured(&events.workload(query))?);
        }
    }
    print(&figures, as_json);
    Ok(())
}

fn made_up(scenario: &Scenario, rows: u64, changes: u64) -> Workload {
    let key = scenario.key.map(|key| key.split(", ").map(str::to_owned).collect());
    let view = ViewText { name: "bench".into(), sql: scenario.sql.into(), key, ..ViewText::default() };
    let tables = data::tables(rows);
    let changes: Vec<Change> = (0..changes).map(|number| tables[0].change(scenario.traffic, number)).collect();
    let filled = |table: Table| Filled {
        schema: Arc::clone(&table.schema),
        rows: table.rows,
        row: Box::new(move |number| table.row(number, 0)),
    };
    let tables = tables.into_iter().map(filled).collect();
    Workload { name: scenario.name.into(), view, tables, transactions: transactions(&changes) }
}

fn transactions(changes: &[Change]) -> Vec<Transaction> {
    let transaction = |(number, changes): (usize, &[Change])| Transaction {
        position: Position::Lsn(Lsn(number as u64 + 2)),
        committed_at: 0,
        changes: changes.to_vec(),
    };
    changes.chunks(TRANSACTION_ROWS).enumerate().map(transaction).collect()
}

fn measured(workload: &Workload) -> Outcome<Figures> {
    let Workload { name, view, tables, transactions } = workload;
    let rows = tables.iter().map(|table| table.rows).max().unwrap_or(0);
    eprintln!("{name}, {rows} rows ...");
    let directory = tempfile::tempdir()?;
    let mut engine = opened(directory.path(), view, tables)?;
    for table in tables {
        load(&mut engine, table)?;
    }
    engine.load_done(&SOURCE, &Position::Lsn(Lsn(1)))?;
    let started = Instant::now();
    engine.fill(&mut |_, _| ControlFlow::Continue(()))?;
    let copied: u64 = tables.iter().map(|table| table.rows).sum();
    let filled = copied as f64 / started.elapsed().as_secs_f64();
    let (changed, spent) = follow(&mut engine, transactions)?;
    Ok(Figures { name: name.clone(), rows, filled, changed, spent })
}

fn opened(directory: &Path, view: &ViewText, tables: &[Filled]) -> Outcome<Engine> {
    let schemas: Vec<_> = tables.iter().map(|table| Arc::clone(&table.schema)).collect();
    let catalog = SqlCatalog {
        tables: schemas.clone(),
        collation_is_c: [(SOURCE, true)].into(),
        ascii_case: [(SOURCE, true)].into(),
        ..SqlCatalog::default()
    };
    let views = sql::plan_views(&catalog, slice::from_ref(view)).map_err(|errors| errors[0].to_string())?;
    let state = State::open(directory, MEMORY_BYTES)?;
    Ok(Engine::open(state, EngineCatalog { tables: schemas, views, ..EngineCatalog::default() })?)
}

fn load(engine: &mut Engine, table: &Filled) -> Outcome<()> {
    let mut first = 0;
    while first < table.rows {
        let end = (first + CHUNK_ROWS).min(table.rows);
        let rows: Vec<_> = (first..end).map(&table.row).collect();
        engine.load(&table.schema, &rows)?;
        first = end;
    }
    Ok(())
}

/// Changed rows per second, and processor time per changed row.
fn follow(engine: &mut Engine, transactions: &[Transaction]) -> Outcome<(f64, Duration)> {
    let changes: usize = transactions.iter().map(|transaction| transaction.changes.len()).sum();
    let (started, used) = (Instant::now(), thread_time()?);
    for step in transactions.chunks(STEP_TRANSACTIONS) {
        if let Some((_, error)) = engine.step(&SOURCE, step)?.failed.into_iter().next() {
            return Err(error.into());
        }
    }
    let spent = (thread_time()? - used) / u32::try_from(changes)?;
    Ok((changes as f64 / started.elapsed().as_secs_f64(), spent))
}

/// Processor time of this thread so far: what counts on a busy machine.
fn thread_time() -> Outcome<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().ok_or("an empty schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

#[expect(clippy::print_stdout, reason = "the report is what this part is for")]
fn print(figures: &[Figures], as_json: bool) {
    if as_json {
        let lines = figures.iter().map(|figure| {
            let spent = figure.spent.as_secs_f64() * 1e6;
            json!({"name": figure.name, "rows": figure.rows, "filled": figure.filled, "changed": figure.changed, "spent": spent})
        });
        println!("{}", Json::from_iter(lines));
        return;
    }
    println!("{:<48} {:>9} {:>13} {:>11} {:>11} {:>7}", "", "rows", "fill, rows/s", "changes/s", "us/change", "of CPU");
    for Figures { name, rows, filled, changed, spent } in figures {
        let spent = spent.as_secs_f64() * 1e6;
        println!("{name:<48} {rows:>9} {filled:>13.0} {changed:>11.0} {:>11.1} {spent:>7.1}", 1e6 / changed);
    }
}
