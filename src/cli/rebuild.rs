//! `tailwater rebuild`: makes again what is wrong or cannot go on, and follows it.

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::following::Following;
use super::remote::encoded;

/// Makes something again from what is before it, while readers get what was there, marked as stale.
#[derive(Args)]
pub(super) struct Rebuild {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Copies a source's tables again and fills the views over them: when its slot is gone, its database was restored, or its rows are
    /// wrong. If it fails, the source is not followed any more, and rebuilding it is tried again.
    Source(Named),
    /// Fills a view again from its tables, with the views that read it.
    View(Named),
    /// Fills a sink again from its view.
    Sink(Named),
}

#[derive(Args)]
struct Named {
    /// As the configuration calls it.
    name: String,
    #[command(flatten)]
    following: Following,
}

impl Rebuild {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (kind, named) = match self.what {
            What::Source(named) => ("source", named),
            What::View(named) => ("view", named),
            What::Sink(named) => ("sink", named),
        };
        let path = format!("/v1/rebuild?{kind}={}", encoded(&named.name));
        named.following.run(&path, &format!("{kind} \"{}\" was not rebuilt, what was served is served on", named.name))
    }
}
