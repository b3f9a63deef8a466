//! What the daemon knows about itself: written by the pipeline's tasks, read by the server.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tailwater_connectors::{OpenTransactions, Positions, SourceHealth};

use super::apply::ApplyStatus;
use super::verify::VerifyStatus;

/// Shared board; cheap to update, copied whole when read.
#[derive(Debug, Default)]
pub struct StatusBoard(RwLock<Status>);

impl StatusBoard {
    /// A copy of everything, with the place of each view.
    pub fn read(&self) -> Status {
        let mut status = self.0.read().clone();
        status.place_views();
        status
    }

    /// Looks at it under the lock, copying nothing; `look` must be short and must not block.
    pub fn inspect<T>(&self, look: impl FnOnce(&Status) -> T) -> T {
        look(&self.0.read())
    }

    /// Changes it under the lock; `change` must be short and must not block.
    pub fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.0.write());
    }
}

/// Answer of `GET /v1/status`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// Version of the daemon.
    pub version: String,
    /// Number of the last step.
    pub step: u64,
    /// Positions of the last committed step.
    pub applied: Positions,
    /// Positions that survive a power cut.
    pub durable: Positions,
    /// The state directory.
    #[serde(default)]
    pub state: StateStatus,
    /// Sources by name.
    pub sources: BTreeMap<SmolStr, SourceStatus>,
    /// Views by name.
    pub views: BTreeMap<SmolStr, ViewStatus>,
    /// Sinks by name.
    pub sinks: BTreeMap<SmolStr, SinkStatus>,
    /// What verifications found.
    #[serde(default)]
    pub verify: VerifyStatus,
    /// Another configuration that is being applied, or was last.
    #[serde(default)]
    pub apply: ApplyStatus,
}

impl Status {
    /// A view that follows is where its sources were applied to, all of them at one step.
    fn place_views(&mut self) {
        for view in self.views.values_mut().filter(|view| view.condition == Condition::Live) {
            let of_view = self.applied.0.iter().filter(|(source, _)| view.sources.contains(*source));
            view.positions = Positions(of_view.map(|(source, position)| (source.clone(), position.clone())).collect());
        }
    }
}

/// State of a source, view or sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Not there yet: connecting, or waiting for something above it.
    #[default]
    Starting,
    /// First copy, or filling.
    Loading,
    /// Following.
    Live,
    /// Lost its outside system, trying again.
    Retrying,
    /// Stopped by a definite error: someone must act.
    Failed,
}

impl Condition {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Loading => "loading",
            Self::Live => "live",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }
}

/// The state directory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StateStatus {
    /// `Live` while steps can be written.
    pub condition: Condition,
    /// Why not.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// One source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Condition.
    pub condition: Condition,
    /// Why, when retrying or failed.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// When it is rebuilt, RFC 3339, where nobody follows its stream until then.
    #[serde(default)]
    pub rebuild_at: Option<String>,
    /// Rows copied since the start.
    pub rows_copied: u64,
    /// The copy of tables, while one is under way.
    #[serde(default)]
    pub copy: Option<CopyStatus>,
    /// Changes taken from the log since the start.
    pub changes: u64,
    /// Transactions taken from the log since the start.
    pub transactions: u64,
    /// Commit time of the newest applied transaction, RFC 3339.
    pub last_commit_at: Option<String>,
    /// Milliseconds from that transaction's commit to its being applied here.
    pub last_lag_ms: Option<f64>,
    /// What we hold of transactions that the server sends while they are open.
    #[serde(default)]
    pub open_transactions: OpenTransactions,
    /// What the server keeps for us; `None` while that is not known.
    #[serde(default)]
    pub health: Option<SourceHealth>,
    /// What will hurt the server, or us, if nobody acts.
    #[serde(default)]
    pub warning: Option<String>,
}

/// A copy of tables beside the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStatus {
    /// Tables that are not complete.
    pub tables_left: usize,
    /// Rows copied since the start.
    pub rows: u64,
    /// Bytes read of the tables, as they are stored there.
    pub done_bytes: u64,
    /// Bytes to read in all.
    pub total_bytes: u64,
    /// At the pace so far.
    pub seconds_left: Option<u64>,
}

/// One view.
///
/// Readers trust the condition together with a pinned checkpoint, so the order of writing matters: `Live` is set *after* the
/// commit that completes the view, any other condition *before* the first commit that leaves the view behind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ViewStatus {
    /// Condition.
    pub condition: Condition,
    /// Why, when failed.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The sources that it reads, views below it included.
    #[serde(default)]
    pub sources: BTreeSet<SmolStr>,
    /// Of each of them, what its rows have in them; empty while it does not follow. Made when the board is read.
    #[serde(default)]
    pub positions: Positions,
    /// Rows that changed since the start.
    pub changes: u64,
    /// Rows that are out because an expression has no value for them.
    pub row_errors: u64,
}

/// One sink.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SinkStatus {
    /// Its view.
    pub view: SmolStr,
    /// Condition.
    pub condition: Condition,
    /// Why, when retrying or failed.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Step the sink holds.
    pub step: u64,
    /// The same in the sources' words.
    pub positions: Positions,
    /// Steps of its view that wait.
    pub steps_behind: u64,
    /// Rows written since the start.
    pub changes: u64,
}
