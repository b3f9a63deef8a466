//! What one committed step stands for.

use serde::{Deserialize, Serialize};
use tailwater_connectors::Positions;

/// A committed step: its number and the sources' positions it covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Counts committed steps of this state directory, from 1; a branch that takes over leaves numbers out.
    pub step: u64,
    /// Everything up to here is in it, nothing beyond.
    pub positions: Positions,
}
