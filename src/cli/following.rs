//! Asks a running daemon for something that takes its time, and follows it to its end.

use std::io::{IsTerminal, Write, stderr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;

use super::arguments::DaemonAddress;
use super::failure::Failure;
use super::plan;
use super::remote::Remote;
use super::status::board;
use crate::pipeline::apply::{ApplyPhase, ApplyStatus};

/// How often the daemon is asked how far it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// An application that was accepted is on the board within this.
const BEGIN_MAX: Duration = Duration::from_secs(30);

/// Whom to ask, and how to tell of it.
#[derive(Args)]
pub(super) struct Following {
    #[command(flatten)]
    daemon: DaemonAddress,
    /// Prints the plan and returns; `tailwater status` shows how far it is.
    #[arg(long)]
    no_wait: bool,
    /// JSON lines: the plan, and at the end the status.
    #[arg(long)]
    json: bool,
}

impl Following {
    /// Posts to `path`. `not_done` begins the words for one that was begun and has failed.
    pub(super) fn run(self, path: &str, not_done: &str) -> Result<(), Failure> {
        let remote = Remote::new(self.daemon)?;
        let follow = Follow { before: board(&remote).map_err(plan::without_daemon)?.0.apply.since };
        let (planned, text) = plan::read(remote.post(path).map_err(plan::without_daemon)?)?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{text}")?
        } else {
            plan::print(&planned, &mut out)?
        }
        out.flush()?;
        if self.no_wait || planned.is_empty() {
            return Ok(());
        }
        let status = follow.to_its_end(&remote)?;
        if self.json {
            let line = serde_json::to_string(&status).map_err(|error| Failure::failed(error.to_string()))?;
            writeln!(out, "{line}")?;
        }
        if status.phase == ApplyPhase::Applied {
            return Ok(());
        }
        let reason = status.error.unwrap_or_else(|| "see the daemon's log".into());
        let failure = Failure::failed(format!("{not_done}: {reason}"));
        Err(match status.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        })
    }
}

/// What the board tells of the application that is followed.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing yet.
    NotBegun,
    Underway,
    Ended,
}

/// One application on the board.
struct Follow {
    /// When the one before it began.
    before: Option<String>,
}

impl Follow {
    fn see(&self, status: &ApplyStatus) -> Seen {
        match status.phase {
            ApplyPhase::Copying | ApplyPhase::Filling | ApplyPhase::CatchingUp => Seen::Underway,
            ApplyPhase::Applied | ApplyPhase::Failed if status.since != self.before => Seen::Ended,
            _ => Seen::NotBegun,
        }
    }

    /// Looks until it has ended, and shows how far it is.
    fn to_its_end(&self, remote: &Remote) -> Result<ApplyStatus, Failure> {
        let (mut progress, mut last_seen) = (Progress::new(), Instant::now());
        loop {
            let status = board(remote).map_err(plan::without_daemon)?.0.apply;
            let seen = self.see(&status);
            if seen != Seen::NotBegun {
                last_seen = Instant::now();
                progress.show(&status);
            }
            if seen == Seen::Ended {
                progress.end();
                return Ok(status);
            }
            if last_seen.elapsed() > BEGIN_MAX {
                return Err(Failure::failed("the daemon no longer tells of it").hint("see its log"));
            }
            sleep(LOOK_INTERVAL);
        }
    }
}

/// One line that is written over on a terminal; elsewhere a line for each new thing that is done.
struct Progress {
    terminal: bool,
    last: Option<(ApplyPhase, Option<String>)>,
}

impl Progress {
    fn new() -> Self {
        Self { terminal: stderr().is_terminal(), last: None }
    }

    fn show(&mut self, status: &ApplyStatus) {
        let Some(line) = line(status) else { return };
        let now = Some((status.phase, status.view.clone()));
        if self.terminal {
            eprint!("\r\x1b[K{line}");
        } else if self.last != now {
            eprintln!("{line}");
        }
        self.last = now;
    }

    fn end(&self) {
        if self.terminal {
            eprintln!();
        }
    }
}

/// How far it is, in words; `None` when there is nothing to say.
pub(super) fn line(status: &ApplyStatus) -> Option<String> {
    Some(match (status.phase, &status.view) {
        (ApplyPhase::None, _) => return None,
        (ApplyPhase::Copying, _) if status.rows > 0 => format!("copying tables: {} rows copied", status.rows),
        (ApplyPhase::Copying, _) => "copying tables".into(),
        (ApplyPhase::Filling, Some(view)) => format!("filling view \"{view}\": {} rows read", status.rows),
        (ApplyPhase::Filling, None) => "filling views".into(),
        (ApplyPhase::CatchingUp, _) => "catching up with the stream".into(),
        (ApplyPhase::Applied, _) => "done".into(),
        (ApplyPhase::Failed, _) => "failed".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_another_application_is_not_taken_for_this_one() {
        let status =
            |phase, since: Option<&str>| ApplyStatus { phase, since: since.map(Into::into), ..Default::default() };
        let first = Follow { before: None };
        assert_eq!(first.see(&status(ApplyPhase::None, None)), Seen::NotBegun);
        assert_eq!(first.see(&status(ApplyPhase::Filling, Some("10:00"))), Seen::Underway);
        assert_eq!(first.see(&status(ApplyPhase::Applied, Some("10:00"))), Seen::Ended);
        let second = Follow { before: Some("10:00".into()) };
        for phase in [ApplyPhase::Applied, ApplyPhase::Failed] {
            assert_eq!(second.see(&status(phase, Some("10:00"))), Seen::NotBegun);
            assert_eq!(second.see(&status(phase, Some("10:05"))), Seen::Ended);
        }
        assert_eq!(second.see(&status(ApplyPhase::CatchingUp, Some("10:05"))), Seen::Underway);
        // The daemon was started anew meanwhile.
        assert_eq!(second.see(&status(ApplyPhase::None, None)), Seen::NotBegun);
    }
}
