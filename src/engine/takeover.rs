//! A branch of the state takes the place of the state that it was made from.
//!
//! Both stand at the same positions then, but have come there by other steps. So the numbers of the branch begin behind those of both, and no
//! changelog tells of what was before: whoever holds a view as of the former state's last step goes on from there, anyone else is filled.

use std::sync::Arc;

use super::driver::Engine;
use super::error::EngineError;
use crate::state::Checkpoint;

impl Engine {
    /// Commits the step with which the branch goes on where the former state ended: at the same positions, with its step `former`.
    pub fn take_over(&mut self, former: u64) -> Result<Checkpoint, EngineError> {
        let state = Arc::clone(&self.state);
        let mut tx = state.begin();
        for view in self.assembly.views.iter().filter(|view| view.has_changelog) {
            tx.restart_changelog(self.assembly.relations[view.relation].table, former);
        }
        let positions = tx.checkpoint().positions;
        let checkpoint = tx.commit_from(former + 1, &positions)?;
        self.trims.clear();
        Ok(checkpoint)
    }
}
