//! The command line, declared once.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::failure::Failure;

/// Keeps SQL views of a database up to date as Redis keys, search indexes and HTTP answers.
#[derive(Parser)]
#[command(name = "tailwater", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Which configuration.
#[derive(Args, Clone)]
pub(super) struct ConfigPath {
    /// Configuration file.
    #[arg(long, short, global = true, default_value = "./tailwater.toml", env = "TAILWATER_CONFIG")]
    pub(super) config: PathBuf,
}

/// How to reach a running daemon.
#[derive(Args, Clone)]
pub(super) struct DaemonAddress {
    #[command(flatten)]
    pub(super) config: ConfigPath,
    /// Address of the daemon's HTTP API; default: the configuration's.
    #[arg(long)]
    pub(super) http: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Looks at a database and writes a starter configuration.
    Init(super::init::Init),
    /// Connects everywhere, changes nothing, prints what is wrong and how to mend it.
    Check(super::check::Check),
    /// Runs the daemon in the foreground until SIGINT or SIGTERM.
    Run(super::run::Run),
    /// Prints what the configuration file as it is now would change in the running daemon.
    Plan(super::plan::Plan),
    /// Lets the running daemon take up the configuration file as it is now, without a stop.
    Apply(super::apply::Apply),
    /// Makes a source, a view or a sink of the running daemon again, while what was before is served.
    Rebuild(super::rebuild::Rebuild),
    /// Shows sources, views and sinks of the running daemon.
    Status(super::status::Status),
    /// Prints rows of a view, from the running daemon.
    Query(super::query::Query),
    /// Prints how views are kept, what state each operator holds and how it grows.
    Explain(super::explain::Explain),
    /// Compares views with the source's own answer at one position, and what sinks hold with their views.
    Verify(super::verify::Verify),
    /// Makes or removes what a source needs in its database.
    #[command(subcommand)]
    Source(super::source::SourceCommand),
    /// Shows Tailwater at work on a private database with real data.
    Demo(super::demo::Demo),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Init(init) => block_on(init.run()),
        Command::Check(check) => block_on(check.run()),
        Command::Run(run) => block_on(run.run()),
        Command::Plan(plan) => plan.run(),
        Command::Apply(apply) => apply.run(),
        Command::Rebuild(rebuild) => rebuild.run(),
        Command::Status(status) => status.run(),
        Command::Query(query) => query.run(),
        Command::Explain(explain) => block_on(explain.run()),
        Command::Verify(verify) => verify.run(),
        Command::Source(source) => block_on(source.run()),
        Command::Demo(demo) => demo.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Runtime::new()?.block_on(work)
}
