//! `script/bench sql`: the engine alone, on one thread, over durable state: rows per second by class of operators, and what a
//! change costs as the table grows. Transactions of 20 updates go straight into the engine; no server takes part.

mod data;
mod views;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tailwater::engine::{Engine, EngineCatalog};
use tailwater::sql::{self, SqlCatalog, ViewText};
use tailwater::state::State;
use tailwater_connectors::{Lsn, Position, Transaction};

use crate::Outcome;
use data::{SOURCE, Table};
use views::{Scenario, Traffic};

const MEMORY_BYTES: usize = 256 << 20;
/// Rows of a chunk of the first copy.
const CHUNK_ROWS: u64 = 10_000;
/// Rows that a transaction changes.
const TRANSACTION_ROWS: u64 = 20;
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

/// Runs all whose names contain `only`; `rows` is the size of the table, `changes` the number of changed rows.
pub(crate) fn run(only: &str, (rows, changes): (u64, u64), as_json: bool) -> Outcome<()> {
    let mut figures = Vec::new();
    for scenario in views::SCENARIOS.iter().filter(|scenario| scenario.name.contains(only)) {
        eprintln!("{} ...", scenario.name);
        figures.push(measured(scenario, rows, changes)?);
    }
    for scenario in views::GROWING.iter().filter(|scenario| scenario.name.contains(only)) {
        for rows in [10_000, 100_000, 1_000_000] {
            eprintln!("{}, {rows} rows ...", scenario.name);
            figures.push(measured(scenario, rows, changes / 4)?);
        }
    }
    print(&figures, as_json);
    Ok(())
}

fn measured(scenario: &Scenario, rows: u64, changes: u64) -> Outcome<Figures> {
    let directory = tempfile::tempdir()?;
    let tables = data::tables(rows);
    let schemas: Vec<_> = tables.iter().map(|table| Arc::clone(&table.schema)).collect();
    let catalog = SqlCatalog {
        tables: schemas.clone(),
        collation_is_c: [(SOURCE, true)].into(),
        ascii_case: [(SOURCE, true)].into(),
        ..SqlCatalog::default()
    };
    let key = scenario.key.map(|key| key.split(", ").map(str::to_owned).collect());
    let text = ViewText { name: "bench".into(), sql: scenario.sql.into(), key, ..ViewText::default() };
    let views = sql::plan_views(&catalog, &[text]).map_err(|errors| errors[0].to_string())?;
    let state = State::open(directory.path(), MEMORY_BYTES)?;
    let mut engine = Engine::open(state, EngineCatalog { tables: schemas, views, ..EngineCatalog::default() })?;
    let mut copied = 0;
    for table in &tables {
        copied += table.rows;
        load(&mut engine, table)?;
    }
    engine.load_done(&SOURCE, &Position::Lsn(Lsn(1)))?;
    let started = Instant::now();
    engine.fill(&mut |_, _| ControlFlow::Continue(()))?;
    let filled = copied as f64 / started.elapsed().as_secs_f64();
    let (changed, spent) = follow(&mut engine, (&tables[0], scenario.traffic), changes)?;
    Ok(Figures { name: scenario.name.into(), rows, filled, changed, spent })
}

fn load(engine: &mut Engine, table: &Table) -> Outcome<()> {
    let mut first = 0;
    while first < table.rows {
        let end = (first + CHUNK_ROWS).min(table.rows);
        let rows: Vec<_> = (first..end).map(|number| table.row(number, 0)).collect();
        engine.load(&table.schema, &rows)?;
        first = end;
    }
    Ok(())
}

/// Changed rows per second, and processor time per changed row.
fn follow(engine: &mut Engine, (table, traffic): (&Table, Traffic), changes: u64) -> Outcome<(f64, Duration)> {
    let transaction = |number: u64| Transaction {
        position: Position::Lsn(Lsn(number + 2)),
        committed_at: 0,
        changes: (0..TRANSACTION_ROWS).map(|row| table.change(traffic, number * TRANSACTION_ROWS + row)).collect(),
    };
    let transactions: Vec<Transaction> = (0..changes.div_ceil(TRANSACTION_ROWS)).map(transaction).collect();
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
