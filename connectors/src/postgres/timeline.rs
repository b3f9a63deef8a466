//! Which history of the server our state belongs to. Each promotion and each restore to a point in time begins a new timeline at a switch
//! point; what the old one had behind that point is lost, and positions behind it mean something else on the new one.
//!
//! Invariant: before anything of a timeline is handed over, its number is kept with the state ([`SourceMessage::Note`]). So the state's position is on the
//! timeline that was kept last, and it continues on the server's if that one's history leaves ours at this position or behind it. A standby that is promoted goes
//! on sending without a word: there the number is kept within [`LOOK_INTERVAL`], and whoever dies before that is told that the state cannot go on, although it could.
//! <https://www.postgresql.org/docs/current/protocol-replication.html> (`TIMELINE_HISTORY`)
//!
//! [`SourceMessage::Note`]: crate::source::SourceMessage::Note

use std::convert::Infallible;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::connection::{Connection, Purpose};
use super::conninfo::ConnInfo;
use super::replication::{self, SystemInfo, cell};
use super::server_error::{ConnectionError, Scene};
use super::standby;
use crate::position::Lsn;
use crate::source::{SourceError, SourceMessage, TransactionSender};

/// How often a standby is asked whether it still is one.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) timeline: u32,
}

impl Note {
    /// What was kept; `None` where it was not yet.
    pub(super) fn parse(text: &str, scene: &Scene) -> Result<Self, SourceError> {
        serde_json::from_str(text).map_err(|_| scene.protocol(format!("\"{text}\" is no note of a timeline")))
    }

    pub(super) fn print(self) -> String {
        format!("{{\"timeline\":{}}}", self.timeline)
    }
}

/// Looks at a standby until it is promoted.
pub(super) struct Promotion {
    pub(super) info: ConnInfo,
    pub(super) scene: Scene,
    pub(super) out: TransactionSender,
}

impl Promotion {
    /// Keeps the new timeline once there is one. Does not end.
    pub(super) async fn run(self) -> Infallible {
        loop {
            match self.wait().await {
                Ok(timeline) => {
                    // A closed channel is noticed by the stream.
                    let _ = self.out.send(SourceMessage::Note(Note { timeline }.print())).await;
                    tracing::info!(source = %self.scene.source_name, timeline, "the standby is the primary now");
                    std::future::pending::<()>().await;
                }
                // The stream notices a server that is gone, and starts again.
                Err(error) => tracing::debug!(source = %self.scene.source_name, %error, "cannot look at the standby"),
            }
            sleep(LOOK_INTERVAL).await;
        }
    }

    async fn wait(&self) -> Result<u32, ConnectionError> {
        let mut session = Connection::connect(&self.info, Purpose::Replication).await?;
        while standby::in_recovery(&mut session).await? {
            sleep(LOOK_INTERVAL).await;
        }
        // One that was there before does not know.
        let mut session = Connection::connect(&self.info, Purpose::Replication).await?;
        Ok(replication::identify_system(&mut session).await?.timeline)
    }
}

/// Whether the state at `durable` is part of what the server has.
pub(super) async fn check_resume(
    scene: &Scene,
    connection: &mut Connection,
    (system, kept, durable): (&SystemInfo, Note, Lsn),
) -> Result<(), SourceError> {
    if kept.timeline == system.timeline {
        return Ok(());
    }
    let history = match system.timeline {
        // The first one has no history.
        1 => String::new(),
        timeline => history(connection, timeline).await.map_err(|error| scene.error(error))?,
    };
    match verdict(&history, (kept.timeline, system.timeline), durable) {
        None => Ok(()),
        Some(reason) => Err(scene.cannot_resume(reason)),
    }
}

async fn history(connection: &mut Connection, timeline: u32) -> Result<String, ConnectionError> {
    let rows = connection.simple_query(&format!("TIMELINE_HISTORY {timeline}")).await?;
    let content = cell(&rows, 1);
    content.map(Into::into).ok_or_else(|| ConnectionError::Protocol("TIMELINE_HISTORY answered something else".into()))
}

/// Why not; lines are `timeline, switch point, reason`, separated by tabs.
fn verdict(history: &str, (kept, now): (u32, u32), durable: Lsn) -> Option<String> {
    let switch = history.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let timeline: u32 = fields.next()?.parse().ok()?;
        (timeline == kept).then_some(fields.next()?.parse::<Lsn>().ok()?)
    });
    match switch {
        Some(switch) if durable <= switch => None,
        Some(switch) => Some(format!(
            "the server was promoted or restored at {switch} (timeline {now} after {kept}), before our state: what was committed \
             behind that is lost there"
        )),
        None => {
            Some(format!("the server is on timeline {now}, which did not come out of timeline {kept} of our state"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HISTORY: &str = "1\t0/3000148\tno recovery target specified\n\n3\t0/5000000\tbefore 2026-01-01\n";

    #[test]
    fn a_state_up_to_the_switch_point_goes_on() {
        assert_eq!(verdict(HISTORY, (1, 4), Lsn(0x300_0148)), None);
        assert_eq!(verdict(HISTORY, (3, 4), Lsn(0x400_0000)), None);
    }

    #[test]
    fn a_state_behind_the_switch_point_or_of_another_history_does_not() {
        assert!(verdict(HISTORY, (1, 4), Lsn(0x300_0149)).is_some_and(|reason| reason.contains("0/3000148")));
        assert!(
            verdict(HISTORY, (2, 4), Lsn(1)).is_some_and(|reason| reason.contains("did not come out of timeline 2"))
        );
        assert!(verdict("", (2, 1), Lsn(1)).is_some());
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let scene = Scene { source_name: "s".into(), slot: "t".into(), resuming: None };
        let note = Note { timeline: 7 };
        assert_eq!(Note::parse(&note.print(), &scene).unwrap(), note);
        assert!(Note::parse("7", &scene).is_err());
    }
}
