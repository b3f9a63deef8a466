//! Another configuration under a running daemon.
//!
//! ```text
//! desk.rs   where it is asked for
//! plan.rs   what would be built, kept and dropped
//! status.rs how far it is
//! ```

mod desk;
mod plan;
mod status;

pub use desk::{ApplyDesk, ApplyRefusal};
pub use plan::{Action, Plan, PlannedSinkChange, PlannedTableChange, PlannedViewChange};
pub use status::{ApplyPhase, ApplyStatus};
