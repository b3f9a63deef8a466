//! Another configuration under a running daemon.
//!
//! ```text
//! desk.rs        where it is asked for
//! difference.rs  what would be built, kept and dropped, and what cannot
//! plan.rs        the same in words
//! status.rs      how far it is
//! ```

mod desk;
mod difference;
mod plan;
mod status;

pub use desk::{ApplyDesk, ApplyRefusal, Rebuilt};
pub(super) use desk::{Asked, Release, Reply, Turn, Wish};
pub(super) use difference::{News, Side, difference, refuse_restarts};
pub use plan::{Action, Plan, PlannedSinkChange, PlannedTableChange, PlannedViewChange};
pub use status::{ApplyPhase, ApplyStatus};
