//! End-to-end benchmark: physical limits and Tailwater's figures in one run, as ratios. See bench/README.md.

mod copy;
mod daemon;
mod kafka;
#[path = "../connectors/tests/support/kafka_broker.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
mod kafka_broker;
mod latency;
mod limits;
mod load;
#[path = "../connectors/tests/support/mysql_server.rs"]
#[allow(dead_code, reason = "other programs include it, too")]
mod mysql_server;
mod report;
mod sources;
mod sql;

use std::error::Error;

use report::Report;
use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis};
use tailwater_connectors::{Lsn, Position};

/// The daemon's own, for the part that runs the engine in this process.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Any failure ends the run.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Sizes of a run.
pub(crate) struct Sizes {
    /// Rows of the large table.
    pub(crate) rows: u64,
    /// Row changes of a backlog.
    pub(crate) changes: u64,
    /// Seconds of each latency measurement.
    pub(crate) seconds: u64,
}

fn sizes() -> Sizes {
    let number = |name: &str, default: u64| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    Sizes { rows: number("--rows", 200_000), changes: number("--changes", 300_000), seconds: number("--seconds", 10) }
}

fn main() -> Outcome<()> {
    let sizes = sizes();
    let as_json = std::env::args().any(|argument| argument == "--json");
    if std::env::args().nth(1).is_some_and(|argument| argument == "sql") {
        let only = std::env::args().skip_while(|argument| argument != "--only").nth(1).unwrap_or_default();
        return sql::run(&only, (sizes.rows, sizes.changes), as_json);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if std::env::args().nth(1).is_some_and(|argument| argument == "sources") {
        return sources::run(&runtime, &sizes, as_json);
    }
    let database = PrivatePostgres::start(&["synchronous_commit=on", "max_wal_size=8GB", "shared_buffers=512MB"])?;
    let redis = PrivateRedis::start()?;
    if std::env::args().nth(1).is_some_and(|argument| argument == "copy") {
        let only = std::env::args().skip_while(|argument| argument != "--only").nth(1).unwrap_or_default();
        return copy::run((&runtime, &database, &redis), &sizes, &only);
    }
    let mut report = Report::default();
    load::tables(&runtime, &database, &sizes)?;
    report.limit("COPY binary to /dev/null", "rows/s", limits::copy(&database, sizes.rows)?);
    report.limit("redis-benchmark SET, 100 pipelined", "requests/s", limits::redis_set(&redis)?);
    for scenario in load::SCENARIOS {
        eprintln!("scenario: {} ...", scenario.name);
        let mut bench = daemon::Bench::new(&database, &redis, scenario)?;
        report.first_copy(scenario.name, bench.first_copy(load::copied_rows(scenario, &sizes))?);
        bench.stop()?;
        limits::make_slot(&runtime, &database)?;
        let end = load::backlog(&runtime, &database, &sizes)?;
        let limit = limits::recvlogical(&database, &end, sizes.changes)?;
        let drained = bench.drain(&Position::Lsn(end.parse::<Lsn>()?), sizes.changes)?;
        report.drain(scenario.name, limit, drained);
        if scenario.name == load::LATENCY_SCENARIO {
            for rate in [1_000, 5_000] {
                report.latency(rate, latency::measure(&runtime, (&database, &redis), rate, sizes.seconds)?);
            }
            report.idle(bench.idle_cpu()?);
        }
        report.memory(scenario.name, bench.peak_memory()?);
        bench.stop()?;
        load::clean_up(&runtime, &database, &redis)?;
    }
    report.print(as_json);
    Ok(())
}
