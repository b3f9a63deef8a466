//! `tailwater status`.

use std::io::{Read, Write};

use clap::Args;

use super::arguments::DaemonAddress;
use super::failure::Failure;
use super::following;
use super::remote::Remote;
use super::verify;
use crate::pipeline::status::{Condition, CopyStatus, SourceStatus, Status as Board};

/// Shows sources, views and sinks. Exits with 1 when something failed.
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    daemon: DaemonAddress,
    /// JSON as the API gives it.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (board, text) = board(&Remote::new(self.daemon)?)?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{text}")?;
        } else {
            print(&board, &mut out)?;
        }
        match failed(&board).as_slice() {
            [] => Ok(()),
            names => Err(Failure::failed(format!("failed: {}", names.join(", ")))),
        }
    }
}

/// The daemon's board, and its text.
pub(super) fn board(remote: &Remote) -> Result<(Board, String), Failure> {
    let mut text = String::new();
    remote.get("/v1/status", "application/json")?.body.read_to_string(&mut text)?;
    let board = serde_json::from_str(&text);
    let board = board.map_err(|error| Failure::failed(format!("the daemon's answer is not a status: {error}")))?;
    Ok((board, text))
}

fn failed(board: &Board) -> Vec<String> {
    let sources = board.sources.iter().map(|(name, source)| (format!("source {name}"), source.condition));
    let views = board.views.iter().map(|(name, view)| (format!("view {name}"), view.condition));
    let sinks = board.sinks.iter().map(|(name, sink)| (format!("sink {name}"), sink.condition));
    let all = sources.chain(views).chain(sinks);
    all.filter(|(_, condition)| *condition == Condition::Failed).map(|(name, _)| name).collect()
}

/// How far a copy has come.
fn copying(copy: &CopyStatus) -> String {
    const MIB: f64 = (1 << 20) as f64;
    let left = copy.seconds_left.map(|seconds| format!(", about {seconds} s left")).unwrap_or_default();
    format!(
        "copying {} tables: {} rows, {:.1} of {:.1} MiB{left}",
        copy.tables_left,
        copy.rows,
        copy.done_bytes as f64 / MIB,
        copy.total_bytes as f64 / MIB
    )
}

fn print(board: &Board, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "tailwater {}  step {}  applied {}  durable {}",
        board.version, board.step, board.applied, board.durable
    )?;
    if board.state.condition != Condition::Live {
        writeln!(out, "state  {:<24} {}", "", board.state.condition.word())?;
        trouble(out, board.state.error.as_deref(), board.state.hint.as_deref())?;
    }
    for (name, source) in &board.sources {
        let lag = source.last_lag_ms.map(|lag| format!("  last lag {lag:.1} ms")).unwrap_or_default();
        let counts = match &source.copy {
            Some(copy) => copying(copy),
            None => format!("{} transactions, {} changes", source.transactions, source.changes),
        };
        writeln!(out, "source {name:<24} {:<9} {counts}{lag}", source.condition.word())?;
        trouble(out, source.error.as_deref(), source.hint.as_deref())?;
        open_transactions(source, out)?;
        slot(source, out)?;
    }
    for (name, view) in &board.views {
        let errors = match view.row_errors {
            0 => String::new(),
            number => format!(", row_errors: {number}"),
        };
        // Of a single source it is what the first line says.
        let place = match view.positions.0.len() {
            0 | 1 => String::new(),
            _ => format!(", at {}", view.positions),
        };
        writeln!(out, "view   {name:<24} {:<9} {} row changes{errors}{place}", view.condition.word(), view.changes)?;
        trouble(out, view.error.as_deref(), view.hint.as_deref())?;
    }
    for (name, sink) in &board.sinks {
        let behind = sink.steps_behind;
        let line =
            format!("view {}, at {}, {behind} steps behind, {} rows written", sink.view, sink.positions, sink.changes);
        writeln!(out, "sink   {name:<24} {:<9} {line}", sink.condition.word())?;
        trouble(out, sink.error.as_deref(), sink.hint.as_deref())?;
    }
    applied(board, out)?;
    verified(board, out)
}

fn applied(board: &Board, out: &mut impl Write) -> std::io::Result<()> {
    let Some(line) = following::line(&board.apply) else { return Ok(()) };
    let begun = board.apply.since.as_ref().map(|since| format!(", begun {since}")).unwrap_or_default();
    writeln!(out, "apply  {line}{begun}")?;
    trouble(out, board.apply.error.as_deref(), board.apply.hint.as_deref())
}

fn verified(board: &Board, out: &mut impl Write) -> std::io::Result<()> {
    for outcome in &board.verify.outcomes {
        writeln!(out, "verify {} at {}", verify::line(outcome), outcome.finished_at)?;
    }
    match board.verify.running {
        true => writeln!(out, "verify running"),
        false => Ok(()),
    }
}

fn open_transactions(source: &SourceStatus, out: &mut impl Write) -> std::io::Result<()> {
    let held = source.open_transactions;
    if held.open == 0 && !held.reading_back {
        return Ok(());
    }
    let reading_back = if held.reading_back { ", one that has committed is read back" } else { "" };
    let (memory, disk) = (size(held.memory_bytes), size(held.disk_bytes));
    writeln!(out, "       open transactions {}, {memory} in memory, {disk} on disk{reading_back}", held.open)
}

fn slot(source: &SourceStatus, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(health) = &source.health {
        let left = health.log_left_bytes.map(|left| format!(", {} until it may remove it", size(left)));
        let left = left.or_else(|| Some(format!(", for {} s at least", health.log_left_seconds?)));
        let (kept, unconfirmed) = (size(health.log_kept_bytes), size(health.unconfirmed_bytes));
        writeln!(out, "       log kept by the server {kept}, {unconfirmed} unconfirmed{}", left.unwrap_or_default())?;
        if let Some(reason) = &health.no_heartbeat {
            writeln!(out, "       no heartbeat: {reason}")?;
        }
    }
    source.warning.as_ref().map_or(Ok(()), |warning| writeln!(out, "       warning: {warning}"))
}

fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn trouble(out: &mut impl Write, error: Option<&str>, hint: Option<&str>) -> std::io::Result<()> {
    error.map_or(Ok(()), |error| writeln!(out, "       error: {error}"))?;
    hint.map_or(Ok(()), |hint| writeln!(out, "       hint: {hint}"))
}
