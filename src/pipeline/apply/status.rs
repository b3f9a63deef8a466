//! How far an application of a configuration is.

use serde::{Deserialize, Serialize};

/// What is being done, or was done last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyPhase {
    /// Nothing was applied since the start.
    #[default]
    None,
    /// New tables are copied beside the stream.
    Copying,
    /// Views are filled on a branch of the state; everything else goes on.
    Filling,
    /// The branch follows the stream to where the views stood that are served meanwhile.
    CatchingUp,
    /// Done.
    Applied,
    /// It could not be done; everything is as it was.
    Failed,
}

/// An application of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyStatus {
    /// How far it is.
    pub phase: ApplyPhase,
    /// When it began, RFC 3339.
    pub since: Option<String>,
    /// The view that is being filled.
    pub view: Option<String>,
    /// Rows read for it.
    pub rows: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl ApplyStatus {
    /// One that could not be done.
    pub(in crate::pipeline) fn failed(error: String, hint: Option<String>) -> Self {
        Self { phase: ApplyPhase::Failed, error: Some(error), hint, ..Self::default() }
    }
}
