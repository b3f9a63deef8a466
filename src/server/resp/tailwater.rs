//! TAILWATER: positions, for clients that must read their own writes.
//!
//! * `TAILWATER POSITION`: the position that reads of this command's turn are of.
//! * `TAILWATER WAIT position timeout-ms`: waits until that position is reached; the answer is the position reached, or an error with
//!   code `TIMEOUT`. Reads that follow on this or any other connection see everything up to the position.

use std::time::Duration;

use tailwater_connectors::Positions;

use super::super::reads::{Reads, WAIT_MAX, WaitError};
use super::arguments::Arguments;
use super::handshake::unknown_subcommand;
use super::reply::Reply;
use super::request::number;
use super::session::{Moment, Outcome, Refusal, Session};

/// A position to wait for.
pub(super) struct PositionWait {
    positions: Positions,
    within: Duration,
}

/// How a wait ended.
pub(super) struct WaitAnswer(Result<Positions, WaitError>);

impl PositionWait {
    /// Waits.
    pub(super) async fn run(self, reads: &Reads) -> WaitAnswer {
        WaitAnswer(reads.reach(&self.positions, self.within).await)
    }
}

impl WaitAnswer {
    /// Writes the answer.
    pub(super) fn write(&self, reply: &mut Reply<'_>) {
        match &self.0 {
            Ok(reached) => reply.bulk(reached.to_string().as_bytes()),
            Err(WaitError::TimedOut { reached }) => reply.error(&format!("TIMEOUT reached {reached}")),
            Err(error) => reply.error(&format!("ERR {error}")),
        }
    }
}

impl Session {
    /// TAILWATER POSITION | TAILWATER WAIT position timeout-ms
    pub(super) fn tailwater(
        &mut self,
        moment: Moment<'_>,
        arguments: Arguments<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<Outcome, Refusal> {
        if arguments.is(1, "position") && arguments.len() == 2 {
            reply.bulk(moment.reader.checkpoint()?.positions.to_string().as_bytes());
            return Ok(Outcome::Next);
        }
        if arguments.is(1, "wait") && arguments.len() == 4 {
            let text = String::from_utf8_lossy(arguments.get(2));
            let positions = Positions::parse(&text, &moment.generation.projections.sources);
            let positions = positions.map_err(|error| Refusal(format!("ERR {error}")))?;
            let milliseconds = number(arguments.get(3)).and_then(|number| u64::try_from(number).ok());
            let within = milliseconds.map(Duration::from_millis).filter(|within| *within <= WAIT_MAX);
            let within = within.ok_or_else(|| {
                Refusal(format!("ERR timeout must be milliseconds from 0 to {}", WAIT_MAX.as_millis()))
            })?;
            return Ok(Outcome::Wait(PositionWait { positions, within }));
        }
        let known = arguments.is(1, "position") || arguments.is(1, "wait");
        let word = String::from_utf8_lossy(arguments.get(1)).to_ascii_lowercase();
        Err(if known {
            Refusal(format!("ERR wrong number of arguments for 'tailwater|{word}' command"))
        } else {
            unknown_subcommand("TAILWATER", arguments)
        })
    }
}
