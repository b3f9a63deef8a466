//! `tailwater apply`: asks for it, then follows it.

use clap::Args;

use super::failure::Failure;
use super::following::Following;

/// Lets the running daemon take up the configuration file as it is now, without a stop, and follows it to the end. Exits with 1 when it was
/// refused or failed: everything is as it was then.
#[derive(Args)]
pub(super) struct Apply {
    #[command(flatten)]
    following: Following,
}

impl Apply {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.following.run("/v1/apply", "the configuration was not applied, everything is as it was")
    }
}
