//! What the server may see of a running daemon.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;
use tailwater_connectors::ViewSchema;
use tailwater_connectors::search::SearchIndex;
use tokio::sync::watch;

use super::status::StatusBoard;
use super::verify::VerifyDesk;
use crate::state::{Checkpoint, State};

/// Handles on committed state; cheap to clone.
#[derive(Clone)]
pub struct Projections {
    /// Committed state.
    pub state: Arc<State>,
    /// Sources by name, in configuration order.
    pub sources: Arc<[SmolStr]>,
    /// Views in configuration order. A view's rows may be served when its condition on the board is `Live`.
    pub views: Arc<[Arc<ViewSchema>]>,
    /// Operators of each view by their numbers, as row errors name them.
    pub operators: Arc<BTreeMap<SmolStr, Vec<String>>>,
    /// Newest committed step; changes after each.
    pub checkpoints: watch::Receiver<Checkpoint>,
    /// The board.
    pub status: Arc<StatusBoard>,
    /// Search indexes by sink name.
    pub searches: Arc<BTreeMap<SmolStr, Arc<SearchIndex>>>,
    /// Where verifications are asked for.
    pub verify: VerifyDesk,
}
