//! `tailwater check`.

use std::io::Write;

use clap::Args;

use super::arguments::ConfigPath;
use super::failure::Failure;
use crate::config;
use crate::pipeline;

/// Connects everywhere and prints what is wrong. Exits with 1 when a start would fail.
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigPath,
    /// One JSON object per finding.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = config::load(&self.config.config)?;
        let found = pipeline::check(&config).await;
        let mut out = std::io::stdout().lock();
        for found in &found {
            if self.json {
                let object = serde_json::json!({
                    "subject": found.subject, "fatal": found.fatal, "message": found.message, "fix": found.fix,
                });
                writeln!(out, "{object}")?;
                continue;
            }
            let word = if found.fatal { "error" } else { "warning" };
            writeln!(out, "{word}: {}: {}", found.subject, found.message)?;
            if let Some(fix) = &found.fix {
                writeln!(out, "  fix: {}", fix.replace('\n', "\n       "))?;
            }
        }
        match found.iter().filter(|found| found.fatal).count() {
            0 => {
                let (sources, views, sinks) = (config.sources.len(), config.views.len(), config.sinks.len());
                eprintln!("checked {sources} sources, {views} views, {sinks} sinks: ready to run");
                Ok(())
            }
            count => Err(Failure::failed(format!("{count} things must be mended before a start"))),
        }
    }
}

/// SQL to stdout, as it would be run.
pub(super) fn print_sql(statements: &[String]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for statement in statements {
        writeln!(out, "{};", statement.trim_end().trim_end_matches(';'))?;
    }
    Ok(())
}
