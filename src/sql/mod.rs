//! Text → plan: catalog, DataFusion front-end, refusals, view keys.
//!
//! ```text
//! text ─statement─▶ query ─rewrite─▶ query of stubs ─frontend (DataFusion)─▶ logical plan
//!      ─bind─▶ typed nodes ─lower, cluster, arrange, order─▶ plan ─prune─▶ plan ─keys─▶ ViewPlan
//! ```
//!
//! Nothing here runs, and nothing here looks at data. What cannot be kept is refused with a stable code ([`SqlError`]),
//! the place in the SQL, and what to write instead.

mod arrange;
mod bind;
mod catalog;
mod cluster;
mod error;
mod frontend;
mod keys;
mod lower;
mod names;
mod order;
mod place;
mod planner;
mod prune;
mod relation;
mod rewrite;
mod scalars;
mod statement;
mod stub;

#[cfg(test)]
mod tests;

pub use catalog::{SEARCH_PATH, SqlCatalog, UnresolvedName};
pub use error::{Place, SqlError};
pub use planner::{Planned, SqlWarning, ViewText, plan_views, plan_with_warnings, tables_read};
