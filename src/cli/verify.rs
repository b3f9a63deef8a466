//! `tailwater verify`.

use std::io::{BufRead, BufReader, Write};

use clap::Args;
use serde_json::Value as Json;

use super::arguments::DaemonAddress;
use super::failure::Failure;
use super::remote::{Remote, encoded};
use crate::pipeline::verify::{Outcome, Verdict};

/// Compares while everything goes on; prints the keys that differ. Exits with 1 when something differed or could not be compared.
#[derive(Args)]
pub(super) struct Verify {
    /// Views and sinks; without any all of them.
    names: Vec<String>,
    /// Mends what differs: a sink is filled again from its view at once, a view at the daemon's next start.
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    daemon: DaemonAddress,
    /// JSON lines as the API gives them.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Failure> {
        let path = format!("/v1/verify?name={}&repair={}", encoded(&self.names.join(",")), self.repair);
        let answer = Remote::new(self.daemon)?.post(&path)?;
        let mut out = std::io::stdout().lock();
        let (mut bad, mut done) = (Vec::new(), false);
        for line in BufReader::new(answer.body).lines() {
            let line = line.map_err(|error| Failure::failed(format!("the verification was cut off: {error}")))?;
            if self.json {
                writeln!(out, "{line}")?;
            }
            let json: Json = serde_json::from_str(&line).map_err(|error| not_understood(&error))?;
            if json.get("done").is_some() {
                done = true;
                continue;
            }
            let outcome: Outcome = serde_json::from_value(json).map_err(|error| not_understood(&error))?;
            if !self.json {
                print(&outcome, &mut out)?;
            }
            if !outcome.verdict.is_good() {
                bad.push(format!("{} {} ({})", outcome.subject.word(), outcome.name, outcome.verdict.word()));
            }
        }
        match (done, bad.as_slice()) {
            (false, _) => Err(Failure::failed("the verification was cut off")),
            (true, []) => Ok(()),
            (true, bad) => Err(Failure::failed(format!("not as it should be: {}", bad.join(", ")))),
        }
    }
}

fn not_understood(error: &serde_json::Error) -> Failure {
    Failure::failed(format!("the daemon's answer is not understood: {error}"))
}

/// What was found in one line.
pub(super) fn line(outcome: &Outcome) -> String {
    let Outcome { subject, name, verdict, rows, differing, .. } = outcome;
    let mut line = format!("{:<5} {name:<24} {:<12} {rows} rows", subject.word(), verdict.word());
    if *differing > 0 {
        line.push_str(&format!(", {differing} keys differ"));
    }
    if outcome.rows_written_differently > 0 {
        line.push_str(&format!(", {} rows written differently", outcome.rows_written_differently));
    }
    if let Some(position) = &outcome.position {
        line.push_str(&format!(", position {position}"));
    }
    match (&outcome.message, verdict) {
        (Some(message), Verdict::Skipped | Verdict::NotCompared) => format!("{line}: {message}"),
        _ => line,
    }
}

fn print(outcome: &Outcome, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{}", line(outcome))?;
    for key in &outcome.keys {
        writeln!(out, "      {} {}", key.difference.word(), key.key)?;
    }
    let hidden = outcome.differing.saturating_sub(outcome.keys.len() as u64);
    if hidden > 0 {
        writeln!(out, "      and {hidden} more")?;
    }
    if let (Some(message), Verdict::Different | Verdict::Repaired) = (&outcome.message, outcome.verdict) {
        writeln!(out, "      {message}")?;
    }
    outcome.hint.as_ref().map_or(Ok(()), |hint| writeln!(out, "      hint: {hint}"))
}
