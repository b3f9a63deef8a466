//! Physical limits: what the database can send and what the sink can take, without us.

use std::process::{Command, Stdio};
use std::time::Instant;

use tailwater::cli::demo::servers::{PrivatePostgres, PrivateRedis};
use tokio::runtime::Runtime;

use crate::{Outcome, load};

/// Seconds that a program takes.
pub(crate) fn timed(command: &mut Command) -> Outcome<f64> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(started.elapsed().as_secs_f64())
}

fn program(database: &PrivatePostgres, name: &str) -> Command {
    let mut command = Command::new(database.binaries().join(name));
    command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &database.port().to_string(), "-d", "postgres"]);
    command
}

/// Rows per second that binary COPY of the large table sends; the best of three.
pub(crate) fn copy(database: &PrivatePostgres, rows: u64) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        best = best.min(timed(program(database, "psql").args(["-c", "copy orders to stdout (format binary)"]))?);
    }
    Ok(rows as f64 / best)
}

/// Pipelined SETs per second.
pub(crate) fn redis_set(redis: &PrivateRedis) -> Outcome<f64> {
    let mut command = Command::new("redis-benchmark");
    command.args([
        "-p",
        &redis.port().to_string(),
        "-t",
        "set",
        "-P",
        "100",
        "-n",
        "1000000",
        "-d",
        "150",
        "-r",
        "200000",
    ]);
    let output = command.args(["--csv"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with("\"SET\"")).ok_or("redis-benchmark said nothing of SET")?;
    let field = line.split(',').nth(1).ok_or("redis-benchmark's line has no rate")?;
    Ok(field.trim_matches('"').parse()?)
}

/// A slot that sees the same backlog as the daemon's.
pub(crate) fn make_slot(runtime: &Runtime, database: &PrivatePostgres) -> Outcome<()> {
    let client = load::connect(runtime, database)?;
    let sql = "select pg_create_logical_replication_slot('bench_limit', 'pgoutput')";
    Ok(runtime.block_on(client.batch_execute(sql))?)
}

/// Row changes per second that `pg_recvlogical` drains to /dev/null.
pub(crate) fn recvlogical(database: &PrivatePostgres, end: &str, changes: u64) -> Outcome<f64> {
    let mut command = program(database, "pg_recvlogical");
    command.args(["--slot", "bench_limit", "--start", "--file", "/dev/null", "--no-loop", "--endpos", end]);
    command.args(["-o", "proto_version=1", "-o", "publication_names=bench"]);
    Ok(changes as f64 / timed(&mut command)?)
}
